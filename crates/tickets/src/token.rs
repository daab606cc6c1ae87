//! The ticket token: what the QR code holds and the gate checks, also without a network.
//!
//! A token is `mq2.` and then, in base64url without padding (RFC 4648 section 5):
//!
//! | offset | bytes | what |
//! | --- | --- | --- |
//! | 0 | 1 | version, `2` |
//! | 1 | 4 | key id: the first bytes of the SHA-256 of the 32-byte public key |
//! | 5 | 16 | ticket id (UUID, network order) |
//! | 21 | 16 | booking id |
//! | 37 | 16 | show id |
//! | 53 | 0 to [`LABEL_BYTES_MAX`] | the seat's label in UTF-8: whatever lies before the proof |
//! | | 66 to 178 | the proof that a key signed all of that: see [`crate::Proof`] |
//!
//! A gate reads the key id, looks its public key up, verifies, and then asks whether the show is the one at its door. A seat `H-12`
//! sold alone makes 168 characters, a version 9 QR code at level M; one of a pair that was sold with others 232, a version 11.
//!
//! Tokens of version 1, `mq1.`, were signed one by one and are good for as long as their keys are known: instead of the proof they end
//! with an Ed25519 signature of the ASCII text `marquee ticket v1` and every byte before it.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use marquee_kernel::{BookingId, ShowId, TicketId};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::proof::{self, Node, PROOF_BYTES_MAX, Proof};

/// Names the layout to a person who reads a token, and to a gate that meets a later one.
const PREFIX: &str = "mq2.";
const VERSION: u8 = 2;

/// The tokens that were signed one by one.
const PREFIX_1: &str = "mq1.";
const VERSION_1: u8 = 1;
/// What is signed ahead of their bytes, so that no other protocol's signature fits.
const CONTEXT_1: &[u8; 17] = b"marquee ticket v1";

pub(crate) const KEY_ID_BYTES: usize = 4;
const ID_BYTES: usize = 16;
const TICKET_AT: usize = 1 + KEY_ID_BYTES;
const BOOKING_AT: usize = TICKET_AT + ID_BYTES;
const SHOW_AT: usize = BOOKING_AT + ID_BYTES;
const LABEL_AT: usize = SHOW_AT + ID_BYTES;
pub(crate) const SIGNATURE_BYTES: usize = Signature::BYTE_SIZE;
const BYTES_MAX: usize = LABEL_AT + LABEL_BYTES_MAX + PROOF_BYTES_MAX;
/// The most characters a token can have.
const CHARS_MAX: usize = PREFIX.len() + (BYTES_MAX * 4).div_ceil(3);

/// The most bytes of UTF-8 a seat label takes in a token. Every byte more makes the QR code harder to scan.
pub const LABEL_BYTES_MAX: usize = 24;

/// A seat's label as a token carries it: for the eye of the person at the gate, no longer than [`LABEL_BYTES_MAX`].
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SeatLabel {
    bytes: [u8; LABEL_BYTES_MAX],
    len: u8,
}

impl SeatLabel {
    /// `label`, cut after the last whole character that fits.
    #[must_use]
    pub fn cut(label: &str) -> Self {
        let kept = &label.as_bytes()[..label.floor_char_boundary(LABEL_BYTES_MAX)];
        let mut bytes = [0; LABEL_BYTES_MAX];
        bytes[..kept.len()].copy_from_slice(kept);
        Self { bytes, len: kept.len() as u8 }
    }

    /// The label.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

impl fmt::Debug for SeatLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl fmt::Display for SeatLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

/// What a token states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TicketClaims {
    /// The ticket; a gate admits it once.
    pub ticket_id: TicketId,
    /// The booking it belongs to.
    pub booking_id: BookingId,
    /// The only show it admits to.
    pub show_id: ShowId,
    /// The seat, for people.
    pub seat_label: SeatLabel,
}

/// Which key signed a token: the first four bytes of the SHA-256 of its public key. Shown as eight hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyId(pub [u8; KEY_ID_BYTES]);

impl KeyId {
    fn of(key: &VerifyingKey) -> Self {
        let [a, b, c, d, ..] = Sha256::digest(key.as_bytes()).0;
        Self([a, b, c, d])
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", u32::from_be_bytes(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A key as it is published for gates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// Its name in tokens.
    pub kid: KeyId,
    /// The Ed25519 public key (RFC 8032 section 5.1.5).
    pub bytes: [u8; 32],
}

/// Why a token was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not a token of this version at all: another QR code, or one read badly.
    #[error("this is not a ticket")]
    Malformed,
    /// Signed by a key that is not, or no longer, known here.
    #[error("the ticket was signed with an unknown key")]
    UnknownKey,
    /// The signature does not fit: changed or made up.
    #[error("the ticket is forged")]
    Forged,
}

/// The key that signs, and every key whose tickets are still good. Clones share the keys.
#[derive(Clone)]
pub struct SigningKeys(Arc<Ring>);

struct Ring {
    current: SigningKey,
    current_kid: KeyId,
    /// The current key first.
    known: Vec<(KeyId, VerifyingKey)>,
}

impl SigningKeys {
    /// Keys from their 32-byte secret seeds (RFC 8032 section 5.1.5): `current` signs, `retired` ones only verify.
    #[must_use]
    pub fn from_seeds(current: [u8; 32], retired: &[[u8; 32]]) -> Self {
        let current = SigningKey::from_bytes(&current);
        let known: Vec<_> = std::iter::once(current.verifying_key())
            .chain(retired.iter().map(|seed| SigningKey::from_bytes(seed).verifying_key()))
            .map(|key| (KeyId::of(&key), key))
            .collect();
        Self(Arc::new(Ring { current_kid: KeyId::of(&current.verifying_key()), current, known }))
    }

    /// Every key that gates must know, the current one first.
    pub fn public_keys(&self) -> impl Iterator<Item = PublicKey> + '_ {
        self.0.known.iter().map(|(kid, key)| PublicKey { kid: *kid, bytes: key.to_bytes() })
    }

    /// Signs bookings that are sold together, each given by its tickets, with one signature for several; a proof for each, in their
    /// order.
    #[must_use]
    pub fn sign(&self, bookings: &[Vec<TicketClaims>]) -> Vec<Proof> {
        let Ring { current, current_kid: kid, .. } = &*self.0;
        let bookings: Vec<_> = bookings.iter().map(|tickets| leaves(tickets, *kid)).collect();
        proof::prove(*kid, &bookings, |root| current.sign(root).to_bytes())
    }

    /// What `token` states, once it is certain that one of these keys signed it.
    ///
    /// # Errors
    /// [`TokenError`]; `Forged` is said only of a token that names a key known here.
    pub fn verify(&self, token: &str) -> Result<TicketClaims, TokenError> {
        if token.len() > CHARS_MAX {
            return Err(TokenError::Malformed);
        }
        let (text, version) = match (token.strip_prefix(PREFIX), token.strip_prefix(PREFIX_1)) {
            (Some(text), _) => (text, VERSION),
            (None, Some(text)) => (text, VERSION_1),
            (None, None) => return Err(TokenError::Malformed),
        };
        // The decoder wants room for whole groups of three.
        let mut buffer = [0; BYTES_MAX + 3];
        let len = URL_SAFE_NO_PAD.decode_slice(text, &mut buffer).map_err(|_| TokenError::Malformed)?;
        let bytes = &buffer[..len];
        if bytes.first() != Some(&version) {
            return Err(TokenError::Malformed);
        }
        let (stated, signed, signature) = match version {
            VERSION_1 => signed_alone(bytes),
            _ => proof::signed_together(bytes),
        }
        .filter(|(stated, ..)| (LABEL_AT..=LABEL_AT + LABEL_BYTES_MAX).contains(&stated.len()))
        .ok_or(TokenError::Malformed)?;

        let mut keys = self.0.known.iter().filter(|(kid, _)| kid.0 == stated[1..TICKET_AT]).peekable();
        if keys.peek().is_none() {
            return Err(TokenError::UnknownKey);
        }
        // Strict: a signature has one form only.
        if !keys.any(|(_, key)| key.verify_strict(&signed, &signature).is_ok()) {
            return Err(TokenError::Forged);
        }
        let label = std::str::from_utf8(&stated[LABEL_AT..]).map_err(|_| TokenError::Malformed)?;
        Ok(TicketClaims {
            ticket_id: id_at(stated, TICKET_AT).into(),
            booking_id: id_at(stated, BOOKING_AT).into(),
            show_id: id_at(stated, SHOW_AT).into(),
            seat_label: SeatLabel::cut(label),
        })
    }
}

/// What a token of version 1 states, what was signed, and the signature.
fn signed_alone(bytes: &[u8]) -> Option<(&[u8], Vec<u8>, Signature)> {
    let (stated, signature) = bytes.split_at_checked(bytes.len().checked_sub(SIGNATURE_BYTES)?)?;
    Some((stated, [CONTEXT_1.as_slice(), stated].concat(), Signature::from_slice(signature).ok()?))
}

/// The tokens of a booking's tickets, in their order: always the same for the same proof, which must be theirs.
#[must_use]
pub fn tokens(tickets: &[TicketClaims], proof: &Proof) -> Vec<String> {
    let ends = proof.ends(&leaves(tickets, proof.kid()));
    tickets.iter().zip(ends).map(|(claims, end)| token(&Stated::of(claims, proof.kid()), &end)).collect()
}

fn token(stated: &Stated, end: &[u8]) -> String {
    let bytes = [stated.bytes(), end].concat();
    let mut text = String::with_capacity(PREFIX.len() + (bytes.len() * 4).div_ceil(3));
    text.push_str(PREFIX);
    URL_SAFE_NO_PAD.encode_string(&bytes, &mut text);
    text
}

fn leaves(tickets: &[TicketClaims], kid: KeyId) -> Vec<Node> {
    tickets.iter().map(|claims| proof::leaf(Stated::of(claims, kid).bytes())).collect()
}

/// The bytes of a token before its proof.
struct Stated {
    bytes: [u8; LABEL_AT + LABEL_BYTES_MAX],
    len: usize,
}

impl Stated {
    fn of(claims: &TicketClaims, kid: KeyId) -> Self {
        let mut bytes = [0; LABEL_AT + LABEL_BYTES_MAX];
        bytes[0] = VERSION;
        bytes[1..TICKET_AT].copy_from_slice(&kid.0);
        bytes[TICKET_AT..BOOKING_AT].copy_from_slice(claims.ticket_id.uuid().as_bytes());
        bytes[BOOKING_AT..SHOW_AT].copy_from_slice(claims.booking_id.uuid().as_bytes());
        bytes[SHOW_AT..LABEL_AT].copy_from_slice(claims.show_id.uuid().as_bytes());
        let label = claims.seat_label.as_bytes();
        let len = LABEL_AT + label.len();
        bytes[LABEL_AT..len].copy_from_slice(label);
        Self { bytes, len }
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

impl fmt::Debug for SigningKeys {
    /// The key ids; never a key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.known.iter().map(|(kid, _)| kid)).finish()
    }
}

fn id_at(bytes: &[u8], at: usize) -> Uuid {
    let mut id = [0; ID_BYTES];
    id.copy_from_slice(&bytes[at..at + ID_BYTES]);
    Uuid::from_bytes(id)
}

#[cfg(test)]
mod tests;
