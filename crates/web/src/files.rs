//! The app's files, in the codings that they were built in.

use axum::http::HeaderValue;
use bytes::Bytes;
use marquee_http::encoding::Encoding;
use sha2::{Digest, Sha256};

/// Whose names change with their content.
const IMMUTABLE: &str = "_app/immutable/";
/// Bytes of a hash that tell one body from another.
const TAG_BYTES: usize = 16;

/// A body and its strong tag.
#[derive(Clone, Debug)]
pub(crate) struct Body {
    pub(crate) bytes: Bytes,
    pub(crate) etag: HeaderValue,
}

impl Body {
    pub(crate) fn new(bytes: Bytes) -> Self {
        let hash = Sha256::digest(&bytes);
        let tag = format!("\"{}\"", hex::encode(hash.get(..TAG_BYTES).unwrap_or_default()));
        // Hexadecimal digits: always a valid header.
        let etag = HeaderValue::from_str(&tag).unwrap_or_else(|_| HeaderValue::from_static("\"\""));
        Self { bytes, etag }
    }
}

/// A file of the app.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) media_type: HeaderValue,
    pub(crate) cache: HeaderValue,
    plain: Body,
    gzip: Option<Body>,
    brotli: Option<Body>,
}

/// How long browsers and caches keep what never changes under its name: a year.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// They keep it, and ask each time whether it is still that.
pub(crate) const ASK: HeaderValue = HeaderValue::from_static("no-cache");

impl File {
    /// The file `name` with the codings of it that there are.
    pub(crate) fn new(name: &str, media_type: &str, plain: Bytes, gzip: Option<Bytes>, brotli: Option<Bytes>) -> Self {
        let text = media_type.starts_with("text/") && !media_type.contains("charset");
        let media_type = if text { format!("{media_type}; charset=utf-8") } else { media_type.to_owned() };
        Self {
            media_type: HeaderValue::from_str(&media_type)
                .unwrap_or_else(|_| HeaderValue::from_static("application/octet-stream")),
            cache: if name.starts_with(IMMUTABLE) { FOR_EVER } else { ASK },
            plain: Body::new(plain),
            gzip: gzip.map(Body::new),
            brotli: brotli.map(Body::new),
        }
    }

    /// The body in that coding, or the plain one where it was not built.
    pub(crate) fn body(&self, wanted: Encoding) -> (Encoding, &Body) {
        let coded = match wanted {
            Encoding::Identity => None,
            Encoding::Gzip => self.gzip.as_ref(),
            Encoding::Brotli => self.brotli.as_ref(),
        };
        coded.map_or((Encoding::Identity, &self.plain), |body| (wanted, body))
    }
}
