//! At the gate: one admission, and what is said to everybody else.

use marquee_kernel::{Code, ShowId};
use marquee_tickets::{SeatLabel, SigningKeys, TicketClaims, tokens};

use super::*;
use crate::error::Error;
use crate::model::{Door, Scan, Stance};
use crate::view::TicketView;

/// Gates that scan at once.
const GATES: usize = 8;
/// Bookings that are cancelled while their guests stand at the gate.
const RACES: usize = 10;

impl Stage {
    /// Tickets for these seats, bought together.
    async fn tickets(&self, seats: &[&str]) -> (Caller, BookingId, Vec<TicketView>) {
        let hold = self.hold(self.user(), seats).await;
        let sold = booking_id(&self.booking.book(order(&hold, VISA, None)).await.unwrap());
        let caller = guest(hold.user_id);
        let tickets = self.booking.get(&caller, sold).await.unwrap().tickets;
        (caller, sold, tickets)
    }

    fn guard(&self) -> Caller {
        clerk(self.user(), self.show.cinema_id)
    }

    fn scan(&self, token: &str, gate: &str, nonce: &str) -> Scan {
        Scan {
            token: token.to_owned(),
            gate: gate.to_owned(),
            nonce: nonce.to_owned(),
            scanned_at: Clock::Manual(self.hands.clone()).now(),
            door: Door::default(),
            stance: Stance::Asks,
        }
    }

    /// The doors are open.
    fn open(&self) {
        self.hands.set(self.show.start_time - SignedDuration::from_mins(30));
    }

    async fn refused(&self, guard: &Caller, scan: Scan) -> Code {
        let Err(Error::NotAdmitted(refused)) = self.booking.admit(guard, scan).await else { panic!("not refused") };
        refused.why.code()
    }
}

fn signed(keys: &SigningKeys, claims: TicketClaims) -> String {
    keys.sign(&[vec![claims]]).iter().flat_map(|proof| tokens(&[claims], proof)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_gates_one_lets_the_guest_in_and_the_others_hear_where() {
    let stage = Stage::set().await;
    let (_, _, tickets) = stage.tickets(&["A-1", "A-2"]).await;
    stage.open();
    let scans = (0..GATES).map(|gate| {
        let (booking, guard) = (stage.booking.clone(), stage.guard());
        let scan = stage.scan(&tickets[0].token, &format!("Gate {gate}"), &format!("scan {gate}"));
        tokio::spawn(async move { booking.admit(&guard, scan).await })
    });
    let (mut entered, mut heard) = (Vec::new(), Vec::new());
    for scan in scans.collect::<Vec<_>>() {
        match scan.await.unwrap() {
            Ok(admitted) => entered.push(admitted.view),
            Err(Error::NotAdmitted(refused)) => heard.push(refused.why),
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!((entered.len(), heard.len()), (1, GATES - 1));
    let first = &entered[0];
    let (gate, scanned_at) = (first.gate.clone(), first.scanned_at);
    let known = crate::model::Refusal::AlreadyAdmitted { gate, scanned_at };
    assert!(heard.iter().all(|why| *why == known), "{heard:?}");
    assert_eq!((first.ticket.label.as_str(), first.party), ("A1", 2));
    assert_eq!(stage.count("SELECT COUNT(*) AS n FROM journal WHERE kind = 'TicketAdmitted'").await, 1);
    stage.audit().await;
}

#[tokio::test]
async fn the_same_scan_is_told_the_same_and_its_nonce_is_no_other_tickets() {
    let stage = Stage::set().await;
    let (_, _, tickets) = stage.tickets(&["A-1", "A-2"]).await;
    stage.open();
    let guard = stage.guard();
    let first = stage.booking.admit(&guard, stage.scan(&tickets[0].token, "North", "n")).await.unwrap();
    // Also when the show is over meanwhile: its answer got lost.
    stage.hands.set(stage.show.end_time);
    let stage = stage.crash().await;
    let again = stage.booking.admit(&guard, stage.scan(&tickets[0].token, "North", "n")).await.unwrap();
    assert_eq!((first.repeated, again.repeated), (false, true));
    assert_eq!(serde_json::to_value(&first.view).unwrap(), serde_json::to_value(&again.view).unwrap());
    let other = stage.booking.admit(&guard, stage.scan(&tickets[1].token, "North", "n")).await;
    assert!(matches!(other, Err(Error::NonceReused)), "{other:?}");
    stage.audit().await;
}

#[tokio::test]
async fn each_refusal_has_its_own_word() {
    let stage = Stage::set().await;
    let (_, sold, tickets) = stage.tickets(&["A-1"]).await;
    let (bob, given_back, his) = stage.tickets(&["A-2"]).await;
    stage.booking.cancel(&bob, given_back, None).await.unwrap();
    let (guard, token) = (stage.guard(), tickets[0].token.as_str());
    assert_eq!(stage.refused(&guard, stage.scan(token, "North", "1")).await, Code::AdmissionNotOpen);
    stage.open();
    // Some way into the signature.
    let at = token.len() - 20;
    let forged = format!("{}{}{}", &token[..at], if &token[at..=at] == "A" { "B" } else { "A" }, &token[at + 1..]);
    let claims = TicketClaims {
        ticket_id: TicketId::from(Uuid::from_u128(1)),
        booking_id: sold,
        show_id: stage.show.show_id,
        seat_label: SeatLabel::cut("A1"),
    };
    let strangers = signed(&SigningKeys::from_seeds([9; 32], &[]), claims);
    let keys = &stage.booking.inner.keys;
    let no_such_ticket = signed(keys, claims);
    let no_such_show = signed(keys, TicketClaims { show_id: ShowId::from(Uuid::from_u128(1)), ..claims });
    for (text, code) in [
        ("https://example.org", Code::TicketUnreadable),
        ("", Code::TicketUnreadable),
        (&*forged, Code::TicketForged),
        (&*strangers, Code::TicketUnknown),
        (&*no_such_ticket, Code::TicketUnknown),
        (&*no_such_show, Code::TicketUnknown),
        (&*his[0].token, Code::TicketCancelled),
    ] {
        assert_eq!(stage.refused(&guard, stage.scan(text, "North", "2")).await, code, "{text}");
    }
    let elsewhere = |door| Scan { door, ..stage.scan(token, "North", "3") };
    let other_show = Door { show_id: Some(ShowId::from(Uuid::from_u128(1))), cinema_id: None };
    assert_eq!(stage.refused(&guard, elsewhere(other_show)).await, Code::TicketOfOtherShow);
    let cinema_id = CinemaId::from(Uuid::from_u128(1));
    let other_cinema = Door { show_id: None, cinema_id: Some(cinema_id) };
    assert_eq!(stage.refused(&guard, elsewhere(other_cinema)).await, Code::TicketOfOtherCinema);
    let stranger = clerk(stage.user(), cinema_id);
    assert_eq!(stage.refused(&stranger, stage.scan(token, "North", "4")).await, Code::TicketOfOtherCinema);
    assert_eq!(stage.refused(&stranger, stage.scan(&his[0].token, "North", "4")).await, Code::TicketOfOtherCinema);
    stage.hands.set(stage.show.end_time);
    assert_eq!(stage.refused(&guard, stage.scan(token, "North", "5")).await, Code::AdmissionOver);
    assert_eq!(stage.count("SELECT COUNT(*) AS n FROM admissions").await, 0);
    assert_eq!(stage.count("SELECT COUNT(*) AS n FROM contested_admissions").await, 0);
}

#[tokio::test]
async fn who_is_in_cannot_give_the_booking_back() {
    let stage = Stage::set().await;
    let (caller, sold, tickets) = stage.tickets(&["A-1", "A-2"]).await;
    // Doors open before the time to cancel is over.
    stage.hands.set(stage.show.cancel_close_at - SignedDuration::from_mins(1));
    stage.booking.admit(&stage.guard(), stage.scan(&tickets[1].token, "North", "n")).await.unwrap();
    assert!(matches!(stage.booking.cancel(&caller, sold, None).await, Err(Error::CancellationClosed)));
    assert!(matches!(stage.booking.cancellation(&caller, sold).await, Err(Error::CancellationClosed)));
    assert_eq!(stage.booking.get(&caller, sold).await.unwrap().status, Status::Confirmed);
    // A show that breaks off is another matter.
    stage.catalog.cancel_show(Actor::System, stage.show.show_id).await.unwrap();
    stage.booking.cancel_show(stage.show.show_id).await.unwrap();
    assert_eq!(stage.booking.get(&caller, sold).await.unwrap().status, Status::Cancelled);
    stage.audit().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guest_who_cancels_at_the_gate_is_in_or_has_the_money_never_both() {
    let stage = Stage::set().await;
    let mut guests = Vec::new();
    for seat in 1..=RACES {
        guests.push(stage.tickets(&[&format!("A-{seat}")]).await);
    }
    stage.hands.set(stage.show.cancel_close_at - SignedDuration::from_mins(1));
    for (at, (caller, sold, tickets)) in guests.into_iter().enumerate() {
        let (booking, guard) = (stage.booking.clone(), stage.guard());
        let scan = stage.scan(&tickets[0].token, "North", &format!("scan {at}"));
        let gate = tokio::spawn(async move { booking.admit(&guard, scan).await.is_ok() });
        let booking = stage.booking.clone();
        let device = tokio::spawn(async move { booking.cancel(&caller, sold, None).await.is_ok() });
        let (entered, cancelled) = (gate.await.unwrap(), device.await.unwrap());
        assert!(entered != cancelled, "in: {entered}, money back: {cancelled}");
    }
    stage.audit().await;
}

#[tokio::test]
async fn who_was_let_in_without_a_network_and_should_not_have_been_is_noted_once() {
    let stage = Stage::set().await;
    let (_, _, tickets) = stage.tickets(&["A-1", "A-2", "A-3"]).await;
    stage.open();
    let guard = stage.guard();
    let offline =
        |at: usize, nonce: &str| Scan { stance: Stance::LetIn, ..stage.scan(&tickets[at].token, "Side", nonce) };
    let scanned_first = offline(0, "conflict");
    stage.hands.advance(SignedDuration::from_mins(2));
    stage.booking.admit(&guard, stage.scan(&tickets[0].token, "North", "n")).await.unwrap();
    for _ in 0..2 {
        assert_eq!(stage.refused(&guard, scanned_first.clone()).await, Code::AlreadyAdmitted);
    }
    let late = stage.booking.admit(&guard, offline(1, "fine")).await.unwrap();
    assert_eq!(late.view.gate, "Side");
    let list = stage.booking.door_list(&stage.show).await.unwrap();
    assert_eq!((list.tickets.len(), list.admitted, list.contested.len()), (3, 2, 1));
    let contested = &list.contested[0];
    assert_eq!((contested.gate.as_str(), contested.code.as_str()), ("Side", "already_admitted"));
    assert_eq!(contested.scanned_at, scanned_first.scanned_at);
    let gates: Vec<_> =
        list.tickets.iter().map(|one| one.admission.as_ref().map(|entry| entry.gate.as_str())).collect();
    assert_eq!(gates, [Some("North"), Some("Side"), None]);
    assert_eq!(stage.count("SELECT COUNT(*) AS n FROM journal WHERE kind = 'AdmissionContested'").await, 1);
    stage.audit().await;
}

#[tokio::test]
async fn a_check_finds_who_was_let_in_with_nothing() {
    let stage = Stage::set().await;
    let (_, _, tickets) = stage.tickets(&["A-1", "A-2"]).await;
    stage.open();
    for (at, ticket) in tickets.iter().enumerate() {
        let scan = stage.scan(&ticket.token, "North", &format!("scan {at}"));
        stage.booking.admit(&stage.guard(), scan).await.unwrap();
    }
    stage.audit().await;
    let elsewhere = "UPDATE admissions SET show_id = booking_id WHERE nonce = 'scan 0'";
    let faults = stage.db.write(move |tx| {
        tx.execute(elsewhere, &[])?;
        tx.execute("UPDATE bookings SET outcome = 'cancelled'", &[])?;
        super::super::check(tx)
    });
    let faults = faults.await.unwrap();
    let named = |what: &str| faults.iter().filter(|fault| fault.contains("was let in") && fault.contains(what)).count();
    assert_eq!((named("has it not"), named("is cancelled")), (1, 1), "{faults:?}");
}
