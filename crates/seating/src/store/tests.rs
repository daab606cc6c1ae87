use std::collections::{BTreeSet, HashMap};

use marquee_db::{Db, Error, params};
use marquee_kernel::{BookingId, Clock, Rng, SeatId, ShowId};
use proptest::prelude::*;

use super::claims::{Claim, Verdict, claim, free, settle};
use super::*;
use crate::fixtures::{booking, noon};

fn show() -> ShowId {
    ShowId::mint(&Clock::System, &Rng::System)
}

fn database() -> (tempfile::TempDir, Db) {
    let dir = tempfile::tempdir().unwrap();
    let db = Db::open(&dir.path().join("marquee.db")).unwrap();
    (dir, db)
}

fn seat(n: u8) -> SeatId {
    SeatId::from(format!("A-{n}").as_str())
}

/// What claims come to, one after the other, with a map for a table.
#[derive(Clone, Default)]
struct Simple {
    sold: HashMap<(ShowId, SeatId), (BookingId, bool)>,
    closed: Vec<ShowId>,
}

impl Simple {
    fn claim(&mut self, claim: &Claim) -> Verdict {
        if self.closed.contains(&claim.show_id) {
            return Verdict::Closed;
        }
        let is_taken = |seat: &&SeatId| self.sold.contains_key(&(claim.show_id, (*seat).clone()));
        let taken: Vec<SeatId> = claim.seats.iter().filter(is_taken).cloned().collect();
        if !taken.is_empty() {
            return Verdict::Taken(taken);
        }
        let rows = claim.seats.iter().map(|seat| ((claim.show_id, seat.clone()), (claim.booking_id, false)));
        self.sold.extend(rows);
        Verdict::Claimed
    }

    fn settle(&mut self, booking_id: BookingId) -> usize {
        let claimed = self.sold.values_mut().filter(|(owner, booked)| *owner == booking_id && !*booked);
        claimed.map(|(_, booked)| *booked = true).count().min(1)
    }

    fn free(&mut self, booking_id: BookingId) {
        self.sold.retain(|_, (owner, _)| *owner != booking_id);
    }
}

#[derive(Clone, Debug)]
enum Step {
    Claim(Vec<(usize, Vec<u8>)>),
    Settle(Vec<usize>),
    Free(Vec<usize>),
    Close(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let seats = prop::collection::btree_set(0..6_u8, 1..4).prop_map(|seats| seats.into_iter().collect());
    let some = || prop::collection::vec(0..30_usize, 1..4);
    let step = prop_oneof![
        6 => prop::collection::vec((0..2_usize, seats), 1..6).prop_map(Step::Claim),
        2 => some().prop_map(Step::Settle),
        2 => some().prop_map(Step::Free),
        1 => (0..8_usize).prop_map(Step::Close),
    ];
    prop::collection::vec(step, 1..25)
}

fn run(tx: &mut Tx<'_>, simple: &mut Simple, shows: [ShowId; 2], steps: Vec<Step>) -> Result<()> {
    let mut claims: Vec<Claim> = Vec::new();
    for step in steps {
        let named = |picks: Vec<usize>| -> Vec<Claim> {
            let picks: BTreeSet<_> = picks.into_iter().filter(|pick| *pick < claims.len()).collect();
            picks.into_iter().map(|pick| claims[pick].clone()).collect()
        };
        match step {
            Step::Claim(items) => {
                let claim_of = |(show, seats): (usize, Vec<u8>)| Claim {
                    show_id: shows[show],
                    booking_id: booking(),
                    seats: seats.into_iter().map(seat).collect(),
                };
                let batch: Vec<Claim> = items.into_iter().map(claim_of).collect();
                let wanted: Vec<Verdict> = batch.iter().map(|claim| simple.claim(claim)).collect();
                assert_eq!(claim(tx, &batch)?, wanted);
                claims.extend(batch);
            }
            Step::Settle(picks) => {
                let picks = named(picks);
                let wanted: Vec<usize> = picks.iter().map(|claim| simple.settle(claim.booking_id)).collect();
                assert_eq!(settle(tx, &picks)?, wanted);
            }
            Step::Free(picks) => {
                let picks = named(picks);
                picks.iter().for_each(|claim| simple.free(claim.booking_id));
                free(tx, &picks)?;
            }
            // Seldom: after it the show is closed for good.
            Step::Close(show) if show < 2 => {
                close_show(tx, shows[show], noon())?;
                simple.closed.push(shows[show]);
            }
            Step::Close(_) => {}
        }
        assert_eq!(check(tx)?, Vec::<String>::new());
    }
    Ok(())
}

fn rows(tx: &mut Tx<'_>) -> Result<HashMap<(ShowId, SeatId), (BookingId, bool)>> {
    let rows = tx.query("SELECT show_id, seat_id, booking_id, status FROM seats_now", &[])?;
    let row = |row: &marquee_db::Row| {
        let booked = row.get::<String>("status")? == "booked";
        Ok(((row.get("show_id")?, row.get("seat_id")?), (row.get("booking_id")?, booked)))
    };
    rows.iter().map(row).collect()
}

/// Undoes everything, so that one database serves many runs.
#[derive(Debug)]
struct Undo;

impl From<Error> for Undo {
    fn from(error: Error) -> Self {
        panic!("{error}");
    }
}

#[test]
fn claims_are_what_one_after_the_other_would_be() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (_dir, db) = database();
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(150));
    let tried = runner.run(&steps(), |steps| {
        let work = move |tx: &mut Tx<'_>| {
            let mut simple = Simple::default();
            run(tx, &mut simple, [show(), show()], steps)?;
            assert_eq!(rows(tx)?, simple.sold);
            Err::<(), _>(Undo)
        };
        // A broken assertion panics on the database's thread, whose caller then sees `Closed`.
        runtime.block_on(db.write(work)).unwrap_err();
        Ok(())
    });
    tried.unwrap();
}

#[tokio::test]
async fn a_loser_leaves_no_row_and_does_not_stand_in_the_way_of_those_after_it() {
    let (_dir, db) = database();
    let show_id = show();
    let item = |seats: &[u8]| Claim { show_id, booking_id: booking(), seats: seats.iter().map(|n| seat(*n)).collect() };
    let batch = vec![item(&[1, 2]), item(&[2, 3]), item(&[3, 4])];
    let verdicts = db.write(move |tx| claim(tx, &batch)).await.unwrap();
    assert_eq!(verdicts, [Verdict::Claimed, Verdict::Taken(vec![seat(2)]), Verdict::Claimed]);
    assert_eq!(db.read(rows).await.unwrap().len(), 4);
}

#[tokio::test]
async fn a_seat_blocked_by_the_staff_is_not_claimed_and_a_sold_one_is_not_blocked() {
    let (_dir, db) = database();
    let (show_id, booking_id) = (show(), booking());
    let blocked = db.write(move |tx| block(tx, show_id, &[seat(1)], &Why::default())).await.unwrap();
    assert_eq!(blocked, (vec![seat(1)], vec![]));
    let wanted = Claim { show_id, booking_id, seats: vec![seat(1), seat(2)] };
    let verdicts = db.write(move |tx| claim(tx, &[wanted])).await.unwrap();
    assert_eq!(verdicts, [Verdict::Taken(vec![seat(1)])]);
    let wanted = Claim { show_id, booking_id, seats: vec![seat(2)] };
    db.write(move |tx| claim(tx, &[wanted])).await.unwrap();
    let again = db.write(move |tx| block(tx, show_id, &[seat(1), seat(2), seat(3)], &Why::default())).await.unwrap();
    assert_eq!(again, (vec![seat(3)], vec![seat(2)]));
    let unblocked = db.write(move |tx| unblock(tx, show_id, &[seat(2), seat(1)])).await.unwrap();
    assert_eq!(unblocked, [seat(1)], "a sold seat is not unblocked");
}

#[tokio::test]
async fn check_finds_a_booking_that_is_of_two_shows() {
    let (_dir, db) = database();
    let (show_id, booking_id) = (show(), booking());
    let wanted = Claim { show_id, booking_id, seats: vec![seat(1), seat(2)] };
    db.write(move |tx| claim(tx, &[wanted])).await.unwrap();
    assert_eq!(db.read(check).await.unwrap(), Vec::<String>::new());
    let tear = "UPDATE show_seats SET show_id = $2 WHERE seat_id = $1";
    db.write(move |tx| tx.execute(tear, &params![seat(1), show()])).await.unwrap();
    assert_eq!(db.read(check).await.unwrap().len(), 2);
}

#[tokio::test]
async fn check_finds_an_open_claim_that_has_no_seats() {
    let (_dir, db) = database();
    let (show_id, booking_id) = (show(), booking());
    let wanted = Claim { show_id, booking_id, seats: vec![seat(1)] };
    db.write(move |tx| claim(tx, &[wanted])).await.unwrap();
    db.write(|tx| tx.execute("DELETE FROM show_seats", &[])).await.unwrap();
    let faults = db.read(check).await.unwrap();
    assert_eq!(faults, [format!("seating: the claim of booking {booking_id} is open, and it has no seats")]);
}

#[tokio::test]
async fn a_claim_is_settled_once_for_all_of_its_seats() {
    let (_dir, db) = database();
    let (show_id, booking_id) = (show(), booking());
    let wanted = Claim { show_id, booking_id, seats: vec![seat(1), seat(2)] };
    let statuses = move |tx: &mut Tx<'_>| -> Result<Vec<(SeatId, Sold)>> { seats_of_show(tx, show_id) };
    let claimed = wanted.clone();
    db.write(move |tx| claim(tx, &[claimed])).await.unwrap();
    assert_eq!(db.read(statuses).await.unwrap(), [(seat(1), Sold::Claimed), (seat(2), Sold::Claimed)]);
    let twice = [wanted.clone(), wanted.clone()];
    let settled =
        db.write(move |tx| Ok::<_, Error>((settle(tx, &twice[..1])?, settle(tx, &twice[1..])?))).await.unwrap();
    assert_eq!(settled, (vec![1], vec![0]));
    assert_eq!(db.read(statuses).await.unwrap(), [(seat(1), Sold::Booked), (seat(2), Sold::Booked)]);
    db.write(move |tx| free(tx, &[wanted])).await.unwrap();
    assert_eq!(db.read(statuses).await.unwrap(), []);
}
