//! `POST /admissions`: lets a guest in, once.

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use marquee_http::{Body, Fields, Json, NoQuery, Problem, ProblemDoc, Staff};
use marquee_kernel::{CinemaId, ShowId, Timestamp};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{IDEMPOTENT_REPLAYED, PRIVATE};
use crate::model::{Door, GATE_CHARS_MAX, NONCE_CHARS_MAX, Scan, Stance};
use crate::service::Booking;
use crate::view::AdmissionView;

/// A ticket as a gate read it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Admit {
    /// What the ticket's code holds.
    token: String,
    /// The gate's name.
    #[schema(min_length = 1, max_length = 60, example = "North")]
    gate: String,
    /// When it was scanned, by the gate's clock: at most a week ago.
    #[schema(value_type = String, format = DateTime)]
    scanned_at: Timestamp,
    /// Tells this scan from every other: the same again is told the same.
    #[schema(min_length = 1, max_length = 64)]
    nonce: String,
    /// The show behind the gate: tickets for another are refused.
    show_id: Option<ShowId>,
    /// The gate's cinema: tickets for another are refused.
    cinema_id: Option<CinemaId>,
    /// The gate had no network and has let the guest in: a refusal is noted as contested.
    let_in: Option<bool>,
}

/// Lets in who bears a ticket, once, whatever the number of gates, or says why not. For staff of its cinema.
#[utoipa::path(
    post,
    path = "/admissions",
    tag = "gate",
    request_body = Admit,
    responses(
        (status = 201, description = "Let in", body = AdmissionView,
            headers(("Idempotent-Replayed" = String, description = "`true` on the answer to an earlier call"))),
        (status = 400, description = "`malformed_json`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 401, description = "`unauthenticated`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`: not staff", body = ProblemDoc,
            content_type = "application/problem+json"),
        (status = 409, description = "Not let in: `ticket_unreadable`, `ticket_forged`, `ticket_unknown`, \
            `ticket_of_other_cinema`, `ticket_of_other_show`, `ticket_unpaid`, `ticket_cancelled`, `already_admitted` with \
            `gate` and `scanned_at`, `admission_not_open` with `opens_at`, or `admission_over` with `closed_at`; but for the \
            first three with `ticket`, what it is for", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 415, description = "`unsupported_media_type`", body = ProblemDoc,
            content_type = "application/problem+json"),
        (status = 422, description = "`invalid_request`, or `idempotency_key_reused`: the nonce is another ticket's",
            body = ProblemDoc, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub(crate) async fn admit(
    State(booking): State<Booking>,
    Staff(caller): Staff,
    query: NoQuery,
    body: Body<Admit>,
) -> Result<Response, Problem> {
    query.check()?;
    let scan = body.parse()?.scan(booking.now())?;
    let admitted = booking.admit(&caller, scan).await?;
    let mut answer = (StatusCode::CREATED, [PRIVATE], Json(admitted.view)).into_response();
    if admitted.repeated {
        answer.headers_mut().insert(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
    }
    Ok(answer)
}

impl Admit {
    fn scan(self, now: Timestamp) -> Result<Scan, Problem> {
        let gate = self.gate.trim();
        let mut fields = Fields::default();
        let named = (1..=GATE_CHARS_MAX).contains(&gate.chars().count()) && !gate.contains(char::is_control);
        fields.check(named, "gate", format!("must have 1 to {GATE_CHARS_MAX} characters"));
        let told_apart = (1..=NONCE_CHARS_MAX).contains(&self.nonce.chars().count());
        fields.check(told_apart, "nonce", format!("must have 1 to {NONCE_CHARS_MAX} characters"));
        let timely = Scan::is_timely(self.scanned_at, now);
        fields.check(timely, "scanned_at", "must be within the last week, and not ahead of the server's clock");
        fields.finish()?;
        let stance = if self.let_in == Some(true) { Stance::LetIn } else { Stance::Asks };
        let door = Door { show_id: self.show_id, cinema_id: self.cinema_id };
        Ok(Scan {
            gate: gate.to_owned(),
            token: self.token,
            nonce: self.nonce,
            scanned_at: self.scanned_at,
            door,
            stance,
        })
    }
}
