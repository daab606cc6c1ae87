//! What every module of Marquee speaks: ids, money, time, randomness, paging and error codes.
//!
//! No I/O and no async runtime: everything here is a value or a pure rule.

mod clock;
mod code;
mod id;
mod money;
mod page;
mod rng;

pub use clock::{Clock, FollowingClock, ManualClock};
pub use code::Code;
pub use id::*;
pub use money::{Currency, Money, MoneyError};
pub use page::{CursorError, LIMIT_DEFAULT, LIMIT_MAX, Page, PageRequest, decode_cursor, encode_cursor};
pub use rng::Rng;

pub use jiff::Timestamp;
