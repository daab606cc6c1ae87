//! Removing, and what `marquee check` finds.

use marquee_db::Value;

use super::*;
use crate::LayoutPlan;

#[tokio::test]
async fn what_a_coming_show_uses_cannot_be_removed_until_it_is_cancelled() {
    let house = House::open();
    let mumbai = house.cinema("Mumbai", "Asia/Kolkata").await;
    let (dune, one) = (house.movie("Dune", 120).await, house.screen(&mumbai).await);
    let show_id = house.schedule(dune, one, at("2026-12-01T10:00:00Z")).await.unwrap().show_id;
    let (catalog, cinema_id) = (&house.catalog, mumbai.cinema_id);
    assert!(matches!(catalog.remove_movie(Actor::System, dune).await, Err(Error::InUse(by)) if by == show_id));
    assert!(matches!(catalog.remove_screen(Actor::System, one).await, Err(Error::InUse(_))));
    assert!(matches!(catalog.remove_cinema(Actor::System, cinema_id).await, Err(Error::InUse(_))));
    house.cancel(show_id).await.unwrap();
    catalog.remove_movie(Actor::System, dune).await.unwrap();
    catalog.remove_cinema(Actor::System, cinema_id).await.unwrap();
    // They are gone, the screen with its cinema, and the show still says what they were called.
    assert!(matches!(catalog.movie(dune).await, Err(Error::MovieNotFound)));
    assert!(matches!(catalog.cinema(cinema_id).await, Err(Error::CinemaNotFound)));
    assert!(matches!(catalog.screen(one).await, Err(Error::ScreenNotFound)));
    assert!(matches!(catalog.remove_movie(Actor::System, dune).await, Err(Error::MovieNotFound)));
    let show = catalog.show(show_id).await.unwrap();
    assert_eq!((&*show.movie_title, &*show.cinema_name, &*show.screen_name), ("Dune", "The Mumbai", "1"));
    let later = at("2026-12-05T10:00:00Z");
    assert!(matches!(house.schedule(dune, one, later).await, Err(Error::MovieNotFound)));
    assert_eq!(house.faults().await, Vec::<String>::new());
}

#[tokio::test]
async fn what_only_past_shows_use_can_be_removed() {
    let house = House::open();
    let (dune, one) = (house.movie("Dune", 120).await, house.screen_in("Mumbai", "Asia/Kolkata").await);
    let show = house.schedule(dune, one, at("2026-12-01T10:00:00Z")).await.unwrap();
    house.hands.set(show.end_time - minutes(1));
    assert!(matches!(house.catalog.remove_screen(Actor::System, one).await, Err(Error::InUse(_))));
    house.hands.set(show.end_time);
    house.catalog.remove_screen(Actor::System, one).await.unwrap();
    house.catalog.remove_movie(Actor::System, dune).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_movie_removed_while_it_is_scheduled_is_either_removed_or_scheduled() {
    let house = House::open();
    let one = house.screen_in("Mumbai", "Asia/Kolkata").await;
    for round in 0..20 {
        let film = house.movie("Film", 30).await;
        let start = at("2026-12-01T10:00:00Z") + minutes(60 * round);
        let (scheduled, removed) =
            tokio::join!(house.schedule(film, one, start), house.catalog.remove_movie(Actor::System, film));
        assert_ne!(scheduled.is_ok(), removed.is_ok());
    }
}

#[tokio::test]
async fn every_change_is_in_the_journal_once() {
    let house = House::open();
    let mumbai = house.cinema("Mumbai", "Asia/Kolkata").await;
    let (dune, one) = (house.movie("Dune", 120).await, house.screen(&mumbai).await);
    let catalog = &house.catalog;
    let show_id = house.schedule(dune, one, at("2026-12-01T10:00:00Z")).await.unwrap().show_id;
    for _ in 0..2 {
        catalog.change_movie(Actor::System, dune, None, |movie| movie.duration_minutes = 121).await.unwrap();
        catalog
            .change_cinema(Actor::System, mumbai.cinema_id, None, |cinema| cinema.name = "Regal".to_owned())
            .await
            .unwrap();
        catalog.change_screen(Actor::System, one, Some("Audi 1".to_owned()), None).await.unwrap();
        catalog.change_screen(Actor::System, one, None, Some(plan(&[("A", "gold", "12")]).into())).await.unwrap();
        let format = |show: &mut ShowDetails| show.format = Some("IMAX".to_owned());
        catalog.change_show(Actor::System, show_id, format).await.unwrap();
    }
    house.cancel(show_id).await.unwrap();
    catalog.remove_screen(Actor::System, one).await.unwrap();
    catalog.remove_cinema(Actor::System, mumbai.cinema_id).await.unwrap();
    catalog.remove_movie(Actor::System, dune).await.unwrap();
    let expected = [
        "CinemaAdded",
        "MovieAdded",
        "ScreenAdded",
        "ShowScheduled",
        "MovieChanged",
        "CinemaChanged",
        "ScreenChanged",
        "LayoutSucceeded",
        "ShowChanged",
        "ShowCancelled",
        "ScreenRemoved",
        "CinemaRemoved",
        "MovieRemoved",
    ];
    assert_eq!(house.events().await, expected);
}

#[tokio::test]
async fn a_refused_change_leaves_no_trace() {
    let house = House::open();
    let mumbai = house.cinema("Mumbai", "Asia/Kolkata").await;
    let (dune, one) = (house.movie("Dune", 120).await, house.screen(&mumbai).await);
    let events = house.events().await.len();
    let catalog = &house.catalog;
    assert!(catalog.change_movie(Actor::System, dune, None, |movie| movie.title.clear()).await.is_err());
    assert!(
        catalog.change_cinema(Actor::System, mumbai.cinema_id, None, |cinema| cinema.timezone.clear()).await.is_err()
    );
    // The name is good, the layout is not: neither is taken.
    let name = Some("Audi 2".to_owned());
    assert!(catalog.change_screen(Actor::System, one, name, Some(plan(&[("A", "gold", "__")]).into())).await.is_err());
    assert_eq!(catalog.screen(one).await.unwrap().name, "1");
    assert_eq!(house.events().await.len(), events);
}

/// Breaks a row behind the catalogue's back: what the check then says.
async fn after(house: &House, sql: &'static str, params: Vec<Value>) -> Vec<String> {
    house.db.write(move |tx| tx.execute(sql, &params)).await.unwrap();
    house.faults().await
}

#[tokio::test]
async fn the_check_finds_what_is_broken() {
    let house = House::open();
    let (dune, one) = (house.movie("Dune", 120).await, house.screen_in("Mumbai", "Asia/Kolkata").await);
    let first = house.schedule(dune, one, at("2026-12-01T10:00:00Z")).await.unwrap();
    house.schedule(dune, one, at("2026-12-01T14:00:00Z")).await.unwrap();
    assert_eq!(house.faults().await, Vec::<String>::new());
    let show_id = Value::from(first.show_id);
    let found = after(&house, "UPDATE shows SET local_date = '2026-12-02' WHERE show_id = $1", vec![show_id.clone()]);
    assert!(found.await[0].contains("on a day that is not its cinema's"));
    let later = Value::from(at("2026-12-01T14:00:01Z"));
    let sql = "UPDATE shows SET local_date = '2026-12-01', end_time = $2 WHERE show_id = $1";
    let found = after(&house, sql, vec![show_id.clone(), later]).await;
    assert!(found.len() == 1 && found[0].contains("before another has ended"), "{found:?}");
    let other = r#"{"silver":{"amount":1,"currency":"INR"}}"#;
    let sql = "UPDATE shows SET cancelled = TRUE, prices = $2 WHERE show_id = $1";
    let found = after(&house, sql, vec![show_id, other.into()]).await;
    assert!(found.len() == 1 && found[0].contains("a price for each category"), "{found:?}");
    let found = after(&house, "UPDATE screens SET capacity = 6", vec![]).await;
    assert!(found[0].contains("the seats of its newest layout"));
}

#[tokio::test]
async fn a_namesake_of_before_the_rule_keeps_its_name_and_can_be_changed() {
    let house = House::open();
    let mumbai = house.cinema("Mumbai", "Asia/Kolkata").await;
    let (one, two) = (house.screen(&mumbai).await, house.screen(&mumbai).await);
    let rename = "UPDATE screens SET name = '1', name_fold = '1' WHERE screen_id = $1";
    house.db.write(move |tx| tx.execute(rename, &params![two])).await.unwrap();
    let change = |screen_id, name: &str, plan: Option<LayoutPlan>| {
        house.catalog.change_screen(Actor::System, screen_id, Some(name.to_owned()), plan.map(Into::into))
    };
    let grown = plan(&[("A", "gold", "123456")]);
    assert_eq!(change(two, "1", Some(grown)).await.unwrap().capacity, 6);
    assert_eq!(change(two, "2", None).await.unwrap().name, "2");
    assert!(matches!(change(one, " 2 ", None).await, Err(Error::Invalid(_))));
}
