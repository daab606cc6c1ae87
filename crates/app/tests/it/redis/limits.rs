//! What two nodes count together, and what one tells the other.

use std::time::Duration;

use marquee::Config;
use marquee_kv::testing::Server;
use marquee_testkit::{Answer, Person, TestApp, eventually, eventually_within};

/// What a session's end may take to be known everywhere, with some air for a busy machine.
const KNOWN_WITHIN: Duration = Duration::from_secs(2);
/// Calls that an account may make at once.
const ACCOUNT_BURST: u32 = 90;
/// Wrong passwords in a row before a wait.
const GUESS_BURST: u32 = 10;

fn limited(server: &Server) -> impl FnOnce(&mut Config) {
    let url = server.url();
    move |config| {
        config.rate_limits = true;
        config.redis = Some(url.parse().unwrap());
    }
}

async fn guess(app: &TestApp, person: &Person) -> Answer {
    app.password_grant(&person.email, "a wrong password").await
}

#[tokio::test]
async fn an_account_s_calls_are_counted_at_all_nodes_together() {
    let server = Server::start().await;
    let (one, two) = TestApp::start_two_with(limited(&server)).await;
    let here = one.customer("Ada").await;
    let there = here.at(&two);
    let mut passed = 0;
    // The clock stands still: what is used up stays so.
    'calls: for _ in 0..ACCOUNT_BURST {
        for ada in [&here, &there] {
            let answer = ada.get("/user/me").await;
            if answer.status() == 429 {
                break 'calls;
            }
            let _ = answer.ok();
            passed += 1;
        }
    }
    // Alone, each would let as many pass as both of them do.
    assert!((ACCOUNT_BURST..ACCOUNT_BURST * 3 / 2).contains(&passed), "{passed}");
    let bob = one.customer("Bob").await;
    let _ = bob.get("/user/me").await.ok();
}

#[tokio::test]
async fn a_password_is_guessed_as_often_at_two_nodes_as_at_one_and_no_oftener_without_redis() {
    let mut server = Server::start().await;
    let (one, two) = TestApp::start_two_with(limited(&server)).await;
    let (ada, bob) = (one.customer("Ada").await, one.customer("Bob").await);
    for n in 0..GUESS_BURST {
        let answer = guess(if n % 2 == 0 { &one } else { &two }, &ada).await;
        assert_eq!(answer.expect(400)["error"], "invalid_grant");
    }
    for app in [&one, &two] {
        let refused = guess(app, &ada).await;
        assert!(refused.has_header("retry-after"));
        refused.problem("rate_limited");
    }
    server.kill();
    let mut looked_at = 0;
    for n in 0..GUESS_BURST * 2 {
        match guess(&one, &bob).await.status() {
            400 => looked_at += 1,
            429 => break,
            status => panic!("{status} at {n}"),
        }
    }
    assert_eq!(looked_at, GUESS_BURST, "a node that is alone limits alone");
    assert_eq!(two.password_grant(&bob.email, &bob.password).await.status(), 200, "and refuses nobody else");
}

async fn is_known(app: &TestApp, person: &Person) {
    let there = person.at(app);
    eventually_within(KNOWN_WITHIN, "the session's end is known", async || {
        (there.get("/user/me").await.status() == 401).then_some(())
    })
    .await;
}

async fn sessions_end_everywhere(one: &TestApp, two: &TestApp) {
    let signed_out = one.customer("Ada").await;
    let reused = one.customer("Bob").await;
    let changed = one.customer("Eve").await;
    for person in [&signed_out, &reused, &changed] {
        let _ = person.at(two).get("/user/me").await.ok();
    }
    assert_eq!(one.post_form("/auth/revoke", &[("token", &signed_out.refresh_token)]).await.status(), 200);
    is_known(two, &signed_out).await;
    assert_eq!(one.refresh_grant(&reused.refresh_token).await.status(), 200);
    assert_eq!(two.refresh_grant(&reused.refresh_token).await.status(), 400);
    is_known(one, &reused).await;
    let accounts = &two.running().services.accounts;
    accounts.change_password(&changed.email, "another long password").await.unwrap();
    is_known(one, &changed).await;
}

#[tokio::test]
async fn a_session_that_ends_at_one_node_ends_at_the_other_with_redis_and_without() {
    let mut server = Server::start().await;
    let url = server.url();
    let (one, two) = TestApp::start_two_with(|config| config.redis = Some(url.parse().unwrap())).await;
    sessions_end_everywhere(&one, &two).await;
    server.kill();
    sessions_end_everywhere(&one, &two).await;
    let while_away = one.customer("Zoe").await;
    assert_eq!(one.post_form("/auth/revoke", &[("token", &while_away.refresh_token)]).await.status(), 200);
    server.restart().await;
    is_known(&two, &while_away).await;
    sessions_end_everywhere(&one, &two).await;
}

#[tokio::test]
async fn what_one_node_changes_of_the_catalogue_the_other_shows() {
    let server = Server::start().await;
    let (one, two) = TestApp::start_two_with(|config| config.redis = Some(server.url().parse().unwrap())).await;
    let show = one.a_show().create().await;
    let path = format!("/movies/{}", show.movie_id);
    let _ = two.get(&path).await.ok();
    let renamed = serde_json::json!({ "title": "Pather Panchali" });
    let _ = one.admin().await.patch(&format!("/admin/movies/{}", show.movie_id), renamed).await.ok();
    eventually("the other node shows it", async || {
        (two.get(&path).await.ok()["title"] == "Pather Panchali").then_some(())
    })
    .await;
}
