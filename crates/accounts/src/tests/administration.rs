use jiff::SignedDuration;
use marquee_bus::Bus;
use marquee_http::{Grant, Role};
use marquee_kernel::CinemaId;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{PASSWORD, Shop, person};
use crate::jobs::Purged;
use crate::keys::SIGNS_AFTER_S;
use crate::{Error, GRANTS_MAX};

const ADA: &str = "ada@example.test";
const ROOT: &str = "root@example.test";

fn cinemas(count: usize) -> Vec<CinemaId> {
    (1..=count as u128).map(|number| CinemaId::from(Uuid::from_u128(number))).collect()
}

#[tokio::test]
async fn the_first_administrator_is_created_once() {
    let shop = Shop::open().await;
    assert!(shop.accounts.ensure_admin(ROOT, PASSWORD).await.unwrap());
    assert!(!shop.accounts.ensure_admin(ROOT, PASSWORD).await.unwrap());
    assert!(!shop.accounts.ensure_admin("Root@Example.test", "changed since then").await.unwrap());
    let admin = shop.sign_in(ROOT).await.unwrap();
    assert!(shop.accounts.authenticate(&admin.access_token).unwrap().is_admin());
    assert_eq!(shop.accounts.profile(admin.user_id).await.unwrap().roles(), [Role::Customer, Role::Admin]);
    assert_eq!(shop.kinds().await, ["UserRegistered", "RoleGranted", "SignedIn"]);
}

#[tokio::test]
async fn registering_the_administrators_address_first_makes_nobody_administrator() {
    let shop = Shop::open().await;
    let squatter = shop.register(ROOT).await;
    assert!(!shop.accounts.ensure_admin(ROOT, "the real one's password").await.unwrap());
    let refreshed = shop.accounts.refresh(&squatter.refresh_token).await.unwrap();
    assert!(!shop.accounts.authenticate(&refreshed.access_token).unwrap().is_admin());
}

#[tokio::test]
async fn an_administrator_needs_an_address_and_a_password() {
    let shop = Shop::open().await;
    let Err(Error::Invalid(faults)) = shop.accounts.ensure_admin("root", "short").await else { panic!("created") };
    assert_eq!(faults.iter().map(|fault| fault.field).collect::<Vec<_>>(), ["email", "password"]);
}

#[tokio::test]
async fn a_role_is_in_the_next_token_and_not_in_the_last_one() {
    let shop = Shop::open().await;
    let before = shop.register(ADA).await;
    let served = cinemas(2);
    shop.accounts.grant_role("ADA@example.test", Role::BoxOffice, &served[..1]).await.unwrap();
    assert!(!shop.accounts.authenticate(&before.access_token).unwrap().is_staff());
    let after = shop.accounts.refresh(&before.refresh_token).await.unwrap();
    let caller = shop.accounts.authenticate(&after.access_token).unwrap();
    assert!(caller.serves(served[0]) && !caller.serves(served[1]) && !caller.is_admin());
}

#[tokio::test]
async fn a_role_that_is_taken_is_gone_at_once() {
    let shop = Shop::open().await;
    shop.accounts.ensure_admin(ROOT, PASSWORD).await.unwrap();
    let (admin, bystander) = (shop.sign_in(ROOT).await.unwrap(), shop.register(ADA).await);
    assert!(shop.is_good(&admin));
    shop.accounts.take_role(ROOT, Role::Admin, &[]).await.unwrap();
    assert!(!shop.is_good(&admin) && shop.is_good(&bystander));
    assert!(shop.accounts.refresh(&admin.refresh_token).await.is_err());
    let demoted = shop.sign_in(ROOT).await.unwrap();
    assert!(!shop.accounts.authenticate(&demoted.access_token).unwrap().is_admin());
    assert!(matches!(shop.accounts.take_role(ROOT, Role::Admin, &[]).await, Err(Error::BadGrant(_))));
    let shop = shop.restart().await;
    assert!(!shop.is_good(&admin));
}

#[tokio::test]
async fn a_manager_manages_the_cinemas_that_were_named() {
    let shop = Shop::open().await;
    let user_id = shop.accounts.create_user(person(ADA)).await.unwrap();
    let named = cinemas(2);
    shop.accounts.grant_role(ADA, Role::Manager, &named).await.unwrap();
    shop.accounts.grant_role(ADA, Role::Manager, &named[1..]).await.unwrap();
    let credentials = shop.sign_in(ADA).await.unwrap();
    let grants: Vec<Grant> = named.iter().map(|id| Grant { role: Role::Manager, cinema_id: Some(*id) }).collect();
    assert_eq!(&*shop.accounts.authenticate(&credentials.access_token).unwrap().grants, grants);
    assert_eq!(shop.accounts.profile(user_id).await.unwrap().roles(), [Role::Customer, Role::Manager]);
    let granted = shop.kinds().await.iter().filter(|kind| *kind == "RoleGranted").count();
    assert_eq!(granted, 1, "granting what is granted is no event");
}

#[tokio::test]
async fn the_longest_list_of_grants_fits_a_token_and_one_more_is_refused() {
    let shop = Shop::open().await;
    shop.register(ADA).await;
    let many = cinemas(GRANTS_MAX + 1);
    shop.accounts.grant_role(ADA, Role::BoxOffice, &many[..GRANTS_MAX]).await.unwrap();
    let more = shop.accounts.grant_role(ADA, Role::BoxOffice, &many[GRANTS_MAX..]).await;
    assert!(matches!(more, Err(Error::BadGrant(_))));
    let credentials = shop.sign_in(ADA).await.unwrap();
    assert_eq!(shop.accounts.authenticate(&credentials.access_token).unwrap().grants.len(), GRANTS_MAX);
}

#[tokio::test]
async fn nobody_gets_no_role_and_no_password() {
    let shop = Shop::open().await;
    assert!(matches!(shop.accounts.grant_role(ADA, Role::Admin, &[]).await, Err(Error::UserNotFound)));
    assert!(matches!(shop.accounts.take_role(ADA, Role::Admin, &[]).await, Err(Error::UserNotFound)));
    assert!(matches!(shop.accounts.change_password(ADA, PASSWORD).await, Err(Error::UserNotFound)));
    assert!(matches!(shop.accounts.change_password(ADA, "short").await, Err(Error::Invalid(_))));
    assert!(shop.kinds().await.is_empty());
}

#[tokio::test]
async fn who_exists_exists() {
    let shop = Shop::open().await;
    let user_id = shop.accounts.create_user(person(ADA)).await.unwrap();
    assert!(shop.accounts.exists(user_id).await.unwrap());
    assert!(!shop.accounts.exists(Uuid::from_u128(1).into()).await.unwrap());
    assert!(matches!(shop.accounts.create_user(person(ADA)).await, Err(Error::EmailTaken)));
}

#[tokio::test]
async fn a_running_server_hears_of_what_the_command_line_did() {
    let shop = Shop::open().await;
    shop.accounts.ensure_admin(ROOT, PASSWORD).await.unwrap();
    let admin = shop.sign_in(ROOT).await.unwrap();
    assert!(shop.is_good(&admin));
    let command_line = shop.another_process().await;
    command_line.take_role(ROOT, Role::Admin, &[]).await.unwrap();
    command_line.rotate_keys().await.unwrap();
    shop.accounts.catch_up().await.unwrap();
    assert!(!shop.is_good(&admin));
    let kid = |token: &str| jsonwebtoken::decode_header(token).unwrap().kid;
    shop.hands.advance(SignedDuration::from_secs(i64::from(SIGNS_AFTER_S) + 1));
    let renewed = shop.sign_in(ROOT).await.unwrap();
    assert_ne!(kid(&renewed.access_token), kid(&admin.access_token));
    assert!(shop.is_good(&renewed) && command_line.authenticate(&renewed.access_token).is_ok());
}

#[tokio::test]
async fn a_rotation_signs_nobody_out() {
    let shop = Shop::open().await;
    let before = shop.register(ADA).await;
    shop.accounts.rotate_keys().await.unwrap();
    let after = shop.accounts.refresh(&before.refresh_token).await.unwrap();
    assert!(shop.is_good(&before) && shop.is_good(&after));
    let shop = shop.restart().await;
    assert!(shop.is_good(&before) && shop.is_good(&after));
}

#[tokio::test]
async fn what_has_lapsed_is_purged_and_nothing_else() {
    let shop = Shop::open_with(|settings| settings.refresh_token_s = 3_600).await;
    let lapses = shop.register(ADA).await;
    shop.accounts.rotate_keys().await.unwrap();
    shop.pass(1_800);
    let spent = shop.sign_in(ADA).await.unwrap();
    let stays = shop.accounts.refresh(&spent.refresh_token).await.unwrap();
    assert_eq!(shop.accounts.purge().await.unwrap(), Purged { keys: 1, ..Purged::default() });
    shop.pass(1_800);
    let purged = shop.accounts.purge().await.unwrap();
    assert_eq!(purged, Purged { refresh_tokens: 1, sessions: 1, keys: 0 });
    assert!(shop.accounts.refresh(&lapses.refresh_token).await.is_err());
    let renewed = shop.accounts.refresh(&stays.refresh_token).await.unwrap();
    assert!(shop.accounts.refresh(&spent.refresh_token).await.is_err());
    assert!(!shop.is_good(&renewed), "the reuse of a token spent long ago is still noticed");
}

#[tokio::test]
async fn the_jobs_stop_when_they_are_told_to() {
    let shop = Shop::open().await;
    let (accounts, bus, stop) = (shop.accounts.clone(), Bus::new(shop.db.clone()), CancellationToken::new());
    let jobs = tokio::spawn({
        let stop = stop.clone();
        async move { accounts.run_jobs(&bus, stop).await }
    });
    stop.cancel();
    jobs.await.unwrap();
}
