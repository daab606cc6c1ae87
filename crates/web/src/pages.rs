//! Which files each page of the app needs, as its build says.
//!
//! A page's head names them all, so that a browser asks for them at once, and not for one after it has read another.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::Deserialize;
use tracing::warn;

/// Where the build says it.
pub(crate) const PAGES: &str = "_app/pages.json";

/// The files of one page, by their names.
#[derive(Debug, Deserialize)]
struct Files {
    scripts: BTreeSet<String>,
    styles: BTreeSet<String>,
}

/// A page's path, with a place for each of its parameters, and the elements that name its files.
#[derive(Debug)]
struct Entry {
    path: Vec<String>,
    links: String,
}

/// The app's pages.
#[derive(Debug, Default)]
pub(crate) struct Pages(Vec<Entry>);

impl Pages {
    /// The pages that the build has, without the files that `page`, the HTML of all of them, names itself.
    pub(crate) fn new(built: &[u8], page: &str) -> Self {
        let table: BTreeMap<String, Files> = serde_json::from_slice(built).unwrap_or_else(|error| {
            warn!(%error, "the app's build does not say which files its pages need");
            BTreeMap::new()
        });
        let entry = |(path, files): (String, Files)| Entry { path: parts(&path), links: links(&files, page) };
        Self(table.into_iter().map(entry).collect())
    }

    /// The elements that name the files of the page at `path`; none for a path that the app does not have.
    pub(crate) fn links(&self, path: &str) -> &str {
        let asked = parts(path);
        let fits = |entry: &&Entry| {
            entry.path.len() == asked.len()
                && entry.path.iter().zip(&asked).all(|(own, asked)| own.starts_with('[') || own == asked)
        };
        self.0.iter().find(fits).map_or("", |entry| entry.links.as_str())
    }
}

fn parts(path: &str) -> Vec<String> {
    path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn links(files: &Files, page: &str) -> String {
    let mut links = String::new();
    // Writing to a string cannot fail. The names are the build's own: letters, digits, and what no attribute minds.
    for style in &files.styles {
        // Nothing is painted before all styles are there: what the page names after its scripts is asked for before them, too.
        let relation = if page.contains(style.as_str()) { "preload\" as=\"style" } else { "stylesheet" };
        let _ = write!(links, "<link rel=\"{relation}\" href=\"/{style}\">");
    }
    for script in files.scripts.iter().filter(|name| !page.contains(name.as_str())) {
        let _ = write!(links, "<link rel=\"modulepreload\" href=\"/{script}\">");
    }
    links
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUILT: &str = r#"{
        "/": { "scripts": ["a.js", "home.js"], "styles": ["home.css"] },
        "/films/[id]": { "scripts": ["a.js", "film.js"], "styles": [] },
        "/search": { "scripts": ["search.js"], "styles": [] }
    }"#;

    #[test]
    fn a_page_names_what_it_needs_beyond_what_all_name() {
        let pages = Pages::new(BUILT.as_bytes(), "<link href=\"/a.js\">");
        let home = "<link rel=\"stylesheet\" href=\"/home.css\"><link rel=\"modulepreload\" href=\"/home.js\">";
        assert_eq!(pages.links("/"), home);
        assert_eq!(pages.links("/films/019a"), "<link rel=\"modulepreload\" href=\"/film.js\">");
        assert_eq!(pages.links("/search/"), "<link rel=\"modulepreload\" href=\"/search.js\">");
        assert_eq!(pages.links("/films"), "");
        assert_eq!(pages.links("/films/019a/more"), "");
    }

    #[test]
    fn styles_that_all_pages_name_are_asked_for_before_any_script() {
        let pages = Pages::new(BUILT.as_bytes(), "<link href=\"/a.js\"><link href=\"/home.css\">");
        let home =
            "<link rel=\"preload\" as=\"style\" href=\"/home.css\"><link rel=\"modulepreload\" href=\"/home.js\">";
        assert_eq!(pages.links("/"), home);
    }

    #[test]
    fn a_build_that_says_nothing_names_nothing() {
        assert_eq!(Pages::new(b"", "").links("/"), "");
    }
}
