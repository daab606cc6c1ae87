//! What an order comes to.

use marquee_kernel::{Money, MoneyError};

/// Why an order has no total.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuoteError {
    /// Nothing was ordered.
    #[error("an order must have at least one line")]
    Empty,
    /// Two currencies, or more than an `i64` of minor units.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// The total of an order's lines, one price a seat.
///
/// # Errors
/// [`QuoteError::Empty`] for no line; [`QuoteError::Money`] for lines that do not add up.
pub fn quote(lines: impl Iterator<Item = Money>) -> Result<Money, QuoteError> {
    Money::sum(lines)?.ok_or(QuoteError::Empty)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(amount: i64, code: &str) -> Money {
        Money::new(amount, code.parse().unwrap())
    }

    #[test]
    fn the_total_is_the_sum_of_the_lines() {
        assert_eq!(quote([money(25_000, "INR"), money(40_000, "INR")].into_iter()), Ok(money(65_000, "INR")));
    }

    #[test]
    fn lines_that_do_not_add_up_have_no_total() {
        assert_eq!(quote([].into_iter()), Err(QuoteError::Empty));
        let mixed = [money(1, "INR"), money(1, "USD")];
        assert_eq!(quote(mixed.into_iter()), Err(QuoteError::Money(MoneyError::MixedCurrencies)));
    }
}
