//! The Content-Security-Policy of the app: nothing from elsewhere, and no inline script but those that were built in.

use axum::http::HeaderValue;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// The policy of an app whose pages are these texts.
pub(crate) fn policy<'p>(pages: impl IntoIterator<Item = &'p str>) -> HeaderValue {
    let scripts = pages.into_iter().flat_map(inline_scripts);
    let hashes: String =
        scripts.map(|script| format!(" 'sha256-{}'", STANDARD.encode(Sha256::digest(script)))).collect();
    let policy = format!(
        "default-src 'self'; script-src 'self'{hashes}; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; \
         worker-src 'self'; manifest-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; \
         form-action 'self'"
    );
    // Base64 and words: always a valid header.
    HeaderValue::from_str(&policy).unwrap_or_else(|_| HeaderValue::from_static("default-src 'none'"))
}

/// What stands between the tags of every script that a page holds itself.
fn inline_scripts(page: &str) -> Vec<&str> {
    let elements = page.split("<script").skip(1).filter_map(|rest| rest.split_once('>'));
    let inline = elements.filter(|(attributes, _)| !attributes.contains("src="));
    inline.filter_map(|(_, rest)| rest.split_once("</script").map(|(script, _)| script)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inline_script_is_allowed_by_its_hash_and_no_other_is() {
        // The hash is `printf 'alert(1)' | openssl dgst -sha256 -binary | base64`.
        let page = "<script>alert(1)</script><script type=\"module\" src=\"/a.js\"></script>";
        let policy = policy([page]);
        let policy = policy.to_str().unwrap();
        assert!(
            policy.contains("script-src 'self' 'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI=';"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe"), "{policy}");
    }

    #[test]
    fn an_app_without_inline_scripts_allows_none() {
        assert!(policy([]).to_str().unwrap().contains("script-src 'self'; style-src 'self';"));
    }

    #[test]
    fn a_script_is_hashed_as_it_stands_with_its_line_breaks() {
        assert_eq!(inline_scripts("<head><script>\n\t{ a }\n</script><p>"), ["\n\t{ a }\n"]);
        assert_eq!(inline_scripts("<script data-x>b</script >"), ["b"]);
    }
}
