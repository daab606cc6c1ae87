//! The app as a whole: its page and its files.

use std::borrow::Cow;
use std::collections::HashMap;

use axum::http::HeaderValue;
use bytes::Bytes;
use rust_embed::RustEmbed;
use tracing::warn;

use crate::files::File;
use crate::page::{MARKER, Page};
use crate::pages::{PAGES, Pages};
use crate::policy::policy;
use crate::view::{VIEWS, Views};

/// The page that every path gets.
const PAGE: &str = "index.html";
/// Endings of the codings that a file was built in.
const CODED: [&str; 2] = [".br", ".gz"];

/// What `npm run build` made; empty for a Rust developer without Node.
#[derive(RustEmbed)]
#[folder = "../../web/build"]
#[allow_missing = true]
struct Build;

/// The app: all that it is made of.
#[derive(Debug)]
pub struct Site {
    pub(crate) page: Option<Page>,
    pub(crate) pages: Pages,
    pub(crate) views: Views,
    pub(crate) policy: HeaderValue,
    files: HashMap<String, File>,
}

impl Site {
    /// The app as it was when the program was built.
    #[must_use]
    pub fn embedded() -> Self {
        let embedded = |name: Cow<'static, str>| {
            let file = Build::get(&name)?;
            let bytes = match file.data {
                Cow::Borrowed(bytes) => Bytes::from_static(bytes),
                Cow::Owned(bytes) => bytes.into(),
            };
            Some((name.into_owned(), file.metadata.mimetype().to_owned(), bytes))
        };
        Self::of(Build::iter().filter_map(embedded))
    }

    /// The app made of these files: name, media type, bytes.
    pub(crate) fn of(files: impl IntoIterator<Item = (String, String, Bytes)>) -> Self {
        let built: HashMap<String, (String, Bytes)> =
            files.into_iter().map(|(name, media_type, bytes)| (name, (media_type, bytes))).collect();
        let html = |name: &str| built.get(name).and_then(|(_, bytes)| std::str::from_utf8(bytes).ok());
        let page = html(PAGE);
        if page.is_some_and(|page| !page.contains(MARKER)) {
            warn!(marker = MARKER, "the app's page has no place for its head");
        }
        let texts = built.keys().filter(|name| name.ends_with(".html")).filter_map(|name| html(name));
        let table = built.get(PAGES).map(|(_, bytes)| Pages::new(bytes, page.unwrap_or_default()));
        let views = built.get(VIEWS).map(|(_, bytes)| Views::new(bytes));
        let coding = |name: &str, ending: &str| built.get(&format!("{name}{ending}")).map(|(_, bytes)| bytes.clone());
        let files = built.iter().filter(|(name, _)| *name != PAGE && !is_coding(name, &built)).map(|(name, file)| {
            let [brotli, gzip] = CODED.map(|ending| coding(name, ending));
            (name.clone(), File::new(name, &file.0, file.1.clone(), gzip, brotli))
        });
        Self {
            policy: policy(texts),
            page: page.map(Page::new),
            pages: table.unwrap_or_default(),
            views: views.unwrap_or_default(),
            files: files.collect(),
        }
    }

    /// The file at a path of the server.
    pub(crate) fn file(&self, path: &str) -> Option<&File> {
        self.files.get(path.strip_prefix('/')?)
    }
}

/// Whether it is another file in another coding.
fn is_coding(name: &str, built: &HashMap<String, (String, Bytes)>) -> bool {
    CODED.iter().any(|ending| name.strip_suffix(ending).is_some_and(|plain| built.contains_key(plain)))
}
