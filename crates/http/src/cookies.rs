//! The session of a browser: tokens in cookies that no script can read, and proof that it was our page that called.
//!
//! A browser adds cookies to whatever a page of another site has it send. Such a page can send no header of its own and
//! cannot hide where it is: a call that changes something on the word of a cookie must carry [`X_MARQUEE_CSRF`], and come
//! from this site as far as the browser says.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use marquee_kernel::Code;

use crate::Problem;

/// What a call of ours says of itself, and no form can.
const X_MARQUEE_CSRF: HeaderName = HeaderName::from_static("x-marquee-csrf");
/// Where the page is that calls, in the browser's own words.
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// How a request reached the shop. The front puts it into every request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transport {
    /// As far as is known, anybody on the way could read it.
    #[default]
    Plain,
    /// Encrypted, says a trusted proxy.
    Tls,
}

/// The two cookies of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cookie {
    Access,
    Refresh,
}

impl Cookie {
    /// Its name. Where all is encrypted it has the prefix by which browsers refuse one that another host of the domain has set.
    fn name(self, transport: Transport) -> &'static str {
        match (self, transport) {
            (Cookie::Access, Transport::Plain) => "marquee_access",
            (Cookie::Refresh, Transport::Plain) => "marquee_refresh",
            (Cookie::Access, Transport::Tls) => "__Host-marquee_access",
            (Cookie::Refresh, Transport::Tls) => "__Host-marquee_refresh",
        }
    }

    fn read(self, headers: &HeaderMap, transport: Transport) -> Option<&str> {
        let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
        let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let name = self.name(transport);
        pairs.find(|(key, _)| *key == name).map(|(_, value)| value).filter(|value| !value.is_empty())
    }

    /// Has the browser keep `value` for so long; for no time, it forgets the cookie.
    fn set(self, value: &str, max_age_s: u32, transport: Transport) -> Option<HeaderValue> {
        let secure = match transport {
            Transport::Plain => "",
            Transport::Tls => "; Secure",
        };
        let name = self.name(transport);
        // Strict: the page a link leads to is the same for everybody, and what it then asks for comes from this site.
        let line = format!("{name}={value}; Path=/; Max-Age={max_age_s}; HttpOnly; SameSite=Strict{secure}");
        HeaderValue::from_str(&line).ok()
    }
}

/// The access token of a browser's session, if it sent one.
pub(crate) fn access_token(parts: &Parts) -> Option<&str> {
    Cookie::Access.read(&parts.headers, transport(parts))
}

fn transport(parts: &Parts) -> Transport {
    parts.extensions.get().copied().unwrap_or_default()
}

/// Refuses a call that changes something unless a page of ours made it.
///
/// # Errors
/// `csrf`.
pub(crate) fn check_origin(parts: &Parts) -> Result<(), Problem> {
    if matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    let declared = parts.headers.get(&X_MARQUEE_CSRF).is_some_and(|value| value == "1");
    let site = parts.headers.get(&SEC_FETCH_SITE).map(HeaderValue::as_bytes);
    if declared && matches!(site, None | Some(b"same-origin" | b"none")) {
        return Ok(());
    }
    let detail =
        "A call that changes something on the word of a cookie must come from this site, with 'X-Marquee-Csrf: 1'.";
    Err(Problem::new(Code::Csrf, detail))
}

/// A request about a browser's session, from a page of ours.
#[derive(Clone, Debug)]
pub struct SessionCookies {
    transport: Transport,
    /// The refresh token that came along.
    pub refresh_token: Option<String>,
    /// The access token that came along.
    pub access_token: Option<String>,
}

/// A token and for how long a browser may keep it, in seconds.
#[derive(Clone, Copy, Debug)]
pub struct Kept<'a> {
    /// The token.
    pub token: &'a str,
    /// How long.
    pub max_age_s: u32,
}

impl SessionCookies {
    /// The headers that have the browser keep a session.
    #[must_use]
    pub fn keep(&self, access: Kept<'_>, refresh: Kept<'_>) -> HeaderMap {
        let cookies = [(Cookie::Access, access), (Cookie::Refresh, refresh)];
        self.set(cookies.map(|(cookie, kept)| (cookie, kept.token, kept.max_age_s)))
    }

    /// The headers that have the browser forget its session.
    #[must_use]
    pub fn forget(&self) -> HeaderMap {
        self.set([Cookie::Access, Cookie::Refresh].map(|cookie| (cookie, "", 0)))
    }

    fn set(&self, cookies: [(Cookie, &str, u32); 2]) -> HeaderMap {
        let lines = cookies.into_iter().filter_map(|(cookie, value, age)| cookie.set(value, age, self.transport));
        let mut headers: HeaderMap = lines.map(|line| (header::SET_COOKIE, line)).collect();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers
    }
}

impl<S: Sync> FromRequestParts<S> for SessionCookies {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        check_origin(parts)?;
        let transport = transport(parts);
        let read = |cookie: Cookie| cookie.read(&parts.headers, transport).map(str::to_owned);
        Ok(Self { transport, refresh_token: read(Cookie::Refresh), access_token: read(Cookie::Access) })
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn parts(method: Method, transport: Transport, headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder().method(method).uri("/");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        parts.extensions.insert(transport);
        parts
    }

    #[test]
    fn a_cookie_is_found_among_others_and_only_under_its_own_name() {
        let read =
            |transport, line| access_token(&parts(Method::GET, transport, &[("cookie", line)])).map(str::to_owned);
        assert_eq!(read(Transport::Plain, "a=b; marquee_access=x.y.z; c=d").as_deref(), Some("x.y.z"));
        assert_eq!(read(Transport::Plain, "not_marquee_access=x; marquee_access="), None);
        // One that another host of the domain set, or that went over the wire in the clear, is not taken for ours.
        assert_eq!(read(Transport::Tls, "marquee_access=x"), None);
        assert_eq!(read(Transport::Tls, "__Host-marquee_access=x").as_deref(), Some("x"));
        assert_eq!(read(Transport::Plain, "__Host-marquee_access=x"), None);
    }

    #[test]
    fn no_script_reads_a_cookie_and_no_other_site_has_it_sent() {
        for (transport, name, secure) in
            [(Transport::Plain, "marquee_access", false), (Transport::Tls, "__Host-marquee_access", true)]
        {
            let line = Cookie::Access.set("x.y-z_", 900, transport).unwrap();
            let words: Vec<_> = line.to_str().unwrap().split("; ").collect();
            assert_eq!(words[0], format!("{name}=x.y-z_"));
            for wanted in ["Path=/", "Max-Age=900", "HttpOnly", "SameSite=Strict"] {
                assert!(words.contains(&wanted), "{words:?}");
            }
            assert_eq!(words.contains(&"Secure"), secure);
            assert!(!words.iter().any(|word| word.starts_with("Domain")), "{words:?}");
        }
    }

    #[test]
    fn only_a_page_of_ours_changes_anything() {
        let refused =
            |method, headers: &[(&str, &str)]| check_origin(&parts(method, Transport::Plain, headers)).is_err();
        let ours = ("x-marquee-csrf", "1");
        for method in [Method::POST, Method::PATCH, Method::PUT, Method::DELETE] {
            assert!(!refused(method.clone(), &[ours]));
            assert!(!refused(method.clone(), &[ours, ("sec-fetch-site", "same-origin")]));
            assert!(!refused(method.clone(), &[ours, ("sec-fetch-site", "none")]));
            assert!(refused(method.clone(), &[]));
            assert!(refused(method.clone(), &[("x-marquee-csrf", "")]));
            assert!(refused(method.clone(), &[("sec-fetch-site", "same-origin")]));
            assert!(refused(method.clone(), &[ours, ("sec-fetch-site", "same-site")]));
            assert!(refused(method.clone(), &[ours, ("sec-fetch-site", "cross-site")]));
        }
        assert!(!refused(Method::GET, &[("sec-fetch-site", "cross-site")]));
        assert!(!refused(Method::HEAD, &[]));
    }
}
