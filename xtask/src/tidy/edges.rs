//! Which crate may use which: kernel ← db, kv, bus, http, telemetry ← domains ← app.

use std::error::Error;

use serde_json::Value;

use super::Finding;

const RULE: &str = "crate-edge";

/// Every crate with all that it may use, each after everything it uses, so that no cycle can be written down.
const MAY_USE: &[(&str, &[&str])] = &[
    ("xtask", &[]),
    ("marquee-kernel", &[]),
    ("marquee-telemetry", &["marquee-kernel"]),
    ("marquee-db", &["marquee-kernel"]),
    ("marquee-kv", &["marquee-kernel"]),
    ("marquee-bus", &["marquee-kernel", "marquee-db", "marquee-kv"]),
    ("marquee-http", &["marquee-kernel", "marquee-db", "marquee-kv"]),
    ("marquee-cluster", &["marquee-kernel", "marquee-db", "marquee-bus"]),
    ("marquee-pricing", &["marquee-kernel"]),
    ("marquee-tickets", &["marquee-kernel"]),
    ("marquee-accounts", &["marquee-kernel", "marquee-db", "marquee-kv", "marquee-bus", "marquee-http"]),
    ("marquee-payments", &["marquee-kernel", "marquee-db", "marquee-bus", "marquee-cluster", "marquee-http"]),
    ("marquee-catalog", &["marquee-kernel", "marquee-db", "marquee-bus", "marquee-http", "marquee-pricing"]),
    (
        "marquee-seating",
        &[
            "marquee-kernel",
            "marquee-db",
            "marquee-kv",
            "marquee-bus",
            "marquee-cluster",
            "marquee-http",
            "marquee-pricing",
            "marquee-accounts",
            "marquee-catalog",
        ],
    ),
    (
        "marquee-booking",
        &[
            "marquee-kernel",
            "marquee-db",
            "marquee-bus",
            "marquee-cluster",
            "marquee-http",
            "marquee-pricing",
            "marquee-tickets",
            "marquee-accounts",
            "marquee-payments",
            "marquee-catalog",
            "marquee-seating",
        ],
    ),
    (
        "marquee-web",
        &["marquee-kernel", "marquee-db", "marquee-bus", "marquee-http", "marquee-pricing", "marquee-catalog"],
    ),
    (
        "marquee",
        &[
            "marquee-kernel",
            "marquee-telemetry",
            "marquee-db",
            "marquee-kv",
            "marquee-bus",
            "marquee-cluster",
            "marquee-http",
            "marquee-pricing",
            "marquee-tickets",
            "marquee-accounts",
            "marquee-payments",
            "marquee-catalog",
            "marquee-seating",
            "marquee-booking",
            "marquee-web",
        ],
    ),
];

/// Crates that look at the product from outside and may use all of it; tests alone may use them.
const OUTSIDE: &[&str] = &["marquee-testkit", "marquee-loadgen"];

/// The edges of `cargo metadata --no-deps` that the table does not know.
pub(super) fn check(metadata: &Value) -> Result<Vec<Finding>, Box<dyn Error>> {
    let packages = metadata["packages"].as_array().ok_or("cargo metadata names no packages")?;
    let mut findings = Vec::new();
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        let manifest = manifest(metadata, package);
        if OUTSIDE.contains(&name) {
            continue;
        }
        let Some((_, may_use)) = MAY_USE.iter().find(|(known, _)| *known == name) else {
            findings.push(Finding::new(&manifest, 1, RULE, format!("say in xtask's table what {name} may use")));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let used = dependency["name"].as_str().unwrap_or_default();
            let ours = OUTSIDE.contains(&used) || MAY_USE.iter().any(|(known, _)| *known == used);
            let in_tests = dependency["kind"] == "dev" && OUTSIDE.contains(&used);
            if ours && !in_tests && !may_use.contains(&used) {
                let advice = format!("{name} may not use {used}: ask through an event, or move the code to its owner");
                findings.push(Finding::new(&manifest, 1, RULE, advice));
            }
        }
    }
    Ok(findings)
}

fn manifest(metadata: &Value, package: &Value) -> String {
    let (root, path) = (metadata["workspace_root"].as_str(), package["manifest_path"].as_str());
    let path = path.unwrap_or_default();
    path.strip_prefix(root.unwrap_or_default()).unwrap_or(path).trim_start_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn advice(name: &str, uses: &str, kind: Option<&str>) -> Vec<String> {
        let metadata = json!({"workspace_root": "/house", "packages": [{
            "name": name, "manifest_path": "/house/crates/x/Cargo.toml",
            "dependencies": [{"name": uses, "kind": kind}, {"name": "serde", "kind": null}],
        }]});
        check(&metadata).unwrap().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn an_edge_against_the_stream_is_found() {
        assert_eq!(advice("marquee-booking", "marquee-seating", None), [""; 0]);
        let found = advice("marquee-seating", "marquee-booking", None);
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("crates/x/Cargo.toml:1: crate-edge: marquee-seating may not use marquee-booking"));
    }

    #[test]
    fn tests_alone_may_use_the_testkit() {
        assert_eq!(advice("marquee", "marquee-testkit", Some("dev")), [""; 0]);
        assert_eq!(advice("marquee", "marquee-testkit", None).len(), 1);
        assert_eq!(advice("marquee-testkit", "marquee", None), [""; 0]);
    }

    #[test]
    fn a_crate_that_the_table_does_not_know_is_found() {
        assert_eq!(advice("marquee-magic", "serde", None).len(), 1);
    }

    #[test]
    fn the_table_has_no_cycle() {
        for (at, (name, may_use)) in MAY_USE.iter().enumerate() {
            let before: Vec<&str> = MAY_USE[..at].iter().map(|(name, _)| *name).collect();
            assert!(may_use.iter().all(|used| before.contains(used)), "{name}");
        }
    }
}
