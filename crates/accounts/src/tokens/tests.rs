use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use marquee_http::Role;
use marquee_kernel::ManualClock;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::*;
use crate::keys::SIGNS_AFTER_S;

struct Desk {
    _dir: tempfile::TempDir,
    settings: Settings,
    hands: ManualClock,
    rng: Rng,
    tokens: Tokens,
}

fn desk() -> Desk {
    let dir = tempfile::tempdir().unwrap();
    let hands = ManualClock::at("2026-11-22T12:00:00.25Z".parse().unwrap());
    let (clock, rng, settings) = (Clock::Manual(hands.clone()), Rng::seeded(1), Settings::new(dir.path()));
    let ring = KeyRing::open(dir.path(), settings.access_token_s, clock.now(), &rng).unwrap();
    let tokens = Tokens::new(ring, &settings, clock, rng.clone());
    Desk { _dir: dir, settings, hands, rng, tokens }
}

fn ids() -> (UserId, SessionId) {
    (UserId::from(Uuid::from_u128(1)), SessionId::from(Uuid::from_u128(2)))
}

impl Desk {
    fn token(&self) -> String {
        let (user_id, session_id) = ids();
        self.tokens.sign(user_id, session_id, &[]).unwrap()
    }

    fn rotate(&self) {
        let now = Clock::Manual(self.hands.clone()).now();
        let ring = KeyRing::rotate(&self.settings.data_dir, self.settings.access_token_s, now, &self.rng);
        self.tokens.replace_ring(ring.unwrap());
    }

    fn header(&self) -> Value {
        json!({"typ": TYPE, "alg": "EdDSA", "kid": self.tokens.ring().newest().kid})
    }

    fn claims(&self) -> Value {
        let (sub, sid) = ids();
        let now = Clock::Manual(self.hands.clone()).now().as_second();
        let jti = Uuid::from_u128(3);
        json!({"iss": ISSUER, "aud": AUDIENCE, "sub": sub, "sid": sid, "jti": jti, "iat": now, "nbf": now,
            "exp": now + 900, "roles": ["customer"]})
    }

    /// A token with any header and claims, well signed with our own key.
    fn forge(&self, header: &Value, claims: &Value) -> String {
        let message = format!("{}.{}", encode(header), encode(claims));
        let ring = self.tokens.ring();
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &ring.newest().signs, Algorithm::EdDSA);
        format!("{message}.{}", signature.unwrap())
    }

    fn refusal(&self, token: &str) -> Refusal {
        self.tokens.verify(token).expect_err("a bad token was taken")
    }
}

fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn with(mut value: Value, member: &str, to: Value) -> Value {
    value[member] = to;
    value
}

fn without(mut value: Value, member: &str) -> Value {
    value.as_object_mut().unwrap().remove(member);
    value
}

#[test]
fn a_token_names_its_holder_and_what_they_may_do() {
    let desk = desk();
    let (user_id, session_id) = ids();
    let cinema_id = Some(CinemaId::from(Uuid::from_u128(9)));
    let grants = [
        Grant { role: Role::Admin, cinema_id: None },
        Grant { role: Role::Manager, cinema_id },
        Grant { role: Role::BoxOffice, cinema_id: None },
    ];
    let token = desk.tokens.sign(user_id, session_id, &grants).unwrap();
    for _first_and_remembered in 0..2 {
        let caller = desk.tokens.verify(&token).unwrap();
        assert_eq!((caller.user_id, caller.session_id), (user_id, session_id));
        assert_eq!(&*caller.grants, grants);
    }
}

#[test]
fn the_forge_of_these_tests_makes_good_tokens() {
    let desk = desk();
    assert!(desk.tokens.verify(&desk.forge(&desk.header(), &desk.claims())).is_ok());
}

#[test]
fn alg_none_is_refused() {
    let desk = desk();
    for alg in ["none", "None", "NONE"] {
        let header = with(desk.header(), "alg", json!(alg));
        let message = format!("{}.{}", encode(&header), encode(&desk.claims()));
        assert_eq!(desk.refusal(&format!("{message}.")), Refusal::Malformed);
    }
    let token = desk.token();
    let unsigned = &token[..=token.rfind('.').unwrap()];
    assert_eq!(desk.refusal(unsigned), Refusal::BadSignature);
}

#[test]
fn the_public_key_as_an_hmac_secret_is_refused() {
    let desk = desk();
    let jwks = serde_json::to_value(desk.tokens.public_keys()).unwrap();
    let x = jwks["keys"][0]["x"].as_str().unwrap();
    let raw = URL_SAFE_NO_PAD.decode(x).unwrap();
    for secret in [raw.as_slice(), x.as_bytes(), jwks["keys"][0].to_string().as_bytes()] {
        let header = with(desk.header(), "alg", json!("HS256"));
        let message = format!("{}.{}", encode(&header), encode(&desk.claims()));
        let signature = URL_SAFE_NO_PAD.encode(hmac_sha256(secret, message.as_bytes()));
        assert_eq!(desk.refusal(&format!("{message}.{signature}")), Refusal::WrongAlgorithm);
    }
}

/// RFC 2104: what a verifier that takes the algorithm from the token would compute.
fn hmac_sha256(secret: &[u8], message: &[u8]) -> [u8; 32] {
    let mut key = [0; 64];
    match secret.len() {
        ..=64 => key[..secret.len()].copy_from_slice(secret),
        _ => key[..32].copy_from_slice(&Sha256::digest(secret)),
    }
    let padded = |byte: u8| Sha256::new().chain_update(key.map(|k| k ^ byte));
    let inner = padded(0x36).chain_update(message).finalize();
    padded(0x5c).chain_update(inner).finalize().into()
}

#[test]
fn the_hmac_of_these_tests_is_a_real_one() {
    // RFC 4231, test case 2.
    let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    let hex: String =
        hmac_sha256(b"Jefe", b"what do ya want for nothing?").iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(hex, expected);
}

#[test]
fn another_key_than_the_one_named_is_refused() {
    let (desk, other) = (desk(), {
        let dir = tempfile::tempdir().unwrap();
        KeyRing::open(dir.path(), 900, Timestamp::UNIX_EPOCH, &Rng::seeded(2)).unwrap()
    });
    let message = format!("{}.{}", encode(&desk.header()), encode(&desk.claims()));
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &other.newest().signs, Algorithm::EdDSA);
    assert_eq!(desk.refusal(&format!("{message}.{}", signature.unwrap())), Refusal::BadSignature);
    let unknown = with(desk.header(), "kid", json!(other.newest().kid));
    assert_eq!(desk.refusal(&desk.forge(&unknown, &desk.claims())), Refusal::UnknownKey);
    assert_eq!(desk.refusal(&desk.forge(&without(desk.header(), "kid"), &desk.claims())), Refusal::UnknownKey);
}

#[test]
fn a_key_that_the_token_brings_along_is_not_used() {
    let desk = desk();
    let header = json!({"typ": TYPE, "alg": "EdDSA", "jwk": {"kty": "OKP", "crv": "Ed25519", "x": "AA"}});
    assert_eq!(desk.refusal(&desk.forge(&header, &desk.claims())), Refusal::UnknownKey);
}

#[test]
fn wrong_audience_issuer_or_type_are_refused() {
    let desk = desk();
    for (member, to) in [("aud", json!("another-api")), ("aud", json!(["another-api"])), ("iss", json!("mallory"))] {
        let token = desk.forge(&desk.header(), &with(desk.claims(), member, to));
        assert!(matches!(desk.refusal(&token), Refusal::WrongClaims | Refusal::Malformed), "{member}");
    }
    for member in ["iss", "aud", "sub", "sid", "exp", "nbf", "jti", "roles"] {
        let token = desk.forge(&desk.header(), &without(desk.claims(), member));
        assert!(matches!(desk.refusal(&token), Refusal::WrongClaims | Refusal::Malformed), "{member}");
    }
    for typ in [json!("JWT"), json!("refresh+jwt"), Value::Null] {
        let token = desk.forge(&with(desk.header(), "typ", typ), &desk.claims());
        assert_eq!(desk.refusal(&token), Refusal::WrongType);
    }
    let critical = with(desk.header(), "crit", json!(["b64"]));
    assert_eq!(desk.refusal(&desk.forge(&critical, &desk.claims())), Refusal::WrongType);
}

#[test]
fn a_token_is_good_from_its_first_to_its_last_second() {
    let desk = desk();
    let token = desk.token();
    desk.hands.advance(SignedDuration::from_secs(899));
    assert!(desk.tokens.verify(&token).is_ok());
    desk.hands.advance(SignedDuration::from_secs(1));
    assert_eq!(desk.refusal(&token), Refusal::Expired);
    let unseen = desk.token();
    desk.hands.advance(SignedDuration::from_secs(900));
    assert_eq!(desk.refusal(&unseen), Refusal::Expired);
}

#[test]
fn a_token_from_the_future_is_refused_beyond_the_skew() {
    let desk = desk();
    let token = desk.token();
    desk.hands.advance(SignedDuration::from_secs(-CLOCK_SKEW_S - 1));
    assert_eq!(desk.refusal(&token), Refusal::NotYetValid);
    desk.hands.advance(SignedDuration::from_secs(1));
    assert!(desk.tokens.verify(&token).is_ok());
}

#[test]
fn times_that_no_clock_shows_are_refused() {
    let desk = desk();
    for exp in [json!(-1), json!(i64::MAX), json!("tomorrow"), json!(1e300), json!(0)] {
        assert!(desk.tokens.verify(&desk.forge(&desk.header(), &with(desk.claims(), "exp", exp))).is_err());
    }
}

#[test]
fn a_role_that_does_not_exist_is_refused_and_none_is_made_up() {
    let desk = desk();
    for word in ["root", "admin:", "manager:everywhere", "Admin", ""] {
        let token = desk.forge(&desk.header(), &with(desk.claims(), "roles", json!([word])));
        assert_eq!(desk.refusal(&token), Refusal::WrongClaims, "{word}");
    }
}

#[test]
fn a_revoked_session_is_refused_also_where_its_token_was_remembered() {
    let desk = desk();
    let (seen, unseen) = (desk.token(), desk.token());
    desk.tokens.verify(&seen).unwrap();
    desk.tokens.revoke(ids().1, desk.tokens.expiry(desk.tokens.clock.now()));
    assert_eq!(desk.refusal(&seen), Refusal::Revoked);
    assert_eq!(desk.refusal(&unseen), Refusal::Revoked);
    desk.tokens.forget_expired();
    assert_eq!(desk.refusal(&seen), Refusal::Revoked, "forgotten before the token expired");
    desk.hands.advance(SignedDuration::from_secs(900));
    desk.tokens.forget_expired();
    assert!(desk.tokens.revoked.is_empty());
    assert_eq!(desk.refusal(&seen), Refusal::Expired);
}

#[test]
fn a_rotated_key_signs_and_the_one_before_still_verifies() {
    let desk = desk();
    let before = desk.token();
    desk.rotate();
    desk.hands.advance(SignedDuration::from_secs(i64::from(SIGNS_AFTER_S) + 1));
    let after = desk.token();
    let kid = |token: &str| jsonwebtoken::decode_header(token).unwrap().kid;
    assert_ne!(kid(&before), kid(&after));
    assert!(desk.tokens.verify(&before).is_ok() && desk.tokens.verify(&after).is_ok());
    let jwks = serde_json::to_value(desk.tokens.public_keys()).unwrap();
    assert_eq!(jwks["keys"].as_array().unwrap().len(), 2);
}

#[test]
fn garbage_is_refused() {
    let desk = desk();
    let token = desk.token();
    let long = "a.".repeat(TOKEN_BYTES_MAX);
    for garbage in ["", ".", "..", "a.b.c", "🎬", "null", &token[1..], &format!("{token}."), &long] {
        assert!(desk.tokens.verify(garbage).is_err(), "{garbage}");
    }
    let mut flipped = token.into_bytes();
    let at = flipped.len() / 2;
    flipped[at] = if flipped[at] == b'A' { b'B' } else { b'A' };
    assert!(desk.tokens.verify(std::str::from_utf8(&flipped).unwrap()).is_err());
}
