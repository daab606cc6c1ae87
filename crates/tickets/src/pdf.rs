//! A sheet as a PDF: one A4 page per ticket, to be folded once or read on a phone.
//!
//! All that the door needs stands above the fold. The file is tagged for screen readers, carries the fonts it uses, cut
//! down to its glyphs, and is the same to the byte for the same sheet.

use std::num::NonZeroU16;

use krilla::Document;
use krilla::color::rgb;
use krilla::error::KrillaError;
use krilla::geom::{Path, PathBuilder, Point, Rect};
use krilla::metadata::Metadata;
use krilla::page::PageSettings;
use krilla::paint::{Fill, LineCap, Stroke, StrokeDash};
use krilla::surface::Surface;
use krilla::tagging::{Artifact, ArtifactType, ContentTag, SpanTag, Tag, TagGroup, TagKind, TagTree};
use krilla::text::{Font, GlyphId, KrillaGlyph};

use crate::code::Code;
use crate::sheet::{Sheet, SheetTicket, Standing, Wording};
use crate::typeset::{Line, Typeface, Weight};

// All lengths are in points, 1/72 inch, from the page's upper left.
const A4_WIDTH: f32 = 595.276;
const A4_HEIGHT: f32 = 841.89;
const FOLD: f32 = A4_HEIGHT / 2.0;
const MARGIN: f32 = 30.0;
const CARD_WIDTH: f32 = A4_WIDTH - 2.0 * MARGIN;
const CARD_BOTTOM: f32 = FOLD - 21.0;
const CARD_RADIUS: f32 = 12.0;
const BAND_HEIGHT: f32 = 36.0;
const LEFT: f32 = MARGIN + 22.0;
const TEXT_WIDTH: f32 = A4_WIDTH - 2.0 * LEFT;

const CODE_SIZE: f32 = 226.0;
const CODE_LEFT: f32 = A4_WIDTH - MARGIN - 8.0 - CODE_SIZE;
const CODE_TOP: f32 = CARD_BOTTOM - 6.0 - CODE_SIZE;
const FACTS_WIDTH: f32 = CODE_LEFT - LEFT - 6.0;

/// The title is set as large as it fits on [`TITLE_LINES_MAX`] lines, and shortened at the smallest.
const TITLE_SIZES: [f32; 4] = [32.0, 28.0, 24.0, 21.0];
const TITLE_LINES_MAX: usize = 2;
/// Auditorium and seat are set in the first of these that leaves them on one line.
const FACT_SIZES: [f32; 3] = [26.0, 20.0, 16.0];
const LEADING: f32 = 1.22;

const INK: Colour = Colour(0x14, 0x16, 0x1a);
const MUTED: Colour = Colour(0x50, 0x56, 0x61);
const RULE: Colour = Colour(0xa9, 0xae, 0xb7);
const PAPER: Colour = Colour(0xff, 0xff, 0xff);
const ALARM: Colour = Colour(0xb3, 0x26, 0x1e);

/// How far a cubic's handles stand from its ends to draw a quarter of a circle.
const QUARTER: f32 = 0.552_285;

/// The language of the labels.
const LANGUAGE: &str = "en";

/// Why a sheet could not be printed.
#[derive(Debug, thiserror::Error)]
pub enum PdfError {
    /// The sheet has no tickets, and a document must have a page.
    #[error("there is no ticket to print")]
    NoTickets,
    /// An embedded font could not be read.
    #[error("an embedded font could not be read")]
    Font,
    /// The document could not be written.
    #[error("the document could not be written: {0}")]
    Write(#[from] KrillaError),
}

/// Prints `sheet`, one page per ticket.
///
/// # Errors
/// [`PdfError::NoTickets`] for an empty sheet; the others mean that this build is broken.
pub fn render(sheet: &Sheet) -> Result<Vec<u8>, PdfError> {
    if sheet.tickets.is_empty() {
        return Err(PdfError::NoTickets);
    }
    let words = sheet.wording();
    let fonts: Vec<Font> =
        Typeface::files().map(|file| Font::new(file.into(), 0)).collect::<Option<_>>().ok_or(PdfError::Font)?;
    let mut document = Document::new();
    document.set_metadata(
        Metadata::new()
            .title(format!("{}, {}, {}", words.title, words.cinema, words.date))
            .description(format!("Booking {}", words.reference))
            .creator("Marquee".to_owned())
            .language(LANGUAGE.to_owned()),
    );
    let mut tree = TagTree::new().with_lang(Some(LANGUAGE.to_owned()));
    for (nth, ticket) in sheet.tickets.iter().enumerate() {
        let settings = PageSettings::from_wh(A4_WIDTH, A4_HEIGHT).unwrap_or_default();
        let mut page = document.start_page_with(settings);
        let press = Press { surface: page.surface(), fonts: &fonts, part: TagGroup::new(Tag::Part) };
        tree.push(press.print(sheet, &words, ticket, nth));
    }
    document.set_tag_tree(tree);
    Ok(document.finish()?)
}

#[derive(Clone, Copy)]
struct Colour(u8, u8, u8);

impl Colour {
    fn fill(self) -> Fill {
        Fill { paint: rgb::Color::new(self.0, self.1, self.2).into(), ..Fill::default() }
    }

    fn stroke(self, width: f32) -> Stroke {
        Stroke { paint: rgb::Color::new(self.0, self.1, self.2).into(), width, ..Stroke::default() }
    }
}

/// Where and how a line is set; `y` is its baseline.
#[derive(Clone, Copy)]
struct Set {
    x: f32,
    y: f32,
    size: f32,
    colour: Colour,
}

/// Draws one page, and keeps its structure for screen readers.
struct Press<'a> {
    surface: Surface<'a>,
    fonts: &'a [Font],
    part: TagGroup,
}

impl Press<'_> {
    /// Fills the page and answers its structure.
    fn print(mut self, sheet: &Sheet, words: &Wording, ticket: &SheetTicket, nth: usize) -> TagGroup {
        self.frame(sheet.standing);
        self.band(sheet, words, nth);
        let below_title = self.title(words);
        self.facts(words, ticket, below_title);
        self.code(sheet.standing, ticket);
        self.below_the_fold(sheet.standing, words, ticket);
        self.part
    }

    fn frame(&mut self, standing: Standing) {
        let (right, bottom, r) = (MARGIN + CARD_WIDTH, CARD_BOTTOM, CARD_RADIUS);
        let k = r * (1.0 - QUARTER);
        let card = path(|card| {
            card.move_to(MARGIN + r, MARGIN);
            card.line_to(right - r, MARGIN);
            card.cubic_to(right - k, MARGIN, right, MARGIN + k, right, MARGIN + r);
            card.line_to(right, bottom - r);
            card.cubic_to(right, bottom - k, right - k, bottom, right - r, bottom);
            card.line_to(MARGIN + r, bottom);
            card.cubic_to(MARGIN + k, bottom, MARGIN, bottom - k, MARGIN, bottom - r);
            card.line_to(MARGIN, MARGIN + r);
            card.cubic_to(MARGIN, MARGIN + k, MARGIN + k, MARGIN, MARGIN + r, MARGIN);
            card.close();
        });
        let band_bottom = MARGIN + BAND_HEIGHT;
        let band = path(|band| {
            band.move_to(MARGIN, band_bottom);
            band.line_to(MARGIN, MARGIN + r);
            band.cubic_to(MARGIN, MARGIN + k, MARGIN + k, MARGIN, MARGIN + r, MARGIN);
            band.line_to(right - r, MARGIN);
            band.cubic_to(right - k, MARGIN, right, MARGIN + k, right, MARGIN + r);
            band.line_to(right, band_bottom);
            band.close();
        });
        let fold = path(|fold| {
            fold.move_to(0.0, FOLD);
            fold.line_to(A4_WIDTH, FOLD);
        });
        let colour = match standing {
            Standing::Valid => INK,
            Standing::Cancelled => ALARM,
        };
        let dash = Some(StrokeDash { array: vec![2.0, 4.0], offset: 0.0 });
        self.decoration(|surface| {
            draw(surface, band, Some(colour.fill()), None);
            draw(surface, card, None, Some(colour.stroke(1.2)));
            draw(surface, fold, None, Some(Stroke { dash, line_cap: LineCap::Round, ..RULE.stroke(0.8) }));
        });
    }

    /// The strip across the top: which cinema, which of how many tickets; red and loud when cancelled.
    fn band(&mut self, sheet: &Sheet, words: &Wording, nth: usize) {
        let y = MARGIN + 23.5;
        let counted = Line::of(&format!("Ticket {} of {}", nth + 1, sheet.tickets.len()), Weight::Regular);
        let counted_width = counted.width() * 12.0;
        let head = match sheet.standing {
            Standing::Valid => words.cinema.as_str(),
            Standing::Cancelled => "CANCELLED – not valid for admission",
        };
        let head = Line::fitted(head, Weight::Bold, (TEXT_WIDTH - counted_width - 16.0) / 15.0);
        self.text(Tag::P, &[(head, Set { x: LEFT, y, size: 15.0, colour: PAPER })]);
        let x = A4_WIDTH - LEFT - counted_width;
        self.text(Tag::P, &[(counted, Set { x, y, size: 12.0, colour: PAPER })]);
    }

    /// Answers the baseline below which there is room.
    fn title(&mut self, words: &Wording) -> f32 {
        let wrapped = |size: f32, lines_max| Line::wrapped(&words.title, Weight::Bold, TEXT_WIDTH / size, lines_max);
        let size = TITLE_SIZES
            .into_iter()
            .find(|size| wrapped(*size, TITLE_LINES_MAX + 1).len() <= TITLE_LINES_MAX)
            .unwrap_or(TITLE_SIZES[TITLE_SIZES.len() - 1]);
        let mut y = MARGIN + BAND_HEIGHT + 10.0;
        let mut lines = Vec::new();
        for line in wrapped(size, TITLE_LINES_MAX) {
            y += size * LEADING;
            lines.push((line, Set { x: LEFT, y, size, colour: INK }));
        }
        // The whole title for a screen reader, also where it was shortened or no font has its letters.
        let heading = Tag::Hn(NonZeroU16::MIN, Some(words.title.clone())).with_actual_text(Some(words.title.clone()));
        self.text(heading, &lines);
        y += 23.0;
        let particulars = Line::fitted(&words.particulars, Weight::Regular, TEXT_WIDTH / 14.0);
        self.text(Tag::P, &[(particulars, Set { x: LEFT, y, size: 14.0, colour: MUTED })]);
        y
    }

    fn facts(&mut self, words: &Wording, ticket: &SheetTicket, below_title: f32) {
        let at = |x, y, size, colour| Set { x, y, size, colour };
        let time = Line::of(&words.time, Weight::Bold);
        let zone_x = LEFT + time.width() * 30.0 + 8.0;
        let zone = Line::fitted(&words.zone, Weight::Regular, (LEFT + FACTS_WIDTH - zone_x) / 12.0);
        let date = Line::fitted(&words.date, Weight::Bold, FACTS_WIDTH / 18.0);

        let y = below_title.max(CODE_TOP - 2.0) + 32.0;
        self.text(Tag::P, &[(date, at(LEFT, y, 18.0, INK))]);
        self.text(Tag::P, &[(time, at(LEFT, y + 33.0, 30.0, INK)), (zone, at(zone_x, y + 33.0, 12.0, MUTED))]);

        let y = y + 58.0;
        let seat_x = LEFT + FACTS_WIDTH / 2.0 + 6.0;
        self.fact("Auditorium", &words.screen, (LEFT, y), seat_x - LEFT - 12.0);
        self.fact("Seat", &ticket.seat(), (seat_x, y), LEFT + FACTS_WIDTH - seat_x);
        let price = Line::fitted(&ticket.category_price(), Weight::Regular, FACTS_WIDTH / 13.0);
        self.text(Tag::P, &[(price, at(LEFT, y + 50.0, 13.0, INK))]);

        let y = CARD_BOTTOM - 38.0;
        let reference = Line::fitted(&words.reference, Weight::Bold, FACTS_WIDTH / 20.0);
        self.text(
            Tag::P,
            &[
                (Line::of("Booking reference", Weight::Regular), at(LEFT, y, 11.0, MUTED)),
                (reference, at(LEFT, y + 23.0, 20.0, INK)),
            ],
        );
    }

    /// A small label and, below it, what it is the label of: as large as it fits, and on two lines when it is long.
    fn fact(&mut self, label: &str, value: &str, (x, y): (f32, f32), width: f32) {
        let mut lines = vec![(Line::of(label, Weight::Regular), Set { x, y, size: 11.0, colour: MUTED })];
        let line = Line::of(value, Weight::Bold);
        match FACT_SIZES.into_iter().find(|size| line.width() * size <= width) {
            Some(size) => lines.push((line, Set { x, y: y + 27.0, size, colour: INK })),
            None => {
                for (line, y) in
                    Line::wrapped(value, Weight::Bold, width / 12.0, 2).into_iter().zip([y + 16.0, y + 31.0])
                {
                    lines.push((line, Set { x, y, size: 12.0, colour: INK }));
                }
            }
        }
        self.text(Tag::P, &lines);
    }

    fn code(&mut self, standing: Standing, ticket: &SheetTicket) {
        let Some(code) = Code::of(&ticket.token) else {
            let line = Line::of("Show the booking reference at the counter", Weight::Bold);
            let (x, y) = (CODE_LEFT + (CODE_SIZE - line.width() * 10.0) / 2.0, CODE_TOP + CODE_SIZE / 2.0);
            return self.text(Tag::P, &[(line, Set { x, y, size: 10.0, colour: INK })]);
        };
        let module = CODE_SIZE / code.span() as f32;
        let squares = path(|squares| {
            for run in code.runs() {
                let (x, y) = (CODE_LEFT + run.x as f32 * module, CODE_TOP + run.y as f32 * module);
                if let Some(rect) = Rect::from_xywh(x, y, run.len as f32 * module, module) {
                    squares.push_rect(rect);
                }
            }
        });
        let (colour, alt) = match standing {
            Standing::Valid => (Colour(0, 0, 0), format!("QR code that admits to seat {}", ticket.seat())),
            Standing::Cancelled => (RULE, format!("Crossed-out QR code of seat {}: cancelled", ticket.seat())),
        };
        let figure = self.surface.start_tagged(ContentTag::Other);
        draw(&mut self.surface, squares, Some(colour.fill()), None);
        if standing == Standing::Cancelled {
            let (near, far) = (24.0, CODE_SIZE - 24.0);
            let cross = path(|cross| {
                cross.move_to(CODE_LEFT + near, CODE_TOP + near);
                cross.line_to(CODE_LEFT + far, CODE_TOP + far);
                cross.move_to(CODE_LEFT + far, CODE_TOP + near);
                cross.line_to(CODE_LEFT + near, CODE_TOP + far);
            });
            draw(&mut self.surface, cross, None, Some(Stroke { line_cap: LineCap::Round, ..ALARM.stroke(7.0) }));
        }
        self.surface.end_tagged();
        self.part.push(TagGroup::with_children(Tag::Figure(Some(alt)), vec![figure.into()]));
    }

    fn below_the_fold(&mut self, standing: Standing, words: &Wording, ticket: &SheetTicket) {
        let mut y = FOLD + 44.0;
        let at = |y, size, colour| Set { x: LEFT, y, size, colour };
        let cinema = Line::fitted(&words.cinema, Weight::Bold, TEXT_WIDTH / 15.0);
        self.text(Tag::P, &[(cinema, at(y, 15.0, INK))]);
        let mut address = Vec::new();
        for line in Line::wrapped(&words.address, Weight::Regular, TEXT_WIDTH / 12.0, 3) {
            y += 17.0;
            address.push((line, at(y, 12.0, MUTED)));
        }
        self.text(Tag::P, &address);
        y += 14.0;
        let notes: &[&str] = match standing {
            Standing::Valid => &[
                "Show the code at the entrance, on paper or on a screen. It admits one person, once.",
                "Keep it to yourself: whoever shows a copy first gets the seat.",
                "If it does not scan, give the booking reference at the counter.",
            ],
            Standing::Cancelled => &["This ticket was cancelled. It admits nobody."],
        };
        for note in notes {
            y += 18.0;
            self.text(Tag::P, &[(Line::of(note, Weight::Regular), at(y, 12.0, INK))]);
        }
        let number = Line::of(&format!("Ticket number {}", ticket.ticket_id), Weight::Regular);
        self.text(Tag::P, &[(number, at(y + 32.0, 9.0, MUTED))]);
    }

    /// Sets `lines` as one element of the page's structure.
    fn text(&mut self, tag: impl Into<TagKind>, lines: &[(Line, Set)]) {
        let mut element = TagGroup::new(tag);
        for (line, set) in lines.iter().filter(|(line, _)| !line.text.is_empty()) {
            element.push(self.surface.start_tagged(ContentTag::Span(SpanTag::empty())));
            self.line(line, *set);
            self.surface.end_tagged();
        }
        if !element.children.is_empty() {
            self.part.push(element);
        }
    }

    fn line(&mut self, line: &Line, set: Set) {
        self.surface.set_stroke(None);
        self.surface.set_fill(Some(set.colour.fill()));
        let mut x = set.x;
        for run in &line.runs {
            let Some(font) = self.fonts.get(run.typeface.index()) else { continue };
            let glyphs: Vec<KrillaGlyph> = run
                .glyphs
                .iter()
                .map(|g| KrillaGlyph::new(GlyphId::new(g.id), g.advance, g.dx, g.dy, 0.0, g.text.clone(), None))
                .collect();
            self.surface.draw_glyphs(Point::from_xy(x, set.y), &glyphs, font.clone(), &line.text, set.size, false);
            x += run.width() * set.size;
        }
    }

    /// Draws what a screen reader passes over.
    fn decoration(&mut self, drawing: impl FnOnce(&mut Surface<'_>)) {
        self.surface.start_tagged(ContentTag::Artifact(Artifact::with_kind(ArtifactType::Layout)));
        drawing(&mut self.surface);
        self.surface.end_tagged();
    }
}

fn path(outline: impl FnOnce(&mut PathBuilder)) -> Option<Path> {
    let mut path = PathBuilder::new();
    outline(&mut path);
    path.finish()
}

fn draw(surface: &mut Surface<'_>, path: Option<Path>, fill: Option<Fill>, stroke: Option<Stroke>) {
    surface.set_fill(fill);
    surface.set_stroke(stroke);
    if let Some(path) = path {
        surface.draw_path(&path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    fn count(pdf: &[u8], needle: &str) -> usize {
        pdf.windows(needle.len()).filter(|window| *window == needle.as_bytes()).count()
    }

    #[test]
    fn each_ticket_has_its_page() {
        let pdf = render(&samples::sheet()).unwrap();
        assert!(pdf.starts_with(b"%PDF-1.7"));
        assert_eq!(count(&pdf, "/Type /Page\n") + count(&pdf, "/Type/Page/"), 2);
        let one = Sheet { tickets: vec![samples::ticket(1, "A-1", "Silver")], ..samples::sheet() };
        let pdf = render(&one).unwrap();
        assert_eq!(count(&pdf, "/Type /Page\n") + count(&pdf, "/Type/Page/"), 1);
    }

    #[test]
    fn a_sheet_without_tickets_is_refused() {
        let empty = Sheet { tickets: Vec::new(), ..samples::sheet() };
        assert!(matches!(render(&empty), Err(PdfError::NoTickets)));
    }

    #[test]
    fn the_same_sheet_is_always_the_same_file() {
        assert_eq!(render(&samples::nasty()).unwrap(), render(&samples::nasty()).unwrap());
    }

    #[test]
    fn only_the_fonts_a_sheet_needs_travel_with_it() {
        let western = render(&samples::sheet()).unwrap();
        assert!(count(&western, "+NotoSans-Bold") > 0 && count(&western, "Devanagari") == 0);
        let hindi = Sheet {
            movie_title: "दिलवाले दुल्हनिया ले जाएँगे".to_owned(), ..samples::sheet()
        };
        assert!(count(&render(&hindi).unwrap(), "+NotoSansDevanagari-Bold") > 0);
    }
}
