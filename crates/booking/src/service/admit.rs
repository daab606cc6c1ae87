//! Lets a guest in: once, whatever the number of gates.

use std::sync::Arc;

use marquee_bus::{Actor, Event};
use marquee_catalog::Show;
use marquee_db::{Error as DbError, Tx};
use marquee_http::Caller;
use marquee_kernel::{ShowId, Timestamp, UserId};
use marquee_tickets::TicketClaims;
use serde_json::json;

use super::{Booking, meters};
use crate::error::{Error, NotAdmitted, Result};
use crate::model::{Admission, Contested, Refusal, Sale, Scan, Stance, judge};
use crate::store::{self, admissions};
use crate::view::{AdmissionView, TicketFacts};

/// A guest who is in.
#[derive(Clone, Debug)]
pub(crate) struct Admitted {
    /// What the gate hears.
    pub(crate) view: AdmissionView,
    /// Whether it has heard that before.
    pub(crate) repeated: bool,
}

/// What a scan came to in its show's database.
enum Verdict {
    In(Box<Admitted>),
    Refused { why: Refusal, noted: bool },
    NonceReused,
}

/// A genuine ticket at a gate.
struct Entry {
    ticket: TicketClaims,
    scan: Scan,
    show: Arc<Show>,
    by: UserId,
    at: Timestamp,
    booking: Booking,
}

impl Booking {
    /// Lets in who bears a ticket, or says why not. The same scan again is told the same. Guests who were let in without a
    /// network and should not have been are noted.
    ///
    /// # Errors
    /// [`Error::NotAdmitted`]; [`Error::NonceReused`]; what the databases say.
    pub(crate) async fn admit(&self, caller: &Caller, scan: Scan) -> Result<Admitted> {
        let admitted = self.let_in(caller, scan).await;
        match &admitted {
            Ok(Admitted { repeated: false, .. }) => meters::admission("admitted"),
            Ok(Admitted { repeated: true, .. }) => meters::admission("repeated"),
            Err(Error::NotAdmitted(_)) => meters::admission("refused"),
            Err(_) => {}
        }
        admitted
    }

    async fn let_in(&self, caller: &Caller, scan: Scan) -> Result<Admitted> {
        let ticket = self.genuine(&scan.token).map_err(|why| NotAdmitted { why, ticket: None })?;
        let show = self.show_at_door(ticket.show_id).await?;
        let facts = TicketFacts::of(&ticket, &show);
        let refused = |why| Error::from(NotAdmitted { why, ticket: Some(facts) });
        let elsewhere = scan.door.cinema_id.is_some_and(|cinema_id| cinema_id != show.cinema_id);
        // Of a sale in another cinema a guard hears nothing.
        if elsewhere || !caller.serves(show.cinema_id) {
            return Err(refused(Refusal::OtherCinema));
        }
        let (show_id, at) = (show.show_id, self.now());
        let entry = Entry { ticket, scan, show, by: caller.user_id, at, booking: self.clone() };
        match self.shards().write(show_id, move |tx| entry.decide(tx)).await? {
            Verdict::In(admitted) => {
                self.wake(show_id).await;
                Ok(*admitted)
            }
            Verdict::Refused { why, noted } => {
                if noted {
                    meters::admission("contested");
                    self.wake(show_id).await;
                }
                Err(refused(why))
            }
            Verdict::NonceReused => Err(Error::NonceReused),
        }
    }

    /// What a token states, when it is one of ours. All that is known here of how tickets are signed.
    fn genuine(&self, token: &str) -> Result<TicketClaims, Refusal> {
        Ok(self.inner.keys.verify(token)?)
    }

    async fn show_at_door(&self, show_id: ShowId) -> Result<Arc<Show>> {
        match self.inner.parts.seating.show(show_id).await {
            Ok(show) => Ok(show),
            Err(marquee_seating::Error::Catalog(marquee_catalog::Error::ShowNotFound)) => {
                Err(NotAdmitted { why: Refusal::Unknown, ticket: None }.into())
            }
            Err(other) => Err(other.into()),
        }
    }

    /// Whether somebody was let in with a ticket of a booking.
    pub(super) async fn has_entered(&self, sale: &Sale) -> Result<bool> {
        let booking_id = sale.booking_id;
        Ok(self.shards().read(sale.show_id, move |tx| admissions::has_entered(tx, booking_id)).await?)
    }
}

impl Entry {
    fn decide(self, tx: &mut Tx<'_>) -> Result<Verdict, DbError> {
        let sale = store::find(tx, &[self.ticket.booking_id])?.pop();
        if let Some(first) = admissions::of_nonce(tx, self.show.show_id, &self.scan.nonce)? {
            let sale = sale.filter(|_| first.ticket_id == self.ticket.ticket_id);
            return Ok(sale.and_then(|sale| self.told_again(&sale, first)).unwrap_or(Verdict::NonceReused));
        }
        let before = admissions::of_ticket(tx, self.show.show_id, self.ticket.ticket_id)?;
        let seat = match judge(&self.ticket, &self.scan, &self.show, sale.as_ref(), before.as_ref()) {
            Ok(seat) => seat,
            Err(why) => return self.refuse(tx, why),
        };
        let admission = self.admission();
        if !admissions::admit(tx, &admission)? {
            let first = admissions::of_ticket(tx, self.show.show_id, self.ticket.ticket_id)?;
            return self.refuse(tx, first.as_ref().map_or(Refusal::Unknown, Refusal::from));
        }
        let told = json!({
            "ticket_id": self.ticket.ticket_id,
            "seat_id": seat.seat_id,
            "gate": self.scan.gate,
            "scanned_at": self.scan.scanned_at,
        });
        self.tell(tx, "TicketAdmitted", told)?;
        let facts = TicketFacts::of(&self.ticket, &self.show);
        let view = sale.as_ref().map(|sale| AdmissionView::of(facts, sale, seat, admission));
        view.map(|view| Verdict::In(Box::new(Admitted { view, repeated: false }))).ok_or(DbError::Closed)
    }

    /// What the scan came to the first time.
    fn told_again(&self, sale: &Sale, first: Admission) -> Option<Verdict> {
        let seat = sale.seats.iter().find(|seat| seat.ticket_id == first.ticket_id)?;
        let view = AdmissionView::of(TicketFacts::of(&self.ticket, &self.show), sale, seat, first);
        Some(Verdict::In(Box::new(Admitted { view, repeated: true })))
    }

    fn refuse(&self, tx: &mut Tx<'_>, why: Refusal) -> Result<Verdict, DbError> {
        let noted = match self.scan.stance {
            Stance::Asks => false,
            Stance::LetIn => admissions::contest(tx, &self.contested(&why))?,
        };
        if noted {
            let told = json!({
                "ticket_id": self.ticket.ticket_id,
                "code": why.code().word(),
                "gate": self.scan.gate,
                "scanned_at": self.scan.scanned_at,
            });
            self.tell(tx, "AdmissionContested", told)?;
        }
        Ok(Verdict::Refused { why, noted })
    }

    fn tell(&self, tx: &mut Tx<'_>, kind: &'static str, payload: serde_json::Value) -> Result<(), DbError> {
        let (actor, show_id) = (Actor::User(self.by), Some(self.show.show_id));
        let event = Event { kind, actor, show_id, subject: self.ticket.booking_id.to_string(), payload };
        self.booking.inner.writer.journal.append(tx, &[event])
    }

    fn admission(&self) -> Admission {
        let (ticket, scan) = (&self.ticket, &self.scan);
        Admission {
            show_id: self.show.show_id,
            ticket_id: ticket.ticket_id,
            booking_id: ticket.booking_id,
            gate: scan.gate.clone(),
            nonce: scan.nonce.clone(),
            admitted_by: self.by,
            scanned_at: scan.scanned_at,
            admitted_at: self.at,
        }
    }

    fn contested(&self, why: &Refusal) -> Contested {
        let (ticket, scan) = (&self.ticket, &self.scan);
        Contested {
            show_id: self.show.show_id,
            ticket_id: ticket.ticket_id,
            booking_id: ticket.booking_id,
            code: why.code().word().to_owned(),
            gate: scan.gate.clone(),
            nonce: scan.nonce.clone(),
            let_in_by: self.by,
            scanned_at: scan.scanned_at,
            noted_at: self.at,
        }
    }
}
