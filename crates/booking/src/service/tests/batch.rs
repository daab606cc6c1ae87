//! The batch writer against a model that a person can check: any mix of works, in any batches.

use std::collections::{BTreeMap, BTreeSet};

use marquee_kernel::ShowId;
use marquee_seating::claims;
use marquee_tickets::SigningKeys;
use proptest::prelude::*;

use super::*;
use crate::model::{Answer, FirstAnswer, Repeat};
use crate::service::batch::Writer;
use crate::service::under_way::Call;
use crate::service::work::{Claim, Confirm, Defer, PaymentEnd, Remember, Undo, Verdict, Work};

const SEATS: usize = 6;
const KEYS: usize = 4;

/// A work, by numbers; a booking is named by the order of its claim.
#[derive(Clone, Debug)]
enum Deed {
    Claim { seats: BTreeSet<usize>, key: Option<usize>, payload: u8 },
    Confirm(usize),
    Decline(usize),
    GiveUp(usize),
    Defer(usize),
    Refuse { key: usize, payload: u8 },
}

fn deed() -> impl Strategy<Value = Deed> {
    let seats = prop::collection::btree_set(0..SEATS, 1..3);
    let (key, payload, booking) = (prop::option::of(0..KEYS), 0_u8..2, 0_usize..12);
    prop_oneof![
        4 => (seats, key, payload.clone()).prop_map(|(seats, key, payload)| Deed::Claim { seats, key, payload }),
        2 => booking.clone().prop_map(Deed::Confirm),
        1 => booking.clone().prop_map(Deed::Decline),
        1 => booking.clone().prop_map(Deed::GiveUp),
        1 => booking.prop_map(Deed::Defer),
        1 => (0..KEYS, payload).prop_map(|(key, payload)| Deed::Refuse { key, payload }),
    ]
}

/// What the model keeps under a key: payload, the answer's status once there is one, and whose it is.
type Kept = (u8, Option<u16>, Option<usize>);

#[derive(Default)]
struct Model {
    seats: BTreeMap<usize, usize>,
    bookings: BTreeMap<usize, (Status, Option<usize>)>,
    keys: BTreeMap<usize, Kept>,
}

/// What came of a deed, in words that model and writer share.
#[derive(Debug, PartialEq, Eq)]
enum Came {
    Done,
    Refused,
    Settled,
    Replay(u16),
    Unanswered,
    Reused,
}

impl Model {
    /// A booking answers the key that is its own: one that was forgotten may be another's by now.
    fn answer(&mut self, number: usize, key: Option<usize>, status: u16) {
        if let Some((_, answer, owner)) = key.and_then(|key| self.keys.get_mut(&key))
            && *owner == Some(number)
        {
            answer.get_or_insert(status);
        }
    }

    fn known(&self, key: usize, payload: u8) -> Option<Came> {
        let (kept, answer, _) = self.keys.get(&key)?;
        Some(match answer {
            _ if *kept != payload => Came::Reused,
            Some(status) => Came::Replay(*status),
            None => Came::Unanswered,
        })
    }

    fn settle(&mut self, number: usize, to: Status, answer: Option<u16>) -> Came {
        let Some((status @ Status::Pending, key)) = self.bookings.get_mut(&number) else { return Came::Settled };
        *status = to;
        let key = *key;
        match answer {
            Some(answer) => self.answer(number, key, answer),
            None => {
                if let Some(key) =
                    key.filter(|key| self.keys.get(key).is_some_and(|kept| kept.1.is_none() && kept.2 == Some(number)))
                {
                    self.keys.remove(&key);
                }
            }
        }
        if to == Status::Failed {
            self.seats.retain(|_, owner| *owner != number);
        }
        Came::Done
    }

    fn claim(&mut self, number: usize, seats: &BTreeSet<usize>, key: Option<usize>, payload: u8) -> Came {
        if let Some(known) = key.and_then(|key| self.known(key, payload)) {
            return known;
        }
        let taken = seats.iter().any(|seat| self.seats.contains_key(seat));
        if let Some(key) = key {
            self.keys.insert(key, (payload, taken.then_some(409), Some(number)));
        }
        if taken {
            return Came::Refused;
        }
        self.seats.extend(seats.iter().map(|seat| (*seat, number)));
        self.bookings.insert(number, (Status::Pending, key));
        Came::Done
    }
}

struct Writing {
    writer: Writer,
    db: Db,
    show_id: ShowId,
    user: UserId,
    /// Every booking that was ever asked for.
    sales: Vec<Arc<Sale>>,
}

fn key_of(key: Option<usize>) -> Option<Key> {
    key.and_then(|key| Key::parse(&format!("key-{key}")))
}

impl Writing {
    fn sale(&self, seats: &BTreeSet<usize>, key: Option<usize>) -> Arc<Sale> {
        let (clock, rng) = (&self.writer.clock, &self.writer.rng);
        let sample = sample_sale();
        let seat = |number: &usize| SoldSeat {
            seat_id: SeatId::from(format!("A-{number}").as_str()),
            ticket_id: TicketId::mint(clock, rng),
            ..sample.seats[0].clone()
        };
        Arc::new(Sale {
            booking_id: BookingId::mint(clock, rng),
            user_id: self.user,
            booked_by: self.user,
            show_id: self.show_id,
            key: key_of(key),
            seats: seats.iter().map(seat).collect(),
            total: Money { amount: sample.total.amount * seats.len() as i64, ..sample.total },
            payment_id: PaymentId::mint(clock, rng),
            ..sample
        })
    }

    fn work(&mut self, deed: &Deed) -> Option<Work> {
        let answer = |status| Answer { status, body: bytes::Bytes::from_static(b"{}") };
        let by = by_system();
        let sale = |number: &usize| self.sales.get(*number).cloned();
        let undo = |number, payment, answer| {
            let (sale, by) = (sale(number)?, by.clone());
            Some(Work::Undo(Undo { seats: claim_of(&sale), sale, payment, answer, by }))
        };
        match deed {
            Deed::Claim { seats, key, payload } => {
                let sale = self.sale(seats, *key);
                self.sales.push(sale.clone());
                Some(Work::Claim(Claim { seats: claim_of(&sale), sale, request_hash: [*payload; 32] }))
            }
            Deed::Confirm(number) => {
                let (sale, by) = (sale(number)?, by.clone());
                Some(Work::Confirm(Confirm { seats: claim_of(&sale), sale, by }))
            }
            Deed::Decline(number) => {
                undo(number, PaymentEnd::Declined { decline_code: "no".to_owned() }, Some(answer(402)))
            }
            Deed::GiveUp(number) => undo(number, PaymentEnd::NeverCharged, None),
            Deed::Defer(number) => Some(Work::Defer(Defer { sale: sale(number)?, answer: answer(202) })),
            Deed::Refuse { key, payload } => {
                let call = Call {
                    booked_by: self.user,
                    key: key_of(Some(*key)),
                    request_hash: [*payload; 32],
                    shard: marquee_kernel::Shard::default(),
                };
                Some(Work::Remember(Remember { call, answer: answer(409) }))
            }
        }
    }
}

fn claim_of(sale: &Sale) -> claims::Claim {
    claims::Claim { show_id: sale.show_id, booking_id: sale.booking_id, seats: sale.seat_ids().collect() }
}

fn came(verdict: Verdict, deed: &Deed) -> Came {
    let payload = match deed {
        Deed::Claim { payload, .. } | Deed::Refuse { payload, .. } => *payload,
        _ => 0,
    };
    match verdict {
        Verdict::Done | Verdict::Claimed(_) => Came::Done,
        Verdict::Refused(_) => Came::Refused,
        Verdict::Settled => Came::Settled,
        Verdict::Departed | Verdict::Fenced => unreachable!("one database, one node"),
        Verdict::Known(record) => match record.repeat(&[payload; 32]) {
            Repeat::Replay(FirstAnswer::Kept(answer)) => Came::Replay(answer.status),
            Repeat::Replay(FirstAnswer::Sold(_)) => Came::Replay(201),
            Repeat::Unanswered(_) => Came::Unanswered,
            Repeat::Reused => Came::Reused,
        },
    }
}

/// The order in which the writer takes the works of one batch.
fn rank(deed: &Deed) -> u8 {
    match deed {
        Deed::Confirm(_) => 0,
        Deed::Decline(_) | Deed::GiveUp(_) => 1,
        Deed::Defer(_) => 2,
        Deed::Claim { .. } => 3,
        Deed::Refuse { .. } => 4,
    }
}

/// The model's word on each deed of a batch, in the deeds' order.
fn foretell(model: &mut Model, batch: &[(usize, Deed)]) -> Vec<Came> {
    let mut order: Vec<usize> = (0..batch.len()).collect();
    order.sort_by_key(|at| rank(&batch[*at].1));
    // A claim that repeats another's key is told what that one came to, at the end of the claims.
    let mut told: BTreeMap<usize, Came> = BTreeMap::new();
    let mut repeats = Vec::new();
    for at in order {
        let (number, deed) = &batch[at];
        let came = match deed {
            Deed::Claim { seats, key, payload } => match key.filter(|key| model.keys.contains_key(key)) {
                Some(key) => {
                    repeats.push((at, key, *payload));
                    continue;
                }
                None => model.claim(*number, seats, *key, *payload),
            },
            Deed::Confirm(number) => model.settle(*number, Status::Confirmed, Some(201)),
            Deed::Decline(number) => model.settle(*number, Status::Failed, Some(402)),
            Deed::GiveUp(number) => model.settle(*number, Status::Failed, None),
            Deed::Defer(number) => {
                let booking = model.bookings.get(number).copied();
                match booking {
                    Some((Status::Pending, key)) => {
                        model.answer(*number, key, 202);
                        Came::Done
                    }
                    _ => Came::Settled,
                }
            }
            Deed::Refuse { key, payload } => model.known(*key, *payload).unwrap_or_else(|| {
                model.keys.insert(*key, (*payload, Some(409), None));
                Came::Done
            }),
        };
        told.insert(at, came);
    }
    for (at, key, payload) in repeats {
        told.extend(model.known(key, payload).map(|known| (at, known)));
    }
    told.into_values().collect()
}

/// A batch names each booking at most once, as one process does, and only bookings claimed in an earlier batch.
fn plausible(batch: Vec<Deed>, model: &Model, claims_before: usize) -> Vec<(usize, Deed)> {
    let (mut named, mut next) = (BTreeSet::new(), claims_before);
    let mut kept = Vec::new();
    for deed in batch {
        let number = match &deed {
            Deed::Confirm(number) | Deed::Decline(number) | Deed::GiveUp(number) | Deed::Defer(number) => {
                if !model.bookings.contains_key(number) || !named.insert(*number) {
                    continue;
                }
                *number
            }
            Deed::Claim { .. } => {
                next += 1;
                next - 1
            }
            Deed::Refuse { .. } => usize::MAX,
        };
        kept.push((number, deed));
    }
    kept
}

/// Carries the batches out on a database of their own, each beside the model, and checks what stands there at the end.
fn beside_the_model(batches: Vec<Vec<Deed>>) -> Result<(), TestCaseError> {
    let dir = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (clock, rng) = (Clock::Manual(ManualClock::at(beginning())), marquee_kernel::Rng::seeded(3));
    let mut writing = Writing {
        db: Db::open(&dir.path().join("a.db")).unwrap(),
        show_id: ShowId::mint(&clock, &rng),
        user: UserId::mint(&clock, &rng),
        writer: Writer {
            journal: Journal::new(clock.clone(), rng.clone()),
            clock,
            rng,
            keys: SigningKeys::from_seeds([7; 32], &[]),
        },
        sales: Vec::new(),
    };
    let mut model = Model::default();
    for batch in batches {
        let batch = plausible(batch, &model, writing.sales.len());
        let works: Vec<Work> = batch.iter().filter_map(|(_, deed)| writing.work(deed)).collect();
        prop_assert_eq!(works.len(), batch.len());
        let foretold = foretell(&mut model, &batch);
        let Writer { clock, rng, journal, keys } = &writing.writer;
        let (clock, rng, journal, keys) = (clock.clone(), rng.clone(), journal.clone(), keys.clone());
        let hand = Writer { clock, rng, journal, keys };
        let verdicts = runtime.block_on(writing.db.write(move |tx| hand.apply(tx, &works))).unwrap();
        let happened: Vec<Came> =
            verdicts.into_iter().zip(&batch).map(|(verdict, (_, deed))| came(verdict, deed)).collect();
        prop_assert_eq!(happened, foretold);
    }
    let faults = runtime.block_on(writing.db.read(|tx: &mut Tx<'_>| -> Result<_, marquee_db::Error> {
        let mut faults = super::super::check(tx)?;
        faults.extend(marquee_seating::check(tx)?);
        faults.extend(marquee_bus::verify(tx)?);
        let seats = tx.query_opt("SELECT COUNT(*) AS n FROM show_seats", &[])?.map_or(Ok(0), |row| row.get("n"))?;
        Ok((faults, seats))
    }));
    prop_assert_eq!(faults.unwrap(), (Vec::<String>::new(), model.seats.len() as i64));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Whatever comes in whatever batches: verdicts as the model says, and afterwards nothing that cannot be.
    #[test]
    fn the_writer_does_what_the_model_says(batches in prop::collection::vec(prop::collection::vec(deed(), 1..8), 1..10)) {
        beside_the_model(batches)?;
    }
}

#[test]
fn calls_that_repeat_a_sold_one_in_the_same_batch_all_hear_of_the_sale() {
    let call = || Deed::Claim { seats: BTreeSet::from([0]), key: Some(0), payload: 0 };
    let batches = vec![vec![call()], vec![Deed::Confirm(0)], vec![call(), call(), call()]];
    beside_the_model(batches).unwrap();
}
