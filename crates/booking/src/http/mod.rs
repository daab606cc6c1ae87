//! One file per verb.

mod admit;
mod book;
mod cancel_booking;
mod erase_user;
mod export_data;
mod find_bookings;
mod get_booking;
mod get_cancellation;
mod get_show_cancellation;
mod get_ticket_ics;
mod get_ticket_pdf;
mod get_ticket_svg;
mod get_till;
mod list_admissions;
mod list_bookings;
mod list_ticket_keys;
mod pay_out;
mod show_dashboard;
mod tell_booking;
#[cfg(test)]
mod tests;

use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use marquee_http::{Caller, NoQuery, Problem};
use marquee_kernel::{BookingId, Code};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::{Error, Result};
use crate::model::Status;
use crate::service::{Booking, Picture};

/// The calls of booking, relative to the API's base path.
pub fn router(booking: Booking) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(book::book))
        .routes(routes!(get_booking::get_booking))
        .routes(routes!(cancel_booking::cancel_booking))
        .routes(routes!(get_cancellation::get_cancellation))
        .routes(routes!(get_show_cancellation::get_show_cancellation))
        .routes(routes!(get_ticket_svg::get_ticket_svg))
        .routes(routes!(get_ticket_ics::get_ticket_ics))
        .routes(routes!(get_ticket_pdf::get_ticket_pdf))
        .routes(routes!(list_bookings::list_bookings))
        .routes(routes!(export_data::export_data))
        .routes(routes!(erase_user::erase_user))
        .routes(routes!(get_till::get_till))
        .routes(routes!(pay_out::pay_out))
        .routes(routes!(admit::admit))
        .routes(routes!(list_admissions::list_admissions))
        .routes(routes!(list_ticket_keys::list_ticket_keys))
        .routes(routes!(find_bookings::find_bookings))
        .routes(routes!(tell_booking::show_booking))
        .routes(routes!(tell_booking::tell_booking))
        .routes(routes!(show_dashboard::show_dashboard))
        .with_state(booking)
}

/// Says that an answer is an earlier one.
const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// What concerns one guest is nobody else's to keep.
const PRIVATE: (HeaderName, HeaderValue) = (header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));

/// Answers with the tickets as they were drawn, as a file of that media type and ending.
///
/// # Errors
/// Why there are none: to whoever may see the booking also that it was cancelled, or never sold.
async fn ticket_file(
    booking: &Booking,
    caller: &Caller,
    booking_id: BookingId,
    query: NoQuery,
    drawn: Result<Picture>,
    (media_type, ending): (&'static str, &str),
) -> Result<Response, Problem> {
    if matches!(drawn, Err(Error::BookingNotFound)) {
        let detail = match booking.get(caller, booking_id).await?.status {
            Status::Cancelled => "The booking was cancelled: it has no tickets.",
            Status::Failed => "The booking was not paid: it has no tickets.",
            Status::Pending | Status::Confirmed => "It has no tickets yet; ask again.",
        };
        return Err(Problem::new(Code::BookingNotFound, detail));
    }
    query.check()?;
    Ok(picture(drawn?, media_type, ending))
}

fn picture(picture: Picture, media_type: &'static str, ending: &str) -> Response {
    let name = format!("inline; filename=\"{}.{ending}\"", picture.name);
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type)),
        // A reference is letters, digits and a dash: always a header's value.
        (header::CONTENT_DISPOSITION, HeaderValue::from_str(&name).unwrap_or(HeaderValue::from_static("inline"))),
        PRIVATE,
    ];
    (headers, picture.bytes).into_response()
}
