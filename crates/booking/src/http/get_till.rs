//! `GET /box-office/till`: what the clerks of a cinema took and paid out on a day.

use std::collections::HashMap;

use axum::extract::State;
use axum::response::IntoResponse;
use jiff::civil::Date;
use marquee_http::{Json, Problem, ProblemDoc, Query, Staff};
use marquee_kernel::{CinemaId, Code, Currency, Money, Timestamp, UserId};
use marquee_payments::till::{Method, Total, Totals};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::PRIVATE;
use crate::service::{Booking, TillDay};

/// Which cinema's, and which day's.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct GetTill {
    /// One that the caller serves.
    cinema_id: CinemaId,
    /// As the cinema's wall says.
    #[param(value_type = String, format = "date")]
    date: String,
}

/// The tills of a cinema on a day.
#[derive(Serialize, ToSchema)]
pub(crate) struct TillView {
    cinema_id: CinemaId,
    #[schema(value_type = String, format = "date")]
    date: Date,
    /// When the day begins.
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    /// When it is over.
    #[schema(value_type = String, format = DateTime)]
    until: Timestamp,
    /// A line for each clerk, way to pay and currency.
    lines: Vec<TillLine>,
}

/// What one clerk took and paid out in one way.
#[derive(Serialize, ToSchema)]
pub(crate) struct TillLine {
    clerk: UserId,
    #[schema(example = "Ada Lovelace")]
    clerk_name: String,
    method: Method,
    /// Sales.
    sales: i64,
    taken: Money,
    /// Refunds by hand, of whatever day's sales.
    payouts: i64,
    paid_out: Money,
}

/// What the clerks of a cinema took and paid out on a day. A sale that was cancelled later stays what was taken.
#[utoipa::path(
    get,
    path = "/box-office/till",
    tag = "box office",
    params(GetTill),
    responses(
        (status = 200, description = "The day", body = TillView),
        (status = 401, description = "`unauthenticated`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`: the caller does not serve that cinema", body = ProblemDoc,
            content_type = "application/problem+json"),
        (status = 404, description = "`cinema_not_found`", body = ProblemDoc, content_type = "application/problem+json"),
        (status = 422, description = "`invalid_request`", body = ProblemDoc, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub(crate) async fn get_till(
    State(booking): State<Booking>,
    Staff(caller): Staff,
    query: Query<GetTill>,
) -> Result<impl IntoResponse, Problem> {
    let GetTill { cinema_id, date } = query.parse()?;
    caller.require_staff_of(cinema_id)?;
    let date = read_date(&date)?;
    let day = booking.till_day(cinema_id, date).await?;
    let view = TillView { cinema_id, date, from: day.from, until: day.until, lines: lines(day) };
    Ok(([PRIVATE], Json(view)))
}

/// A date of the contract's form alone: jiff reads others too.
fn read_date(text: &str) -> Result<Date, Problem> {
    let form = text.len() == "YYYY-MM-DD".len() && !text.starts_with(['-', '+']);
    text.parse().ok().filter(|_| form).ok_or_else(|| {
        let invalid = Problem::new(Code::InvalidRequest, "Some parameters are not valid.");
        invalid.field("date", "must be a date such as 2026-11-22")
    })
}

fn lines(TillDay { totals: Totals { taken, paid_out }, names, .. }: TillDay) -> Vec<TillLine> {
    #[derive(Default)]
    struct Sums {
        taken: (i64, i64),
        paid_out: (i64, i64),
    }
    let mut sums = HashMap::<(UserId, Method, Currency), Sums>::new();
    let key = |total: &Total| (total.clerk, total.method, total.amount.currency);
    // A clerk has a total on each shard.
    let add = |to: &mut (i64, i64), total: &Total| {
        *to = (to.0.saturating_add(total.payments), to.1.saturating_add(total.amount.amount));
    };
    taken.iter().for_each(|total| add(&mut sums.entry(key(total)).or_default().taken, total));
    paid_out.iter().for_each(|total| add(&mut sums.entry(key(total)).or_default().paid_out, total));
    let line = |((clerk, method, currency), Sums { taken, paid_out })| TillLine {
        clerk,
        clerk_name: names.get(&clerk).cloned().unwrap_or_default(),
        method,
        sales: taken.0,
        taken: Money::new(taken.1, currency),
        payouts: paid_out.0,
        paid_out: Money::new(paid_out.1, currency),
    };
    let mut lines: Vec<_> = sums.into_iter().map(line).collect();
    lines.sort_by(|a, b| (&a.clerk_name, a.clerk, a.method).cmp(&(&b.clerk_name, b.clerk, b.method)));
    lines
}
