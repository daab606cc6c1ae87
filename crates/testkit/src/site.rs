//! A running Marquee as its visitors see it, and the people who visit.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::{SignedDuration, Timestamp};
use marquee_kernel::{Clock, Rng};
use serde_json::{Value, json};

use crate::client::id_of;
use crate::{ACinema, AMovie, AScreen, AShow, Answer, Client};

/// The administrator that every test server starts with.
pub(crate) const ADMIN: (&str, &str) = ("admin@example.org", "correct horse battery");

/// Where the names at a site that others use as well begin, at most: far enough apart that none meets another's.
const NAMES_BELOW: u64 = 1 << 48;

/// The password of everybody else.
const PASSWORD: &str = "a long enough password";

/// Where a server is and what time it is there. Dereferences to a stranger's [`Client`].
#[derive(Clone, Debug)]
pub struct Site {
    stranger: Client,
    ops: Client,
    clock: Clock,
    names: Arc<AtomicU64>,
}

impl Deref for Site {
    type Target = Client;
    fn deref(&self) -> &Client {
        &self.stranger
    }
}

impl Site {
    pub(crate) fn new(origin: &str, ops_origin: &str, clock: Clock, names: Arc<AtomicU64>) -> Self {
        Self { stranger: Client::new(origin), ops: Client::new(ops_origin), clock, names }
    }

    /// A server that somebody else started, with the administrator of the tests. Names here are of no other site's.
    #[must_use]
    pub fn elsewhere(origin: &str, ops_origin: &str) -> Self {
        let names = Rng::System.below(NAMES_BELOW);
        Self::new(origin, ops_origin, Clock::System, Arc::new(AtomicU64::new(names)))
    }

    /// The operators' port.
    #[must_use]
    pub fn ops(&self) -> &Client {
        &self.ops
    }

    /// The time the server goes by.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The instant `duration` from now, to the second.
    ///
    /// # Panics
    /// When there is no such instant.
    #[must_use]
    pub fn from_now(&self, duration: SignedDuration) -> Timestamp {
        let then = self.now().checked_add(duration).expect("an instant");
        Timestamp::from_second(then.as_second()).expect("an instant")
    }

    /// A number that no other caller gets.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.names.fetch_add(1, Ordering::Relaxed)
    }

    /// Somebody who has just registered and is signed in.
    ///
    /// # Panics
    /// When registration is refused.
    pub async fn customer(&self, name: &str) -> Person {
        let email = format!("{}.{}@example.org", name.to_lowercase().replace(' ', "."), self.number());
        let request = json!({ "name": name, "email": email, "password": PASSWORD });
        let answer = self.post("/auth/register", request).await.created();
        Person::new(&self.stranger, &email, PASSWORD, &answer)
    }

    /// The administrator, freshly signed in.
    ///
    /// # Panics
    /// When there is none.
    pub async fn admin(&self) -> Person {
        self.sign_in(ADMIN.0, ADMIN.1).await
    }

    /// Signs in with a password.
    ///
    /// # Panics
    /// When that is refused.
    pub async fn sign_in(&self, email: &str, password: &str) -> Person {
        let answer = self.password_grant(email, password).await.ok();
        let person = Person::new(&self.stranger, email, password, &answer);
        let user_id = id_of(&person.get("/user/me").await.ok(), "user_id").to_owned();
        Person { user_id, ..person }
    }

    /// The same person in a session of its own, with tokens that are good now.
    pub async fn again(&self, person: &Person) -> Person {
        self.sign_in(&person.email, &person.password).await
    }

    /// Asks for tokens with a password.
    pub async fn password_grant(&self, email: &str, password: &str) -> Answer {
        let form = [("grant_type", "password"), ("username", email), ("password", password)];
        self.post_form("/auth/token", &form).await
    }

    /// Asks for tokens with a refresh token.
    pub async fn refresh_grant(&self, refresh_token: &str) -> Answer {
        let form = [("grant_type", "refresh_token"), ("refresh_token", refresh_token)];
        self.post_form("/auth/token", &form).await
    }

    /// A movie to be added.
    pub fn a_movie(&self) -> AMovie<'_> {
        AMovie::new(self)
    }

    /// A cinema to be added.
    pub fn a_cinema(&self) -> ACinema<'_> {
        ACinema::new(self)
    }

    /// A screen to be added.
    pub fn a_screen(&self) -> AScreen<'_> {
        AScreen::new(self)
    }

    /// A show to be scheduled, with a movie, a cinema and a screen of its own unless told otherwise.
    pub fn a_show(&self) -> AShow<'_> {
        AShow::new(self)
    }
}

/// Somebody with an account. Dereferences to the [`Client`] that carries their token.
#[derive(Clone, Debug)]
pub struct Person {
    /// Their account.
    pub user_id: String,
    /// What they sign in with.
    pub email: String,
    /// What else they sign in with.
    pub password: String,
    /// The refresh token of this session.
    pub refresh_token: String,
    client: Client,
}

impl Deref for Person {
    type Target = Client;
    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Person {
    fn new(stranger: &Client, email: &str, password: &str, tokens: &Value) -> Self {
        Self {
            user_id: tokens["user_id"].as_str().unwrap_or_default().to_owned(),
            email: email.to_owned(),
            password: password.to_owned(),
            refresh_token: id_of(tokens, "refresh_token").to_owned(),
            client: stranger.with_token(id_of(tokens, "access_token")),
        }
    }

    /// The same person with the same tokens at a server that has moved.
    #[must_use]
    pub fn at(&self, site: &Site) -> Self {
        Self { client: site.with_token(self.token()), ..self.clone() }
    }
}
