//! What a person tells of themselves: values that cannot be wrong once they exist.

use std::fmt;

/// The longest e-mail address that a mail server takes, in bytes (RFC 5321, section 4.5.3.1.3).
const EMAIL_BYTES_MAX: usize = 254;
/// The longest part before the `@`, in bytes (RFC 5321, section 4.5.3.1.1).
const EMAIL_LOCAL_BYTES_MAX: usize = 64;
/// The longest label of a domain, in bytes (RFC 1035, section 2.3.4).
const DOMAIN_LABEL_BYTES_MAX: usize = 63;
/// Characters of a name.
const NAME_CHARS_MAX: usize = 100;
/// Characters of a password, at least.
const PASSWORD_CHARS_MIN: usize = 10;
/// Characters of a password, at most: no passphrase is longer, and hashing more is work for nothing.
const PASSWORD_CHARS_MAX: usize = 256;
/// Digits of a telephone number (ITU-T E.164: at most 15).
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 7..=15;
/// Characters of a telephone number as people write it.
const PHONE_CHARS_MAX: usize = 32;
/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The field.
    pub field: &'static str,
    /// What it must be.
    pub message: &'static str,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.field, self.message)
    }
}

/// An e-mail address: as it was written, and folded to what makes it one account.
#[derive(Clone, PartialEq, Eq)]
pub struct Email {
    written: String,
    folded: String,
}

impl Email {
    const RULE: &'static str = "must be an e-mail address";

    /// The address in `text`, without the space around it.
    ///
    /// # Errors
    /// What it must be.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let written = text.trim();
        let (local, domain) = written.rsplit_once('@').ok_or(Self::RULE)?;
        let good = written.len() <= EMAIL_BYTES_MAX && is_local_part(local) && is_domain(domain);
        if !good {
            return Err(Self::RULE);
        }
        Ok(Self { written: written.to_owned(), folded: fold(written) })
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// What makes it one account: letters in lower case.
    #[must_use]
    pub fn folded(&self) -> &str {
        &self.folded
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(…)")
    }
}

/// The form in which two spellings of one address are the same.
pub(crate) fn fold(email: &str) -> String {
    email.trim().to_ascii_lowercase()
}

/// Dot-separated words of RFC 5322 `atext`; quoted local parts are not taken.
fn is_local_part(local: &str) -> bool {
    let atext = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c);
    local.len() <= EMAIL_LOCAL_BYTES_MAX && local.split('.').all(|word| !word.is_empty() && word.chars().all(atext))
}

/// At least two labels of letters, digits and inner hyphens, the last not a number.
fn is_domain(domain: &str) -> bool {
    let label = |label: &str| {
        (1..=DOMAIN_LABEL_BYTES_MAX).contains(&label.len())
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let top = domain.rsplit_once('.').map(|(_, top)| top);
    domain.split('.').all(label) && top.is_some_and(|top| !top.bytes().all(|b| b.is_ascii_digit()))
}

/// What to call a person.
#[derive(Clone, PartialEq, Eq)]
pub struct Name(String);

impl Name {
    /// The name in `text`, without the space around it.
    ///
    /// # Errors
    /// What it must be.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let name = text.trim();
        // Controls break logs and mail headers; directional overrides make one name look like another.
        let hostile = |c: char| c.is_control() || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
        let good = !name.is_empty() && name.chars().count() <= NAME_CHARS_MAX && !name.chars().any(hostile);
        match good {
            true => Ok(Self(name.to_owned())),
            false => Err("must have 1 to 100 characters and no control characters"),
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Name(…)")
    }
}

/// A telephone number: digits, with `+` before a country code.
#[derive(Clone, PartialEq, Eq)]
pub struct Phone(String);

impl Phone {
    /// The number in `text`, without the spaces and punctuation that people put in.
    ///
    /// # Errors
    /// What it must be.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let number: String = text.chars().filter(|c| !" -.()".contains(*c)).collect();
        let digits = number.strip_prefix('+').unwrap_or(&number);
        let good = text.chars().count() <= PHONE_CHARS_MAX
            && PHONE_DIGITS.contains(&digits.len())
            && digits.bytes().all(|b| b.is_ascii_digit());
        match good {
            true => Ok(Self(number)),
            false => Err("must be a telephone number of 7 to 15 digits, such as +91 22 5550 0100"),
        }
    }

    /// The number.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Phone(…)")
    }
}

/// A password in the clear, on its way to be hashed; it never prints.
#[derive(Clone)]
pub struct Password(String);

impl Password {
    /// A password that somebody chooses now.
    ///
    /// # Errors
    /// What it must be.
    pub fn choose(text: impl Into<String>) -> Result<Self, &'static str> {
        let text = text.into();
        match (PASSWORD_CHARS_MIN..=PASSWORD_CHARS_MAX).contains(&text.chars().count()) {
            true => Ok(Self(text)),
            false => Err("must have 10 to 256 characters"),
        }
    }

    /// A password that somebody offers as theirs: any text.
    #[must_use]
    pub fn offered(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// Everything that makes a new account.
#[derive(Clone, Debug)]
pub struct Registration {
    pub(crate) name: Name,
    pub(crate) email: Email,
    pub(crate) password: Password,
    pub(crate) phone: Option<Phone>,
}

impl Registration {
    /// Checks every field.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] with everything that is wrong.
    pub fn new(name: &str, email: &str, password: &str, phone: Option<&str>) -> Result<Self, crate::Error> {
        let mut faults = Vec::new();
        let name = noted(&mut faults, "name", Name::parse(name));
        let email = noted(&mut faults, "email", Email::parse(email));
        let password = noted(&mut faults, "password", Password::choose(password));
        let phone = noted(&mut faults, "phone", phone.map(Phone::parse).transpose());
        match (name, email, password, phone) {
            (Some(name), Some(email), Some(password), Some(phone)) => Ok(Self { name, email, password, phone }),
            _ => Err(crate::Error::Invalid(faults)),
        }
    }
}

fn noted<T>(faults: &mut Vec<Fault>, field: &'static str, value: Result<T, &'static str>) -> Option<T> {
    value.map_err(|message| faults.push(Fault { field, message })).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_address_is_one_account_however_it_is_spelt() {
        let email = Email::parse("  Ada.Lovelace+film@Example.Test ").unwrap();
        assert_eq!(email.as_str(), "Ada.Lovelace+film@Example.Test");
        assert_eq!(email.folded(), "ada.lovelace+film@example.test");
    }

    #[test]
    fn what_no_mail_server_takes_is_no_address() {
        let long = format!("{}@example.test", "a".repeat(65));
        let longer = format!("a@{}.test", "b.".repeat(130));
        let bad = [
            "",
            "@",
            "ada",
            "ada@",
            "@example.test",
            "ada@example",
            "ada@@example.test",
            "a b@example.test",
            "ada@exa mple.test",
            ".ada@example.test",
            "ada.@example.test",
            "a..b@example.test",
            "ada@-example.test",
            "ada@example-.test",
            "ada@.test",
            "ada@example..test",
            "ada@example.test.",
            "ada@127.0.0.1",
            "ada@example.test\nBcc: eve@example.test",
            "ada\0@example.test",
            "<ada@example.test>",
            "ada@exämple.test",
            &long,
            &longer,
        ];
        for text in bad {
            assert!(Email::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_registration_hears_of_every_fault_at_once() {
        let Err(crate::Error::Invalid(faults)) = Registration::new(" ", "nobody", "short", Some("12")) else {
            panic!("took nonsense");
        };
        let fields: Vec<_> = faults.iter().map(|fault| fault.field).collect();
        assert_eq!(fields, ["name", "email", "password", "phone"]);
    }

    #[test]
    fn limits_are_exact() {
        assert!(Password::choose("a".repeat(9)).is_err());
        assert!(Password::choose("ä".repeat(10)).is_ok());
        assert!(Password::choose("ä".repeat(256)).is_ok());
        assert!(Password::choose("a".repeat(257)).is_err());
        assert!(Name::parse(&"é".repeat(100)).is_ok());
        assert!(Name::parse(&"e".repeat(101)).is_err());
        assert!(Phone::parse("1234567").is_ok() && Phone::parse("+123456789012345").is_ok());
        assert!(Phone::parse("123456").is_err() && Phone::parse("+1234567890123456").is_err());
    }

    #[test]
    fn a_name_cannot_break_a_log_line_or_pose_as_another() {
        for name in ["a\nb", "a\u{0}b", "a\u{1b}[31m", "ada\u{202E}nimda", "\u{2067}x"] {
            assert!(Name::parse(name).is_err(), "{name:?}");
        }
        assert_eq!(Name::parse("  अमित <b>  ").unwrap().as_str(), "अमित <b>");
    }

    #[test]
    fn a_phone_is_kept_without_its_punctuation() {
        assert_eq!(Phone::parse("+91 (22) 5550-01.00").unwrap().as_str(), "+912255500100");
        for text in ["+", "abc", "++91225550100", "91+225550100", "555 0100; drop", "٠١٢٣٤٥٦٧٨٩"] {
            assert!(Phone::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn nothing_personal_prints() {
        let registration = Registration::new("Ada", "ada@example.test", "correct horse", Some("5550100")).unwrap();
        let printed = format!("{registration:?}");
        for secret in ["Ada", "ada@", "horse", "5550100"] {
            assert!(!printed.contains(secret), "{printed}");
        }
    }

    proptest! {
        /// Folding is idempotent, and what parses parses again to the same account.
        #[test]
        fn folding_settles(text in "[ ]?[a-zA-Z0-9.+]{1,12}@[a-zA-Z0-9.-]{1,20}[ ]?") {
            if let Ok(email) = Email::parse(&text) {
                let again = Email::parse(email.folded()).unwrap();
                prop_assert_eq!(again.folded(), email.folded());
                prop_assert!(email.folded().len() <= EMAIL_BYTES_MAX);
            }
        }

        /// No text makes a parser panic.
        #[test]
        fn any_text_is_judged(text in any::<String>()) {
            let _ = Registration::new(&text, &text, &text, Some(&text));
        }
    }
}
