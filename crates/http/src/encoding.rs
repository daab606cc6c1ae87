//! Which form of a body a client wants, and which it has: content codings (RFC 9110, section 12.5.3) and entity tags.

use std::io::Write as _;

use axum::http::header::ACCEPT_ENCODING;
use axum::http::{HeaderMap, HeaderValue};
use flate2::Compression;
use flate2::write::GzEncoder;

/// Brotli's quality: about gzip's time, a quarter smaller.
const BROTLI_QUALITY: i32 = 4;
/// Brotli's window, as a power of two: 4 MiB holds the largest map.
const BROTLI_WINDOW_BITS: i32 = 22;
/// Gzip's level: most of the gain at a fraction of the best level's time.
const GZIP_LEVEL: u32 = 4;

/// How a body is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the codings' own names")]
pub enum Encoding {
    Identity,
    Gzip,
    Brotli,
}

impl Encoding {
    /// Its name in `Content-Encoding`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Encoding::Identity => "identity",
            Encoding::Gzip => "gzip",
            Encoding::Brotli => "br",
        }
    }
}

/// The coding that the client likes best of those that are made here; the smaller one when it does not mind. A client that
/// refuses everything gets the plain body: it can read it.
#[must_use]
pub fn accepted(headers: &HeaderMap) -> Encoding {
    let mut weights = Weights::default();
    for value in headers.get_all(ACCEPT_ENCODING) {
        value.to_str().unwrap_or_default().split(',').for_each(|coding| weights.note(coding));
    }
    weights.best()
}

/// Whether a list of tags (`If-None-Match`) names `etag`, by the weak comparison (RFC 9110, section 13.1.2).
#[must_use]
pub fn names(tags: &HeaderValue, etag: &HeaderValue) -> bool {
    let (Ok(tags), Ok(etag)) = (tags.to_str(), etag.to_str()) else { return false };
    // No tag of ours holds a comma, so a list can be cut at commas.
    tags.split(',').map(str::trim).any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

/// How much a client likes each coding, in thousandths; `None` when it did not say.
#[derive(Default)]
struct Weights {
    brotli: Option<u16>,
    gzip: Option<u16>,
    identity: Option<u16>,
    any: Option<u16>,
}

impl Weights {
    fn note(&mut self, coding: &str) {
        let (name, parameters) = coding.split_once(';').unwrap_or((coding, ""));
        let quality = parameters.split(';').find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            name.trim().eq_ignore_ascii_case("q").then(|| value.trim().parse::<f32>().unwrap_or(0.0))
        });
        // In range by the clamp, and not negative.
        let weight = (quality.unwrap_or(1.0).clamp(0.0, 1.0) * 1000.0) as u16;
        let name = name.trim();
        let slot = match () {
            () if name.eq_ignore_ascii_case("br") => &mut self.brotli,
            () if name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip") => &mut self.gzip,
            () if name.eq_ignore_ascii_case("identity") => &mut self.identity,
            () if name == "*" => &mut self.any,
            () => return,
        };
        *slot = Some(weight);
    }

    fn best(&self) -> Encoding {
        let brotli = self.brotli.or(self.any).unwrap_or(0);
        let gzip = self.gzip.or(self.any).unwrap_or(0);
        // A plain body is always acceptable unless it was refused, but only as a last resort when it was not asked for.
        let identity = self.identity.unwrap_or(0);
        if brotli > 0 && brotli >= gzip && brotli >= identity {
            Encoding::Brotli
        } else if gzip > 0 && gzip >= identity {
            Encoding::Gzip
        } else {
            Encoding::Identity
        }
    }
}

/// The body in that coding; `None` for the plain one.
#[must_use]
pub fn compress(plain: &[u8], encoding: Encoding) -> Option<Vec<u8>> {
    let mut coded = Vec::with_capacity(plain.len() / 8);
    match encoding {
        Encoding::Identity => return None,
        Encoding::Gzip => {
            let mut encoder = GzEncoder::new(&mut coded, Compression::new(GZIP_LEVEL));
            encoder.write_all(plain).ok()?;
            encoder.finish().ok()?;
        }
        Encoding::Brotli => {
            let parameters = brotli::enc::BrotliEncoderParams {
                quality: BROTLI_QUALITY,
                lgwin: BROTLI_WINDOW_BITS,
                size_hint: plain.len(),
                ..Default::default()
            };
            brotli::BrotliCompress(&mut &*plain, &mut coded, &parameters).ok()?;
        }
    }
    Some(coded)
}
