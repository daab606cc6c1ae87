//! `POST /admin/shows`: schedules a show.

use std::collections::BTreeMap;

use axum::extract::State;
use marquee_bus::Actor;
use marquee_http::{Body, Created, Manager, NoQuery, Problem, ProblemDoc};
use marquee_kernel::{Money, MovieId, ScreenId, Timestamp};
use serde::Deserialize;
use utoipa::ToSchema;

use super::refusals::AdminWithBody;
use super::views::ShowView;
use crate::model::{NewShow, ShowDetails};
use crate::{Catalog, Error};

/// A show to schedule.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ScheduleShow {
    /// What is shown.
    #[schema(format = "uuid", example = "019aac5e-7d7c-7000-8a5e-3f1f6f1a2b3c")]
    movie_id: String,
    /// Where.
    #[schema(format = "uuid", example = "019aac5e-7d7c-7000-8a5e-3f1f6f1a2b3c")]
    screen_id: String,
    /// When it starts; in the future, at most 730 days ahead. It ends when the movie does.
    #[schema(value_type = String, format = "date-time", example = "2026-11-22T18:30:00Z")]
    start_time: Timestamp,
    /// The language it is shown in.
    #[schema(max_length = 50)]
    language: Option<String>,
    /// Such as `2D` or `IMAX`.
    #[schema(max_length = 50)]
    format: Option<String>,
    /// A price for every category of the screen's layout and no other, in one currency, each 0 to 100,000,000 minor units.
    prices: BTreeMap<String, Money>,
}

/// Schedules a show on the newest layout of its screen.
#[utoipa::path(
    post, path = "/admin/shows", tag = "administration", security(("bearer" = [])), request_body = ScheduleShow,
    responses(
        (status = 201, description = "The show.", body = ShowView),
        (
            status = 404, description = "`movie_not_found` or `screen_not_found`",
            body = ProblemDoc, content_type = "application/problem+json",
        ),
        (status = 409, description = "`screen_occupied`", body = ProblemDoc, content_type = "application/problem+json"),
        AdminWithBody,
    ),
)]
pub(super) async fn schedule_show(
    State(catalog): State<Catalog>,
    Manager(manager): Manager,
    query: NoQuery,
    body: Body<ScheduleShow>,
) -> Result<Created<ShowView>, Problem> {
    let ScheduleShow { movie_id, screen_id, start_time, language, format, prices } = body.parse()?;
    // What is not an id names nothing, and what is not there comes before what is wrong with the request.
    let movie_id: MovieId = movie_id.parse().map_err(|_| Error::MovieNotFound)?;
    let screen_id: ScreenId = screen_id.parse().map_err(|_| Error::ScreenNotFound)?;
    let screen = catalog.screen(screen_id).await;
    if let Ok(screen) = &screen {
        manager.require_manager_of(screen.cinema_id)?;
    }
    catalog.movie(movie_id).await?;
    screen?;
    query.check()?;
    let details = ShowDetails { start_time, language, format, prices };
    let show = NewShow { movie_id, screen_id, details };
    let show = catalog.schedule_show(Actor::User(manager.user_id), show).await?;
    Ok(Created(ShowView::of(&show, &catalog, catalog.now())))
}
