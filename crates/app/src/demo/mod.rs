//! A Marquee to try: real films, cinemas in eight cities, a week of shows, and four people to sign in as.
//!
//! Everything follows from the data and the time: two fills at the same instant differ in ids alone.

mod films;
mod programme;
mod venues;

use std::io::Write;
use std::net::SocketAddr;

use marquee_accounts::Registration;
use marquee_bus::Actor;
use marquee_catalog::{Catalog, Cinema, ShowFilter};
use marquee_http::Role;
use marquee_kernel::{CinemaId, LIMIT_MAX, MovieId, PageRequest, Timestamp};
use tracing::info;

use crate::{Services, StartError};
use programme::Hall;
use venues::VENUES;

/// Who can sign in: role, address, password. Known to everybody: a demo is not for strangers.
const PEOPLE: [(Role, &str, &str); 4] = [
    (Role::Admin, "admin@marquee.example", "marquee-demo-admin"),
    (Role::Manager, "manager@marquee.example", "marquee-demo-manager"),
    (Role::BoxOffice, "boxoffice@marquee.example", "marquee-demo-boxoffice"),
    (Role::Customer, "customer@marquee.example", "marquee-demo-customer"),
];

/// Fills a database without cinemas. One that the demo filled earlier gets another week of shows once it has none to
/// come; any other is left alone.
///
/// # Errors
/// [`StartError`] with what a part says.
pub(crate) async fn fill(services: &Services) -> Result<(), StartError> {
    let (catalog, now) = (&services.catalog, services.clock.now());
    let cinemas = catalog.cinemas(None, PageRequest { limit: LIMIT_MAX, after: None }).await.map_err(wrong)?.items;
    if cinemas.is_empty() {
        add_people(services, PEOPLE.iter().filter(|(role, ..)| *role != Role::Manager), &[]).await?;
    } else if !may_go_on(catalog, &cinemas).await? {
        return Ok(());
    }
    let movies = add_films(catalog).await?;
    let halls = match cinemas.is_empty() {
        true => open_cinemas(services).await?,
        false => halls_of(&cinemas),
    };
    let shows = schedule(catalog, &movies, &halls, now).await?;
    info!(movies = movies.len(), screens = halls.len(), shows, "demo filled");
    Ok(())
}

/// Says how to look around, on standard output.
pub(crate) fn greet(address: SocketAddr) {
    let mut text = format!(
        "\n  What is on    http://{address}/api/v1/shows?city=Mumbai\n  Try the API   http://{address}/api/docs\n\n  \
         Who can sign in to a demo database; keep it from strangers:\n"
    );
    for (_, email, password) in PEOPLE {
        text.push_str(&format!("    {email:<28}{password}\n"));
    }
    // A reader that went away is no error.
    let _ = writeln!(std::io::stdout(), "{text}");
}

fn wrong(problem: impl std::fmt::Display) -> StartError {
    StartError::part("demo", problem)
}

/// Whether these are the demo's cinemas, and all shows are over.
async fn may_go_on(catalog: &Catalog, cinemas: &[Cinema]) -> Result<bool, StartError> {
    let known = |cinema: &Cinema| VENUES.iter().any(|venue| venue.name == cinema.details.name);
    let coming = catalog.shows(ShowFilter::default(), PageRequest { limit: 1, after: None }).await.map_err(wrong)?;
    Ok(coming.items.is_empty() && cinemas.iter().all(known))
}

async fn add_people(
    services: &Services,
    people: impl Iterator<Item = &(Role, &'static str, &'static str)>,
    cinema_ids: &[CinemaId],
) -> Result<(), StartError> {
    for &(role, email, password) in people {
        let person = Registration::new("Demo", email, password, None).map_err(wrong)?;
        match services.accounts.create_user(person).await {
            // Who has an account here keeps its password, and gets no role by it.
            Err(marquee_accounts::Error::EmailTaken) => continue,
            outcome => outcome.map_err(wrong)?,
        };
        if role != Role::Customer {
            services.accounts.grant_role(email, role, cinema_ids).await.map_err(wrong)?;
        }
    }
    Ok(())
}

async fn add_films(catalog: &Catalog) -> Result<Vec<(MovieId, u32)>, StartError> {
    let films = films::selection().map_err(wrong)?;
    let minutes: Vec<u32> = films.iter().map(|film| film.details.duration_minutes).collect();
    let added = catalog.add_movies(Actor::System, films).await.map_err(wrong)?;
    let ids = added.movies.into_iter().collect::<Result<Vec<_>, _>>().map_err(wrong)?;
    Ok(ids.into_iter().zip(minutes).collect())
}

/// Opens the cinemas, the first of them with a manager.
async fn open_cinemas(services: &Services) -> Result<Vec<Hall>, StartError> {
    let (catalog, mut halls) = (&services.catalog, Vec::new());
    for (at, venue) in VENUES.iter().enumerate() {
        let cinema = catalog.add_cinema(Actor::System, venue.details()).await.map_err(wrong)?;
        for screen in venue.screens {
            let added =
                catalog.add_screen(Actor::System, cinema.cinema_id, screen.name.to_owned(), screen.house.plan());
            halls.push(Hall { screen_id: added.await.map_err(wrong)?.screen_id, venue, screen });
        }
        if at == 0 {
            let managers = PEOPLE.iter().filter(|(role, ..)| *role == Role::Manager);
            add_people(services, managers, &[cinema.cinema_id]).await?;
        }
    }
    Ok(halls)
}

/// The screens that an earlier fill has opened and nobody has renamed since.
fn halls_of(cinemas: &[Cinema]) -> Vec<Hall> {
    let venue = |cinema: &Cinema| VENUES.iter().find(|venue| venue.name == cinema.details.name);
    let mut halls = Vec::new();
    for (cinema, venue) in cinemas.iter().filter_map(|cinema| Some((cinema, venue(cinema)?))) {
        for screen in &cinema.screens {
            let known = venue.screens.iter().find(|known| known.name == screen.name);
            halls.extend(known.map(|known| Hall { screen_id: screen.screen_id, venue, screen: known }));
        }
    }
    halls
}

/// Schedules a week; a show that does not fit (a longer cleaning gap than the demo counts with) is left out.
async fn schedule(
    catalog: &Catalog,
    movies: &[(MovieId, u32)],
    halls: &[Hall],
    now: Timestamp,
) -> Result<usize, StartError> {
    let shows = programme::week(movies, halls, now).map_err(wrong)?;
    let outcomes = catalog.schedule_shows(Actor::System, shows).await.map_err(wrong)?;
    Ok(outcomes.iter().filter(|outcome| outcome.is_ok()).count())
}

#[cfg(test)]
mod tests;
