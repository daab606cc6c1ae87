//! Lists of shows and cinemas.

use super::*;

fn on(date: &str) -> ShowFilter {
    ShowFilter { date: Some(date.parse().unwrap()), ..ShowFilter::default() }
}

#[tokio::test]
async fn the_date_is_the_cinemas_day_not_utcs() {
    let house = House::open();
    let dune = house.movie("Dune", 120).await;
    let kiritimati = house.screen_in("Kiritimati", "Pacific/Kiritimati").await;
    let mumbai = house.screen_in("Mumbai", "Asia/Kolkata").await;
    let new_york = house.screen_in("New York", "America/New_York").await;
    // One instant, three days: the 2nd at half past midnight, the 1st at four in the afternoon, the 1st at half past five.
    let instant = at("2026-12-01T10:30:00Z");
    let mut ids = Vec::new();
    for screen_id in [kiritimati, mumbai, new_york] {
        // Shows that start together are listed by birth.
        house.hands.advance(minutes(1));
        ids.push(house.schedule(dune, screen_id, instant).await.unwrap().show_id);
    }
    assert_eq!(house.listed(on("2026-12-02"), 10).await, [ids[0]]);
    assert_eq!(house.listed(on("2026-12-01"), 10).await, [ids[1], ids[2]]);
    assert_eq!(house.listed(on("2026-11-30"), 10).await, []);
    let of_movie = ShowFilter { movie_id: Some(dune), ..on("2026-12-01") };
    assert_eq!(house.listed(of_movie, 10).await, [ids[1], ids[2]]);
    let in_city = ShowFilter { city: Some(" new  YORK ".to_owned()), ..on("2026-12-01") };
    assert_eq!(house.listed(in_city, 10).await, [ids[2]]);
}

#[tokio::test]
async fn a_show_that_ends_after_midnight_belongs_to_the_evening_it_starts() {
    let house = House::open();
    let (dune, one) = (house.movie("Dune", 155).await, house.screen_in("Mumbai", "Asia/Kolkata").await);
    // 23:30 on the 1st until 02:05 on the 2nd.
    let late = house.schedule(dune, one, at("2026-12-01T18:00:00Z")).await.unwrap().show_id;
    assert_eq!(house.listed(on("2026-12-01"), 10).await, [late]);
    assert_eq!(house.listed(on("2026-12-02"), 10).await, []);
    // It is listed until it ends, and is then over for good.
    house.hands.set(at("2026-12-01T20:34:59Z"));
    assert_eq!(house.listed(on("2026-12-01"), 10).await, [late]);
    house.hands.set(at("2026-12-01T20:35:00Z"));
    assert_eq!(house.listed(on("2026-12-01"), 10).await, []);
    assert_eq!(house.listed(ShowFilter::default(), 10).await, []);
    assert!(house.catalog.show(late).await.is_ok());
}

#[tokio::test]
async fn a_show_over_a_daylight_saving_change_lasts_as_long_as_its_film() {
    let house = House::open();
    let (dune, berlin) = (house.movie("Dune", 120).await, house.screen_in("Berlin", "Europe/Berlin").await);
    // 01:30 local; at 02:00 clocks go to 03:00, so that it ends at 04:30 by the wall and two hours later all the same.
    house.hands.set(at("2027-03-01T00:00:00Z"));
    let spring = house.schedule(dune, berlin, at("2027-03-28T00:30:00Z")).await.unwrap();
    assert_eq!(spring.end_time, at("2027-03-28T02:30:00Z"));
    // The day of the change has 23 hours, the day of the change back 25; both are one day.
    let last = house.schedule(dune, berlin, at("2027-03-28T21:45:00Z")).await.unwrap();
    assert_eq!(house.listed(on("2027-03-28"), 10).await, [spring.show_id, last.show_id]);
    let first = house.schedule(dune, berlin, at("2027-10-30T22:00:00Z")).await.unwrap();
    let autumn = house.schedule(dune, berlin, at("2027-10-31T22:45:00Z")).await.unwrap();
    assert_eq!(house.listed(on("2027-10-31"), 10).await, [first.show_id, autumn.show_id]);
}

#[tokio::test]
async fn pages_of_shows_neither_repeat_nor_lose_one_while_others_come() {
    let house = House::open();
    let dune = house.movie("Dune", 10).await;
    let mumbai = house.cinema("Mumbai", "Asia/Kolkata").await;
    let start = |hour: i64| at("2026-12-01T00:00:00Z") + minutes(60 * hour);
    let mut there = Vec::new();
    // Two screens, so that two shows share each start and the id decides.
    let screens = [house.screen(&mumbai).await, house.screen(&mumbai).await];
    for hour in 0..10 {
        for screen_id in screens {
            there.push(house.schedule(dune, screen_id, start(hour)).await.unwrap().show_id);
        }
    }
    let (mut seen, mut after) = (Vec::new(), None);
    for round in 0.. {
        let wanted = PageRequest { limit: 3, after };
        let page = house.catalog.shows(ShowFilter::default(), wanted).await.unwrap();
        seen.extend(page.items.iter().map(|show| show.show_id));
        let Some(word) = page.next_cursor else { break };
        after = Some(marquee_kernel::decode_cursor(crate::SHOW_LIST, &word).unwrap());
        // One before the page, one after it.
        for hour in [round, 20 + round] {
            house.schedule(dune, screens[0], start(hour) + minutes(30)).await.unwrap();
        }
    }
    assert_eq!(seen.iter().filter(|id| there.contains(id)).count(), there.len());
    let mut unique = seen.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), seen.len());
}

#[tokio::test]
async fn lists_narrow_by_every_filter_at_once_and_keep_cancelled_shows() {
    let house = House::open();
    let (dune, alien) = (house.movie("Dune", 120).await, house.movie("Alien", 117).await);
    let (mumbai, pune) = (house.cinema("Mumbai", "Asia/Kolkata").await, house.cinema("Pune", "Asia/Kolkata").await);
    let (one, two) = (house.screen(&mumbai).await, house.screen(&pune).await);
    let day = at("2026-12-01T10:00:00Z");
    let first = house.schedule(dune, one, day).await.unwrap().show_id;
    let second = house.schedule(alien, one, day + minutes(240)).await.unwrap().show_id;
    let third = house.schedule(dune, two, day + minutes(1)).await.unwrap().show_id;
    house.cancel(third).await.unwrap();
    let of = |movie_id, cinema_id: Option<&Cinema>, city: Option<&str>| ShowFilter {
        movie_id,
        cinema_id: cinema_id.map(|cinema| cinema.cinema_id),
        date: None,
        city: city.map(str::to_owned),
    };
    assert_eq!(house.listed(ShowFilter::default(), 1).await, [first, third, second]);
    assert_eq!(house.listed(of(Some(dune), None, None), 10).await, [first, third]);
    assert_eq!(house.listed(of(None, Some(&mumbai), None), 10).await, [first, second]);
    assert_eq!(house.listed(of(Some(dune), Some(&pune), Some("PUNE")), 10).await, [third]);
    assert_eq!(house.listed(of(Some(alien), Some(&pune), None), 10).await, []);
    assert_eq!(house.listed(of(None, None, Some("Pun_")), 10).await, []);
}

#[tokio::test]
async fn cinemas_are_found_by_city_whatever_its_case_with_their_screens() {
    let house = House::open();
    let (pune, mumbai) = (house.cinema("Pune", "Asia/Kolkata").await, house.cinema("MUMBAI", "Asia/Kolkata").await);
    let one = house.screen(&mumbai).await;
    let all =
        |city: Option<&str>, limit, after| house.catalog.cinemas(city.map(str::to_owned), PageRequest { limit, after });
    let found = all(Some("mumbai"), 10, None).await.unwrap().items;
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].screens[0].screen_id, found[0].screens[0].capacity), (one, 5));
    let first = all(None, 1, None).await.unwrap();
    assert_eq!(first.items[0].cinema_id, mumbai.cinema_id);
    // One that comes before does not push the others.
    house.cinema("Agra", "Asia/Kolkata").await;
    let after = marquee_kernel::decode_cursor(crate::CINEMA_LIST, &first.next_cursor.unwrap()).unwrap();
    let second = all(None, 1, Some(after)).await.unwrap();
    assert_eq!((second.items[0].cinema_id, second.next_cursor), (pune.cinema_id, None));
}

#[tokio::test]
async fn a_cinema_that_moves_takes_its_shows_along() {
    let house = House::open();
    let cinema = house.cinema("Mumbai", "Asia/Kolkata").await;
    let (dune, one) = (house.movie("Dune", 120).await, house.screen(&cinema).await);
    // Half past midnight on the 2nd in Mumbai, the evening of the 1st in London.
    let show_id = house.schedule(dune, one, at("2026-12-01T19:00:00Z")).await.unwrap().show_id;
    assert_eq!(house.listed(on("2026-12-02"), 10).await, [show_id]);
    let change = house.catalog.change_cinema(Actor::System, cinema.cinema_id, None, |cinema| {
        cinema.city = "London".to_owned();
        cinema.timezone = "Europe/London".to_owned();
    });
    change.await.unwrap();
    let london = ShowFilter { city: Some("london".to_owned()), ..on("2026-12-01") };
    assert_eq!(house.listed(london, 10).await, [show_id]);
    assert_eq!(house.listed(on("2026-12-02"), 10).await, []);
    assert_eq!(house.catalog.show(show_id).await.unwrap().start_time, at("2026-12-01T19:00:00Z"));
    assert_eq!(house.faults().await, Vec::<String>::new());
}
