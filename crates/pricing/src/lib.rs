//! What a seat costs: the price list of a show and the sum of an order. Pure rules, no I/O.

mod price_list;
mod quote;
mod voucher;

pub use price_list::{AMOUNT_MINOR_UNITS_MAX, CATEGORIES_MAX, CATEGORY_CHARS_MAX, PriceList, PriceListError};
pub use quote::{QuoteError, quote};
pub use voucher::{UnknownVoucher, Vouchers};
