//! Where settings come from: the built-in file, then the operator's file, then the environment; the last one wins.

use std::collections::BTreeMap;
use std::path::Path;
use std::str::FromStr;

/// The commented file that is the default.
pub const DEFAULT: &str = include_str!("../../config.default.toml");

/// Names of the contract whose engines are not part of this build: set, they stop the start instead of being ignored.
const NOT_IN_THIS_BUILD: [&str; 8] = [
    "MARQUEE_OTLP_ENDPOINT",
    "MARQUEE_SEARCH_URL",
    "MARQUEE_SMS_URL",
    "MARQUEE_SMTP_URL",
    "MARQUEE_STRIPE_API_BASE",
    "MARQUEE_STRIPE_SECRET_KEY",
    "MARQUEE_STRIPE_WEBHOOK_SECRET",
    "MARQUEE_ROLES",
];

/// How every name of ours begins.
const PREFIX: &str = "MARQUEE_";

/// Names that are read elsewhere: what the command line takes from the environment, and what tests and debug builds look at.
const READ_ELSEWHERE: [&str; 11] = [
    "MARQUEE_COPY_TO",
    "MARQUEE_DATA_DIR",
    "MARQUEE_LISTEN",
    "MARQUEE_OPS_LISTEN",
    "MARQUEE_ROLES",
    "MARQUEE_CRASH_ROUNDS",
    "MARQUEE_FAILPOINT",
    "MARQUEE_SEED",
    "MARQUEE_SQL_LOG",
    "MARQUEE_STACK_DIR",
    "MARQUEE_STANDSTILL_SECONDS",
];

/// A setting that cannot be: its name and what it must be. One line.
#[derive(Debug, thiserror::Error)]
#[error("{name} {problem}")]
pub struct BadSetting {
    pub(crate) name: String,
    pub(crate) problem: String,
}

pub(crate) fn bad(name: &str, problem: impl Into<String>) -> BadSetting {
    BadSetting { name: name.to_owned(), problem: problem.into() }
}

/// Settings by name, as text.
#[derive(Debug)]
pub(crate) struct Source {
    values: BTreeMap<String, String>,
}

impl Source {
    /// Reads the layers. Without `file`, `marquee.toml` in the working directory is read if it is there.
    pub(crate) fn read(file: Option<&Path>, env: impl Iterator<Item = (String, String)>) -> Result<Self, BadSetting> {
        let mut values = layer("the built-in configuration", DEFAULT)?;
        let standard = Path::new("marquee.toml");
        if let Some(path) = file.or_else(|| standard.exists().then_some(standard)) {
            let name = path.display().to_string();
            let text = std::fs::read_to_string(path).map_err(|error| bad(&name, format!("cannot be read: {error}")))?;
            for (key, value) in layer(&name, &text)? {
                if !values.contains_key(&key) && !NOT_IN_THIS_BUILD.contains(&key.as_str()) {
                    return Err(bad(&key, format!("in {name} is not a setting; {}", nearest(&key, &values))));
                }
                values.insert(key, value);
            }
        }
        for (name, value) in env.filter(|(name, _)| name.starts_with(PREFIX)) {
            if values.contains_key(&name) || NOT_IN_THIS_BUILD.contains(&name.as_str()) {
                values.insert(name, value);
            } else if !READ_ELSEWHERE.contains(&name.as_str()) && !is_service_link(&name, &value) {
                return Err(bad(&name, format!("is not a setting; {}", nearest(&name, &values))));
            }
        }
        for name in NOT_IN_THIS_BUILD {
            if values.get(name).is_some_and(|value| !value.is_empty()) {
                return Err(bad(name, "must not be set: this build has no such adapter"));
            }
        }
        Ok(Self { values })
    }

    /// The text of a setting; `None` when it is empty.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A whole number within bounds.
    pub(crate) fn number(&self, name: &str, bounds: std::ops::RangeInclusive<u32>) -> Result<u32, BadSetting> {
        let number = self.text(name).and_then(|text| u32::from_str(text).ok()).filter(|n| bounds.contains(n));
        number.ok_or_else(|| bad(name, format!("must be a whole number from {} to {}", bounds.start(), bounds.end())))
    }

    /// `on` or `off`.
    pub(crate) fn switch(&self, name: &str) -> Result<bool, BadSetting> {
        match self.text(name) {
            Some("on") => Ok(true),
            Some("off") => Ok(false),
            _ => Err(bad(name, "must be 'on' or 'off'")),
        }
    }
}

/// A question after the name that somebody may have meant.
fn nearest(name: &str, settings: &BTreeMap<String, String>) -> String {
    let given = name.strip_prefix(PREFIX).unwrap_or(name);
    let names = settings.keys().map(String::as_str).chain(NOT_IN_THIS_BUILD).chain(READ_ELSEWHERE);
    let stems = names.filter_map(|name| name.strip_prefix(PREFIX));
    let meant = stems.min_by_key(|stem| strsim::damerau_levenshtein(stem, given)).unwrap_or_default();
    format!("did you mean {PREFIX}{meant}?")
}

/// Whether Kubernetes or Docker put it there, for a service called `marquee` or `marquee-…`: nobody misspelt anything.
/// <https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables>
fn is_service_link(name: &str, value: &str) -> bool {
    let port_of_a_link = |rest: &str| rest.starts_with(|first: char| first.is_ascii_digit());
    name.ends_with("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || (name.ends_with("_PORT") && value.contains("://"))
        || name.split("_PORT_").skip(1).any(port_of_a_link)
}

fn layer(name: &str, text: &str) -> Result<BTreeMap<String, String>, BadSetting> {
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        bad(name, format!("must be TOML: {}", error.message().lines().next().unwrap_or_default()))
    })?;
    let mut values = BTreeMap::new();
    for (key, value) in table {
        let text = match value {
            toml::Value::String(text) => text,
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::Boolean(on) => if on { "on" } else { "off" }.to_owned(),
            _ => return Err(bad(&key, "must be a text or a whole number")),
        };
        values.insert(key, text);
    }
    Ok(values)
}
