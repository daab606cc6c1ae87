//! What is wrong with a field, in words for whoever wrote the client: serde speaks of Rust's types, which they never see.

use std::borrow::Cow;

/// What is said when there is nothing better to say.
const NOT_VALID: &str = "is not valid";
const INSTANT: &str = "an instant such as 2026-11-22T18:30:00Z";
/// Words by which the reader of instants is known: it has a message for everything that can be wrong with one.
const OF_INSTANTS: [&str; 7] =
    ["timestamp", "digit integer as", "digit year", "separator", "fractional seconds", "parsed date", "unparsed input"];

/// The field that serde's message is about, when it says: its path is the parent's then.
pub(super) fn named_field(message: &str) -> Option<&str> {
    let about = ["missing field `", "unknown field `", "duplicate field `"];
    about.iter().find_map(|shape| message.strip_prefix(shape)).and_then(|rest| rest.split('`').next())
}

/// Serde's message as a sentence about the field, such as "must be a string, not a number".
pub(super) fn plain(message: &str) -> Cow<'static, str> {
    // A message of ours says already what the field must be.
    if message.starts_with("must ") {
        return message.to_owned().into();
    }
    let after = |shape: &str| message.strip_prefix(shape);
    if after("missing field ").is_some() {
        return "is missing".into();
    }
    if after("unknown field ").is_some() {
        return "is not known to this call".into();
    }
    if after("duplicate field ").is_some() {
        return "must not be given more than once".into();
    }
    if let Some((_, choice)) = after("unknown variant ").and_then(|rest| rest.rsplit_once(", expected ")) {
        return one_of(choice).into();
    }
    if let Some((found, wanted)) = after("invalid type: ").and_then(|rest| rest.rsplit_once(", expected ")) {
        return mistyped(found, wanted);
    }
    if let Some((_, wanted)) = after("invalid value: ").and_then(|rest| rest.rsplit_once(", expected ")) {
        return out_of_bounds(wanted);
    }
    if after("invalid length ").is_some() {
        return "has the wrong number of items".into();
    }
    from_text(message)
}

/// Serde's list of variants without its backticks.
fn one_of(choice: &str) -> String {
    let choice = choice.strip_prefix("one of ").unwrap_or(choice).replace('`', "");
    if choice.contains([',', ' ']) {
        format!("must be one of: {}", choice.replace(" or ", ", "))
    } else {
        format!("must be {choice}")
    }
}

fn mistyped(found: &str, wanted: &str) -> Cow<'static, str> {
    let Some(wanted) = kind_wanted(wanted) else { return NOT_VALID.into() };
    match kind_found(found) {
        Some("a number") if wanted == "a whole number" => "must be a whole number, without a fraction".into(),
        Some(found) => format!("must be {wanted}, not {found}").into(),
        None => format!("must be {wanted}").into(),
    }
}

/// What a client sent, in JSON's words.
fn kind_found(found: &str) -> Option<&'static str> {
    Some(match found.split([' ', '`']).next().unwrap_or_default() {
        "boolean" => "a boolean",
        "integer" | "floating" => "a number",
        "string" | "character" => "a string",
        "null" | "unit" => "null",
        "sequence" => "an array",
        "map" => "an object",
        _ => return None,
    })
}

/// What a field is, in JSON's words, from what its reader says that it expects.
fn kind_wanted(wanted: &str) -> Option<&'static str> {
    Some(match wanted {
        "a boolean" => "true or false",
        "a string" | "a borrowed string" | "a character" | "string" | "variant identifier" => "a string",
        "a sequence" => "an array",
        "a map" => "an object",
        "a timestamp string" => INSTANT,
        "a date string" => "a date such as 2026-11-22",
        "f32" | "f64" => "a number",
        wanted if wanted.contains("UUID") => "an id, which is a string",
        wanted if bounds(wanted).is_some() => "a whole number",
        wanted if wanted.starts_with("struct ") => "an object",
        wanted if wanted.starts_with("enum ") || wanted.starts_with("tuple struct ") => "a string",
        wanted if wanted.starts_with("a tuple ") => "an array",
        _ => return None,
    })
}

fn out_of_bounds(wanted: &str) -> Cow<'static, str> {
    match (bounds(wanted), kind_wanted(wanted)) {
        (Some((least, most)), _) => format!("must be a whole number from {least} to {most}").into(),
        (None, Some(wanted)) => format!("must be {wanted}").into(),
        (None, None) => NOT_VALID.into(),
    }
}

/// The least and the most of one of Rust's whole numbers, by its name.
fn bounds(wanted: &str) -> Option<(i128, i128)> {
    Some(match wanted {
        "u8" => (0, u8::MAX.into()),
        "u16" => (0, u16::MAX.into()),
        "u32" => (0, u32::MAX.into()),
        "u64" | "usize" => (0, u64::MAX.into()),
        "i8" => (i8::MIN.into(), i8::MAX.into()),
        "i16" => (i16::MIN.into(), i16::MAX.into()),
        "i32" => (i32::MIN.into(), i32::MAX.into()),
        "i64" | "isize" => (i64::MIN.into(), i64::MAX.into()),
        _ => return None,
    })
}

/// What the readers of numbers, ids and times say of a text that they cannot read.
fn from_text(message: &str) -> Cow<'static, str> {
    let said = match message {
        // What serde_json says of another type where it wants one of several words.
        "expected value" => "must be a string",
        "invalid digit found in string" | "cannot parse integer from empty string" => "must be a whole number",
        "number too large to fit in target type" | "number out of range" => "must be a smaller number",
        "number too small to fit in target type" => "must be a larger number",
        "invalid float literal" | "cannot parse float from empty string" => "must be a number",
        "provided string was not `true` or `false`" => "must be true or false",
        "not an ISO 4217 currency code" => "must be an ISO 4217 currency code such as INR",
        id if id.starts_with("UUID parsing failed") => "must be an id as this API gives it out",
        time if OF_INSTANTS.iter().any(|word| time.contains(word)) => return format!("must be {INSTANT}").into(),
        _ => NOT_VALID,
    };
    said.into()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use marquee_kernel::{Money, ShowId, Timestamp};
    use serde::Deserialize;
    use serde_json::{Value, json};

    use super::*;
    use crate::Role;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read by serde")]
    struct Everything {
        text: Option<String>,
        small: Option<u8>,
        amount: Option<i64>,
        ratio: Option<f64>,
        yes: Option<bool>,
        list: Option<Vec<String>>,
        prices: Option<BTreeMap<String, Money>>,
        role: Option<Role>,
        place: Option<Place>,
        show_id: Option<ShowId>,
        start_time: Option<Timestamp>,
    }

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only read by serde")]
    struct Place {
        lat: f64,
    }

    fn told(body: &Value) -> String {
        let error = serde_json::from_str::<Everything>(&body.to_string()).unwrap_err().to_string();
        plain(error.rsplit_once(" at line ").unwrap().0).into_owned()
    }

    #[test]
    fn a_field_of_another_type_is_told_which_in_json_s_words() {
        for (body, message) in [
            (json!({ "text": 5 }), "must be a string, not a number"),
            (json!({ "text": true }), "must be a string, not a boolean"),
            (json!({ "text": [] }), "must be a string, not an array"),
            (json!({ "text": {} }), "must be a string, not an object"),
            (json!({ "small": "5" }), "must be a whole number, not a string"),
            (json!({ "small": 1.5 }), "must be a whole number, without a fraction"),
            (json!({ "ratio": "wide" }), "must be a number, not a string"),
            (json!({ "yes": "yes, expected u8" }), "must be true or false, not a string"),
            (json!({ "list": "A1" }), "must be an array, not a string"),
            (json!({ "list": [null] }), "must be a string, not null"),
            (json!({ "prices": [] }), "must be an object, not an array"),
            (json!({ "prices": { "gold": 250 } }), "must be an object, not a number"),
            (json!({ "role": 1 }), "must be a string"),
            (json!({ "place": 1 }), "must be an object, not a number"),
            (json!({ "show_id": 1 }), "must be an id, which is a string, not a number"),
            (json!({ "start_time": 1 }), "must be an instant such as 2026-11-22T18:30:00Z, not a number"),
        ] {
            assert_eq!(told(&body), message, "{body}");
        }
    }

    #[test]
    fn a_value_that_cannot_be_is_told_what_can() {
        for (body, message) in [
            (json!({ "small": 256 }), "must be a whole number from 0 to 255"),
            (json!({ "small": -1 }), "must be a whole number from 0 to 255"),
            (json!({ "amount": u64::MAX }), "must be a whole number from -9223372036854775808 to 9223372036854775807"),
            (json!({ "role": "boss" }), "must be one of: customer, box_office, manager, admin"),
            (json!({ "show_id": "x" }), "must be an id as this API gives it out"),
            (
                json!({ "prices": { "gold": { "amount": 1, "currency": "XXY" } } }),
                "must be an ISO 4217 currency code such as INR",
            ),
            (json!({ "place": {} }), "is missing"),
            (json!({ "surprise": 1 }), "is not known to this call"),
            (json!({ "start_time": "tomorrow" }), "must be an instant such as 2026-11-22T18:30:00Z"),
            (json!({ "start_time": "2026-11-22T18:30:00" }), "must be an instant such as 2026-11-22T18:30:00Z"),
            (json!({ "start_time": "2026-11-22" }), "must be an instant such as 2026-11-22T18:30:00Z"),
            (json!({ "start_time": "" }), "must be an instant such as 2026-11-22T18:30:00Z"),
            (
                json!({ "start_time": "2026-11-22T18:30:00Z and a bit" }),
                "must be an instant such as 2026-11-22T18:30:00Z",
            ),
            (json!({ "start_time": "2026-02-30T18:30:00Z" }), "must be an instant such as 2026-11-22T18:30:00Z"),
            (json!({ "start_time": "2026-13-22T18:30:00Z" }), "must be an instant such as 2026-11-22T18:30:00Z"),
        ] {
            assert_eq!(told(&body), message, "{body}");
        }
    }

    #[test]
    fn what_we_do_not_know_how_to_say_is_said_to_be_not_valid() {
        for message in
            ["", "lone leading surrogate in hex escape", "invalid type: enum, expected a Gizmo", "invalid type"]
        {
            assert_eq!(plain(message), "is not valid", "{message}");
        }
        assert_eq!(plain("must be odd"), "must be odd");
        assert_eq!(plain("unknown variant `x`, expected `only`"), "must be only");
        assert_eq!(plain("unknown variant `x`, expected `a` or `b`"), "must be one of: a, b");
        assert_eq!(plain("duplicate field `seats`"), "must not be given more than once");
    }
}
