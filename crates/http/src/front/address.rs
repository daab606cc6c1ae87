//! Where a request comes from: the peer of its connection, or whom a trusted proxy says it passed on.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use axum::http::{HeaderMap, HeaderName};
use ipnet::IpNet;

use crate::Transport;

/// What a proxy adds the address of its own peer to.
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// How a proxy was asked: `http` or `https`.
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The address that a request comes from. The front puts one into every request that has a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClientAddress(pub IpAddr);

impl ClientAddress {
    /// Of requests without a peer, which share one set of limits.
    pub(crate) const UNKNOWN: Self = Self(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
}

/// What limits count together: an IPv4 address however it is written, or the /64 of an IPv6 address. A household or a phone
/// has a whole /64, and could come from a new address with each call; counting single addresses of it would limit nobody.
#[must_use]
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
        v4 => v4,
    }
}

/// The proxies whose word about a client's address is taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies {
    networks: Vec<IpNet>,
}

/// Not an address and not a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoNetwork(String);

impl std::fmt::Display for NoNetwork {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Quoted with escapes: a line break in it must not make two lines of one.
        write!(f, "must be addresses or networks such as 10.0.0.0/8, separated by commas; {:?} is neither", self.0)
    }
}

impl std::error::Error for NoNetwork {}

impl FromStr for TrustedProxies {
    type Err = NoNetwork;
    /// Addresses and CIDR networks, separated by commas; none is none.
    fn from_str(text: &str) -> Result<Self, NoNetwork> {
        let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
        let networks = words.map(|word| read_network(word).ok_or_else(|| NoNetwork(word.to_owned())));
        Ok(Self { networks: networks.collect::<Result<_, _>>()? })
    }
}

fn read_network(word: &str) -> Option<IpNet> {
    if let Ok(address) = word.parse::<IpAddr>() {
        return Some(address.to_canonical().into());
    }
    // Peers are compared as IPv4 when they are: a network of mapped addresses would never hold one.
    word.parse().ok().filter(|network: &IpNet| network.addr().to_canonical() == network.addr())
}

impl TrustedProxies {
    fn trust(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|network| network.contains(&address))
    }

    /// The client behind `peer`: the rightmost address of `X-Forwarded-For` that no trusted proxy has. What stands to the
    /// left of it is the client's own tale. A word that is no address ends the walk at the proxy that passed it on.
    pub(crate) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> ClientAddress {
        let mut client = peer.to_canonical();
        let lines = headers.get_all(X_FORWARDED_FOR).iter().rev();
        let words = lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
        for word in words.map(<[u8]>::trim_ascii).filter(|word| !word.is_empty()) {
            if !self.trust(client) {
                break;
            }
            let Some(before) = read_address(word) else { break };
            client = before;
        }
        ClientAddress(client)
    }

    /// How the client reached the shop: encrypted when the trusted proxy that `peer` is says so. Nothing is encrypted here.
    pub(crate) fn transport(&self, peer: IpAddr, headers: &HeaderMap) -> Transport {
        let said = headers.get_all(X_FORWARDED_PROTO).iter().next_back();
        // Where each proxy adds a word, the last is that of the nearest.
        let word = said.and_then(|line| line.as_bytes().rsplit(|byte| *byte == b',').next()).map(<[u8]>::trim_ascii);
        let encrypted = word.is_some_and(|word| word.eq_ignore_ascii_case(b"https"));
        if encrypted && self.trust(peer.to_canonical()) { Transport::Tls } else { Transport::Plain }
    }
}

/// An address, with or without the port that some proxies add.
fn read_address(word: &[u8]) -> Option<IpAddr> {
    let word = std::str::from_utf8(word).ok()?;
    let address = word.parse().or_else(|_| word.parse::<SocketAddr>().map(|both| both.ip()));
    address.ok().map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn client(trusted: &str, peer: &str, lines: &[&str]) -> IpAddr {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(X_FORWARDED_FOR, line.parse().unwrap());
        }
        trusted.parse::<TrustedProxies>().unwrap().client(address(peer), &headers).0
    }

    #[test]
    fn a_stranger_s_word_is_not_taken() {
        for trusted in ["", "10.0.0.0/8", "127.0.0.2"] {
            assert_eq!(client(trusted, "127.0.0.1", &["192.0.2.1"]), address("127.0.0.1"), "{trusted}");
        }
    }

    #[test]
    fn the_rightmost_address_that_is_not_trusted_is_the_client() {
        let client = |lines: &[&str]| client("10.0.0.0/8, 2001:db8:f::/48", "10.0.0.1", lines);
        assert_eq!(client(&[]), address("10.0.0.1"));
        assert_eq!(client(&["192.0.2.1"]), address("192.0.2.1"));
        assert_eq!(client(&["203.0.113.9, 192.0.2.1"]), address("192.0.2.1"), "what stands to the left is a tale");
        assert_eq!(client(&["192.0.2.1, 10.9.9.9,2001:db8:f::7"]), address("192.0.2.1"));
        assert_eq!(client(&["203.0.113.9", "192.0.2.1", "10.0.0.2"]), address("192.0.2.1"), "lines go on from another");
        assert_eq!(client(&["10.0.0.3, 10.0.0.2"]), address("10.0.0.3"), "all are trusted: the farthest");
        assert_eq!(client(&["2001:db8::1"]), address("2001:db8::1"));
    }

    #[test]
    fn an_address_may_have_a_port_and_may_be_mapped() {
        for (line, expected) in [
            ("192.0.2.1:4711", "192.0.2.1"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("192.0.2.1, ::ffff:10.0.0.2", "192.0.2.1"),
            (" 192.0.2.1 , , ", "192.0.2.1"),
        ] {
            assert_eq!(client("10.0.0.1,10.0.0.2", "::ffff:10.0.0.1", &[line]), address(expected), "{line}");
        }
    }

    #[test]
    fn what_is_no_address_ends_the_walk() {
        for line in ["unknown", "192.0.2.1, unknown", "192.0.2.1, 10.0.0.2, _hidden", "192.0.2.1 192.0.2.2", "1.2.3"] {
            let found = client("10.0.0.0/8", "10.0.0.1", &[line]);
            assert_eq!(found, address("10.0.0.1"), "{line}");
        }
        assert_eq!(client("10.0.0.0/8", "10.0.0.1", &["192.0.2.1, unknown, 10.0.0.2"]), address("10.0.0.2"));
    }

    #[test]
    fn only_a_trusted_proxy_says_that_a_request_was_encrypted() {
        let transport = |trusted: &str, lines: &[&str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(X_FORWARDED_PROTO, line.parse().unwrap());
            }
            trusted.parse::<TrustedProxies>().unwrap().transport(address("10.0.0.1"), &headers)
        };
        assert_eq!(transport("10.0.0.0/8", &["https"]), Transport::Tls);
        assert_eq!(transport("10.0.0.0/8", &["http, HTTPS"]), Transport::Tls);
        for lines in [&[] as &[&str], &["http"], &["https, http"], &["https", "http"], &["httpsx"]] {
            assert_eq!(transport("10.0.0.0/8", lines), Transport::Plain, "{lines:?}");
        }
        assert_eq!(transport("", &["https"]), Transport::Plain);
    }

    #[test]
    fn what_is_no_network_is_named() {
        for bad in ["proxy.example.org", "10.0.0.0/33", "10.0.0", "*", "::ffff:10.0.0.0/104", "10.0.0.1 10.0.0.2"] {
            let refused = format!("10.0.0.1,{bad}").parse::<TrustedProxies>().unwrap_err();
            assert_eq!(refused, NoNetwork(bad.to_owned()));
        }
        assert_eq!("a\nb".parse::<TrustedProxies>().unwrap_err().to_string().lines().count(), 1);
        assert_eq!(" , ".parse(), Ok(TrustedProxies::default()));
    }

    #[test]
    fn a_network_is_an_ipv4_address_however_written_or_an_ipv6_64() {
        let of = |text: &str| network(address(text));
        assert_eq!(of("192.0.2.1"), of("::ffff:192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert_eq!(of("2001:db8:0:1::1"), of("2001:db8:0:1:ffff:ffff:ffff:ffff"));
        assert_ne!(of("2001:db8:0:1::1"), of("2001:db8:0:2::1"));
    }
}
