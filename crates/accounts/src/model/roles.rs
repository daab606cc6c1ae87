//! Roles: their words, and where they can be given.

use marquee_http::{Grant, Role};
use marquee_kernel::CinemaId;

/// Grants of one account: an access token carries them all, in a header.
pub const GRANTS_MAX: usize = 64;

/// Why more than [`GRANTS_MAX`] are refused.
pub(crate) const TOO_MANY_GRANTS: &str = "an account can serve at most 64 cinemas";

/// A role's word in tokens, rows and answers.
pub(crate) fn role_word(role: Role) -> &'static str {
    match role {
        Role::Customer => "customer",
        Role::BoxOffice => "box_office",
        Role::Manager => "manager",
        Role::Admin => "admin",
    }
}

/// The role of a word.
pub(crate) fn role_of(word: &str) -> Option<Role> {
    [Role::Customer, Role::BoxOffice, Role::Manager, Role::Admin].into_iter().find(|role| role_word(*role) == word)
}

/// The grants that give or take `role` in those cinemas (none: in every cinema).
///
/// # Errors
/// [`crate::Error::BadGrant`]: customers need no grant, administrators serve every cinema, managers only named ones.
pub(crate) fn grants(role: Role, cinema_ids: &[CinemaId]) -> Result<Vec<Grant>, crate::Error> {
    let refusal = match role {
        Role::Customer => Some("everybody is a customer; grant box_office, manager or admin"),
        Role::Admin if !cinema_ids.is_empty() => Some("an admin serves every cinema; name none"),
        Role::Manager if cinema_ids.is_empty() => Some("a manager serves named cinemas; name at least one"),
        _ if cinema_ids.len() > GRANTS_MAX => Some(TOO_MANY_GRANTS),
        Role::BoxOffice | Role::Manager | Role::Admin => None,
    };
    match refusal {
        Some(why) => Err(crate::Error::BadGrant(why)),
        None if cinema_ids.is_empty() => Ok(vec![Grant { role, cinema_id: None }]),
        None => Ok(cinema_ids.iter().map(|id| Grant { role, cinema_id: Some(*id) }).collect()),
    }
}

/// Every role of somebody with those grants, each once, `customer` first.
pub(crate) fn roles(grants: &[Grant]) -> Vec<Role> {
    let mut roles: Vec<Role> = std::iter::once(Role::Customer).chain(grants.iter().map(|grant| grant.role)).collect();
    roles.sort_unstable();
    roles.dedup();
    roles
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_has_its_own_word_and_it_is_the_wires() {
        for role in [Role::Customer, Role::BoxOffice, Role::Manager, Role::Admin] {
            assert_eq!(role_of(role_word(role)), Some(role));
            assert_eq!(serde_json::to_value(role).unwrap(), role_word(role));
        }
    }

    #[test]
    fn grants_name_cinemas_only_where_that_means_something() {
        let cinema = CinemaId::from(uuid::Uuid::from_u128(7));
        assert!(grants(Role::Customer, &[]).is_err());
        assert!(grants(Role::Admin, &[cinema]).is_err());
        assert!(grants(Role::Manager, &[]).is_err());
        assert!(grants(Role::BoxOffice, &vec![cinema; GRANTS_MAX + 1]).is_err());
        assert_eq!(grants(Role::BoxOffice, &[]).unwrap(), [Grant { role: Role::BoxOffice, cinema_id: None }]);
        assert_eq!(grants(Role::Manager, &[cinema]).unwrap()[0].cinema_id, Some(cinema));
    }
}
