//! What is done with holds.

use std::sync::Arc;

use jiff::SignedDuration;
use marquee_kernel::{BookingId, HoldId, ShowId, UserId};
use marquee_kv::Down;
use serde::{Deserialize, Serialize};
use tracing::{info, warn};

use super::{Answer, OWED_MAX, RedisHolds, later};
use crate::holds::{Absent, EndedPayment, Located, ShowSeats};
use crate::model::{Attempt, BeginPayment, Hold, Outcome, Refusal, Sold, Standing};
use crate::{Error, meters};

/// How long a hold that lapsed is told from one that never was, in seconds after the longest hold.
const LAPSED_KEPT_S: i64 = 3_600;
/// How far off a node may be when it says what time it is in Redis.
const CLOCKS_DIFFER_MAX: SignedDuration = SignedDuration::from_secs(1);

/// A hold as it was placed, by which any node finds it; what has become of it, its show's key says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Lock {
    hold: Hold,
    placed_by: UserId,
}

impl Lock {
    /// Why the hold is not there: before it can have lapsed, it was ended, or lost.
    fn absent(&self, answer: &Answer) -> Absent {
        let cannot_lapse = later(answer.now, CLOCKS_DIFFER_MAX) < self.hold.expiry;
        match answer.word.as_str() {
            "cancelled" => Absent::ShowCancelled,
            _ if cannot_lapse => Absent::Unknown,
            _ => Absent::Lapsed,
        }
    }

    fn hold_until(&self, answer: &Answer) -> Hold {
        Hold { expiry: answer.instant(0), ..self.hold.clone() }
    }
}

impl RedisHolds {
    fn lock_key(&self, hold_id: HoldId) -> String {
        format!("{}marquee:lock:{hold_id}", self.prefix)
    }

    /// Calls a function for a hold's show, which need not be in memory.
    async fn call_for(self: &Arc<Self>, function: &str, show_id: ShowId, arguments: &[&str]) -> Result<Answer, Down> {
        match self.get(show_id) {
            Some(seats) => self.call_seeing(function, &seats, arguments).await,
            None => self.call(function, (show_id, 0), arguments).await,
        }
    }

    /// Places a hold on all of its seats, or none.
    pub(crate) async fn place(
        self: &Arc<Self>,
        seats: &Arc<ShowSeats>,
        standing: Standing,
    ) -> Result<Result<Hold, Refusal>, Error> {
        self.read_in_this_epoch(seats).await?;
        let Standing { mut hold, placed_by, places, .. } = standing;
        // By Redis's clock, as far as it is known: what counts is what Redis says.
        hold.expiry = self.rules.expiry(self.now(), self.now());
        let lock = Lock { hold, placed_by };
        let hold = &lock.hold;
        let (hold_id, user, by) = (hold.hold_id.to_string(), hold.user_id.to_string(), placed_by.to_string());
        let places = places.iter().map(u16::to_string).collect::<Vec<_>>().join(",");
        let arguments = [hold_id.as_str(), &user, &by, &places];
        let (written, placed) = tokio::join!(self.write_lock(&lock), self.call_seeing("place", seats, &arguments));
        let answer = match (written, placed) {
            (Ok(()), Ok(answer)) if answer.is_lost() => {
                self.read_anew(seats).await?;
                self.call_seeing("place", seats, &arguments).await.inspect_err(|_| self.take_back(hold))?
            }
            (Ok(()), Ok(answer)) => answer,
            (Err(Down), _) | (_, Err(Down)) => {
                self.take_back(hold);
                return Err(Down.into());
            }
        };
        let list = |text: &str| text.split(',').filter_map(|place| place.parse().ok()).collect();
        let number = answer.said(0).parse::<u64>().unwrap_or_default();
        let refusal = match answer.word.as_str() {
            "ok" => {
                meters::hold("placed");
                return Ok(Ok(lock.hold_until(&answer)));
            }
            "limit" => Refusal::HoldLimit { held: u32::try_from(number).unwrap_or(u32::MAX) },
            "budget" => Refusal::OverBudget { retry_after_s: number },
            "taken" => Refusal::Taken(list(answer.said(0))),
            "cancelled" => Refusal::ShowCancelled,
            _ => {
                self.take_back(hold);
                return Err(Error::HoldStoreDown);
            }
        };
        meters::hold("refused");
        // Nobody has heard of it, so nobody waits for it to go.
        let (holds, hold_id) = (self.clone(), hold.hold_id);
        tokio::spawn(async move { holds.forget_lock(hold_id).await });
        Ok(Err(refusal))
    }

    /// Gives back what may have been placed although nobody was told so; what cannot be given back lapses.
    fn take_back(self: &Arc<Self>, hold: &Hold) {
        let (holds, show_id, hold_id, user) = (self.clone(), hold.show_id, hold.hold_id, hold.user_id.to_string());
        tokio::spawn(async move {
            let id = hold_id.to_string();
            if holds.call_for("release", show_id, &[&id, &user]).await.is_ok() {
                let _ = holds.forget_lock(hold_id).await;
            }
        });
    }

    async fn write_lock(&self, lock: &Lock) -> Result<(), Down> {
        let kept_s = self.rules.hold_max.as_secs().saturating_add(LAPSED_KEPT_S);
        let mut command = redis::cmd("SET");
        // Ids, words, amounts and instants: serialising them cannot fail.
        let text = serde_json::to_string(lock).unwrap_or_default();
        command.arg(self.lock_key(lock.hold.hold_id)).arg(text).arg("EX").arg(kept_s);
        self.link.call(&command).await
    }

    async fn forget_lock(&self, hold_id: HoldId) -> Result<(), Down> {
        let mut command = redis::cmd("UNLINK");
        command.arg(self.lock_key(hold_id));
        self.link.call::<i64>(&command).await.map(drop)
    }

    async fn lock(&self, hold_id: HoldId) -> Result<Option<Lock>, Down> {
        let mut command = redis::cmd("GET");
        command.arg(self.lock_key(hold_id));
        let text: Option<String> = self.link.call(&command).await?;
        let lock = text.map(|text| serde_json::from_str(&text)).transpose();
        Ok(lock.inspect_err(|error| warn!(%error, "hold in the hold store is not readable")).unwrap_or_default())
    }

    /// Where a hold is that `user_id` may use, or was until it lapsed.
    pub(crate) async fn locate(&self, hold_id: HoldId, user_id: UserId) -> Result<Result<Located, Absent>, Down> {
        let lock = self.lock(hold_id).await?;
        let lock = lock.filter(|lock| lock.hold.user_id == user_id || lock.placed_by == user_id);
        Ok(lock.map(|lock| Located { show_id: lock.hold.show_id, lock: Some(lock) }).ok_or(Absent::Unknown))
    }

    /// The live hold of `user_id`.
    pub(crate) async fn hold(self: &Arc<Self>, lock: &Lock, user_id: UserId) -> Result<Result<Hold, Absent>, Down> {
        let (id, user) = (lock.hold.hold_id.to_string(), user_id.to_string());
        let answer = self.call_for("find", lock.hold.show_id, &[&id, &user]).await?;
        Ok(if answer.word == "ok" { Ok(lock.hold_until(&answer)) } else { Err(lock.absent(&answer)) })
    }

    /// Moves a hold's expiry on.
    pub(crate) async fn extend(self: &Arc<Self>, lock: &Lock, user_id: UserId) -> Result<Result<Hold, Absent>, Down> {
        let (id, user) = (lock.hold.hold_id.to_string(), user_id.to_string());
        let answer = self.call_for("extend", lock.hold.show_id, &[&id, &user]).await?;
        if answer.word != "ok" {
            return Ok(Err(lock.absent(&answer)));
        }
        meters::hold("extended");
        Ok(Ok(lock.hold_until(&answer)))
    }

    /// Releases a live hold of `user_id` that nobody is paying for; anything else is left alone.
    pub(crate) async fn release(self: &Arc<Self>, hold_id: HoldId, user_id: UserId) -> Result<(), Down> {
        let Ok(located) = self.locate(hold_id, user_id).await? else { return Ok(()) };
        let (id, user) = (hold_id.to_string(), user_id.to_string());
        if self.call_for("release", located.show_id, &[&id, &user]).await?.word == "ok" {
            meters::hold("released");
            self.forget_lock(hold_id).await?;
        }
        Ok(())
    }

    /// Stops a hold's clock for a payment, if its show is `on_sale`.
    pub(crate) async fn begin_payment(
        self: &Arc<Self>,
        lock: &Lock,
        user_id: UserId,
        attempt: Attempt,
        on_sale: bool,
    ) -> Result<Result<Hold, BeginPayment>, Down> {
        let (id, user, booking) = (lock.hold.hold_id.to_string(), user_id.to_string(), attempt.booking_id.to_string());
        // An id, a key and a hash: serialising them cannot fail.
        let text = serde_json::to_string(&attempt).unwrap_or_default();
        let arguments = [id.as_str(), &user, &booking, &text, if on_sale { "1" } else { "0" }];
        let answer = match self.call_for("begin_payment", lock.hold.show_id, &arguments).await {
            Ok(answer) => answer,
            Err(Down) => {
                // It may have begun: nobody is paying.
                let (show_id, hold_id, booking_id) = (lock.hold.show_id, lock.hold.hold_id, attempt.booking_id);
                self.end_payment_later(EndedPayment { show_id, hold_id, booking_id, outcome: Outcome::Abandoned });
                return Err(Down);
            }
        };
        Ok(match answer.word.as_str() {
            "ok" => Ok(lock.hold_until(&answer)),
            "closed" => Err(BeginPayment::NotOnSale),
            "paying" => match serde_json::from_str(answer.said(0)) {
                Ok(under_way) => Err(BeginPayment::Paying(under_way)),
                Err(error) => {
                    warn!(%error, "payment in the hold store is not readable");
                    Err(BeginPayment::NotFound)
                }
            },
            _ => Err(lock.absent(&answer).into()),
        })
    }

    /// Ends a payment; when Redis does not answer, it is told later. Whether the show's seats must be read again.
    pub(crate) async fn end_payment(self: &Arc<Self>, ended: EndedPayment) -> bool {
        let EndedPayment { show_id, hold_id, booking_id, outcome } = ended;
        let (id, booking) = (hold_id.to_string(), booking_id.to_string());
        let (word, ends_hold) = match outcome {
            Outcome::Declined | Outcome::Abandoned => ("declined", None),
            Outcome::Failed => ("failed", Some("failed")),
            Outcome::Booked => ("booked", Some("booked")),
        };
        let Ok(answer) = self.call_for("end_payment", show_id, &[&id, &booking, word]).await else {
            self.end_payment_later(ended);
            return false;
        };
        match answer.word.as_str() {
            "ok" => {
                if let Some(ending) = ends_hold {
                    meters::hold(ending);
                    // A lock that stays says that its hold lapsed, until it goes by itself.
                    let _ = self.forget_lock(hold_id).await;
                }
                outcome != Outcome::Booked
            }
            // Another payment's hold, and none of this one's business.
            "other" => false,
            // Redis lost the hold, and with it that its seats were about to be sold.
            _ => true,
        }
    }

    /// Ends a payment as soon as Redis answers.
    pub(crate) fn end_payment_later(&self, ended: EndedPayment) {
        let mut owed = self.owed.lock();
        if owed.len() < OWED_MAX {
            owed.push(ended);
        }
    }

    /// Looks what became of a payment that nobody has ended: its node may be gone.
    pub(super) async fn look_at_payment(self: Arc<Self>, show_id: ShowId, hold_id: HoldId, booking_id: BookingId) {
        let outcome = match self.record.standing_of(show_id, booking_id).await {
            // It is being settled, or will be.
            Ok(Some(Sold::Claimed | Sold::Blocked)) => return,
            Ok(Some(Sold::Booked)) => Outcome::Booked,
            Ok(None) => Outcome::Abandoned,
            Err(error) => return warn!(%show_id, %booking_id, %error, "payment not looked at yet"),
        };
        info!(%show_id, %booking_id, ?outcome, "payment of a node that is gone ended");
        if self.end_payment(EndedPayment { show_id, hold_id, booking_id, outcome }).await {
            self.to_read.lock().insert(show_id);
        }
    }
}
