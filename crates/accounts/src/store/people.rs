//! Looking for people.

use std::collections::HashMap;

use marquee_db::{Result, Row, Tx, Value, params};
use marquee_http::{Grant, Places};
use marquee_kernel::UserId;
use uuid::Uuid;

use super::{GRANTS, USER, User, grant};
use crate::model::{PeopleFilter, fold};

/// An erased account has no password, and is nobody's.
const FOUND: &str =
    "SELECT user_id, name, email, phone, created_at FROM users WHERE user_id < $1 AND password_hash <> ''";

/// Accounts, the newest first, older than `before`: of the staff of those cinemas, and whoever has exactly the address that
/// is looked for.
pub(crate) fn find(
    tx: &mut Tx<'_>,
    filter: &PeopleFilter,
    staff_of: &Places,
    before: Option<UserId>,
    limit: u32,
) -> Result<Vec<User>> {
    let mut values = params![before.map_or(Uuid::max(), UserId::uuid)].to_vec();
    let mut bind = |value: Value| {
        values.push(value);
        format!("${}", values.len())
    };
    let mut all_of = Vec::new();
    if let Some(text) = &filter.text {
        let pattern = format!("%{}%", literal(text));
        let (name, email) = (bind(pattern.clone().into()), bind(fold(&pattern).into()));
        all_of.push(format!(r"(LOWER(name) LIKE LOWER({name}) ESCAPE '\' OR email_folded LIKE {email} ESCAPE '\')"));
    }
    let of_staff = match staff_of {
        Places::All => filter.role.map(|_| "TRUE".to_owned()),
        Places::These(places) if places.is_empty() => Some("FALSE".to_owned()),
        Places::These(places) => {
            let marks: Vec<String> = places.iter().map(|place| bind((*place).into())).collect();
            Some(format!("cinema_id IN ({})", marks.join(", ")))
        }
    };
    if let Some(mut of_staff) = of_staff {
        if let Some(role) = filter.role {
            of_staff = format!("{of_staff} AND role = {}", bind(crate::model::role_word(role).into()));
        }
        all_of.push(format!("user_id IN (SELECT user_id FROM role_grants WHERE {of_staff})"));
    }
    let mut condition = all_of.join(" AND ");
    if let (Some(text), Places::These(_), None) = (&filter.text, staff_of, filter.role) {
        condition = format!("({condition} OR email_folded = {})", bind(fold(text).into()));
    }
    let limit = bind(limit.into());
    let and = if condition.is_empty() { "" } else { " AND " };
    let sql = format!("{FOUND}{and}{condition} ORDER BY user_id DESC LIMIT {limit}");
    tx.query(&sql, &values)?.iter().map(read).collect()
}

/// Those of these accounts that there are.
pub(crate) fn named(tx: &mut Tx<'_>, user_ids: &[UserId]) -> Result<HashMap<UserId, User>> {
    let rows = tx.query_each(USER, user_ids.iter().map(|user_id| params![*user_id]))?;
    rows.iter().flatten().map(|row| read(row).map(|user| (user.user_id, user))).collect()
}

/// The grants of each of these accounts.
pub(crate) fn grants_of(tx: &mut Tx<'_>, user_ids: impl Iterator<Item = UserId>) -> Result<Vec<Vec<Grant>>> {
    let found = tx.query_each(GRANTS, user_ids.map(|user_id| params![user_id]))?;
    found.iter().map(|rows| rows.iter().map(grant).collect()).collect()
}

pub(super) fn read(row: &Row) -> Result<User> {
    Ok(User {
        user_id: row.get("user_id")?,
        name: row.get("name")?,
        email: row.get("email")?,
        phone: row.get("phone")?,
        created_at: row.get("created_at")?,
    })
}

/// The text as a LIKE pattern that matches itself alone.
fn literal(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}
