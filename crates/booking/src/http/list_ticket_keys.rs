//! `GET /tickets/keys`: what a gate needs to verify tickets without a network.

use axum::extract::State;
use marquee_http::{Json, NoQuery, Problem};
use serde::Serialize;
use utoipa::ToSchema;

use crate::service::Booking;

/// The keys that sign tickets.
#[derive(Serialize, ToSchema)]
pub(crate) struct TicketKeys {
    /// The one that signs now first; the others' tickets are still good.
    keys: Vec<TicketKey>,
}

/// A public key.
#[derive(Serialize, ToSchema)]
pub(crate) struct TicketKey {
    /// Its name in tokens, in hexadecimal digits.
    #[schema(example = "9f86d081")]
    kid: String,
    /// Always `Ed25519` (RFC 8032).
    algorithm: &'static str,
    /// The 32 bytes of the key, in hexadecimal digits.
    public_key: String,
}

/// Lists the public keys that verify ticket tokens.
#[utoipa::path(
    get,
    path = "/tickets/keys",
    tag = "booking",
    responses((status = 200, description = "The keys", body = TicketKeys))
)]
pub(crate) async fn list_ticket_keys(
    State(booking): State<Booking>,
    query: NoQuery,
) -> Result<Json<TicketKeys>, Problem> {
    query.check()?;
    let keys = booking.ticket_keys().map(|key| TicketKey {
        kid: key.kid.to_string(),
        algorithm: "Ed25519",
        public_key: hex::encode(key.bytes),
    });
    Ok(Json(TicketKeys { keys: keys.collect() }))
}
