//! Browsing without a token: movies, cinemas, shows, seat maps and their events.

mod events;
mod paging;
mod programme;
mod seat_maps;
mod shows;

use marquee_testkit::Client;
use serde_json::Value;

fn items(page: &Value) -> Vec<Value> {
    page["items"].as_array().unwrap().clone()
}

/// The values of one member over a list's items.
async fn listed(client: &Client, path: &str, member: &str) -> Vec<String> {
    items(&client.get(path).await.ok()).iter().map(|item| item[member].as_str().unwrap().to_owned()).collect()
}

/// Asserts that a document has all of these members.
#[track_caller]
fn has_members(document: &Value, expected: &[&str]) {
    for member in expected {
        assert!(document.get(member).is_some(), "no {member} in {document}");
    }
}
