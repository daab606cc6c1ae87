//! What is wrong with what was sent, all of it at once, and the limits every text keeps.

use std::collections::HashSet;
use std::ops::RangeInclusive;

/// Faults reported of one request: a client mends these before it hears of more.
const FAULTS_MAX: usize = 50;

/// One field that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The field, as a path such as `layout.rows[2].seats`; empty for the whole.
    pub field: String,
    /// What it must be.
    pub message: String,
}

/// Everything found wrong so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults(Vec<Fault>);

/// A value that its `check` has passed: trimmed, within every limit.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked<T>(T);

impl<T> Checked<T> {
    /// The value.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> std::ops::Deref for Checked<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl Faults {
    /// One fault.
    pub fn one(field: impl Into<String>, message: impl Into<String>) -> Self {
        let mut faults = Self::default();
        faults.refuse(field, message);
        faults
    }

    /// Notes `message` for `field`.
    pub fn refuse(&mut self, field: impl Into<String>, message: impl Into<String>) {
        if self.0.len() < FAULTS_MAX {
            self.0.push(Fault { field: field.into(), message: message.into() });
        }
    }

    /// Notes `message` for `field` unless `ok`.
    pub fn check(&mut self, ok: bool, field: &str, message: impl Into<String>) {
        if !ok {
            self.refuse(field, message);
        }
    }

    /// Trims a text of one line, which must then have `chars` characters, none of them a control character.
    pub(crate) fn line(&mut self, field: &str, text: &mut String, chars: RangeInclusive<usize>) {
        self.text(field, text, chars, char::is_control);
    }

    /// As [`Faults::line`] when there is a text; one that is empty after trimming is none.
    pub(crate) fn optional_line(&mut self, field: &str, text: &mut Option<String>, chars_max: usize) {
        *text = text.take().filter(|text| !text.trim().is_empty());
        if let Some(text) = text {
            self.line(field, text, 1..=chars_max);
        }
    }

    /// As [`Faults::optional_line`] for a text that may have line breaks.
    pub(crate) fn optional_prose(&mut self, field: &str, text: &mut Option<String>, chars_max: usize) {
        *text = text.take().filter(|text| !text.trim().is_empty());
        if let Some(text) = text {
            *text = text.replace("\r\n", "\n");
            self.text(field, text, 1..=chars_max, |c| c.is_control() && c != '\n');
        }
    }

    /// A list of single lines, at most `items_max` of them.
    pub(crate) fn lines(&mut self, field: &str, items: &mut [String], items_max: usize, chars_max: usize) {
        if items.len() > items_max {
            return self.refuse(field, format!("must have at most {items_max} items"));
        }
        for (at, item) in items.iter_mut().enumerate() {
            self.line(&format!("{field}[{at}]"), item, 1..=chars_max);
        }
    }

    /// As [`Faults::lines`], each item once whatever its case.
    pub(crate) fn labels(&mut self, field: &str, items: &mut [String], items_max: usize, chars_max: usize) {
        self.lines(field, items, items_max, chars_max);
        let mut seen = HashSet::new();
        if let Some(twice) = items.iter().take(items_max).position(|item| !seen.insert(fold(item))) {
            self.refuse(format!("{field}[{twice}]"), "is in the list already");
        }
    }

    fn text(
        &mut self,
        field: &str,
        text: &mut String,
        chars: RangeInclusive<usize>,
        forbidden: impl FnMut(char) -> bool,
    ) {
        let trimmed = text.trim();
        if trimmed.len() < text.len() {
            *text = trimmed.to_owned();
        }
        let (least, most) = (chars.start(), chars.end());
        self.check(
            chars.contains(&text.chars().count()),
            field,
            format!("must be {least} to {most} characters, without blanks at either end"),
        );
        self.check(!text.contains(forbidden), field, "must not contain control characters");
    }

    /// `value` when nothing was wrong.
    ///
    /// # Errors
    /// Everything that was noted.
    pub fn finish<T>(self, value: T) -> Result<Checked<T>, Faults> {
        if self.0.is_empty() { Ok(Checked(value)) } else { Err(self) }
    }

    /// The faults, in the order they were found.
    pub fn iter(&self) -> std::slice::Iter<'_, Fault> {
        self.0.iter()
    }
}

impl std::fmt::Display for Faults {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (at, Fault { field, message }) in self.0.iter().enumerate() {
            let (before, between) = (if at > 0 { "; " } else { "" }, if field.is_empty() { "" } else { " " });
            write!(f, "{before}{field}{between}{message}")?;
        }
        Ok(())
    }
}

/// A text as filters and sorting compare it: without case, blanks collapsed.
pub(crate) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.extend(word.chars().flat_map(char::to_lowercase));
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_ignores_case_and_extra_blanks() {
        assert_eq!(fold("  The  GRAND\tÉcran "), "the grand écran");
    }

    #[test]
    fn a_line_is_trimmed_and_kept_within_its_limit() {
        let (mut faults, mut text) = (Faults::default(), "  Dune  ".to_owned());
        faults.line("title", &mut text, 1..=4);
        assert_eq!((text.as_str(), faults), ("Dune", Faults::default()));
        for bad in ["", "   ", "Dune2", "D\u{7}e", "D\ne"] {
            let mut faults = Faults::default();
            faults.line("title", &mut bad.to_owned(), 1..=4);
            assert_eq!(faults.iter().count(), 1, "{bad:?}");
        }
    }

    #[test]
    fn prose_keeps_its_line_breaks_and_nothing_else() {
        let (mut faults, mut text) = (Faults::default(), Some("one\r\ntwo".to_owned()));
        faults.optional_prose("synopsis", &mut text, 100);
        assert_eq!((text.as_deref(), faults), (Some("one\ntwo"), Faults::default()));
        let mut faults = Faults::default();
        faults.optional_prose("synopsis", &mut Some("a\u{1b}[2J".to_owned()), 100);
        assert_eq!(faults.iter().count(), 1);
    }

    #[test]
    fn a_label_is_named_once_whatever_its_case() {
        let mut faults = Faults::default();
        faults.labels("genres", &mut ["Drama".to_owned(), "drama ".to_owned()], 5, 20);
        assert_eq!(faults.to_string(), "genres[1] is in the list already");
    }
}
