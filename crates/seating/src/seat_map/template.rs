//! Seat maps as text: everything but the statuses is prepared once per layout and price list.

use std::fmt::Write as _;
use std::sync::Arc;

use marquee_catalog::{LayoutSeat, SeatType, Show};
use marquee_kernel::{Money, ScreenId};
use moka::sync::Cache;
use serde::Serialize;

use crate::holds::Glance;
use crate::model::SeatStatus;

/// Templates kept, in bytes of text.
const TEMPLATE_BYTES_MAX: u64 = 64 * 1_024 * 1_024;
/// The longest status word.
const STATUS_BYTES: usize = 9;
/// Room for what stands before the categories.
const HEAD_BYTES: usize = 160;

/// A layout version of a screen, and its prices in the layout's order of categories.
type Key = (ScreenId, i64, Box<[Money]>);

/// Templates of the shows asked for lately.
#[derive(Debug)]
pub(super) struct Templates {
    kept: Cache<Key, Arc<Template>>,
}

impl Default for Templates {
    fn default() -> Self {
        let weigh = |_: &Key, template: &Arc<Template>| u32::try_from(template.text.len()).unwrap_or(u32::MAX);
        Self { kept: Cache::builder().max_capacity(TEMPLATE_BYTES_MAX).weigher(weigh).build() }
    }
}

impl Templates {
    pub(super) fn count(&self) -> u64 {
        // What has been pushed out is counted until this has run.
        self.kept.run_pending_tasks();
        self.kept.entry_count()
    }

    pub(super) fn of(&self, show: &Show) -> Arc<Template> {
        let prices = show.layout.categories().iter().map(|category| price(show, category)).collect();
        let key = (show.screen_id, show.layout.version, prices);
        self.kept.get_with(key, || Arc::new(Template::new(show)))
    }
}

/// A seat map's text from its categories on, cut where a status goes.
#[derive(Debug)]
pub(super) struct Template {
    text: String,
    cuts: Vec<usize>,
}

#[derive(Serialize)]
struct CategoryView<'a> {
    category: &'a str,
    name: String,
    price: Money,
}

/// A seat up to its status, in the contract's order.
#[derive(Serialize)]
struct SeatHead<'a> {
    seat_id: &'a str,
    label: &'a str,
    row: &'a str,
    number: u32,
    x: u32,
    y: u32,
    category: &'a str,
    seat_type: SeatType,
}

impl Template {
    fn new(show: &Show) -> Self {
        let categories = show.layout.categories().iter().map(|category| CategoryView {
            category,
            name: title(category),
            price: price(show, category),
        });
        let mut template = Self { text: String::new(), cuts: Vec::with_capacity(show.layout.seats.len()) };
        let text = &mut template.text;
        let _ = write!(text, "\"categories\":{},\"seats\":[", json(&categories.collect::<Vec<_>>()));
        for (at, seat) in show.layout.seats.iter().enumerate() {
            if at > 0 {
                text.push(',');
            }
            text.push_str(json(&SeatHead::of(seat)).trim_end_matches('}'));
            text.push_str(",\"status\":\"");
            template.cuts.push(text.len());
            let _ = write!(text, "\",\"price\":{}}}", json(&show.price_of(seat)));
        }
        text.push_str("]}");
        template
    }

    /// The whole text, as of `glance`.
    pub(super) fn fill(&self, glance: &Glance) -> Vec<u8> {
        let seats = glance.statuses.len();
        let mut text = String::with_capacity(HEAD_BYTES + self.text.len() + STATUS_BYTES * seats);
        let free = u32::try_from(seats).unwrap_or(u32::MAX) - glance.taken;
        let (show_id, version) = (glance.show.show_id, glance.version);
        // Writing to a string cannot fail.
        let _ = write!(text, "{{\"show_id\":\"{show_id}\",\"version\":{version},\"seats_total\":{seats},");
        let _ = write!(text, "\"seats_available\":{free},");
        let mut from = 0;
        for (&cut, status) in self.cuts.iter().zip(&glance.statuses) {
            text.push_str(self.text.get(from..cut).unwrap_or_default());
            text.push_str(status.word());
            from = cut;
        }
        text.push_str(self.text.get(from..).unwrap_or_default());
        text.into_bytes()
    }
}

impl<'a> SeatHead<'a> {
    fn of(seat: &'a LayoutSeat) -> Self {
        Self {
            seat_id: seat.seat_id.as_str(),
            label: &seat.label,
            row: &seat.row,
            number: seat.number,
            x: seat.x,
            y: seat.y,
            category: &seat.category,
            seat_type: seat.seat_type,
        }
    }
}

/// The changing part alone.
pub(super) fn availability(glance: &Glance) -> Vec<u8> {
    let seats = u32::try_from(glance.statuses.len()).unwrap_or(u32::MAX);
    let (show_id, version, free) = (glance.show.show_id, glance.version, seats - glance.taken);
    let mut text = format!("{{\"show_id\":\"{show_id}\",\"version\":{version},\"seats_available\":{free},");
    write_unavailable(&mut text, glance);
    text.push('}');
    text.into_bytes()
}

/// The member `unavailable`: every seat that is not available and what it is.
pub(crate) fn write_unavailable(text: &mut String, glance: &Glance) {
    text.push_str("\"unavailable\":{");
    let mut first = true;
    for (seat, status) in glance.show.layout.seats.iter().zip(&glance.statuses) {
        if *status != SeatStatus::Available {
            let comma = if std::mem::take(&mut first) { "" } else { "," };
            let _ = write!(text, "{comma}{}:\"{}\"", json(seat.seat_id.as_str()), status.word());
        }
    }
    text.push('}');
}

fn price(show: &Show, category: &str) -> Money {
    // As Show::price_of: every category of the layout has a price.
    show.prices.price(category).unwrap_or_else(|| show.prices.from())
}

/// What people call a category: its word with a capital.
fn title(category: &str) -> String {
    let mut rest = category.chars();
    rest.next().map(|first| first.to_uppercase().chain(rest).collect()).unwrap_or_default()
}

fn json(value: &(impl Serialize + ?Sized)) -> String {
    // Words and numbers: serialising them cannot fail.
    serde_json::to_string(value).unwrap_or_default()
}
