//! Who is looked for, who may see whom, and who may give which role: pure rules.

use marquee_http::{Caller, Grant, Role};
use marquee_kernel::CinemaId;

/// The list of people, as its cursors name it.
pub(crate) const PEOPLE_LIST: &str = "people";

/// Who is looked for; everything that is given must hold.
#[derive(Clone, Debug, Default)]
pub struct PeopleFilter {
    /// A part of the name or of the address.
    pub text: Option<String>,
    /// Whoever has that role somewhere.
    pub role: Option<Role>,
}

/// What staff calls somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Their name.
    pub name: String,
    /// Their address, as they wrote it.
    pub email: String,
}

/// Whether `caller` may give and take `role` in that cinema (none: in all of them): an administrator every one, a manager
/// `box_office` in a cinema of theirs.
pub(crate) fn may_appoint(caller: &Caller, role: Role, cinema_id: Option<CinemaId>) -> bool {
    let theirs = cinema_id.is_some_and(|cinema_id| caller.manages(cinema_id));
    caller.is_admin() || (role == Role::BoxOffice && theirs)
}

/// Whether `caller` may see the account of somebody with those grants.
pub(crate) fn may_see(caller: &Caller, grants: &[Grant]) -> bool {
    let at_work_with_them = |grant: &Grant| grant.cinema_id.is_some_and(|cinema_id| caller.manages(cinema_id));
    caller.is_admin() || grants.iter().any(at_work_with_them)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn caller(role: Role, cinema_id: Option<CinemaId>) -> Caller {
        let grants = [Grant { role, cinema_id }].into();
        Caller { user_id: Uuid::from_u128(1).into(), session_id: Uuid::from_u128(2).into(), grants }
    }

    #[test]
    fn an_administrator_appoints_everybody_and_a_manager_the_box_office_of_their_cinemas() {
        let (here, there) = (CinemaId::from(Uuid::from_u128(7)), CinemaId::from(Uuid::from_u128(8)));
        let (admin, manager) = (caller(Role::Admin, None), caller(Role::Manager, Some(here)));
        let clerk = caller(Role::BoxOffice, None);
        for role in [Role::BoxOffice, Role::Manager, Role::Admin] {
            for place in [None, Some(here), Some(there)] {
                assert!(may_appoint(&admin, role, place));
                assert_eq!(may_appoint(&manager, role, place), role == Role::BoxOffice && place == Some(here));
                assert!(!may_appoint(&clerk, role, place));
            }
        }
        let grant = |role, cinema_id| [Grant { role, cinema_id }];
        assert!(may_see(&manager, &grant(Role::BoxOffice, Some(here))) && may_see(&admin, &[]));
        assert!(!may_see(&manager, &grant(Role::BoxOffice, Some(there))) && !may_see(&manager, &[]));
        assert!(!may_see(&manager, &grant(Role::Admin, None)), "an administrator is nobody's clerk");
    }
}
