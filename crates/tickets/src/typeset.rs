//! Setting text in the embedded fonts: cleaning, choosing a font per script, shaping, breaking and shortening lines.

use std::ops::Range;
use std::sync::LazyLock;

use rustybuzz::{Direction, Face, UnicodeBuffer};

/// Characters of any one text that are looked at: more than any ticket has room for.
const TEXT_CHARS_MAX: usize = 400;
const ELLIPSIS: char = '…';

/// How heavy the letters are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    Regular,
    Bold,
}

/// Which family of fonts writes a run of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Script {
    /// Latin, Greek, Cyrillic, and whatever no other family has.
    Western,
    Devanagari,
}

/// One of the embedded fonts; see `fonts/README.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Typeface(usize);

static FILES: [&[u8]; 4] = [
    include_bytes!("../fonts/NotoSans-Regular.ttf"),
    include_bytes!("../fonts/NotoSans-Bold.ttf"),
    include_bytes!("../fonts/NotoSansDevanagari-Regular.ttf"),
    include_bytes!("../fonts/NotoSansDevanagari-Bold.ttf"),
];
static FACES: LazyLock<[Option<Face<'static>>; 4]> = LazyLock::new(|| FILES.map(|file| Face::from_slice(file, 0)));

impl Typeface {
    fn of(script: Script, weight: Weight) -> Self {
        let family = match script {
            Script::Western => 0,
            Script::Devanagari => 2,
        };
        Self(match weight {
            Weight::Regular => family,
            Weight::Bold => family + 1,
        })
    }

    /// Every typeface with its font file, in the order of [`Typeface::index`].
    pub(crate) fn files() -> impl Iterator<Item = &'static [u8]> {
        FILES.into_iter()
    }

    /// Its place among [`Typeface::files`].
    pub(crate) fn index(self) -> usize {
        self.0
    }

    fn face(self) -> Option<&'static Face<'static>> {
        FACES[self.0].as_ref()
    }
}

/// A glyph where the pen puts it; lengths in ems.
#[derive(Clone, Debug)]
pub(crate) struct Glyph {
    pub(crate) id: u32,
    pub(crate) advance: f32,
    pub(crate) dx: f32,
    pub(crate) dy: f32,
    /// The bytes of the line's text that it stands for.
    pub(crate) text: Range<usize>,
}

/// Neighbouring glyphs of one typeface.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) typeface: Typeface,
    pub(crate) glyphs: Vec<Glyph>,
}

impl Run {
    /// In ems.
    pub(crate) fn width(&self) -> f32 {
        self.glyphs.iter().map(|glyph| glyph.advance).sum()
    }
}

/// One shaped line.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) text: String,
    pub(crate) runs: Vec<Run>,
}

impl Line {
    /// `text` on one line, however long.
    pub(crate) fn of(text: &str, weight: Weight) -> Self {
        let runs = script_runs(text)
            .into_iter()
            .map(|(script, range)| shape(text, range, Typeface::of(script, weight)))
            .collect();
        Self { text: text.to_owned(), runs }
    }

    /// `text` on one line of at most `width` ems, shortened with an ellipsis.
    pub(crate) fn fitted(text: &str, weight: Weight, width: f32) -> Self {
        let line = Self::of(text, weight);
        if line.width() <= width {
            return line;
        }
        let ellipsis = Self::of(ELLIPSIS.encode_utf8(&mut [0; 4]), weight).width();
        let cut = line.cut(width - ellipsis);
        // Between words, unless that would waste much of the line.
        let edge = text[..cut].rfind(' ').filter(|space| space * 3 > cut * 2).unwrap_or(cut);
        let mut short = text[..edge].trim_end_matches([' ', ',', ':', '-']).to_owned();
        short.push(ELLIPSIS);
        Self::of(&short, weight)
    }

    /// `text` on at most `lines_max` lines of at most `width` ems each, broken between words where there are any; what
    /// is left over ends in an ellipsis.
    pub(crate) fn wrapped(text: &str, weight: Weight, width: f32, lines_max: usize) -> Vec<Self> {
        let (mut lines, mut rest) = (Vec::new(), text);
        while !rest.is_empty() && lines.len() < lines_max {
            if lines.len() + 1 == lines_max {
                lines.push(Self::fitted(rest, weight, width));
                break;
            }
            let whole = Self::of(rest, weight);
            if whole.width() <= width {
                lines.push(whole);
                break;
            }
            let cut = whole.cut(width);
            // A space just past the edge is a fine place to break.
            let edge = if rest[cut..].starts_with(' ') { cut } else { rest[..cut].rfind(' ').unwrap_or(cut) };
            // Not even one glyph fits: take one all the same, or this would never end.
            let edge = if edge == 0 { rest.chars().next().map_or(rest.len(), char::len_utf8) } else { edge };
            lines.push(Self::of(rest[..edge].trim_end(), weight));
            rest = rest[edge..].trim_start();
        }
        lines
    }

    /// In ems.
    pub(crate) fn width(&self) -> f32 {
        self.runs.iter().map(Run::width).sum()
    }

    /// The end of the longest part of the text that takes at most `width` ems; never inside a syllable or a ligature.
    fn cut(&self, width: f32) -> usize {
        let (mut pen, mut cut) = (0.0, 0);
        for glyph in self.runs.iter().flat_map(|run| &run.glyphs) {
            // Where a cluster starts, everything before it is whole.
            if glyph.text.start > cut && pen <= width {
                cut = glyph.text.start;
            }
            pen += glyph.advance;
        }
        if pen <= width { self.text.len() } else { cut }
    }
}

/// `text` as one line that is safe to print: white space collapsed, control characters and marks that reorder text
/// removed, no longer than any ticket has room for.
pub(crate) fn clean(text: &str) -> String {
    let kept: String = text.chars().filter(|c| c.is_whitespace() || !is_unprintable(*c)).take(TEXT_CHARS_MAX).collect();
    kept.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' // direction
            | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{FFFE}' | '\u{FFFF}') // not text; the last two not XML either
}

fn script_runs(text: &str) -> Vec<(Script, Range<usize>)> {
    let mut runs: Vec<(Script, Range<usize>)> = Vec::new();
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        match runs.last_mut() {
            Some((script, range)) if script_of(c, *script) == *script => range.end = end,
            _ => runs.push((script_of(c, Script::Western), at..end)),
        }
    }
    runs
}

/// The script of `c` when `before` came before it: spaces, joiners and marks go with their neighbour.
fn script_of(c: char, before: Script) -> Script {
    match c {
        '\u{900}'..='\u{97F}' | '\u{1CD0}'..='\u{1CFF}' | '\u{A8E0}'..='\u{A8FF}' => Script::Devanagari,
        ' ' | '-' | ',' | '.' | ':' | '\u{200C}' | '\u{200D}' | '\u{25CC}' => before,
        _ => Script::Western,
    }
}

fn shape(text: &str, range: Range<usize>, typeface: Typeface) -> Run {
    let Some(face) = typeface.face() else { return Run { typeface, glyphs: Vec::new() } };
    let mut buffer = UnicodeBuffer::new();
    buffer.push_str(&text[range.clone()]);
    buffer.guess_segment_properties();
    // No embedded font writes from right to left; a stray character that would is drawn as a box, in its place.
    buffer.set_direction(Direction::LeftToRight);
    let shaped = rustybuzz::shape(face, &[], buffer);
    let em = face.units_per_em() as f32;
    let starts: Vec<usize> = shaped.glyph_infos().iter().map(|info| range.start + info.cluster as usize).collect();
    let glyphs = shaped.glyph_infos().iter().zip(shaped.glyph_positions()).enumerate().map(|(nth, (info, at))| Glyph {
        id: info.glyph_id,
        advance: at.x_advance as f32 / em,
        dx: at.x_offset as f32 / em,
        dy: at.y_offset as f32 / em,
        text: starts[nth]..starts[nth..].iter().copied().find(|next| *next > starts[nth]).unwrap_or(range.end),
    });
    Run { typeface, glyphs: glyphs.collect() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::samples::TITLE_LONG;

    fn texts(lines: &[Line]) -> Vec<&str> {
        lines.iter().map(|line| line.text.as_str()).collect()
    }

    #[test]
    fn every_script_has_its_font() {
        for text in ["The Ticket", "Ёлки: Фильм", "Ζορμπάς", "Phở", "दिलवाले दुल्हनिया ले जाएँगे", "शोले 3D: ₹ १०"]
        {
            let line = Line::of(text, Weight::Bold);
            assert!(line.runs.iter().flat_map(|run| &run.glyphs).all(|glyph| glyph.id != 0), "{text}");
        }
    }

    #[test]
    fn a_hindi_word_is_shaped_and_not_strung_together() {
        // The vowel sign stands before its consonant, and the conjunct is one glyph.
        let word = Line::of("हिन्दी", Weight::Regular);
        let glyphs = &word.runs[0].glyphs;
        assert!(glyphs.len() < "हिन्दी".chars().count());
        assert_eq!(glyphs[0].text.start, glyphs[1].text.start);
    }

    #[test]
    fn a_long_title_breaks_between_words_and_ends_in_an_ellipsis() {
        let lines = Line::wrapped(TITLE_LONG, Weight::Bold, 16.0, 2);
        assert_eq!(texts(&lines), ["The Unexpectedly Long and", "Really Quite Exhausting…"]);
        assert!(lines.iter().all(|line| line.width() <= 16.0));
    }

    #[test]
    fn a_word_wider_than_the_line_is_broken() {
        let lines = Line::wrapped("Donaudampfschifffahrtsgesellschaft", Weight::Regular, 10.0, 9);
        assert!(lines.len() > 1);
        assert_eq!(texts(&lines).concat(), "Donaudampfschifffahrtsgesellschaft");
    }

    #[test]
    fn cleaning_leaves_letters_and_takes_controls() {
        assert_eq!(clean(" a\u{0}\u{1b}[31m\tb\r\n\u{202E}c\u{2028}d "), "a[31m b c d");
        assert_eq!(clean("क\u{94D}\u{200D}ष"), "क\u{94D}\u{200D}ष");
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange_to_set(text in ".{0,80}", width in 0.0_f32..30.0, lines_max in 0_usize..4) {
            let text = clean(&text);
            let lines = Line::wrapped(&text, Weight::Regular, width, lines_max);
            prop_assert!(lines.len() <= lines_max);
        }
    }
}
