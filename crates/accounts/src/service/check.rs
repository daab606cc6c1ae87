//! What must hold of accounts, for `marquee check`.

use marquee_db::{Result, Tx};
use marquee_kernel::{CinemaId, Timestamp, UserId};
use uuid::Uuid;

use crate::model::{Email, fold, grants, role_of};
use crate::store::{self, GrantRow};

/// Accounts looked at at a time.
const PAGE_ROWS: u32 = 1_000;

/// What is wrong with the accounts as of `now`, one line each, without personal data; empty when all is well.
///
/// # Errors
/// What the database says.
pub fn check(tx: &mut Tx<'_>, now: Timestamp) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    addresses(tx, &mut faults)?;
    let granted = store::all_grants(tx)?;
    let found = granted.iter().filter_map(|row| Some(format!("user {}: {}", row.user_id, grant_fault(row)?)));
    faults.extend(found);
    for (session_id, user_id) in store::sessions_of_nobody(tx)? {
        faults.push(format!("session {session_id}: of user {user_id}, whom nobody knows"));
    }
    // A used or lapsed token may outlive its session by a purge; one that could still be used may not.
    let strays = store::count_tokens_of_no_session(tx, now)?;
    if strays > 0 {
        faults.push(format!("refresh tokens: {strays} belong to no session"));
    }
    Ok(faults)
}

/// Who has a role in which cinema.
///
/// # Errors
/// What the database says.
pub fn staffed_cinemas(tx: &mut Tx<'_>) -> Result<Vec<(UserId, CinemaId)>> {
    let granted = store::all_grants(tx)?;
    Ok(granted.into_iter().filter_map(|row| Some((row.user_id, row.cinema_id?))).collect())
}

/// One address is one account: every address is kept in the form that the key compares.
fn addresses(tx: &mut Tx<'_>, faults: &mut Vec<String>) -> Result<()> {
    let mut after = UserId::from(Uuid::nil());
    loop {
        let page = store::addresses_after(tx, after, PAGE_ROWS)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.user_id;
        for found in page {
            let user_id = found.user_id;
            if Email::parse(&found.email).is_err() {
                faults.push(format!("user {user_id}: has an e-mail address that is none"));
            }
            let folded = fold(&found.email);
            if folded == found.folded {
                continue;
            }
            match store::account(tx, &folded)? {
                Some(other) => faults.push(format!("user {user_id}: has the e-mail address of user {}", other.user_id)),
                None => faults.push(format!("user {user_id}: cannot be found by its e-mail address")),
            }
        }
    }
}

fn grant_fault(row: &GrantRow) -> Option<String> {
    if !row.known {
        return Some(format!("has the role {}, but no account", row.role));
    }
    let Some(role) = role_of(&row.role) else { return Some(format!("has the role {}, which is none", row.role)) };
    grants(role, row.cinema_id.as_slice()).err().map(|why| format!("has the role {}: {why}", row.role))
}
