//! The rows of payments and refunds.

mod across;
pub(crate) mod till;

use std::collections::HashMap;

use marquee_cluster::Portion;
use marquee_db::{Error, Result, Row, Tx, Value, params};
use marquee_kernel::{BookingId, Money, PaymentId, RefundId, ShowId, Timestamp};

use crate::model::{NewPayment, PaymentState, Refund, RefundStatus, Step};

pub use across::shows_after;

const INSERT_PAYMENT: &str = "
    INSERT INTO payments (payment_id, booking_id, show_id, amount, currency, state, created_at, updated_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $7)";
const AUTHORISE: &str = "UPDATE payments SET state = $4, updated_at = $2 WHERE payment_id = $1 AND state = $3";
const WANT_CAPTURE: &str = "INSERT INTO captures (payment_id, due_at) VALUES ($1, $2)";
const DECLINE: &str = "
    UPDATE payments SET state = $4, decline_code = $5, updated_at = $2 WHERE payment_id = $1 AND state = $3";
const STEP: &str = "
    UPDATE payments SET state = $4, updated_at = $2 WHERE payment_id = $1 AND state = $3";
const STOP_CAPTURE: &str = "DELETE FROM captures WHERE payment_id = $1";
const PUT_CAPTURE_OFF: &str = "UPDATE captures SET due_at = $2 WHERE payment_id = $1";
const CAPTURES_DUE: &str = "SELECT payment_id FROM captures WHERE due_at <= $1 ORDER BY payment_id LIMIT $2";
const PAYMENT: &str = "
    SELECT payment_id, booking_id, show_id, amount, currency, state FROM payments WHERE payment_id = $1";
const INSERT_REFUND: &str = "
    INSERT INTO refunds (refund_id, payment_id, booking_id, amount, currency, status, attempts, next_attempt_at,
                         last_error, created_at, accepted_at, settled_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
const REFUND_OF: &str = "
    SELECT refund_id, payment_id, booking_id, amount, currency, status, attempts, last_error, created_at,
           accepted_at, settled_at
    FROM refunds WHERE payment_id = $1";
/// Ids sort by birth.
const REFUNDS_BETWEEN: &str = "
    SELECT refund_id, payment_id, booking_id, amount, currency, status, attempts, last_error, created_at,
           accepted_at, settled_at
    FROM refunds WHERE refund_id >= $1 AND refund_id < $2 ORDER BY refund_id";
const REFUNDS_DUE: &str = "
    SELECT r.refund_id, r.payment_id, r.booking_id, r.amount, r.currency, r.status, r.attempts, r.last_error,
           r.created_at, r.accepted_at, r.settled_at, p.show_id, p.state
    FROM refunds r JOIN payments p ON p.payment_id = r.payment_id
    WHERE r.next_attempt_at <= $1 ORDER BY r.next_attempt_at LIMIT $2";
/// A settled refund is settled for good.
const UPDATE_REFUND: &str = "
    UPDATE refunds SET status = $2, attempts = $3, next_attempt_at = $4, last_error = $5, accepted_at = $6,
                       settled_at = $7
    WHERE refund_id = $1 AND next_attempt_at IS NOT NULL";
const REFUNDS_OPEN: &str = "
    SELECT status, COUNT(*) AS refunds FROM refunds WHERE next_attempt_at < $1 GROUP BY status";
const PAYMENTS_AFTER: &str = "
    SELECT p.payment_id, p.booking_id, p.show_id, p.amount, p.currency, p.state, c.due_at AS capture_due_at, p.created_at,
           r.refund_id, r.amount AS refund_amount, r.currency AS refund_currency, r.status AS refund_status,
           r.next_attempt_at, t.method, t.paid_out_at
    FROM payments p LEFT JOIN refunds r ON r.payment_id = p.payment_id LEFT JOIN captures c ON c.payment_id = p.payment_id
        LEFT JOIN till_payments t ON t.payment_id = p.payment_id
    WHERE p.payment_id > $1 ORDER BY p.payment_id LIMIT $2";
const REFUNDS_WITHOUT_PAYMENT: &str = "
    SELECT COUNT(*) AS n FROM refunds r
    WHERE NOT EXISTS (SELECT 1 FROM payments p WHERE p.payment_id = r.payment_id)";
const CAPTURES_WITHOUT_PAYMENT: &str = "
    SELECT COUNT(*) AS n FROM captures c
    WHERE NOT EXISTS (SELECT 1 FROM payments p WHERE p.payment_id = c.payment_id)";
const TILL_WITHOUT_PAYMENT: &str = "
    SELECT COUNT(*) AS n FROM till_payments t
    WHERE NOT EXISTS (SELECT 1 FROM payments p WHERE p.payment_id = t.payment_id)";

/// What a show has of these tables, when it is moved to another shard.
pub const PORTIONS: [Portion; 4] = [
    Portion::of::<9>(
        "payments",
        "SELECT payment_id, booking_id, show_id, amount, currency, state, decline_code, created_at, updated_at
         FROM payments WHERE show_id = $1",
        "DELETE FROM payments WHERE show_id = $1",
        "INSERT INTO payments (payment_id, booking_id, show_id, amount, currency, state, decline_code, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    ),
    Portion::of::<2>(
        "captures",
        "SELECT c.payment_id, c.due_at FROM payments p JOIN captures c ON c.payment_id = p.payment_id WHERE p.show_id = $1",
        "DELETE FROM captures WHERE payment_id IN (SELECT payment_id FROM payments WHERE show_id = $1)",
        WANT_CAPTURE,
    ),
    Portion::of::<12>(
        "refunds",
        "SELECT refund_id, payment_id, booking_id, amount, currency, status, attempts, next_attempt_at, last_error, created_at,
             accepted_at, settled_at
         FROM refunds WHERE payment_id IN (SELECT payment_id FROM payments WHERE show_id = $1)",
        "DELETE FROM refunds WHERE payment_id IN (SELECT payment_id FROM payments WHERE show_id = $1)",
        INSERT_REFUND,
    ),
    Portion::of::<7>(
        "till_payments",
        "SELECT t.payment_id, t.cinema_id, t.clerk, t.method, t.taken_at, t.paid_out_by, t.paid_out_at
         FROM payments p JOIN till_payments t ON t.payment_id = p.payment_id WHERE p.show_id = $1",
        "DELETE FROM till_payments WHERE payment_id IN (SELECT payment_id FROM payments WHERE show_id = $1)",
        till::INSERT,
    ),
];

/// When a refund is due that is given back by hand: for no job, ever.
pub(crate) const BY_HAND: Timestamp = Timestamp::constant(253_402_207_200, 0);

/// A payment as the jobs need it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Payment {
    pub(crate) payment_id: PaymentId,
    pub(crate) booking_id: BookingId,
    pub(crate) show_id: ShowId,
    pub(crate) amount: Money,
    pub(crate) state: PaymentState,
}

/// A refund to see to, with what its payment was when it was read.
#[derive(Clone, Debug)]
pub(crate) struct DueRefund {
    pub(crate) refund: Refund,
    pub(crate) show_id: ShowId,
    pub(crate) payment_state: PaymentState,
}

/// A payment and its refund, as the audit reads them.
#[derive(Clone, Debug)]
pub(crate) struct Audited {
    pub(crate) payment: Payment,
    pub(crate) created_at: Timestamp,
    pub(crate) capture_due_at: Option<Timestamp>,
    pub(crate) refund: Option<AuditedRefund>,
    /// Whether it was paid at a till.
    pub(crate) at_till: bool,
    pub(crate) paid_out_at: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct AuditedRefund {
    pub(crate) amount: Money,
    pub(crate) status: RefundStatus,
    pub(crate) next_attempt_at: Option<Timestamp>,
}

pub(crate) fn insert_payments(tx: &mut Tx<'_>, payments: &[NewPayment]) -> Result<()> {
    let rows = payments.iter().map(|new| {
        let (amount, currency) = (new.amount.amount, new.amount.currency);
        let state = PaymentState::Initiated.word();
        params![new.payment_id, new.booking_id, new.show_id, amount, currency, state, new.at]
    });
    tx.run_each(INSERT_PAYMENT, rows)
}

pub(crate) fn authorise(tx: &mut Tx<'_>, payments: &[(PaymentId, Money, Timestamp)]) -> Result<Vec<usize>> {
    let changed = tx.execute_each(AUTHORISE, payments.iter().map(authorisation))?;
    let promised = payments.iter().zip(&changed).filter(|(_, rows)| **rows > 0).map(|(payment, _)| payment);
    want_captures(tx, promised)?;
    Ok(changed)
}

/// The same for payments that are known to be initiated.
pub(crate) fn promise(tx: &mut Tx<'_>, payments: &[(PaymentId, Money, Timestamp)]) -> Result<()> {
    tx.run_each(AUTHORISE, payments.iter().map(authorisation))?;
    want_captures(tx, payments.iter())
}

/// A free payment has nothing to capture: it is captured at once.
fn authorisation((payment_id, amount, at): &(PaymentId, Money, Timestamp)) -> [Value; 4] {
    let to = if amount.amount == 0 { Step::Capture.to() } else { Step::Authorise.to() };
    params![*payment_id, *at, Step::Authorise.from().word(), to.word()]
}

fn want_captures<'p>(tx: &mut Tx<'_>, promised: impl Iterator<Item = &'p (PaymentId, Money, Timestamp)>) -> Result<()> {
    let due = promised.filter(|(_, amount, _)| amount.amount > 0);
    tx.run_each(WANT_CAPTURE, due.map(|(payment_id, _, at)| params![*payment_id, *at]))
}

pub(crate) fn decline(tx: &mut Tx<'_>, payments: &[(PaymentId, String)], at: Timestamp) -> Result<Vec<usize>> {
    let (from, to) = (Step::Decline.from().word(), Step::Decline.to().word());
    tx.execute_each(DECLINE, payments.iter().map(|(payment_id, code)| params![*payment_id, at, from, to, code]))
}

/// Moves those payments that stand where `step` starts; rows changed by each.
pub(crate) fn step(tx: &mut Tx<'_>, step: Step, payments: &[PaymentId], at: Timestamp) -> Result<Vec<usize>> {
    let (from, to) = (step.from().word(), step.to().word());
    tx.execute_each(STEP, payments.iter().map(|payment_id| params![*payment_id, at, from, to]))
}

pub(crate) fn stop_captures(tx: &mut Tx<'_>, payments: &[PaymentId]) -> Result<()> {
    tx.run_each(STOP_CAPTURE, payments.iter().map(|payment_id| params![*payment_id]))
}

pub(crate) fn put_captures_off(tx: &mut Tx<'_>, payments: &[PaymentId], until: Timestamp) -> Result<()> {
    tx.run_each(PUT_CAPTURE_OFF, payments.iter().map(|payment_id| params![*payment_id, until]))
}

pub(crate) fn captures_due(tx: &mut Tx<'_>, now: Timestamp, limit: u32) -> Result<Vec<Payment>> {
    let due = tx.query(CAPTURES_DUE, &params![now, limit])?;
    let ids = due.iter().map(|row| Ok(params![row.get::<PaymentId>("payment_id")?])).collect::<Result<Vec<_>>>()?;
    tx.query_each(PAYMENT, ids)?.iter().flatten().map(payment_row).collect()
}

pub(crate) fn payment(tx: &mut Tx<'_>, payment_id: PaymentId) -> Result<Option<Payment>> {
    tx.query_opt(PAYMENT, &params![payment_id])?.as_ref().map(payment_row).transpose()
}

/// Writes a new refund, to be seen to from `due` on unless it is settled.
pub(crate) fn insert_refund(tx: &mut Tx<'_>, refund: &Refund, due: Timestamp) -> Result<()> {
    let (amount, currency) = (refund.amount.amount, refund.amount.currency);
    let due = refund.settled_at.is_none().then_some(due);
    let row = params![
        refund.refund_id,
        refund.payment_id,
        refund.booking_id,
        amount,
        currency,
        refund.status.word(),
        refund.attempts,
        due,
        refund.last_error.clone(),
        refund.created_at,
        refund.accepted_at,
        refund.settled_at,
    ];
    tx.execute(INSERT_REFUND, &row).map(drop)
}

pub(crate) fn refund_of(tx: &mut Tx<'_>, payment_id: PaymentId) -> Result<Option<Refund>> {
    tx.query_opt(REFUND_OF, &params![payment_id])?.as_ref().map(refund_row).transpose()
}

pub(crate) fn refunds_of(tx: &mut Tx<'_>, payments: &[PaymentId]) -> Result<HashMap<PaymentId, Refund>> {
    let rows = tx.query_each(REFUND_OF, payments.iter().map(|payment_id| params![*payment_id]))?;
    let refunds = rows.iter().flatten().map(refund_row);
    refunds.map(|refund| refund.map(|refund| (refund.payment_id, refund))).collect()
}

pub(crate) fn refunds_between(tx: &mut Tx<'_>, from: Timestamp, until: Timestamp) -> Result<Vec<Refund>> {
    let span = params![RefundId::earliest_at(from), RefundId::earliest_at(until)];
    tx.query(REFUNDS_BETWEEN, &span)?.iter().map(refund_row).collect()
}

pub(crate) fn refunds_due(tx: &mut Tx<'_>, now: Timestamp, limit: u32) -> Result<Vec<DueRefund>> {
    let due = |row: &Row| {
        Ok(DueRefund { refund: refund_row(row)?, show_id: row.get("show_id")?, payment_state: state(row)? })
    };
    tx.query(REFUNDS_DUE, &params![now, limit])?.iter().map(due).collect()
}

/// Writes a refund's progress; false when it was settled before.
pub(crate) fn update_refund(tx: &mut Tx<'_>, refund: &Refund, next_attempt_at: Option<Timestamp>) -> Result<bool> {
    let row = params![
        refund.refund_id,
        refund.status.word(),
        refund.attempts,
        next_attempt_at,
        refund.last_error.clone(),
        refund.accepted_at,
        refund.settled_at,
    ];
    Ok(tx.execute(UPDATE_REFUND, &row)? > 0)
}

/// How many refunds the gateway still has to give.
pub(crate) fn refunds_open(tx: &mut Tx<'_>) -> Result<Vec<(RefundStatus, i64)>> {
    tx.query(REFUNDS_OPEN, &params![BY_HAND])?
        .iter()
        .map(|row| Ok((status(row, "status")?, row.get("refunds")?)))
        .collect()
}

/// Payments after `after` by id, with their refunds.
pub(crate) fn payments_after(tx: &mut Tx<'_>, after: PaymentId, limit: u32) -> Result<Vec<Audited>> {
    tx.query(PAYMENTS_AFTER, &params![after, limit])?.iter().map(audited_row).collect()
}

/// How many refunds, captures to come and takings of tills are of no payment.
pub(crate) fn without_payment(tx: &mut Tx<'_>) -> Result<[(&'static str, i64); 3]> {
    let mut count = |sql| tx.query_opt(sql, &[])?.map_or(Ok(0), |row| row.get("n"));
    Ok([
        ("refunds", count(REFUNDS_WITHOUT_PAYMENT)?),
        ("captures", count(CAPTURES_WITHOUT_PAYMENT)?),
        ("takings", count(TILL_WITHOUT_PAYMENT)?),
    ])
}

fn payment_row(row: &Row) -> Result<Payment> {
    Ok(Payment {
        payment_id: row.get("payment_id")?,
        booking_id: row.get("booking_id")?,
        show_id: row.get("show_id")?,
        amount: Money::new(row.get("amount")?, row.get("currency")?),
        state: state(row)?,
    })
}

fn refund_row(row: &Row) -> Result<Refund> {
    Ok(Refund {
        refund_id: row.get("refund_id")?,
        payment_id: row.get("payment_id")?,
        booking_id: row.get("booking_id")?,
        amount: Money::new(row.get("amount")?, row.get("currency")?),
        status: status(row, "status")?,
        attempts: row.get("attempts")?,
        last_error: row.get("last_error")?,
        created_at: row.get("created_at")?,
        accepted_at: row.get("accepted_at")?,
        settled_at: row.get("settled_at")?,
    })
}

fn audited_row(row: &Row) -> Result<Audited> {
    let refund = match row.get("refund_amount")? {
        Some(amount) => Some(AuditedRefund {
            amount: Money::new(amount, row.get("refund_currency")?),
            status: status(row, "refund_status")?,
            next_attempt_at: row.get("next_attempt_at")?,
        }),
        None => None,
    };
    let (created_at, capture_due_at) = (row.get("created_at")?, row.get("capture_due_at")?);
    let (at_till, paid_out_at) = (row.get::<Option<String>>("method")?.is_some(), row.get("paid_out_at")?);
    Ok(Audited { payment: payment_row(row)?, created_at, capture_due_at, refund, at_till, paid_out_at })
}

fn state(row: &Row) -> Result<PaymentState> {
    PaymentState::of_word(&row.get::<String>("state")?).ok_or_else(|| unknown_word("state"))
}

fn status(row: &Row, column: &str) -> Result<RefundStatus> {
    RefundStatus::of_word(&row.get::<String>(column)?).ok_or_else(|| unknown_word(column))
}

fn unknown_word(column: &str) -> Error {
    Error::Column { column: column.to_owned(), problem: "not a word of this version" }
}
