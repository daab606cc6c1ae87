//! Where Redis is.

use std::str::FromStr;

use redis::IntoConnectionInfo as _;

/// A Redis or Valkey: one server, or a cluster of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    pub(crate) cluster: bool,
    /// Each as the client reads it; of a cluster, some to begin with.
    pub(crate) nodes: Vec<String>,
    prefix: String,
}

impl Address {
    /// What stands before every key and channel, so that several shops can share a server.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }
}

/// The text is no address of a Redis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be empty, redis://host:port/database or redis-cluster://host:port,host:port")]
pub struct NoAddress;

impl FromStr for Address {
    type Err = NoAddress;

    /// Reads `redis://[user:password@]host[:port][/database]` or `redis-cluster://[user:password@]host:port,host:port`, either
    /// with `?prefix=word`.
    fn from_str(text: &str) -> Result<Self, NoAddress> {
        let (place, prefix) = match text.split_once('?') {
            None => (text, ""),
            Some((place, query)) => (place, query.strip_prefix("prefix=").ok_or(NoAddress)?),
        };
        // Braces would decide on which server of a cluster a key is.
        if !prefix.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte)) {
            return Err(NoAddress);
        }
        let (cluster, nodes) = match place.split_once("://").ok_or(NoAddress)? {
            ("redis", _) => (false, vec![place.to_owned()]),
            ("redis-cluster", nodes) => (true, cluster_nodes(nodes)),
            _ => return Err(NoAddress),
        };
        let is_address = |node: &String| node.as_str().into_connection_info().is_ok();
        if !nodes.iter().all(is_address) {
            return Err(NoAddress);
        }
        Ok(Self { cluster, nodes, prefix: prefix.to_owned() })
    }
}

/// Each node of a list, all with the account that stands before the first.
fn cluster_nodes(text: &str) -> Vec<String> {
    let (account, nodes) = text.rsplit_once('@').map_or(("", text), |(account, nodes)| (account, nodes));
    let at = if account.is_empty() { "" } else { "@" };
    nodes.trim_end_matches('/').split(',').map(|node| format!("redis://{account}{at}{node}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_of_one_server_or_of_a_cluster_and_may_have_a_prefix() {
        let single: Address = "redis://user:secret@host:7000/3?prefix=a:".parse().unwrap();
        assert_eq!((single.cluster, single.prefix()), (false, "a:"));
        assert_eq!(single.nodes, ["redis://user:secret@host:7000/3"]);
        let cluster: Address = "redis-cluster://user:secret@a:1,b:2".parse().unwrap();
        assert_eq!((cluster.cluster, cluster.prefix()), (true, ""));
        assert_eq!(cluster.nodes, ["redis://user:secret@a:1", "redis://user:secret@b:2"]);
        for wrong in
            ["", "redis:", "host:1", "http://host", "redis-cluster://", "redis://h?x=1", "redis://h?prefix={a}"]
        {
            assert_eq!(wrong.parse::<Address>(), Err(NoAddress), "{wrong}");
        }
    }
}
