//! Voucher codes. The shop issues none, so every code is unknown to it.

/// A code that the shop does not know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the voucher code is not known")]
pub struct UnknownVoucher {
    /// Which of the codes, counted from 0.
    pub index: usize,
}

/// The vouchers that the shop has issued.
#[derive(Clone, Copy, Debug, Default)]
pub struct Vouchers;

impl Vouchers {
    /// Whether an order may carry these codes.
    ///
    /// # Errors
    /// [`UnknownVoucher`] for the first code that the shop has not issued.
    pub fn check(codes: &[String]) -> Result<(), UnknownVoucher> {
        if codes.is_empty() { Ok(()) } else { Err(UnknownVoucher { index: 0 }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_code_is_fine_and_any_code_is_unknown() {
        assert_eq!(Vouchers::check(&[]), Ok(()));
        assert_eq!(Vouchers::check(&["SUMMER".to_owned()]), Err(UnknownVoucher { index: 0 }));
    }
}
