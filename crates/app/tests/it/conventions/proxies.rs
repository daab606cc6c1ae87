//! Behind a proxy: whose address it is that limits count.

use marquee_testkit::{Answer, Client, TestApp};
use reqwest::Method;

/// Enough calls to run into the limits on signing in.
const MANY: usize = 200;

async fn app_behind(proxies: &str) -> TestApp {
    TestApp::start_with(|config| {
        config.rate_limits = true;
        config.trusted_proxies = proxies.parse().unwrap();
    })
    .await
}

/// Somebody guesses a password; the proxy says that they are at `forwarded_for`.
async fn guess(client: &Client, email: &str, forwarded_for: &str) -> Answer {
    let form = [("grant_type", "password"), ("username", email), ("password", "a wrong password")];
    client.request(Method::POST, "/auth/token").header("x-forwarded-for", forwarded_for).form(&form).send().await
}

/// Guesses at many accounts until the address is slowed down.
async fn is_slowed_down(client: &Client, forwarded_for: impl Fn(usize) -> String) -> bool {
    for n in 0..MANY {
        let answer = guess(client, &format!("nobody.{n}@example.org"), &forwarded_for(n)).await;
        if answer.status() == 429 {
            return true;
        }
        assert_eq!(answer.expect(400)["error"], "invalid_grant");
    }
    false
}

#[tokio::test]
async fn behind_a_trusted_proxy_each_client_has_limits_of_its_own() {
    let app = app_behind("192.0.2.0/24, 127.0.0.1").await;
    assert!(is_slowed_down(&app, |_| "198.51.100.1".to_owned()).await);
    for forged in ["203.0.113.5, 198.51.100.1", "203.0.113.6, 198.51.100.1, 192.0.2.9", "::ffff:198.51.100.1"] {
        guess(&app, "nobody@example.org", forged).await.problem("rate_limited");
    }
    for other in ["198.51.100.2", "198.51.100.1, 198.51.100.2", "198.51.100.1, 198.51.100.2, 192.0.2.9"] {
        assert_eq!(guess(&app, "nobody@example.org", other).await.status(), 400, "{other}");
    }
}

#[tokio::test]
async fn behind_a_trusted_proxy_a_guesser_does_not_slow_the_owner() {
    let app = app_behind("127.0.0.1").await;
    let ada = app.customer("Ada").await;
    let mut refused = false;
    for _ in 0..MANY {
        refused = guess(&app, &ada.email, "198.51.100.1").await.status() == 429;
        if refused {
            break;
        }
    }
    assert!(refused, "guessing passwords is never slowed down");
    assert_eq!(guess(&app, &ada.email, "198.51.100.2").await.expect(400)["error"], "invalid_grant");
}

#[tokio::test]
async fn a_client_that_nobody_vouches_for_does_not_choose_its_address() {
    for trusted in ["", "192.0.2.0/24"] {
        let app = app_behind(trusted).await;
        assert!(is_slowed_down(&app, |n| format!("198.51.100.{n}")).await, "trusting {trusted:?}");
    }
}
