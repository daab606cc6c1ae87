use ed25519_dalek::Signer as _;
use proptest::prelude::*;

use super::*;

fn keys() -> SigningKeys {
    SigningKeys::from_seeds([7; 32], &[[8; 32]])
}

fn claims() -> impl Strategy<Value = TicketClaims> {
    (any::<[u8; 16]>(), any::<[u8; 16]>(), any::<[u8; 16]>(), ".{0,30}").prop_map(|(ticket, booking, show, label)| {
        TicketClaims {
            ticket_id: Uuid::from_bytes(ticket).into(),
            booking_id: Uuid::from_bytes(booking).into(),
            show_id: Uuid::from_bytes(show).into(),
            seat_label: SeatLabel::cut(&label),
        }
    })
}

fn sample() -> TicketClaims {
    TicketClaims {
        ticket_id: Uuid::from_u128(1).into(),
        booking_id: Uuid::from_u128(2).into(),
        show_id: Uuid::from_u128(3).into(),
        seat_label: SeatLabel::cut("H-12"),
    }
}

/// The tokens of bookings that were sold together.
fn sold(keys: &SigningKeys, bookings: &[Vec<TicketClaims>]) -> Vec<Vec<String>> {
    bookings.iter().zip(keys.sign(bookings)).map(|(tickets, proof)| tokens(tickets, &proof)).collect()
}

fn alone(keys: &SigningKeys, claims: &TicketClaims) -> String {
    sold(keys, &[vec![*claims]]).remove(0).remove(0)
}

fn bookings() -> impl Strategy<Value = Vec<Vec<TicketClaims>>> {
    prop::collection::vec(prop::collection::vec(claims(), 1..8), 1..8)
}

fn bytes_of(token: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(token.strip_prefix("mq2.").unwrap()).unwrap()
}

fn resealed(token: &str, change: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut bytes = bytes_of(token);
    change(&mut bytes);
    format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
}

/// A token as it was made before tickets were signed together.
fn token_1(claims: &TicketClaims) -> String {
    let key = SigningKey::from_bytes(&[7; 32]);
    let mut bytes = Stated::of(claims, KeyId::of(&key.verifying_key())).bytes().to_vec();
    bytes[0] = 1;
    let signature = key.sign(&[b"marquee ticket v1".as_slice(), &bytes].concat());
    bytes.extend(signature.to_bytes());
    format!("mq1.{}", URL_SAFE_NO_PAD.encode(bytes))
}

proptest! {
    #[test]
    fn bookings_signed_together_read_back_whole(bookings in bookings()) {
        for (claims, token) in bookings.iter().flatten().zip(sold(&keys(), &bookings).into_iter().flatten()) {
            prop_assert!(token.len() <= CHARS_MAX);
            prop_assert_eq!(token.capacity(), token.len());
            prop_assert_eq!(keys().verify(&token), Ok(*claims));
        }
    }

    #[test]
    fn a_flipped_bit_is_refused_wherever_it_is(
        bookings in bookings(), at in any::<prop::sample::Index>(), bit in 0..8_u8,
    ) {
        let token = sold(&keys(), &bookings).remove(0).remove(0);
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
    fn a_ticket_of_version_1_is_good_until_a_bit_is_flipped(
        claims in claims(), at in any::<prop::sample::Index>(), bit in 0..8_u8,
    ) {
        let token = token_1(&claims);
        prop_assert_eq!(keys().verify(&token), Ok(claims));
        let mut bytes = URL_SAFE_NO_PAD.decode(&token[4..]).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= 1_u8 << bit;
        let flipped = format!("mq1.{}", URL_SAFE_NO_PAD.encode(bytes));
        prop_assert!(keys().verify(&flipped).is_err());
    }

    #[test]
    fn no_text_makes_the_check_stumble(text in "(mq[12]\\.)?[A-Za-z0-9_-]{0,300}|.{0,60}") {
        prop_assert!(keys().verify(&text).is_err());
    }

    #[test]
    fn a_proof_is_read_back_from_its_bytes_and_from_no_others(noise in prop::collection::vec(any::<u8>(), 0..150)) {
        for proof in keys().sign(&vec![vec![sample()]; 5]) {
            prop_assert_eq!(Proof::from_bytes(&proof.to_bytes()), Some(proof.clone()));
            prop_assert_eq!(Proof::from_bytes(&proof.to_bytes()[1..]), None);
        }
        // Whatever is taken for a proof makes a token that is refused.
        if let Some(made_up) = Proof::from_bytes(&noise) {
            prop_assert!(keys().verify(&tokens(&[sample()], &made_up)[0]).is_err());
        }
    }
}

#[test]
fn the_layout_is_the_one_that_gates_were_built_for() {
    let bytes = bytes_of(&alone(&keys(), &sample()));
    let key = SigningKey::from_bytes(&[7; 32]).verifying_key();
    assert_eq!(bytes[0], 2);
    assert_eq!(bytes[1..5], Sha256::digest(key.as_bytes())[..4]);
    assert_eq!(bytes[5..21], Uuid::from_u128(1).into_bytes());
    assert_eq!(bytes[21..37], Uuid::from_u128(2).into_bytes());
    assert_eq!(bytes[37..53], Uuid::from_u128(3).into_bytes());
    assert_eq!(&bytes[53..57], b"H-12");
    assert_eq!((&bytes[121..], bytes.len()), ([0, 0].as_slice(), 123), "no path, a signature, the shape");
}

/// Written out by hand, as a gate's author would do from the documents: the first ticket of the second of three pairs.
#[test]
fn a_path_leads_from_the_leaf_to_what_was_signed() {
    let bytes = bytes_of(&sold(&keys(), &vec![vec![sample(); 2]; 3])[1][0]);
    let (path, signature, shape) = (&bytes[57..105], &bytes[105..169], &bytes[169..]);
    assert_eq!(shape, [2, 3], "place and depth");
    let hash = |parts: &[&[u8]]| Sha256::digest(parts.concat())[..16].to_vec();
    let leaf = hash(&[&[0], b"marquee ticket v2", &bytes[..57]]);
    let pair = hash(&[&[1], &leaf, &path[..16]]);
    let four = hash(&[&[1], &path[16..32], &pair]);
    let root = hash(&[&[1], &four, &path[32..]]);
    let signed = [b"marquee tickets v2".as_slice(), &root].concat();
    let key = SigningKey::from_bytes(&[7; 32]).verifying_key();
    assert!(key.verify_strict(&signed, &Signature::from_slice(signature).unwrap()).is_ok());
}

#[test]
fn a_token_stays_short_enough_for_its_code() {
    let longest = |bookings: &[Vec<TicketClaims>]| sold(&keys(), bookings).iter().flatten().map(String::len).max();
    assert_eq!(longest(&[vec![sample()]]), Some(168));
    assert_eq!(longest(&vec![vec![sample(); 2]; 20]), Some(232));
    assert_eq!(longest(&vec![vec![sample(); 4]; 20]), Some(254));
    let together = sold(&keys(), &[vec![sample()], vec![sample(); 10], vec![sample()], vec![sample()]]);
    let lengths: Vec<_> = together.iter().map(|tokens| tokens[0].len()).collect();
    assert_eq!(lengths, [168, 254, 190, 190], "a large booking is signed alone");
}

#[test]
fn a_proof_is_its_tickets_own() {
    let others = TicketClaims { seat_label: SeatLabel::cut("A-1"), ..sample() };
    let proofs = keys().sign(&[vec![sample()], vec![others]]);
    assert_eq!(keys().verify(&tokens(&[others], &proofs[0])[0]), Err(TokenError::Forged));
    assert_eq!(keys().verify(&tokens(&[sample()], &proofs[1])[0]), Err(TokenError::Forged));
}

#[test]
fn a_retired_key_still_opens_the_door_and_a_strangers_does_not() {
    let retired = alone(&SigningKeys::from_seeds([8; 32], &[]), &sample());
    assert_eq!(keys().verify(&retired), Ok(sample()));
    let stranger = alone(&SigningKeys::from_seeds([9; 32], &[]), &sample());
    assert_eq!(keys().verify(&stranger), Err(TokenError::UnknownKey));
}

#[test]
fn a_refusal_says_what_is_wrong() {
    let token = alone(&keys(), &sample());
    let moved_seat = resealed(&token, |bytes| bytes[LABEL_AT] = b'A');
    assert_eq!(keys().verify(&moved_seat), Err(TokenError::Forged));
    for version in [1, 3] {
        let another = resealed(&token, |bytes| bytes[0] = version);
        assert_eq!(keys().verify(&another), Err(TokenError::Malformed));
    }
    let cut_short = resealed(&token, |bytes| drop(bytes.drain(LABEL_AT - 1..bytes.len() - SIGNATURE_BYTES - 2)));
    assert_eq!(keys().verify(&cut_short), Err(TokenError::Malformed));
    let deeper = resealed(&token, |bytes| *bytes.last_mut().unwrap() = 1);
    assert_eq!(keys().verify(&deeper), Err(TokenError::Malformed));
    for text in ["", "mq1.", "mq2.", "https://example.org", &token[4..], &format!("{token}A"), &format!("{token}=")] {
        assert!(matches!(keys().verify(text), Err(TokenError::Malformed | TokenError::Forged)), "{text}");
    }
}

#[test]
fn keys_are_published_current_first_and_never_shown_secret() {
    let published: Vec<_> = keys().public_keys().collect();
    assert_eq!(published[0].bytes, SigningKey::from_bytes(&[7; 32]).verifying_key().to_bytes());
    assert_eq!(published.len(), 2);
    assert_eq!(format!("{:?}", keys()), format!("[{}, {}]", published[0].kid, published[1].kid));
    let proof = keys().sign(&[vec![sample()]]).remove(0);
    assert_eq!(format!("{proof:?}"), format!("Proof(by {})", published[0].kid));
}

#[test]
fn a_long_label_is_cut_between_characters() {
    assert_eq!(SeatLabel::cut("кресло двенадцать").as_str(), "кресло двена");
    assert_eq!(SeatLabel::cut("H-12").as_str(), "H-12");
}
