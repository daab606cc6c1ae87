//! Money: integer minor units and an ISO 4217 currency. Never a float.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An ISO 4217 currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Currency(iso_currency::Currency);

impl Currency {
    /// The three-letter code.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// Digits after the decimal point: 0 for JPY, 2 for INR, 3 for KWD.
    #[must_use]
    pub fn decimals(self) -> u32 {
        self.0.exponent().map_or(0, u32::from)
    }
}

impl FromStr for Currency {
    type Err = MoneyError;
    fn from_str(code: &str) -> Result<Self, MoneyError> {
        iso_currency::Currency::from_code(code).map(Self).ok_or(MoneyError::UnknownCurrency)
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let code = std::borrow::Cow::<str>::deserialize(d)?;
        code.parse().map_err(serde::de::Error::custom)
    }
}

/// An amount of one currency, in its minor unit (paise, cents); never negative in anything Marquee stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// Minor units.
    #[schema(example = 25000)]
    pub amount: i64,
    /// ISO 4217 code.
    #[schema(value_type = String, example = "INR", min_length = 3, max_length = 3)]
    pub currency: Currency,
}

/// Why amounts could not be combined or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MoneyError {
    /// Not an ISO 4217 code.
    UnknownCurrency,
    /// Two currencies in one sum.
    MixedCurrencies,
    /// More than an `i64` of minor units.
    Overflow,
}

impl fmt::Display for MoneyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            MoneyError::UnknownCurrency => "not an ISO 4217 currency code",
            MoneyError::MixedCurrencies => "amounts of different currencies cannot be added",
            MoneyError::Overflow => "the amount is too large",
        })
    }
}

impl std::error::Error for MoneyError {}

impl Money {
    /// `amount` minor units of `currency`.
    #[must_use]
    pub const fn new(amount: i64, currency: Currency) -> Self {
        Self { amount, currency }
    }

    /// The sum.
    ///
    /// # Errors
    /// [`MoneyError::MixedCurrencies`] and [`MoneyError::Overflow`].
    pub fn plus(self, other: Money) -> Result<Money, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::MixedCurrencies);
        }
        let amount = self.amount.checked_add(other.amount).ok_or(MoneyError::Overflow)?;
        Ok(Money { amount, ..self })
    }

    /// The sum of at least one amount; `None` for none.
    ///
    /// # Errors
    /// As [`Money::plus`].
    pub fn sum(parts: impl IntoIterator<Item = Money>) -> Result<Option<Money>, MoneyError> {
        let mut parts = parts.into_iter();
        let Some(first) = parts.next() else { return Ok(None) };
        parts.try_fold(first, Money::plus).map(Some)
    }
}

impl fmt::Display for Money {
    /// For people, without locale: `INR 250.00`, `JPY 1800`, `KWD 3.500`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (decimals, sign) = (self.currency.decimals(), if self.amount < 0 { "-" } else { "" });
        let unit = 10_u64.pow(decimals);
        let (whole, part) = (self.amount.unsigned_abs() / unit, self.amount.unsigned_abs() % unit);
        match decimals {
            0 => write!(f, "{} {sign}{whole}", self.currency.code()),
            _ => write!(f, "{} {sign}{whole}.{part:0width$}", self.currency.code(), width = decimals as usize),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(amount: i64, code: &str) -> Money {
        Money::new(amount, code.parse().unwrap())
    }

    #[test]
    fn prints_the_decimals_of_its_currency() {
        assert_eq!(money(25000, "INR").to_string(), "INR 250.00");
        assert_eq!(money(1800, "JPY").to_string(), "JPY 1800");
        assert_eq!(money(-3500, "KWD").to_string(), "KWD -3.500");
    }

    #[test]
    fn refuses_mixed_currencies_and_overflow() {
        assert_eq!(money(1, "INR").plus(money(1, "USD")), Err(MoneyError::MixedCurrencies));
        assert_eq!(money(i64::MAX, "INR").plus(money(1, "INR")), Err(MoneyError::Overflow));
    }

    #[test]
    fn reads_and_writes_the_contract_form() {
        let text = r#"{"amount":25000,"currency":"INR"}"#;
        let read: Money = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
        assert!(serde_json::from_str::<Money>(r#"{"amount":1,"currency":"XXQ"}"#).is_err());
    }
}
