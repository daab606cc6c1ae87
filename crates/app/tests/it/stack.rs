//! The distributed profile as `scripts/stack.py run` brings it up around these tests. Without it they have nothing to look at,
//! and pass over themselves: `make test-failover` and `make test-proxy` run them.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

const STACK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/stack.py");
/// An answer of Patroni's takes no longer, unless its machine is gone.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);

/// Everything that runs, and what may be done to it.
pub(crate) struct Stack {
    file: PathBuf,
}

impl Stack {
    /// The one that `MARQUEE_TEST_STACK` names.
    pub(crate) fn given() -> Option<Self> {
        let Some(file) = std::env::var_os("MARQUEE_TEST_STACK") else {
            eprintln!("passed over: no stack runs (scripts/stack.py run)");
            return None;
        };
        Some(Self { file: file.into() })
    }

    /// What it says of itself, as of now.
    pub(crate) fn facts(&self) -> Value {
        serde_json::from_slice(&std::fs::read(&self.file).unwrap()).unwrap()
    }

    /// A text in what it says of itself, like `/nginx/url`.
    pub(crate) fn fact(&self, pointer: &str) -> String {
        let facts = self.facts();
        let found = facts.pointer(pointer).and_then(Value::as_str);
        found.unwrap_or_else(|| panic!("no {pointer} in {}", self.file.display())).to_owned()
    }

    /// `kill -9` of a service and of all that it started, as when its machine is gone.
    pub(crate) async fn kill(&self, service: &str) {
        self.order("kill", service).await;
    }

    /// `kill -9` of a service's own process: what that started goes on.
    pub(crate) fn kill_process_alone(&self, service: &str) {
        let id = self.facts()["services"][service]["pid"].to_string();
        assert!(Command::new("kill").args(["-KILL", &id]).status().unwrap().success());
    }

    /// SIGTERM, and an end by itself in its time; anything else fails the test.
    pub(crate) async fn stop(&self, service: &str) {
        self.order("stop", service).await;
    }

    /// Starts a service as it was, and waits until it is ready.
    pub(crate) async fn start(&self, service: &str) {
        self.order("start", service).await;
    }

    async fn order(&self, order: &str, service: &str) {
        let mut command = Command::new(STACK);
        command.args([order, service, "--dir"]).arg(self.file.parent().unwrap());
        // Nothing may hold the runtime up: a sale goes on meanwhile.
        let done = tokio::task::spawn_blocking(move || command.status().unwrap()).await.unwrap();
        assert!(done.success(), "{order} {service}");
    }
}

/// The status and body of an answer of Patroni's; none when nobody answers.
pub(crate) async fn patroni(request: reqwest::RequestBuilder) -> Option<(u16, Value)> {
    let answer = request.timeout(ANSWER_TIMEOUT).send().await.ok()?;
    let status = answer.status().as_u16();
    Some((status, serde_json::from_str(&answer.text().await.ok()?).unwrap_or_default()))
}
