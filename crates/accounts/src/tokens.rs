//! Access tokens: JWTs signed with EdDSA, in the profile of RFC 9068 (`typ: at+jwt`).
//!
//! A token that verified once is remembered by its hash, so that the calls after the first pay for a hash and two look-ups
//! instead of a signature check. Revocations are remembered until the last token they concern has expired.

use std::sync::Arc;

use arc_swap::ArcSwap;
use dashmap::DashMap;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, Header, Validation};
use marquee_http::{Caller, Grant};
use marquee_kernel::{CinemaId, Clock, Rng, SessionId, Timestamp, UserId};
use moka::sync::Cache;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::eddsa;
use crate::error::{Error, Result};
use crate::keys::{Jwks, KeyRing};
use crate::meters;
use crate::model::{Settings, hash_token, role_of, role_word, roles};

const ISSUER: &str = "marquee";
const AUDIENCE: &str = "marquee-api";
/// RFC 9068, section 2.1: tells an access token from every other JWT.
const TYPE: &str = "at+jwt";
/// How far ahead of ours the clock may be that a token was signed by, in seconds: after a restart it may be set back.
const CLOCK_SKEW_S: i64 = 5;
/// The longest text that is looked at as a token, in bytes; ours stay far below.
const TOKEN_BYTES_MAX: usize = 8_192;
/// Verified tokens remembered: some 300 bytes each.
const VERIFIED_MAX: u64 = 65_536;

/// What a token says.
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: UserId,
    sid: SessionId,
    jti: Uuid,
    iat: i64,
    nbf: i64,
    exp: i64,
    roles: Vec<String>,
}

/// Why a token is not good; a client hears only that it is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Malformed,
    WrongType,
    WrongAlgorithm,
    UnknownKey,
    BadSignature,
    WrongClaims,
    NotYetValid,
    Expired,
    Revoked,
}

struct Verified {
    caller: Caller,
    expires_at: Timestamp,
}

/// Signs and verifies access tokens.
pub(crate) struct Tokens {
    clock: Clock,
    rng: Rng,
    access_token_s: u32,
    ring: ArcSwap<KeyRing>,
    verified: Cache<[u8; 32], Arc<Verified>>,
    /// Revoked sessions, each until its last access token has expired.
    revoked: DashMap<SessionId, Timestamp>,
}

impl Tokens {
    pub(crate) fn new(ring: KeyRing, settings: &Settings, clock: Clock, rng: Rng) -> Self {
        eddsa::install();
        Self {
            clock,
            rng,
            access_token_s: settings.access_token_s,
            ring: ArcSwap::from_pointee(ring),
            verified: Cache::new(VERIFIED_MAX),
            revoked: DashMap::new(),
        }
    }

    /// Signs a token for `user_id`, good from now on.
    pub(crate) fn sign(&self, user_id: UserId, session_id: SessionId, grants: &[Grant]) -> Result<String> {
        let now = self.clock.now();
        let issued = now.as_second();
        let customer = roles(&[]).into_iter().map(|role| role_word(role).to_owned());
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: user_id,
            sid: session_id,
            jti: Uuid::from_bytes(self.rng.bytes()),
            iat: issued,
            nbf: issued,
            exp: issued.saturating_add(self.access_token_s.into()),
            roles: customer.chain(grants.iter().map(grant_word)).collect(),
        };
        let ring = self.ring.load();
        let key = ring.signing(now);
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TYPE.to_owned());
        header.kid = Some(key.kid.clone());
        jsonwebtoken::encode(&header, &claims, &key.signs).map_err(|error| Error::Keys(error.to_string()))
    }

    /// Who holds `token`.
    pub(crate) fn verify(&self, token: &str) -> Result<Caller, Refusal> {
        let (now, hash) = (self.clock.now(), hash_token(token));
        let verified = match self.verified.get(&hash) {
            Some(verified) => verified,
            None => {
                let verified = Arc::new(self.check(token, now)?);
                self.verified.insert(hash, verified.clone());
                verified
            }
        };
        if verified.expires_at <= now {
            return Err(Refusal::Expired);
        }
        if self.revoked.contains_key(&verified.caller.session_id) {
            return Err(Refusal::Revoked);
        }
        Ok(verified.caller.clone())
    }

    /// The session of a token that we signed, expired or not: what may be revoked with it.
    pub(crate) fn session_of(&self, token: &str) -> Option<SessionId> {
        self.read(token, self.clock.now()).ok().map(|claims| claims.sid)
    }

    fn check(&self, token: &str, now: Timestamp) -> Result<Verified, Refusal> {
        let claims = self.read(token, now)?;
        meters::signature_check();
        if claims.nbf > now.as_second().saturating_add(CLOCK_SKEW_S) {
            return Err(Refusal::NotYetValid);
        }
        if claims.exp <= now.as_second() {
            return Err(Refusal::Expired);
        }
        let grants = claims.roles.iter().filter(|word| *word != "customer").map(|word| grant_of(word));
        let grants = grants.collect::<Option<Arc<[Grant]>>>().ok_or(Refusal::WrongClaims)?;
        let expires_at = Timestamp::from_second(claims.exp).map_err(|_| Refusal::WrongClaims)?;
        Ok(Verified { caller: Caller { user_id: claims.sub, session_id: claims.sid, grants }, expires_at })
    }

    /// The claims of a token that we signed for ourselves, whatever the time.
    fn read(&self, token: &str, now: Timestamp) -> Result<Claims, Refusal> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(Refusal::Malformed);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| Refusal::Malformed)?;
        if header.alg != Algorithm::EdDSA {
            return Err(Refusal::WrongAlgorithm);
        }
        // `crit` names extensions that a verifier must understand (RFC 7515, section 4.1.11): we know none.
        if header.typ.as_deref() != Some(TYPE) || header.crit.is_some() {
            return Err(Refusal::WrongType);
        }
        let ring = self.ring.load();
        let key = header.kid.as_deref().and_then(|kid| ring.find(kid, now)).ok_or(Refusal::UnknownKey)?;
        let mut strict = Validation::new(Algorithm::EdDSA);
        strict.set_issuer(&[ISSUER]);
        strict.set_audience(&[AUDIENCE]);
        strict.set_required_spec_claims(&["iss", "aud", "sub", "exp", "nbf"]);
        // The library would ask the machine's clock; `check` asks ours.
        strict.validate_exp = false;
        strict.validate_nbf = false;
        match jsonwebtoken::decode::<Claims>(token, &key.verifies, &strict) {
            Ok(token) => Ok(token.claims),
            Err(error) => Err(match error.kind() {
                ErrorKind::InvalidSignature => Refusal::BadSignature,
                ErrorKind::InvalidIssuer | ErrorKind::InvalidAudience | ErrorKind::MissingRequiredClaim(_) => {
                    Refusal::WrongClaims
                }
                _ => Refusal::Malformed,
            }),
        }
    }

    /// When a token that is signed now expires.
    pub(crate) fn expiry(&self, now: Timestamp) -> Timestamp {
        let second = now.as_second().saturating_add(self.access_token_s.into());
        Timestamp::from_second(second).unwrap_or(Timestamp::MAX)
    }

    /// From now on the tokens of `session_id` are refused; the last of them expires at `until`.
    pub(crate) fn revoke(&self, session_id: SessionId, until: Timestamp) {
        self.revoked.insert(session_id, until);
    }

    /// Forgets revocations whose tokens have all expired.
    pub(crate) fn forget_expired(&self) {
        let now = self.clock.now();
        self.revoked.retain(|_, until| now < *until);
    }

    /// Verified tokens remembered, and sessions whose tokens are refused.
    pub(crate) fn remembered(&self) -> (u64, u64) {
        // What has been pushed out is counted until this has run.
        self.verified.run_pending_tasks();
        (self.verified.entry_count(), self.revoked.len() as u64)
    }

    /// The keys in use.
    pub(crate) fn ring(&self) -> Arc<KeyRing> {
        self.ring.load_full()
    }

    /// Takes another look at the keys.
    pub(crate) fn replace_ring(&self, ring: KeyRing) {
        self.ring.store(Arc::new(ring));
    }

    /// The public keys that verify.
    pub(crate) fn public_keys(&self) -> Jwks {
        self.ring.load().public(self.clock.now())
    }
}

/// A grant's word in a token: `admin`, `manager:<cinema>`.
fn grant_word(grant: &Grant) -> String {
    match grant.cinema_id {
        None => role_word(grant.role).to_owned(),
        Some(cinema_id) => format!("{}:{cinema_id}", role_word(grant.role)),
    }
}

fn grant_of(word: &str) -> Option<Grant> {
    let (role, cinema_id) = match word.split_once(':') {
        None => (word, None),
        Some((role, cinema_id)) => (role, Some(cinema_id.parse::<CinemaId>().ok()?)),
    };
    Some(Grant { role: role_of(role)?, cinema_id })
}

#[cfg(test)]
mod tests;
