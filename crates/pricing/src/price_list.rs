//! Prices by seat category.

use std::collections::BTreeMap;
use std::sync::Arc;

use marquee_kernel::{Currency, Money};
use serde::{Deserialize, Serialize};

/// The dearest seat, in minor units: a typing error of two digits too many must not become an offer.
pub const AMOUNT_MINOR_UNITS_MAX: i64 = 100_000_000;
/// The most categories of a list.
pub const CATEGORIES_MAX: usize = 200;
/// The longest category, in characters.
pub const CATEGORY_CHARS_MAX: usize = 32;

/// What each category of a show costs: at least one price, one currency, no amount below 0 or above
/// [`AMOUNT_MINOR_UNITS_MAX`]. On the wire and in the store it is a map of category to money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<String, Money>", into = "BTreeMap<Arc<str>, Money>")]
pub struct PriceList {
    prices: Arc<BTreeMap<Arc<str>, Money>>,
    lowest: Money,
}

/// Why a price list was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PriceListError {
    /// No price at all.
    #[error("must name at least one price")]
    Empty,
    /// More than [`CATEGORIES_MAX`].
    #[error("must name at most {CATEGORIES_MAX} categories")]
    TooManyCategories,
    /// A category that no layout can have.
    #[error("a category must be 1 to {CATEGORY_CHARS_MAX} characters")]
    Category,
    /// A negative or absurd amount.
    #[error("the price of {category} must be 0 to {AMOUNT_MINOR_UNITS_MAX} minor units")]
    Amount {
        /// Of which category.
        category: String,
    },
    /// Two currencies in one list.
    #[error("all prices must be of one currency")]
    MixedCurrencies,
}

impl PriceList {
    /// A checked list.
    ///
    /// # Errors
    /// See [`PriceListError`].
    pub fn new(prices: BTreeMap<String, Money>) -> Result<Self, PriceListError> {
        if prices.len() > CATEGORIES_MAX {
            return Err(PriceListError::TooManyCategories);
        }
        let lowest = *prices.values().min_by_key(|price| price.amount).ok_or(PriceListError::Empty)?;
        for (category, price) in &prices {
            if category.is_empty() || category.chars().count() > CATEGORY_CHARS_MAX {
                return Err(PriceListError::Category);
            }
            if !(0..=AMOUNT_MINOR_UNITS_MAX).contains(&price.amount) {
                return Err(PriceListError::Amount { category: category.clone() });
            }
            if price.currency != lowest.currency {
                return Err(PriceListError::MixedCurrencies);
            }
        }
        let prices = prices.into_iter().map(|(category, price)| (category.into(), price)).collect();
        Ok(Self { prices: Arc::new(prices), lowest })
    }

    /// The price of a seat of `category`, if the list names it.
    #[must_use]
    pub fn price(&self, category: &str) -> Option<Money> {
        self.prices.get(category).copied()
    }

    /// The lowest price, for "from INR 250.00".
    #[must_use]
    pub fn from(&self) -> Money {
        self.lowest
    }

    /// The currency of every price.
    #[must_use]
    pub fn currency(&self) -> Currency {
        self.lowest.currency
    }

    /// Categories and their prices, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&Arc<str>, Money)> {
        self.prices.iter().map(|(category, price)| (category, *price))
    }
}

impl TryFrom<BTreeMap<String, Money>> for PriceList {
    type Error = PriceListError;
    fn try_from(prices: BTreeMap<String, Money>) -> Result<Self, PriceListError> {
        Self::new(prices)
    }
}

impl From<PriceList> for BTreeMap<Arc<str>, Money> {
    fn from(list: PriceList) -> Self {
        Arc::unwrap_or_clone(list.prices)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn list(prices: &[(&str, i64, &str)]) -> Result<PriceList, PriceListError> {
        let money = |amount, code: &str| Money::new(amount, code.parse().unwrap());
        PriceList::new(prices.iter().map(|(name, amount, code)| ((*name).to_owned(), money(*amount, code))).collect())
    }

    #[test]
    fn a_list_answers_its_prices_and_the_lowest() {
        let list = list(&[("gold", 40_000, "INR"), ("silver", 25_000, "INR")]).unwrap();
        assert_eq!(list.price("gold").unwrap().amount, 40_000);
        assert_eq!(list.price("platinum"), None);
        assert_eq!(list.from().amount, 25_000);
    }

    #[test]
    fn a_list_that_cannot_be_charged_is_refused() {
        assert_eq!(list(&[]), Err(PriceListError::Empty));
        assert_eq!(list(&[("a", 1, "INR"), ("b", 1, "USD")]), Err(PriceListError::MixedCurrencies));
        assert_eq!(list(&[("a", -1, "INR")]), Err(PriceListError::Amount { category: "a".into() }));
        assert_eq!(list(&[("a", 100_000_001, "INR")]), Err(PriceListError::Amount { category: "a".into() }));
        assert_eq!(list(&[("", 1, "INR")]), Err(PriceListError::Category));
    }

    #[test]
    fn a_free_seat_is_a_price() {
        assert_eq!(list(&[("a", 0, "INR")]).unwrap().from().amount, 0);
    }

    proptest! {
        /// What is written is read back the same, and the lowest price is one of the list.
        #[test]
        fn a_list_survives_the_store(prices in prop::collection::btree_map("[a-z]{1,8}", 0..=AMOUNT_MINOR_UNITS_MAX, 1..9)) {
            let prices = prices.into_iter().map(|(name, amount)| (name, Money::new(amount, "EUR".parse().unwrap())));
            let list = PriceList::new(prices.collect()).unwrap();
            let text = serde_json::to_string(&list).unwrap();
            prop_assert_eq!(serde_json::from_str::<PriceList>(&text).unwrap(), list.clone());
            prop_assert_eq!(list.iter().map(|(_, price)| price.amount).min(), Some(list.from().amount));
        }
    }
}
