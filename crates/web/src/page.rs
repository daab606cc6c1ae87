//! The one page, and what is written into it.

use bytes::Bytes;
use marquee_http::encoding::{Encoding, compress};

use crate::files::Body;
use crate::head::Head;
use crate::opening::Opening;
use crate::view::View;

/// Where a page's head is written.
pub(crate) const MARKER: &str = "<!--head-->";

/// Where its first view is.
const VIEW_MARKER: &str = "<!--view-->";

/// What a page is of.
#[derive(Debug)]
pub(crate) struct Subject {
    pub(crate) head: Head,
    pub(crate) view: View,
    pub(crate) opening: Opening,
}

impl Subject {
    /// A page with that head, of which the app alone knows the rest.
    pub(crate) fn only(head: Head) -> Self {
        Self { head, view: View::None, opening: Opening::default() }
    }
}

/// `index.html`, cut at its markers.
#[derive(Debug)]
pub(crate) struct Page {
    before: String,
    between: String,
    /// What comes after the view; nothing in a page without a place for one.
    after: Option<String>,
}

/// What goes between the page's parts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Written<'w> {
    /// The elements that name files.
    pub(crate) links: &'w str,
    pub(crate) head: &'w str,
    pub(crate) opening: &'w str,
    pub(crate) view: &'w str,
}

impl Page {
    /// The page in that text. Without a marker the head goes before `</head>`, and no view anywhere.
    pub(crate) fn new(html: &str) -> Self {
        let marked = html.split_once(MARKER);
        let (before, after) = match marked {
            Some((before, after)) => (before.to_owned(), after.to_owned()),
            None => {
                let end = html.find("</head>").unwrap_or_default();
                let (before, after) = html.split_at(end);
                (before.to_owned(), after.to_owned())
            }
        };
        match after.split_once(VIEW_MARKER) {
            Some((between, after)) => Self { before, between: between.to_owned(), after: Some(after.to_owned()) },
            None => Self { before, between: after, after: None },
        }
    }

    /// The page with what is written into it, in that coding.
    pub(crate) fn with(&self, written: Written<'_>, encoding: Encoding) -> (Encoding, Body) {
        let Self { before, between, after } = self;
        // The links come first: what they name is what takes longest.
        let Written { links, head, opening, view } = written;
        let [view, after] = after.as_ref().map_or(["", ""], |after| [view, after]);
        let html = [before.as_str(), links, head, opening, between, view, after].concat();
        match compress(html.as_bytes(), encoding) {
            Some(coded) => (encoding, Body::new(coded.into())),
            None => (Encoding::Identity, Body::new(Bytes::from(html))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(page: &Page) -> String {
        String::from_utf8(page.with(WRITTEN, Encoding::Identity).1.bytes.to_vec()).unwrap()
    }

    const WRITTEN: Written<'_> = Written { links: "<link>", head: "<title>", opening: "<data>", view: "<h1>" };

    #[test]
    fn head_and_view_are_written_where_the_markers_were() {
        let html = html(&Page::new("<head><!--head--><link></head><body><!--view--><div>"));
        assert_eq!(html, "<head><link><title><data><link></head><body><h1><div>");
    }

    #[test]
    fn without_markers_the_head_ends_with_it_and_there_is_no_view() {
        let html = html(&Page::new("<head><link></head><body>"));
        assert_eq!(html, "<head><link><link><title><data></head><body>");
    }

    #[test]
    fn each_coding_has_a_tag_of_its_own() {
        let page = Page::new("<head><!--head--></head>");
        let tag = |coding| page.with(WRITTEN, coding).1.etag;
        let tags = [Encoding::Identity, Encoding::Gzip, Encoding::Brotli].map(tag);
        assert!(tags[0] != tags[1] && tags[1] != tags[2] && tags[0] != tags[2]);
        assert_eq!(tags[2], tag(Encoding::Brotli));
    }
}
