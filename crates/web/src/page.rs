//! The one page: what comes before its head's end, and what after.

use bytes::Bytes;
use marquee_http::encoding::{Encoding, compress};

use crate::files::Body;
use crate::head::Head;
use crate::opening::Opening;

/// Where a page's head is written.
pub(crate) const MARKER: &str = "<!--head-->";

/// `index.html`, cut at its marker.
#[derive(Debug)]
pub(crate) struct Page {
    before: String,
    after: String,
}

impl Page {
    /// The page in that text. Without a marker the head goes before `</head>`.
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
        Self { before, after }
    }

    /// The page with that head, those links and that opening, in that coding.
    pub(crate) fn with(&self, head: &Head, links: &str, opening: &Opening, encoding: Encoding) -> (Encoding, Body) {
        // The links come first: what they name is what takes longest.
        let html = [self.before.as_str(), links, &head.html(), &opening.html(), &self.after].concat();
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
        String::from_utf8(page.with(&Head::home(), "<link>", &Opening::default(), Encoding::Identity).1.bytes.to_vec())
            .unwrap()
    }

    #[test]
    fn the_head_is_written_where_the_marker_was() {
        let html = html(&Page::new("<head><!--head--><link></head><body>"));
        assert!(
            html.starts_with("<head><link><title>Marquee</title>") && html.ends_with("<link></head><body>"),
            "{html}"
        );
        assert!(!html.contains(MARKER));
    }

    #[test]
    fn without_a_marker_the_head_ends_with_it() {
        let html = html(&Page::new("<head><link></head><body>"));
        assert!(html.starts_with("<head><link><link><title>") && html.ends_with("</head><body>"), "{html}");
    }

    #[test]
    fn each_coding_has_a_tag_of_its_own() {
        let page = Page::new("<head><!--head--></head>");
        let tag = |coding| page.with(&Head::home(), "", &Opening::default(), coding).1.etag;
        let tags = [Encoding::Identity, Encoding::Gzip, Encoding::Brotli].map(tag);
        assert!(tags[0] != tags[1] && tags[1] != tags[2] && tags[0] != tags[2]);
        assert_eq!(tags[2], tag(Encoding::Brotli));
    }
}
