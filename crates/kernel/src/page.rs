//! Cursor paging that is stable under inserts: a cursor is the sort key of the last item shown, not an offset.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Items of a page when the client does not say.
pub const LIMIT_DEFAULT: u32 = 20;
/// The most items of a page.
pub const LIMIT_MAX: u32 = 100;

/// A page of a list: what every listing call answers.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Page<T> {
    /// The items, in the list's order.
    pub items: Vec<T>,
    /// Pass it as `cursor` for the next page; `null` on the last one.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// A page of `list` from `limit + 1` fetched rows: the extra row, when there, says that there is more and is dropped.
    #[must_use]
    pub fn cut<C: Serialize>(mut rows: Vec<T>, limit: u32, list: &'static str, key_of: impl Fn(&T) -> C) -> Self {
        let more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let next_cursor = if more { rows.last().map(|row| encode_cursor(list, &key_of(row))) } else { None };
        Self { items: rows, next_cursor }
    }

    /// The same page with every item mapped.
    #[must_use]
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(f).collect(), next_cursor: self.next_cursor }
    }
}

/// What a listing call was asked for, already checked.
#[derive(Clone, Debug)]
pub struct PageRequest<C> {
    /// Items wanted, 1 to [`LIMIT_MAX`].
    pub limit: u32,
    /// Start after this key; from the beginning when `None`.
    pub after: Option<C>,
}

/// Why a cursor was refused: it was not one of that list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CursorError;

impl std::fmt::Display for CursorError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("not a cursor of this list; use next_cursor of the page before")
    }
}

impl std::error::Error for CursorError {}

/// Writes a sort key of `list` as the opaque word a client carries. The list is named in it, because keys of two lists may
/// look alike.
#[must_use]
pub fn encode_cursor<C: Serialize>(list: &'static str, key: &C) -> String {
    // A key is a tuple of ids, numbers and text: serialising it cannot fail.
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(&(list, key)).unwrap_or_default())
}

/// Reads what [`encode_cursor`] wrote for the same list and type of key.
///
/// # Errors
/// [`CursorError`] for anything else.
pub fn decode_cursor<C: DeserializeOwned>(list: &'static str, word: &str) -> Result<C, CursorError> {
    let bytes = URL_SAFE_NO_PAD.decode(word).map_err(|_| CursorError)?;
    let (named, key): (String, C) = serde_json::from_slice(&bytes).map_err(|_| CursorError)?;
    if named == list { Ok(key) } else { Err(CursorError) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_says_where_to_go_on_only_when_there_is_more() {
        let page = Page::cut(vec![1, 2, 3], 2, "movies", |n| *n);
        assert_eq!(page.items, [1, 2]);
        assert_eq!(decode_cursor::<i32>("movies", &page.next_cursor.unwrap()), Ok(2));
        assert_eq!(Page::cut(vec![1, 2], 2, "movies", |n| *n).next_cursor, None);
    }

    #[test]
    fn anything_else_is_no_cursor() {
        for word in ["", "x", "%%%", "bm9uc2Vuc2U", "W10"] {
            assert_eq!(decode_cursor::<(String, i64)>("movies", word), Err(CursorError), "{word}");
        }
    }

    #[test]
    fn a_cursor_is_good_for_its_own_list_alone() {
        let key = ("Dune".to_owned(), 1);
        let word = encode_cursor("movies", &key);
        assert_eq!(decode_cursor::<(String, i64)>("movies", &word), Ok(key.clone()));
        assert_eq!(decode_cursor::<(String, i64)>("cinemas", &word), Err(CursorError));
        let unnamed = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&key).unwrap());
        assert_eq!(decode_cursor::<(String, i64)>("movies", &unnamed), Err(CursorError));
    }
}
