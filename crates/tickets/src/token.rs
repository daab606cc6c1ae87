//! The ticket token: what the QR code holds and the gate checks, also without a network.
//!
//! A token is `mq1.` and then, in base64url without padding (RFC 4648 section 5):
//!
//! | offset | bytes | what |
//! | --- | --- | --- |
//! | 0 | 1 | version, `1` |
//! | 1 | 4 | key id: the first bytes of the SHA-256 of the 32-byte public key |
//! | 5 | 16 | ticket id (UUID, network order) |
//! | 21 | 16 | booking id |
//! | 37 | 16 | show id |
//! | 53 | 0 to [`LABEL_BYTES_MAX`] | the seat's label in UTF-8: whatever lies before the signature |
//! | length − 64 | 64 | Ed25519 signature (RFC 8032) |
//!
//! Signed is the ASCII text `marquee ticket v1` followed by every byte before the signature; the text keeps a signature
//! made for a ticket from being taken for anything else. A gate reads the key id, looks its public key up, verifies, and
//! then asks whether the show is the one at its door. A seat `H-12` makes 166 characters, a version 9 QR code at level M.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use marquee_kernel::{BookingId, ShowId, TicketId};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// Names the layout to a person who reads a token, and to a gate that meets a later one.
const PREFIX: &str = "mq1.";
/// What is signed ahead of the bytes, so that no other protocol's signature fits.
const CONTEXT: &[u8; 17] = b"marquee ticket v1";
const VERSION: u8 = 1;

const KEY_ID_BYTES: usize = 4;
const ID_BYTES: usize = 16;
const TICKET_AT: usize = 1 + KEY_ID_BYTES;
const BOOKING_AT: usize = TICKET_AT + ID_BYTES;
const SHOW_AT: usize = BOOKING_AT + ID_BYTES;
const LABEL_AT: usize = SHOW_AT + ID_BYTES;
const SIGNATURE_BYTES: usize = Signature::BYTE_SIZE;
const BYTES_MAX: usize = LABEL_AT + LABEL_BYTES_MAX + SIGNATURE_BYTES;
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

    /// The token for `claims`, always the same for the same key. The only allocation is the answer.
    #[must_use]
    pub fn sign(&self, claims: &TicketClaims) -> String {
        let mut buffer = [0; CONTEXT.len() + BYTES_MAX];
        let (context, token) = buffer.split_at_mut(CONTEXT.len());
        context.copy_from_slice(CONTEXT);
        token[0] = VERSION;
        token[1..TICKET_AT].copy_from_slice(&self.0.current_kid.0);
        token[TICKET_AT..BOOKING_AT].copy_from_slice(claims.ticket_id.uuid().as_bytes());
        token[BOOKING_AT..SHOW_AT].copy_from_slice(claims.booking_id.uuid().as_bytes());
        token[SHOW_AT..LABEL_AT].copy_from_slice(claims.show_id.uuid().as_bytes());
        let label = claims.seat_label.as_bytes();
        let signature_at = LABEL_AT + label.len();
        token[LABEL_AT..signature_at].copy_from_slice(label);

        let signature = self.0.current.sign(&buffer[..CONTEXT.len() + signature_at]).to_bytes();
        let end = signature_at + SIGNATURE_BYTES;
        let token = &mut buffer[CONTEXT.len()..][..end];
        token[signature_at..].copy_from_slice(&signature);

        let mut text = String::with_capacity(PREFIX.len() + (end * 4).div_ceil(3));
        text.push_str(PREFIX);
        URL_SAFE_NO_PAD.encode_string(token, &mut text);
        text
    }

    /// What `token` states, once it is certain that one of these keys signed it.
    ///
    /// # Errors
    /// [`TokenError`]; `Forged` is said only of a token that names a key known here.
    pub fn verify(&self, token: &str) -> Result<TicketClaims, TokenError> {
        let text = token.strip_prefix(PREFIX).ok_or(TokenError::Malformed)?;
        if token.len() > CHARS_MAX {
            return Err(TokenError::Malformed);
        }
        // The decoder wants room for whole groups of three.
        let mut buffer = [0; CONTEXT.len() + BYTES_MAX + 3];
        buffer[..CONTEXT.len()].copy_from_slice(CONTEXT);
        let len =
            URL_SAFE_NO_PAD.decode_slice(text, &mut buffer[CONTEXT.len()..]).map_err(|_| TokenError::Malformed)?;
        if !(LABEL_AT + SIGNATURE_BYTES..=BYTES_MAX).contains(&len) || buffer[CONTEXT.len()] != VERSION {
            return Err(TokenError::Malformed);
        }
        let (signed, rest) = buffer.split_at(CONTEXT.len() + len - SIGNATURE_BYTES);
        let signature = Signature::from_slice(&rest[..SIGNATURE_BYTES]).map_err(|_| TokenError::Malformed)?;

        let stated = &signed[CONTEXT.len()..];
        let mut keys = self.0.known.iter().filter(|(kid, _)| kid.0 == stated[1..TICKET_AT]).peekable();
        if keys.peek().is_none() {
            return Err(TokenError::UnknownKey);
        }
        // Strict: a signature has one form only, so that one ticket is one token.
        if !keys.any(|(_, key)| key.verify_strict(signed, &signature).is_ok()) {
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
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn keys() -> SigningKeys {
        SigningKeys::from_seeds([7; 32], &[[8; 32]])
    }

    fn claims() -> impl Strategy<Value = TicketClaims> {
        (any::<[u8; 16]>(), any::<[u8; 16]>(), any::<[u8; 16]>(), ".{0,30}").prop_map(
            |(ticket, booking, show, label)| TicketClaims {
                ticket_id: Uuid::from_bytes(ticket).into(),
                booking_id: Uuid::from_bytes(booking).into(),
                show_id: Uuid::from_bytes(show).into(),
                seat_label: SeatLabel::cut(&label),
            },
        )
    }

    fn sample() -> TicketClaims {
        TicketClaims {
            ticket_id: Uuid::from_u128(1).into(),
            booking_id: Uuid::from_u128(2).into(),
            show_id: Uuid::from_u128(3).into(),
            seat_label: SeatLabel::cut("H-12"),
        }
    }

    fn resealed(token: &str, change: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut bytes = URL_SAFE_NO_PAD.decode(&token[PREFIX.len()..]).unwrap();
        change(&mut bytes);
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
    }

    proptest! {
        #[test]
        fn a_signed_ticket_reads_back_whole(claims in claims()) {
            let token = keys().sign(&claims);
            prop_assert!(token.len() <= CHARS_MAX);
            prop_assert_eq!(token.capacity(), token.len());
            prop_assert_eq!(keys().verify(&token), Ok(claims));
        }

        #[test]
        fn a_flipped_bit_is_refused_wherever_it_is(claims in claims(), at in any::<prop::sample::Index>(), bit in 0..8_u8) {
            let token = keys().sign(&claims);
            let mut text = token.clone().into_bytes();
            text[at.index(token.len())] ^= 1_u8 << bit;
            if let Ok(text) = String::from_utf8(text) {
                prop_assert!(keys().verify(&text).is_err());
            }
            let flipped = resealed(&token, |bytes| {
                let at = at.index(bytes.len());
                bytes[at] ^= 1_u8 << bit;
            });
            prop_assert!(keys().verify(&flipped).is_err());
        }

        #[test]
        fn no_text_makes_the_check_stumble(text in "(mq1\\.)?[A-Za-z0-9_-]{0,250}|.{0,60}") {
            prop_assert!(keys().verify(&text).is_err());
        }
    }

    #[test]
    fn the_layout_is_the_one_that_gates_were_built_for() {
        let token = keys().sign(&sample());
        let bytes = URL_SAFE_NO_PAD.decode(token.strip_prefix("mq1.").unwrap()).unwrap();
        let key = SigningKey::from_bytes(&[7; 32]).verifying_key();
        assert_eq!(bytes[0], 1);
        assert_eq!(bytes[1..5], Sha256::digest(key.as_bytes())[..4]);
        assert_eq!(bytes[5..21], Uuid::from_u128(1).into_bytes());
        assert_eq!(bytes[21..37], Uuid::from_u128(2).into_bytes());
        assert_eq!(bytes[37..53], Uuid::from_u128(3).into_bytes());
        assert_eq!(&bytes[53..bytes.len() - 64], b"H-12");
        let signed = [b"marquee ticket v1".as_slice(), &bytes[..bytes.len() - 64]].concat();
        let signature = Signature::from_slice(&bytes[bytes.len() - 64..]).unwrap();
        assert!(key.verify_strict(&signed, &signature).is_ok());
        assert_eq!(token.len(), 166);
    }

    #[test]
    fn a_retired_key_still_opens_the_door_and_a_strangers_does_not() {
        let token = SigningKeys::from_seeds([8; 32], &[]).sign(&sample());
        assert_eq!(keys().verify(&token), Ok(sample()));
        let stranger = SigningKeys::from_seeds([9; 32], &[]).sign(&sample());
        assert_eq!(keys().verify(&stranger), Err(TokenError::UnknownKey));
    }

    #[test]
    fn a_refusal_says_what_is_wrong() {
        let token = keys().sign(&sample());
        let moved_seat = resealed(&token, |bytes| bytes[LABEL_AT] = b'A');
        assert_eq!(keys().verify(&moved_seat), Err(TokenError::Forged));
        let next_version = resealed(&token, |bytes| bytes[0] = 2);
        assert_eq!(keys().verify(&next_version), Err(TokenError::Malformed));
        let cut_short = resealed(&token, |bytes| bytes.truncate(LABEL_AT + SIGNATURE_BYTES - 1));
        assert_eq!(keys().verify(&cut_short), Err(TokenError::Malformed));
        for text in ["", "mq1.", "https://example.org", &token[4..], &format!("{token}A"), &format!("{token}=")] {
            assert!(matches!(keys().verify(text), Err(TokenError::Malformed | TokenError::Forged)), "{text}");
        }
    }

    #[test]
    fn keys_are_published_current_first_and_never_shown_secret() {
        let published: Vec<_> = keys().public_keys().collect();
        assert_eq!(published[0].bytes, SigningKey::from_bytes(&[7; 32]).verifying_key().to_bytes());
        assert_eq!(published.len(), 2);
        assert_eq!(format!("{:?}", keys()), format!("[{}, {}]", published[0].kid, published[1].kid));
    }

    #[test]
    fn a_long_label_is_cut_between_characters() {
        assert_eq!(SeatLabel::cut("кресло двенадцать").as_str(), "кресло двена");
        assert_eq!(SeatLabel::cut("H-12").as_str(), "H-12");
    }
}
