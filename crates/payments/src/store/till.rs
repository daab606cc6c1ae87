//! The rows of what is paid at tills.

use marquee_db::{Result, Row, Tx, params};
use marquee_kernel::{CinemaId, Currency, Money, PaymentId, Timestamp, UserId};

use super::unknown_word;
use crate::model::Step;
use crate::till::{Method, Taking, Total, Totals};

pub(super) const INSERT: &str = "
    INSERT INTO till_payments (payment_id, cinema_id, clerk, method, taken_at, paid_out_by, paid_out_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)";
const METHOD: &str = "SELECT payment_id, method FROM till_payments WHERE payment_id = $1";
const PAY_OUT: &str = "
    UPDATE till_payments SET paid_out_by = $2, paid_out_at = $3 WHERE payment_id = $1 AND paid_out_at IS NULL";
/// What was taken, whatever became of it later.
const TAKEN: &str = "
    SELECT t.clerk, t.method, p.currency, COUNT(*) AS payments, CAST(SUM(p.amount) AS BIGINT) AS amount
    FROM till_payments t JOIN payments p ON p.payment_id = t.payment_id
    WHERE t.cinema_id = $1 AND t.taken_at >= $2 AND t.taken_at < $3
        AND p.state IN ('captured', 'refund_pending', 'refund_failed', 'refunded')
    GROUP BY t.clerk, t.method, p.currency";
const PAID_OUT: &str = "
    SELECT t.paid_out_by AS clerk, t.method, p.currency, COUNT(*) AS payments, CAST(SUM(p.amount) AS BIGINT) AS amount
    FROM till_payments t JOIN payments p ON p.payment_id = t.payment_id
    WHERE t.cinema_id = $1 AND t.paid_out_at >= $2 AND t.paid_out_at < $3
    GROUP BY t.paid_out_by, t.method, p.currency";

pub(crate) fn insert(tx: &mut Tx<'_>, takings: &[Taking]) -> Result<()> {
    let rows = takings.iter().map(|taking| {
        let Taking { payment_id, method, cinema_id, clerk, at, .. } = *taking;
        params![payment_id, cinema_id, clerk, method.word(), at, None::<UserId>, None::<Timestamp>]
    });
    tx.run_each(INSERT, rows)
}

/// Books the money of those payments that stand where they began as taken; rows changed by each.
pub(crate) fn take(tx: &mut Tx<'_>, takings: &[Taking]) -> Result<Vec<usize>> {
    let (from, to) = (Step::Authorise.from().word(), Step::Capture.to().word());
    tx.execute_each(super::STEP, takings.iter().map(|taking| params![taking.payment_id, taking.at, from, to]))
}

pub(crate) fn methods(tx: &mut Tx<'_>, payments: &[PaymentId]) -> Result<Vec<(PaymentId, Method)>> {
    let rows = tx.query_each(METHOD, payments.iter().map(|payment_id| params![*payment_id]))?;
    rows.iter().flatten().map(|row| Ok((row.get("payment_id")?, method(row)?))).collect()
}

/// Notes who gave the money back; false when somebody had.
pub(crate) fn pay_out(tx: &mut Tx<'_>, payment_id: PaymentId, by: UserId, at: Timestamp) -> Result<bool> {
    Ok(tx.execute(PAY_OUT, &params![payment_id, by, at])? > 0)
}

/// What the clerks of a cinema took and paid out from `from` until before `until`.
pub(crate) fn totals(tx: &mut Tx<'_>, cinema_id: CinemaId, from: Timestamp, until: Timestamp) -> Result<Totals> {
    let mut of = |sql| tx.query(sql, &params![cinema_id, from, until])?.iter().map(total).collect::<Result<Vec<_>>>();
    Ok(Totals { taken: of(TAKEN)?, paid_out: of(PAID_OUT)? })
}

fn total(row: &Row) -> Result<Total> {
    let currency: Currency = row.get("currency")?;
    Ok(Total {
        clerk: row.get("clerk")?,
        method: method(row)?,
        payments: row.get("payments")?,
        amount: Money::new(row.get("amount")?, currency),
    })
}

fn method(row: &Row) -> Result<Method> {
    Method::of_word(&row.get::<String>("method")?).ok_or_else(|| unknown_word("method"))
}
