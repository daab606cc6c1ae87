mod faults;
mod functions;
mod nodes;

use super::*;

#[test]
fn an_alarm_goes_off_once_at_the_earliest_time_that_was_set() {
    let (mut alarms, noon) = (Alarms::default(), crate::fixtures::noon());
    let show_id = crate::fixtures::show_on(&[("A", "gold", "1")]).show_id;
    let at = |s: i64| noon + crate::fixtures::seconds(s);
    alarms.set(show_id, at(60));
    alarms.set(show_id, at(30));
    alarms.set(show_id, at(90));
    assert_eq!(alarms.take_due(at(29)), []);
    assert_eq!(alarms.take_due(at(30)), [show_id]);
    assert_eq!(alarms.take_due(at(1_000)), []);
}

#[test]
fn a_mirror_follows_changes_in_order_whatever_order_they_come_in() {
    use crate::model::SeatStatus::{Available, Booked, Held};
    let seats = ShowSeats::new(crate::fixtures::show_on(&[("A", "gold", "123")]), 0);
    let change = |before: u64, place: u16, status| Change {
        before,
        after: before + 1,
        taken: 1,
        due: None,
        seats: vec![(place, status)],
    };
    seats.take_over(&Change { before: 7, after: 7, taken: 0, due: None, seats: Vec::new() });
    assert!(!seats.follow(&change(9, 0, Booked)), "two are missing before it");
    assert!(!seats.follow(&change(8, 0, Held)));
    assert_eq!((seats.version(), seats.glance().statuses), (7, vec![Available; 3]));
    assert!(seats.follow(&change(7, 1, Held)));
    assert_eq!((seats.version(), seats.glance().statuses), (10, vec![Booked, Held, Available]));
    assert!(seats.follow(&change(8, 0, Held)), "what is known is no news");
    assert_eq!(seats.glance().statuses, [Booked, Held, Available]);
    assert!(!seats.follow(&change(11, 2, Held)));
    let all = Change { before: 12, after: 12, taken: 1, due: None, seats: vec![(2, Held)] };
    assert!(seats.take_over(&all));
    assert_eq!((seats.version(), seats.glance().taken), (12, 1));
    seats.take_over(&Change { before: 11, after: 11, taken: 0, due: None, seats: Vec::new() });
    assert_eq!(seats.version(), 12, "an older picture is none");
}
