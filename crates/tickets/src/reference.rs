//! The booking reference: eight characters that a guest can read out, such as `7K3F-9QXD`.
//!
//! The first 40 bits of the SHA-256 of the booking id, in Crockford's base32 (no I, L, O or U). Derived, so it needs no
//! counter and survives any restore; not unique for ever (even odds of one clash among 1.2 million bookings), so whoever
//! looks one up must be ready for two. It names a booking and proves nothing: it is no key to it.

use marquee_kernel::BookingId;
use sha2::{Digest as _, Sha256};

/// Characters of a reference as it is stored, without the dash.
const CHARS: usize = 8;
const BITS_PER_CHAR: usize = 5;
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The text was no booking reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a booking reference has eight letters and digits, such as 7K3F-9QXD")]
pub struct ReferenceError;

/// The reference of a booking as it is stored: eight characters, no dash.
#[must_use]
pub fn reference_of(booking_id: BookingId) -> String {
    let [a, b, c, d, e, ..] = Sha256::digest(booking_id.uuid().as_bytes()).0;
    let bits = u64::from_be_bytes([0, 0, 0, a, b, c, d, e]);
    let digit = |place: usize| char::from(ALPHABET[(bits >> (place * BITS_PER_CHAR)) as usize % ALPHABET.len()]);
    (0..CHARS).rev().map(digit).collect()
}

/// A stored reference as people see it, in two groups: `7K3F-9QXD`.
#[must_use]
pub fn display(reference: &str) -> String {
    match reference.split_at_checked(CHARS / 2) {
        Some((left, right)) if !right.is_empty() => format!("{left}-{right}"),
        _ => reference.to_owned(),
    }
}

/// The stored form of what a person typed: case, dashes and spaces do not matter; I and L are read as 1, O as 0.
///
/// # Errors
/// [`ReferenceError`] when that leaves anything but eight characters of the alphabet.
pub fn parse(text: &str) -> Result<String, ReferenceError> {
    let mut reference = String::with_capacity(CHARS);
    for typed in text.chars().filter(|c| *c != '-' && !c.is_whitespace()) {
        let meant = match typed.to_ascii_uppercase() {
            'I' | 'L' => '1',
            'O' => '0',
            other => other,
        };
        if reference.len() == CHARS || !meant.is_ascii() || !ALPHABET.contains(&(meant as u8)) {
            return Err(ReferenceError);
        }
        reference.push(meant);
    }
    if reference.len() == CHARS { Ok(reference) } else { Err(ReferenceError) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_booking_keeps_its_reference() {
        let booking: BookingId = "019aac5e-7d7c-7000-8a5e-3f1f6f1a2b3c".parse().unwrap();
        assert_eq!(reference_of(booking), "TY6S8VHP");
    }

    proptest! {
        #[test]
        fn what_is_shown_is_what_is_read_back(id in any::<u128>()) {
            let reference = reference_of(Uuid::from_u128(id).into());
            prop_assert_eq!(parse(&reference), Ok(reference.clone()));
            prop_assert_eq!(parse(&display(&reference).to_lowercase()), Ok(reference));
        }

        #[test]
        fn nothing_typed_makes_it_stumble(text in ".{0,12}") {
            if let Ok(reference) = parse(&text) {
                prop_assert_eq!(reference.len(), CHARS);
            }
            prop_assert!(display(&text).chars().filter(|c| *c != '-').eq(text.chars().filter(|c| *c != '-')));
        }
    }

    #[test]
    fn a_slip_of_the_eye_is_forgiven() {
        assert_eq!(parse(" lo1i 2345 "), Ok("10112345".to_owned()));
        assert_eq!(display("10112345"), "1011-2345");
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "1234567", "123456789", "1234-567U", "1234567é", "1234567!"] {
            assert_eq!(parse(text), Err(ReferenceError), "{text}");
        }
    }
}
