//! A sheet as one SVG document: a card per ticket, one below the other, as wide as a phone.
//!
//! Presentation attributes only, no styles, scripts or links, so that it shows the same under the strictest content
//! security policy and inside an `<img>`. Text is set in whatever font the viewer has; line breaks are measured in the
//! embedded one, with room to spare.

use std::fmt::{self, Display, Write as _};

use crate::code::Code;
use crate::sheet::{Sheet, SheetTicket, Standing, Wording};
use crate::typeset::{Line, Weight};

// All lengths are in CSS pixels.
const WIDTH: f32 = 400.0;
const MARGIN: f32 = 16.0;
const CARD_WIDTH: f32 = WIDTH - 2.0 * MARGIN;
const CARD_RADIUS: f32 = 16.0;
const INSET: f32 = 24.0;
const TEXT_WIDTH: f32 = CARD_WIDTH - 2.0 * INSET;
const COLUMN_GAP: f32 = 16.0;
const COLUMN_WIDTH: f32 = (TEXT_WIDTH - COLUMN_GAP) / 2.0;
const BAND_HEIGHT: f32 = 44.0;
const CODE_SIZE: f32 = 288.0;
const NOTCH_RADIUS: f32 = 9.0;

/// What other fonts may be wider than the one that lines are measured in.
const FONT_SLACK: f32 = 1.12;
const FONTS: &str = "'Noto Sans', 'Noto Sans Devanagari', system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";

const TITLE_SIZE: f32 = 25.0;
const TITLE_LINES_MAX: usize = 3;
/// Auditorium and seat are set in the first of these that leaves them on one line.
const FACT_SIZES: [f32; 3] = [26.0, 20.0, 16.0];
const ADDRESS_SIZE: f32 = 12.0;
const ADDRESS_LINES_MAX: usize = 2;

const INK: &str = "#14161a";
const MUTED: &str = "#5a606b";
const RULE: &str = "#c9cdd4";
const PAPER: &str = "#ffffff";
const GROUND: &str = "#eceef1";
const ALARM: &str = "#b3261e";

/// Draws every ticket of `sheet`.
#[must_use]
pub fn render(sheet: &Sheet) -> String {
    let words = sheet.wording();
    let layout = Layout::of(sheet.standing, &words);
    let height = MARGIN + sheet.tickets.len().max(1) as f32 * (layout.card_height + MARGIN);
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = document(&mut out, sheet, &words, &layout, height);
    out
}

/// What every card of a sheet has at the same place; baselines and edges, measured from the card's top.
struct Layout {
    title: Vec<Line>,
    address: Vec<Line>,
    particulars: f32,
    when: f32,
    place: f32,
    perforation: f32,
    code: f32,
    card_height: f32,
}

impl Layout {
    fn of(standing: Standing, words: &Wording) -> Self {
        let wrap =
            |text, weight, size, lines_max| Line::wrapped(text, weight, TEXT_WIDTH / FONT_SLACK / size, lines_max);
        let title = wrap(&words.title, Weight::Bold, TITLE_SIZE, TITLE_LINES_MAX);
        let address = match standing {
            Standing::Valid => words.address.clone(),
            // The band has other news than where the show was to be.
            Standing::Cancelled => format!("{}, {}", words.cinema, words.address),
        };
        let address = wrap(&address, Weight::Regular, ADDRESS_SIZE, ADDRESS_LINES_MAX);
        let particulars = TITLE_TOP + title.len() as f32 * TITLE_LEADING - 6.0;
        let when = particulars + if words.particulars.is_empty() { 16.0 } else { 38.0 };
        let place = when + 66.0;
        let perforation = place + 88.0;
        let code = perforation + 14.0;
        let card_height = code + CODE_SIZE + 58.0 + address.len() as f32 * ADDRESS_LEADING;
        Self { title, address, particulars, when, place, perforation, code, card_height }
    }
}

/// The first baseline of the title.
const TITLE_TOP: f32 = BAND_HEIGHT + 38.0;
const TITLE_LEADING: f32 = 31.0;
const ADDRESS_LEADING: f32 = 17.0;

fn document(out: &mut String, sheet: &Sheet, words: &Wording, layout: &Layout, height: f32) -> fmt::Result {
    let label = spoken(sheet, words);
    write!(
        out,
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{label}" font-family="{FONTS}" fill="{INK}"><title>{label}</title><rect width="{WIDTH}" height="{height}" fill="{GROUND}"/>"#,
        label = Escaped(&label),
    )?;
    for (nth, ticket) in sheet.tickets.iter().enumerate() {
        let top = MARGIN + nth as f32 * (layout.card_height + MARGIN);
        write!(out, r#"<g id="ticket-{}" transform="translate({MARGIN} {top})">"#, ticket.ticket_id)?;
        card(out, sheet, words, layout, ticket, nth)?;
        out.push_str("</g>");
    }
    out.push_str("</svg>\n");
    Ok(())
}

/// What a screen reader says: the cards are one picture to it, so this holds all that a guest must know.
fn spoken(sheet: &Sheet, words: &Wording) -> String {
    let seats: Vec<_> =
        sheet.tickets.iter().map(|ticket| format!("{}, {}", ticket.seat(), ticket.category_price())).collect();
    let (count, noun) = (seats.len(), if seats.len() == 1 { "ticket" } else { "tickets" });
    let standing = match sheet.standing {
        Standing::Valid => "",
        Standing::Cancelled => "Cancelled, not valid for admission: ",
    };
    let Wording { title, cinema, address, screen, date, time, zone, reference, .. } = words;
    format!(
        "{standing}{count} {noun} for {title}. {date}, {time} {zone}. {cinema}, {screen}, {address}. \
         Seats: {seats}. Booking reference {reference}.",
        seats = seats.join("; "),
    )
}

fn card(
    out: &mut String,
    sheet: &Sheet,
    words: &Wording,
    layout: &Layout,
    ticket: &SheetTicket,
    nth: usize,
) -> fmt::Result {
    let height = layout.card_height;
    write!(out, r#"<rect width="{CARD_WIDTH}" height="{height}" rx="{CARD_RADIUS}" fill="{PAPER}"/>"#)?;
    band(out, sheet, words, nth)?;

    for (line, nth) in layout.title.iter().zip(0_u8..) {
        let y = TITLE_TOP + f32::from(nth) * TITLE_LEADING;
        Text { weight: Weight::Bold, ..Text::at(INSET, y, TITLE_SIZE) }.line(out, line)?;
    }
    Text { fill: MUTED, ..Text::at(INSET, layout.particulars, 14.0) }.fit(out, &words.particulars, TEXT_WIDTH)?;

    let left = INSET;
    Text { weight: Weight::Bold, ..Text::at(left, layout.when, 19.0) }.fit(out, &words.date, TEXT_WIDTH)?;
    // One element, so that the zone follows the time however wide the viewer's font is.
    write!(
        out,
        r#"<text x="{left}" y="{y}" font-size="30" font-weight="700">{}<tspan dx="8" font-size="13" font-weight="400" fill="{MUTED}">{}</tspan></text>"#,
        Escaped(&words.time),
        Escaped(&words.zone),
        y = layout.when + 34.0,
    )?;
    fact(out, (left, layout.place), "Auditorium", &words.screen)?;
    fact(out, (left + COLUMN_WIDTH + COLUMN_GAP, layout.place), "Seat", &ticket.seat())?;
    Text { fill: MUTED, ..Text::at(left, layout.place + 56.0, 14.0) }.fit(out, &ticket.category_price(), TEXT_WIDTH)?;

    perforation(out, layout.perforation)?;
    code(out, sheet.standing, &ticket.token, layout.code)?;

    let y = layout.code + CODE_SIZE;
    let middle = CARD_WIDTH / 2.0;
    let centred = |y, size| Text { anchor: "middle", ..Text::at(middle, y, size) };
    Text { fill: MUTED, ..centred(y + 10.0, 12.0) }.fit(out, "Booking reference", TEXT_WIDTH)?;
    Text { weight: Weight::Bold, ..centred(y + 36.0, 22.0) }.fit(out, &words.reference, TEXT_WIDTH)?;
    for (line, nth) in layout.address.iter().zip(0_u8..) {
        let y = y + 60.0 + f32::from(nth) * ADDRESS_LEADING;
        Text { fill: MUTED, ..centred(y, ADDRESS_SIZE) }.line(out, line)?;
    }
    Ok(())
}

/// The strip across the top: which cinema, which of how many tickets; red and loud when cancelled.
fn band(out: &mut String, sheet: &Sheet, words: &Wording, nth: usize) -> fmt::Result {
    let (fill, text) = match sheet.standing {
        Standing::Valid => (INK, words.cinema.as_str()),
        Standing::Cancelled => (ALARM, "Cancelled – not valid"),
    };
    let r = CARD_RADIUS;
    write!(
        out,
        r#"<path d="M0 {BAND_HEIGHT}V{r}A{r} {r} 0 0 1 {r} 0H{x}A{r} {r} 0 0 1 {CARD_WIDTH} {r}V{BAND_HEIGHT}Z" fill="{fill}"/>"#,
        x = CARD_WIDTH - r,
    )?;
    let y = 28.0;
    Text { weight: Weight::Bold, fill: PAPER, ..Text::at(INSET, y, 15.0) }.fit(out, text, TEXT_WIDTH - 56.0)?;
    let counted = format!("{} of {}", nth + 1, sheet.tickets.len());
    Text { anchor: "end", fill: PAPER, ..Text::at(CARD_WIDTH - INSET, y, 13.0) }.fit(out, &counted, 56.0)
}

/// A small label and, below it, what it is the label of: as large as it fits, and on two lines when it is long.
fn fact(out: &mut String, (x, y): (f32, f32), label: &str, value: &str) -> fmt::Result {
    Text { fill: MUTED, ..Text::at(x, y, 12.0) }.fit(out, label, COLUMN_WIDTH)?;
    let (line, width) = (Line::of(value, Weight::Bold), COLUMN_WIDTH / FONT_SLACK);
    if let Some(size) = FACT_SIZES.into_iter().find(|size| line.width() * size <= width) {
        return Text { weight: Weight::Bold, ..Text::at(x, y + 28.0, size) }.line(out, &line);
    }
    for (line, y) in Line::wrapped(value, Weight::Bold, width / 13.0, 2).iter().zip([y + 18.0, y + 34.0]) {
        Text { weight: Weight::Bold, ..Text::at(x, y, 13.0) }.line(out, line)?;
    }
    Ok(())
}

fn perforation(out: &mut String, y: f32) -> fmt::Result {
    write!(
        out,
        r#"<path d="M{from} {y}H{to}" stroke="{RULE}" stroke-width="1.5" stroke-dasharray="5 5"/><circle cy="{y}" r="{NOTCH_RADIUS}" fill="{GROUND}"/><circle cx="{CARD_WIDTH}" cy="{y}" r="{NOTCH_RADIUS}" fill="{GROUND}"/>"#,
        from = 2.0 * NOTCH_RADIUS,
        to = CARD_WIDTH - 2.0 * NOTCH_RADIUS,
    )
}

fn code(out: &mut String, standing: Standing, token: &str, y: f32) -> fmt::Result {
    let middle = CARD_WIDTH / 2.0;
    let Some(code) = Code::of(token) else {
        let y = y + CODE_SIZE / 2.0;
        return Text { anchor: "middle", ..Text::at(middle, y, 14.0) }.fit(
            out,
            "Show the booking reference at the counter",
            TEXT_WIDTH,
        );
    };
    let (x, scale) = (middle - CODE_SIZE / 2.0, CODE_SIZE / code.span() as f32);
    let fill = match standing {
        Standing::Valid => "#000000",
        Standing::Cancelled => RULE,
    };
    write!(
        out,
        r#"<path transform="translate({x} {y}) scale({scale})" fill="{fill}" shape-rendering="crispEdges" d=""#
    )?;
    for run in code.runs() {
        write!(out, "M{} {}h{len}v1h-{len}z", run.x, run.y, len = run.len)?;
    }
    out.push_str("\"/>");
    if standing == Standing::Cancelled {
        let (left, right) = (x + 24.0, x + CODE_SIZE - 24.0);
        let (top, bottom) = (y + 24.0, y + CODE_SIZE - 24.0);
        write!(
            out,
            r#"<path d="M{left} {top}L{right} {bottom}M{right} {top}L{left} {bottom}" stroke="{ALARM}" stroke-width="8" stroke-linecap="round"/>"#
        )?;
    }
    Ok(())
}

/// How a piece of text is set; `y` is its baseline.
struct Text {
    x: f32,
    y: f32,
    size: f32,
    weight: Weight,
    fill: &'static str,
    anchor: &'static str,
}

impl Text {
    fn at(x: f32, y: f32, size: f32) -> Self {
        Self { x, y, size, weight: Weight::Regular, fill: INK, anchor: "start" }
    }

    /// Writes `text`, shortened to `width` pixels.
    fn fit(&self, out: &mut String, text: &str, width: f32) -> fmt::Result {
        self.line(out, &Line::fitted(text, self.weight, width / FONT_SLACK / self.size))
    }

    fn line(&self, out: &mut String, line: &Line) -> fmt::Result {
        let Self { x, y, size, fill, anchor, .. } = self;
        let weight = match self.weight {
            Weight::Regular => 400,
            Weight::Bold => 700,
        };
        write!(
            out,
            r#"<text x="{x}" y="{y}" font-size="{size}" font-weight="{weight}" fill="{fill}" text-anchor="{anchor}">{}</text>"#,
            Escaped(&line.text),
        )
    }
}

/// Text as XML character data or attribute value (XML 1.0 section 2.4).
struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            '\'' => f.write_str("&apos;"),
            _ => f.write_char(c),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    /// Scans every code of a drawing, as a gate's camera would: paints its path, then looks for codes.
    fn scanned(svg: &str) -> Vec<String> {
        svg.split(r#" d="M"#)
            .skip(1)
            .map(|path| path.split_once('"').unwrap().0)
            .filter(|path| path.contains("v1h-"))
            .map(|path| {
                let runs: Vec<[usize; 3]> = path
                    .split('M')
                    .map(|run| {
                        let (x, rest) = run.split_once(' ').unwrap();
                        let (y, rest) = rest.split_once('h').unwrap();
                        [x, y, rest.split_once('v').unwrap().0].map(|number| number.parse().unwrap())
                    })
                    .collect();
                let side = runs.iter().map(|[x, y, len]| (x + len).max(y + 1)).max().unwrap() + 4;
                let dark = |x, y| runs.iter().any(|[rx, ry, len]| *ry == y && (*rx..rx + len).contains(&x));
                let pixels = 4;
                let mut picture = rqrr::PreparedImage::prepare_from_greyscale(side * pixels, side * pixels, |x, y| {
                    if dark(x / pixels, y / pixels) { 0 } else { 255 }
                });
                picture.detect_grids()[0].decode().unwrap().1
            })
            .collect()
    }

    #[test]
    fn each_ticket_scans_as_its_token() {
        let sheet = samples::sheet();
        let tokens: Vec<_> = sheet.tickets.iter().map(|ticket| ticket.token.clone()).collect();
        assert_eq!(scanned(&render(&sheet)), tokens);
    }

    #[test]
    fn a_guest_and_a_screen_reader_find_all_that_matters() {
        let svg = render(&samples::sheet());
        for text in ["The Grand Premiere", "Screen 4", "H-12", "H-13", "19:30", "IST (UTC+05:30)", "7K3F-9QXD"] {
            assert!(svg.contains(&format!(">{text}</t")) || svg.contains(&format!(">{text}<tspan")), "{text}");
        }
        let label = "2 tickets for The Grand Premiere. Sun 22 Nov 2026, 19:30 IST (UTC+05:30). Marquee Connaught Place, \
            Screen 4, 14 Inner Circle, Connaught Place, New Delhi 110001. Seats: H-12, Gold · INR 450.00; \
            H-13, Gold · INR 450.00. Booking reference 7K3F-9QXD.";
        assert!(svg.contains(&format!(r#"role="img" aria-label="{label}""#)), "{svg}");
        assert!(svg.contains(&format!("<title>{label}</title>")));
    }

    #[test]
    fn no_name_becomes_markup() {
        let svg = render(&samples::nasty());
        assert!(!svg.contains("<script") && !svg.contains("<b>") && !svg.contains("<!--") && !svg.contains("]]>"));
        assert!(svg.contains("&lt;script&gt;"));
        assert!(!svg.trim_end().chars().any(char::is_control));
        assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
    }

    #[test]
    fn a_cancelled_ticket_says_so() {
        let sheet = Sheet { standing: Standing::Cancelled, ..samples::sheet() };
        let svg = render(&sheet);
        assert_eq!(svg.matches("Cancelled – not valid").count(), 2);
        assert!(svg.contains("Cancelled, not valid for admission: 2 tickets"));
    }

    #[test]
    fn the_same_sheet_is_always_the_same_drawing() {
        assert_eq!(render(&samples::nasty()), render(&samples::nasty()));
    }
}
