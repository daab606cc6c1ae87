//! What a page shows until the app does: its frame and its heading, so that something is there before any script is.
//!
//! The build says how it looks, with places in braces; what stands in them is of the catalogue. It is in the page whether or not
//! scripts run, and the app takes it away when it comes.

use std::collections::BTreeMap;

use serde::Deserialize;
use tracing::warn;

use crate::head::escape;

/// Where the build says how the views look.
pub(crate) const VIEWS: &str = "_app/views.json";

/// What a page is of, as far as it can be told before the app is there.
#[derive(Debug, Default)]
pub(crate) enum View {
    /// The app alone knows.
    #[default]
    None,
    Home {
        city: String,
    },
    Film {
        title: String,
        synopsis: String,
    },
    Cinema {
        name: String,
        city: String,
        address: String,
    },
    Show {
        film: String,
        starts: String,
        place: String,
    },
}

impl View {
    /// The page of the app that it is the beginning of, and what stands in its places.
    fn parts(&self) -> Option<(&'static str, Vec<(&'static str, &str)>)> {
        Some(match self {
            Self::None => return None,
            Self::Home { city } => ("/", vec![("city", city)]),
            Self::Film { title, synopsis } => ("/films/[id]", vec![("title", title), ("synopsis", synopsis)]),
            Self::Cinema { name, city, address } => {
                ("/cinemas/[id]", vec![("name", name), ("city", city), ("address", address)])
            }
            Self::Show { film, starts, place } => {
                ("/shows/[id]", vec![("film", film), ("starts", starts), ("place", place)])
            }
        })
    }
}

/// How the views look: HTML by the app's pages.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct Views(BTreeMap<String, String>);

impl Views {
    /// The views that the build has.
    pub(crate) fn new(built: &[u8]) -> Self {
        serde_json::from_slice(built).unwrap_or_else(|error| {
            warn!(%error, "the app's build does not say what its pages show at first");
            Self::default()
        })
    }

    /// The elements of a view; none if the build has none of that page.
    pub(crate) fn html(&self, view: &View) -> String {
        let Some((page, values)) = view.parts() else { return String::new() };
        self.0.get(page).map_or_else(String::new, |looks| filled(looks, &values))
    }
}

/// The HTML with its places filled with text. What a text holds is not looked at for places.
fn filled(looks: &str, values: &[(&str, &str)]) -> String {
    let mut html = String::with_capacity(looks.len());
    let mut rest = looks;
    while let Some((before, after)) = rest.split_once('{') {
        let (place, after) = after.split_once('}').unwrap_or((after, ""));
        html.push_str(before);
        if let Some((_, text)) = values.iter().find(|(name, _)| *name == place) {
            html.push_str(&escape(text));
        }
        rest = after;
    }
    html.push_str(rest);
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUILT: &str = r#"{
        "/": "<h1><i>In {city}</i><i>{city} में</i></h1>",
        "/films/[id]": "<h1>{title}</h1><p>{synopsis}</p>"
    }"#;

    fn film(title: &str) -> View {
        View::Film { title: title.to_owned(), synopsis: "Two friends.".to_owned() }
    }

    #[test]
    fn each_place_has_its_text_wherever_it_stands() {
        let views = Views::new(BUILT.as_bytes());
        let home = views.html(&View::Home { city: "Mumbai".to_owned() });
        assert_eq!(home, "<h1><i>In Mumbai</i><i>Mumbai में</i></h1>");
        assert_eq!(views.html(&film("Sholay")), "<h1>Sholay</h1><p>Two friends.</p>");
    }

    #[test]
    fn a_text_stays_text_and_names_no_place() {
        let views = Views::new(BUILT.as_bytes());
        let html = views.html(&film("<img src=x onerror=\"1\">{synopsis}"));
        assert_eq!(html, "<h1>&lt;img src=x onerror=&quot;1&quot;&gt;{synopsis}</h1><p>Two friends.</p>");
    }

    #[test]
    fn what_the_build_does_not_have_is_not_shown() {
        let show = View::Show { film: "Sholay".to_owned(), starts: String::new(), place: String::new() };
        assert_eq!(Views::new(BUILT.as_bytes()).html(&show), "");
        assert_eq!(Views::new(BUILT.as_bytes()).html(&View::None), "");
        assert_eq!(Views::new(b"").html(&film("Sholay")), "");
        assert_eq!(filled("a{b", &[]), "a", "a place that does not end");
    }
}
