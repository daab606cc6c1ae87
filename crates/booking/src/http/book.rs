//! `POST /booking`: turns a hold into a booking, once per idempotency key.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use marquee_http::{Body, Caller, Fields, NoQuery, Problem, ProblemDoc};
use marquee_kernel::{HoldId, UserId};
use marquee_payments::till::Method;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{IDEMPOTENT_REPLAYED, PRIVATE};
use crate::error::{Error, not_their_till};
use crate::model::{AtTill, KEY_CHARS_MAX, Key, Order};
use crate::service::{Booking, Reply};
use crate::view::BookingView;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The most characters of a payment token.
const TOKEN_CHARS_MAX: usize = 255;
/// The most voucher codes of one booking.
const VOUCHERS_MAX: usize = 10;

/// What to book and how to pay.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Book {
    /// The hold.
    #[schema(format = "uuid", example = "019aac5e-7d7c-7000-8a5e-3f1f6f1a2b3c")]
    lock_id: String,
    /// The payment method: a word of the gateway's; or, for staff of the show's cinema who have taken the money,
    /// `pm_till_cash` or `pm_till_terminal`, of which the gateway never hears.
    #[schema(example = "pm_card_visa", min_length = 1, max_length = 255)]
    payment_token: String,
    /// The call's key, unless it comes as the `Idempotency-Key` header. The same call again gets the same answer.
    #[schema(min_length = 1, max_length = 255)]
    idempotency_key: Option<String>,
    /// On whose behalf; staff only. Defaults to the caller.
    user_id: Option<UserId>,
    /// Codes for a lower price.
    #[schema(max_items = 10)]
    voucher_codes: Option<Vec<String>>,
}

/// Books the seats of a hold.
#[utoipa::path(
    post,
    path = "/booking",
    tag = "booking",
    request_body = Book,
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255,
        description = "As `idempotency_key`; both, and different, is refused")),
    responses(
        (status = 201, description = "Paid and sold", body = BookingView,
            headers(("Idempotent-Replayed" = String, description = "`true` on the answer to an earlier call"))),
        (status = 202, description = "`pending`: the gateway has not answered; it settles by itself", body = BookingView,
            headers(("Idempotent-Replayed" = String, description = "`true` on the answer to an earlier call"))),
        (status = 400, description = "`malformed_json`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 401, description = "`unauthenticated`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 402, description = "`payment_declined` with `decline_code`; the hold stays", body = ProblemDoc,
            content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`: somebody else's `user_id`, or the till of a cinema that the caller does not serve", body = ProblemDoc,
            content_type = "application/problem+json"),
        (status = 404, description = "`lock_not_found`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 409, description = "`seats_unavailable` with `seats`, `show_not_on_sale` or `payment_in_progress`",
            body = ProblemDoc, content_type = "application/problem+json"),
        (status = 410, description = "`lock_expired`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 415, description = "`unsupported_media_type`", body = ProblemDoc,
            content_type = "application/problem+json"),
        (status = 422, description = "`invalid_request` or `idempotency_key_reused`", body = ProblemDoc,
            content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub(crate) async fn book(
    State(booking): State<Booking>,
    caller: Caller,
    headers: HeaderMap,
    query: NoQuery,
    body: Body<Book>,
) -> Result<Response, Problem> {
    let request = body.parse()?;
    let holder = caller.acting_for(request.user_id)?;
    let till = request.till(&caller)?;
    // What is not an id names nothing.
    let hold_id = request.lock_id.parse().map_err(|_| Error::LockNotFound)?;
    let order = match query.check().and_then(|()| request.order((hold_id, holder), till, &caller, &headers)) {
        Ok(order) => order,
        // A hold that is not there comes before a parameter or a field that is not right.
        Err(problem) => return Err(booking.find_hold(hold_id, holder).await.err().map_or(problem, Problem::from)),
    };
    let reply = Box::pin(booking.book(order)).await?;
    Ok(respond(reply))
}

impl Book {
    /// At which till it is paid, if at any. Whose show it is, and so whether it is theirs, shows later.
    fn till(&self, caller: &Caller) -> Result<Option<AtTill>, Problem> {
        let Some(method) = Method::of_token(&self.payment_token) else { return Ok(None) };
        if caller.is_staff() { Ok(Some(AtTill { method, clerk: caller.clone() })) } else { Err(not_their_till()) }
    }

    fn order(
        self,
        (hold_id, holder): (HoldId, UserId),
        till: Option<AtTill>,
        caller: &Caller,
        headers: &HeaderMap,
    ) -> Result<Order, Problem> {
        let mut fields = Fields::default();
        let key = key(self.idempotency_key.as_deref(), headers, &mut fields);
        let short = (1..=TOKEN_CHARS_MAX).contains(&self.payment_token.len());
        fields.check(short, "payment_token", format!("must have 1 to {TOKEN_CHARS_MAX} characters"));
        let voucher_codes = self.voucher_codes.unwrap_or_default();
        fields.check(voucher_codes.len() <= VOUCHERS_MAX, "voucher_codes", format!("must be at most {VOUCHERS_MAX}"));
        fields.finish()?;
        let (booked_by, payment_token) = (caller.user_id, self.payment_token);
        Ok(Order { booked_by, holder, hold_id, payment_token, till, voucher_codes, key })
    }
}

/// The key of the call, from the body or the header; notes what is wrong with it.
fn key(in_body: Option<&str>, headers: &HeaderMap, fields: &mut Fields) -> Option<Key> {
    let mut given = in_body.map(|text| ("idempotency_key", Key::parse(text)));
    for value in headers.get_all(IDEMPOTENCY_KEY) {
        let key = std::str::from_utf8(value.as_bytes()).ok().and_then(Key::parse);
        match &given {
            Some((_, known)) if *known != key => {
                fields.refuse("idempotency_key", "must be the same wherever it is given");
                return None;
            }
            Some(_) => {}
            None => given = Some(("Idempotency-Key", key)),
        }
    }
    let (field, key) = given?;
    fields.check(key.is_some(), field, format!("must have 1 to {KEY_CHARS_MAX} characters"));
    key
}

fn respond(Reply { answer, replayed }: Reply) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let media_type = if status.is_success() { "application/json" } else { "application/problem+json" };
    let kind = (header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    let mut response = (status, [kind, PRIVATE], answer.body).into_response();
    if replayed {
        response.headers_mut().insert(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(in_body: Option<&str>, in_headers: &[&str]) -> Result<Option<String>, Problem> {
        let mut headers = HeaderMap::new();
        for value in in_headers {
            headers.append(IDEMPOTENCY_KEY, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        let mut fields = Fields::default();
        let key = key(in_body, &headers, &mut fields);
        fields.finish().map(|()| key.map(|key| key.as_str().to_owned()))
    }

    #[test]
    fn the_key_comes_from_the_body_or_the_header_or_both_alike() {
        assert_eq!(read(None, &[]).unwrap(), None);
        for (in_body, in_headers) in [(Some("k"), &[][..]), (None, &["k"]), (Some("k"), &["k"]), (None, &["k", "k"])] {
            assert_eq!(read(in_body, in_headers).unwrap().as_deref(), Some("k"));
        }
        for (in_body, in_headers) in [(Some("k"), &["l"][..]), (None, &["k", "l"]), (Some(""), &[]), (None, &[""])] {
            assert_eq!(read(in_body, in_headers).unwrap_err().code().word(), "invalid_request");
        }
        assert!(read(Some(&"k".repeat(256)), &[]).is_err());
    }
}
