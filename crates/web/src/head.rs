//! What stands in a page's head for those who do not run the app: search engines, and previews of links.

use std::fmt::Write as _;

use serde_json::Value;

use crate::opening::json_in_script;

/// The longest description that is shown anywhere, in characters.
const DESCRIPTION_CHARS_MAX: usize = 200;

/// What a page is about.
#[derive(Debug)]
pub(crate) struct Head {
    title: String,
    description: String,
    /// Whether search engines should list the page.
    listed: bool,
    data: Option<Value>,
}

impl Head {
    /// The first page.
    pub(crate) fn home() -> Self {
        let description = "See what is on in cinemas near you, pick your seats on a live map, and book.";
        Self { title: "Marquee".to_owned(), description: description.to_owned(), listed: true, data: None }
    }

    /// A page that is of use to its reader alone, or is none.
    pub(crate) fn unlisted() -> Self {
        Self { listed: false, ..Self::home() }
    }

    /// A page about something, with its schema.org document.
    pub(crate) fn about(title: &str, description: &str, data: Value) -> Self {
        Self { title: format!("{title} · Marquee"), description: cut(description), listed: true, data: Some(data) }
    }

    /// The elements.
    pub(crate) fn html(&self) -> String {
        let (title, description) = (escape(&self.title), escape(&self.description));
        let mut html = format!(
            "<title>{title}</title><meta name=\"description\" content=\"{description}\">\
             <meta property=\"og:site_name\" content=\"Marquee\"><meta property=\"og:type\" content=\"website\">\
             <meta property=\"og:title\" content=\"{title}\"><meta property=\"og:description\" content=\"{description}\">\
             <meta name=\"twitter:card\" content=\"summary\">"
        );
        if !self.listed {
            html.push_str("<meta name=\"robots\" content=\"noindex\">");
        }
        if let Some(data) = &self.data {
            // Writing to a string cannot fail.
            let _ = write!(html, "<script type=\"application/ld+json\">{}</script>", json_in_script(&data.to_string()));
        }
        html
    }
}

/// The beginning of a text, cut between words.
fn cut(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= DESCRIPTION_CHARS_MAX {
        return line;
    }
    let beginning: String = line.chars().take(DESCRIPTION_CHARS_MAX - 1).collect();
    let whole = beginning.rsplit_once(' ').map_or(beginning.as_str(), |(words, _)| words);
    format!("{whole}…")
}

/// Text as HTML, also between quotes.
pub(crate) fn escape(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            c => html.push(c),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_title_holds_stays_text() {
        let hostile = "\"><script>alert('&')</script>";
        let html = Head::about(hostile, hostile, json!({ "name": "</script><!--<script>" })).html();
        assert_eq!(html.matches("<script").count(), 1, "{html}");
        assert_eq!(html.matches("</script>").count(), 1, "{html}");
        assert!(html.contains("&quot;&gt;&lt;script&gt;alert(&#39;&amp;&#39;)"), "{html}");
        let (_, data) = html.split_once("ld+json\">").unwrap();
        let data: Value = serde_json::from_str(data.strip_suffix("</script>").unwrap()).unwrap();
        assert_eq!(data["name"], "</script><!--<script>");
    }

    #[test]
    fn a_description_is_one_line_and_ends_with_a_word() {
        let long = "Two\nfriends ride. ".repeat(40);
        let head = Head::about("Sholay", &long, json!({}));
        assert!(head.description.chars().count() <= DESCRIPTION_CHARS_MAX);
        assert!(head.description.starts_with("Two friends ride. Two") && head.description.ends_with('…'));
        assert!(!head.description.contains('\n'));
        assert!(cut(&"ü".repeat(500)).chars().count() <= DESCRIPTION_CHARS_MAX);
        assert_eq!(cut("short"), "short");
    }

    #[test]
    fn only_what_is_for_everybody_is_listed() {
        assert!(!Head::home().html().contains("noindex"));
        assert!(Head::unlisted().html().contains("noindex"));
    }
}
