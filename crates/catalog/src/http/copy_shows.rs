//! `POST /admin/cinemas/{cinema_id}/shows/copy`: schedules some days of a cinema once more.

use std::sync::Arc;

use axum::extract::State;
use marquee_bus::Actor;
use marquee_http::{Body, Fields, Id, Json, Manager, NoQuery, Problem, ProblemDoc};
use marquee_kernel::{CinemaId, Code, ScreenId, ShowId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::day::Day;
use super::refusals::AdminWithBody;
use crate::model::{Copied, Copy, CopyMode, CopyOrder, SCREENS_PER_CINEMA_MAX};
use crate::{Catalog, Error};

/// The most days copied at once.
const DAYS_MAX: u32 = 7;

/// Which days to copy, and to where.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CopyShows {
    /// The first day to copy, as the cinema's wall says.
    #[schema(value_type = String, format = "date", example = "2026-11-23")]
    from: Day,
    /// The day that is to be its copy.
    #[schema(value_type = String, format = "date", example = "2026-11-30")]
    to: Day,
    /// Days to copy.
    #[serde(default = "one")]
    #[schema(minimum = 1, maximum = 7, default = 1)]
    days: u32,
    /// Only what is on these screens of the cinema; all when it is left out.
    #[schema(max_items = 500)]
    screen_ids: Option<Vec<ScreenId>>,
    /// What to do when some shows cannot be copied.
    #[serde(default)]
    on_clash: OnClash,
    /// Says what would be, and schedules nothing.
    #[serde(default)]
    dry_run: bool,
}

fn one() -> u32 {
    1
}

/// What to do when some shows cannot be copied.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum OnClash {
    /// Copy none.
    #[default]
    Refuse,
    /// Copy the others.
    Skip,
}

/// What was copied, or would be.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CopyView {
    dry_run: bool,
    /// Shows that are scheduled now, or would be.
    #[schema(minimum = 0)]
    made: usize,
    /// Shows that cannot be copied.
    #[schema(minimum = 0)]
    refused: usize,
    /// Every show of those days that was not cancelled, by start.
    shows: Vec<CopiedShow>,
}

/// A show and its copy.
#[derive(Debug, Serialize, ToSchema)]
struct CopiedShow {
    source_show_id: ShowId,
    /// The copy; `null` when there is none, or not yet.
    #[schema(required)]
    show_id: Option<ShowId>,
    #[schema(value_type = String)]
    movie_title: Arc<str>,
    screen_id: ScreenId,
    #[schema(value_type = String)]
    screen_name: Arc<str>,
    /// When the copy starts, at the same time by the wall.
    #[schema(value_type = String, format = "date-time")]
    start_time: Timestamp,
    #[schema(value_type = String, format = "date-time")]
    end_time: Timestamp,
    /// Why there cannot be a copy.
    #[schema(required)]
    problem: Option<CopyProblem>,
}

/// Why a show cannot be copied.
#[derive(Debug, Serialize, ToSchema)]
struct CopyProblem {
    /// `screen_occupied`, `movie_not_found`, `screen_not_found`, or `invalid_request` when it would start in the past, or its
    /// prices no longer fit the screen's layout.
    #[schema(value_type = String)]
    code: &'static str,
    detail: String,
    /// The show that is in its way.
    #[schema(required)]
    show_id: Option<ShowId>,
}

impl CopyView {
    fn of(copies: Vec<Copy>, done: bool) -> Self {
        let made = copies.iter().filter(|copy| copy.outcome.is_ok()).count();
        let shows: Vec<_> = copies.into_iter().map(|copy| CopiedShow::of(copy, done)).collect();
        Self { dry_run: !done, made, refused: shows.len() - made, shows }
    }
}

impl CopiedShow {
    fn of(Copy { original, slot, outcome }: Copy, done: bool) -> Self {
        let (show_id, problem) = match outcome {
            Ok(show_id) => (done.then_some(show_id), None),
            Err(error) => (None, Some(CopyProblem::from(error))),
        };
        Self {
            source_show_id: original.show_id,
            show_id,
            movie_title: original.movie_title.clone(),
            screen_id: original.screen_id,
            screen_name: original.screen_name.clone(),
            start_time: slot.start,
            end_time: slot.end,
            problem,
        }
    }
}

impl From<Error> for CopyProblem {
    fn from(error: Error) -> Self {
        let (detail, show_id) = match &error {
            Error::ScreenOccupied(show_id) => ("Another show is on that screen then.".to_owned(), Some(*show_id)),
            error => (error.to_string(), None),
        };
        Self { code: Problem::from(error).code().word(), detail, show_id }
    }
}

/// Schedules the shows of some days of a cinema again on other days, at the same times by the wall and on the same terms.
///
/// Cancelled shows are not copied. All shows are copied or none, unless `on_clash` is `skip`.
#[utoipa::path(
    post, path = "/admin/cinemas/{cinema_id}/shows/copy", tag = "administration", security(("bearer" = [])),
    params(("cinema_id" = CinemaId, Path)), request_body = CopyShows,
    responses(
        (status = 200, description = "What was copied, or would be.", body = CopyView),
        (
            status = 404, description = "`cinema_not_found`",
            body = ProblemDoc, content_type = "application/problem+json",
        ),
        (
            status = 409, description = "`schedule_clashes`, with `shows` as in the answer: nothing was copied",
            body = ProblemDoc, content_type = "application/problem+json",
        ),
        AdminWithBody,
    ),
)]
pub(super) async fn copy_shows(
    State(catalog): State<Catalog>,
    Manager(manager): Manager,
    Id(cinema_id): Id<CinemaId>,
    query: NoQuery,
    body: Body<CopyShows>,
) -> Result<Json<CopyView>, Problem> {
    manager.require_manager_of(cinema_id)?;
    catalog.cinema(cinema_id).await?;
    query.check()?;
    let (order, dry_run) = read(cinema_id, body.parse()?)?;
    match catalog.copy_shows(Actor::User(manager.user_id), order).await? {
        Copied::Done(copies) => Ok(Json(CopyView::of(copies, true))),
        Copied::Undone(copies) if dry_run => Ok(Json(CopyView::of(copies, false))),
        Copied::Undone(copies) => {
            let detail = "Some shows cannot be copied: nothing was. Ask for the others with on_clash=skip.";
            Err(Problem::new(Code::ScheduleClashes, detail).with("shows", CopyView::of(copies, false).shows))
        }
    }
}

fn read(cinema_id: CinemaId, body: CopyShows) -> Result<(CopyOrder, bool), Problem> {
    let CopyShows { from: Day(from), to: Day(to), days, screen_ids, on_clash, dry_run } = body;
    let mut fields = Fields::default();
    fields.check(from != to, "to", "must be another day than from");
    fields.check((1..=DAYS_MAX).contains(&days), "days", format!("must be 1 to {DAYS_MAX}"));
    let screens = screen_ids.as_ref().map_or(1, Vec::len);
    let message = format!("must be 1 to {SCREENS_PER_CINEMA_MAX}, or left out");
    fields.check((1..=SCREENS_PER_CINEMA_MAX).contains(&screens), "screen_ids", message);
    fields.finish()?;
    let mode = match (dry_run, on_clash) {
        (true, _) => CopyMode::Rehearse,
        (false, OnClash::Refuse) => CopyMode::AllOrNone,
        (false, OnClash::Skip) => CopyMode::WhatFits,
    };
    let screens = screen_ids.map(|ids| ids.into_iter().collect());
    Ok((CopyOrder { cinema_id, from, to, days, screens, mode }, dry_run))
}
