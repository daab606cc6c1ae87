use tokio::task::JoinSet;

use super::{PASSWORD, Shop, person};
use crate::guesses::{BURST, EVERY_S};
use crate::{Error, Password};

const ADA: &str = "ada@example.test";

#[tokio::test]
async fn who_registers_is_signed_in_and_may_sign_in_again_however_they_spell_their_address() {
    let shop = Shop::open().await;
    let first = shop.register("Ada@Example.test").await;
    let caller = shop.accounts.authenticate(&first.access_token).unwrap();
    assert_eq!(caller.user_id, first.user_id);
    assert!(caller.grants.is_empty() && !caller.is_staff());
    let again = shop.sign_in(" aDA@eXAMPLE.test ").await.unwrap();
    assert_eq!(again.user_id, first.user_id);
    assert_ne!(shop.accounts.authenticate(&again.access_token).unwrap().session_id, caller.session_id);
    assert_eq!(shop.accounts.profile(first.user_id).await.unwrap().email, "Ada@Example.test");
}

#[tokio::test]
async fn an_address_has_one_account_also_when_two_register_at_once() {
    let shop = Shop::open().await;
    let mut both = JoinSet::new();
    for email in [ADA, "ADA@example.test", "ada@EXAMPLE.test"] {
        let accounts = shop.accounts.clone();
        both.spawn(async move { accounts.register(person(email)).await });
    }
    let outcomes = both.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(_) | Err(Error::EmailTaken))));
    assert_eq!(shop.kinds().await, ["UserRegistered", "SignedIn"], "a refused registration changes nothing");
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_are_refused_alike() {
    let shop = Shop::open().await;
    shop.register(ADA).await;
    let wrong = shop.guess(ADA).await.unwrap_err();
    for nobody in ["bob@example.test", "", "' OR 1=1 --", "%", "ada@example.test\0", "ada@example.tes_"] {
        let unknown = shop.sign_in(nobody).await.unwrap_err();
        assert_eq!(unknown.to_string(), wrong.to_string(), "{nobody}");
    }
}

#[tokio::test]
async fn a_refresh_token_works_once() {
    let shop = Shop::open().await;
    let first = shop.register(ADA).await;
    let second = shop.accounts.refresh(&first.refresh_token).await.unwrap();
    let third = shop.accounts.refresh(&second.refresh_token).await.unwrap();
    assert_ne!(second.refresh_token, third.refresh_token);
    assert!(shop.is_good(&first) && shop.is_good(&second) && shop.is_good(&third));
}

#[tokio::test]
async fn a_refresh_token_used_twice_ends_the_whole_family_and_no_other() {
    let shop = Shop::open().await;
    let first = shop.register(ADA).await;
    let elsewhere = shop.sign_in(ADA).await.unwrap();
    let second = shop.accounts.refresh(&first.refresh_token).await.unwrap();
    assert!(matches!(shop.accounts.refresh(&first.refresh_token).await, Err(Error::InvalidGrant)));
    assert!(!shop.is_good(&first) && !shop.is_good(&second), "access tokens of the family go too");
    assert!(matches!(shop.accounts.refresh(&second.refresh_token).await, Err(Error::InvalidGrant)));
    assert!(shop.is_good(&elsewhere), "another sign-in of the same person stays");
    shop.accounts.refresh(&elsewhere.refresh_token).await.unwrap();
    assert_eq!(shop.kinds().await.iter().filter(|kind| *kind == "SessionRevoked").count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_refreshes_at_once_one_succeeds_and_the_family_ends() {
    let shop = Shop::open().await;
    let first = shop.register(ADA).await;
    let mut many = JoinSet::new();
    for _ in 0..8 {
        let (accounts, token) = (shop.accounts.clone(), first.refresh_token.clone());
        many.spawn(async move { accounts.refresh(&token).await });
    }
    let outcomes = many.join_all().await;
    let winners: Vec<_> = outcomes.iter().flatten().collect();
    assert_eq!(winners.len(), 1);
    assert!(!shop.is_good(winners[0]) && !shop.is_good(&first));
    assert!(shop.accounts.refresh(&winners[0].refresh_token).await.is_err());
}

#[tokio::test]
async fn a_refresh_token_lapses_and_each_refresh_starts_anew() {
    let shop = Shop::open_with(|settings| settings.refresh_token_s = 3_600).await;
    let first = shop.register(ADA).await;
    shop.pass(3_599);
    let second = shop.accounts.refresh(&first.refresh_token).await.unwrap();
    shop.pass(3_599);
    let third = shop.accounts.refresh(&second.refresh_token).await.unwrap();
    shop.pass(3_600);
    assert!(matches!(shop.accounts.refresh(&third.refresh_token).await, Err(Error::InvalidGrant)));
}

#[tokio::test]
async fn what_is_no_refresh_token_is_refused() {
    let shop = Shop::open().await;
    let credentials = shop.register(ADA).await;
    let (almost, access) = (&credentials.refresh_token[1..], credentials.access_token.as_str());
    for text in ["", "x", almost, access, "'; DROP TABLE sessions; --"] {
        assert!(matches!(shop.accounts.refresh(text).await, Err(Error::InvalidGrant)), "{text}");
    }
    assert!(shop.is_good(&credentials));
}

#[tokio::test]
async fn tokens_and_revocations_survive_a_restart() {
    let shop = Shop::open().await;
    let stays = shop.register(ADA).await;
    let goes = shop.sign_in(ADA).await.unwrap();
    shop.accounts.revoke(&goes.refresh_token).await.unwrap();
    let shop = shop.restart().await;
    assert!(shop.is_good(&stays));
    assert!(!shop.is_good(&goes));
    assert!(shop.accounts.refresh(&goes.refresh_token).await.is_err());
    shop.accounts.refresh(&stays.refresh_token).await.unwrap();
    assert!(shop.accounts.refresh(&stays.refresh_token).await.is_err(), "spent before the restart is spent");
}

#[tokio::test]
async fn signing_out_works_with_any_token_of_the_session() {
    let shop = Shop::open().await;
    shop.register(ADA).await;
    for pick in 0..3 {
        let first = shop.sign_in(ADA).await.unwrap();
        let second = shop.accounts.refresh(&first.refresh_token).await.unwrap();
        assert!(shop.is_good(&first), "remembered as good before it is revoked");
        let token = [&first.access_token, &first.refresh_token, &second.refresh_token][pick];
        shop.accounts.revoke(token).await.unwrap();
        assert!(!shop.is_good(&first) && !shop.is_good(&second));
        assert!(shop.accounts.refresh(&second.refresh_token).await.is_err());
    }
}

#[tokio::test]
async fn signing_out_ends_only_that_session_and_garbage_ends_none() {
    let shop = Shop::open().await;
    let (phone, laptop) = (shop.register(ADA).await, shop.sign_in(ADA).await.unwrap());
    for text in ["", "x", "a.b.c", &phone.refresh_token[1..]] {
        shop.accounts.revoke(text).await.unwrap();
    }
    assert!(shop.is_good(&phone) && shop.is_good(&laptop));
    shop.accounts.revoke(&phone.refresh_token).await.unwrap();
    shop.accounts.revoke(&phone.refresh_token).await.unwrap();
    assert!(!shop.is_good(&phone) && shop.is_good(&laptop));
    assert_eq!(shop.kinds().await.last().map(String::as_str), Some("SessionRevoked"));
    assert_eq!(shop.kinds().await.iter().filter(|kind| *kind == "SessionRevoked").count(), 1);
}

#[tokio::test]
async fn an_expired_access_token_still_signs_its_session_out() {
    let shop = Shop::open().await;
    let credentials = shop.register(ADA).await;
    shop.pass(901);
    assert!(!shop.is_good(&credentials));
    shop.accounts.revoke(&credentials.access_token).await.unwrap();
    assert!(shop.accounts.refresh(&credentials.refresh_token).await.is_err());
}

#[tokio::test]
async fn guessing_is_slowed_down_alike_for_an_account_and_for_none() {
    let shop = Shop::open().await;
    let victim = shop.register(ADA).await;
    for email in [ADA, "nobody@example.test"] {
        for _ in 0..BURST {
            assert!(matches!(shop.guess(email).await, Err(Error::InvalidGrant)));
        }
        let Err(Error::Guessing { retry_after_s }) = shop.guess(&email.to_uppercase()).await else {
            panic!("still guessing {email}");
        };
        assert_eq!(retry_after_s, u64::from(EVERY_S));
    }
    let kept = shop.accounts.refresh(&victim.refresh_token).await.unwrap();
    assert!(shop.is_good(&kept), "the victim keeps what they have");
    shop.pass(EVERY_S.into());
    shop.sign_in(ADA).await.unwrap();
}

#[tokio::test]
async fn right_passwords_are_never_slowed_down() {
    let shop = Shop::open().await;
    shop.register(ADA).await;
    for _ in 0..2 * BURST {
        shop.sign_in(ADA).await.unwrap();
    }
}

#[tokio::test]
async fn without_rate_limits_nobody_is_slowed_down() {
    let shop = Shop::open_with(|settings| settings.rate_limits = false).await;
    for _ in 0..2 * BURST {
        assert!(matches!(shop.guess(ADA).await, Err(Error::InvalidGrant)));
    }
}

#[tokio::test]
async fn a_password_change_ends_every_session() {
    let shop = Shop::open().await;
    let (phone, laptop) = (shop.register(ADA).await, shop.sign_in(ADA).await.unwrap());
    let bystander = shop.register("bob@example.test").await;
    assert!(shop.is_good(&phone));
    shop.accounts.change_password(ADA, "another long password").await.unwrap();
    assert!(!shop.is_good(&phone) && !shop.is_good(&laptop));
    assert!(shop.accounts.refresh(&phone.refresh_token).await.is_err());
    assert!(shop.sign_in(ADA).await.is_err());
    let changed = shop.accounts.sign_in(ADA, Password::offered("another long password"), None).await.unwrap();
    assert!(shop.is_good(&changed) && shop.is_good(&bystander));
}

#[tokio::test]
async fn no_password_and_no_refresh_token_is_kept_in_the_clear() {
    let shop = Shop::open().await;
    let first = shop.register(ADA).await;
    let second = shop.accounts.refresh(&first.refresh_token).await.unwrap();
    let secrets = [PASSWORD, &first.refresh_token, &second.refresh_token, &second.access_token];
    let files = std::fs::read_dir(shop.dir.path()).unwrap().map(|entry| entry.unwrap().path());
    let kept: Vec<u8> = files.filter(|path| path.is_file()).flat_map(|path| std::fs::read(path).unwrap()).collect();
    let holds = |text: &str| kept.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(holds(ADA), "looks where the accounts are");
    assert!(!secrets.into_iter().any(holds));
}

#[tokio::test]
async fn the_journal_tells_what_happened_and_nothing_personal() {
    let shop = Shop::open().await;
    let credentials = shop.register(ADA).await;
    shop.accounts.revoke(&credentials.refresh_token).await.unwrap();
    let journal = shop.journal().await;
    assert_eq!(shop.kinds().await, ["UserRegistered", "SignedIn", "SessionRevoked"]);
    assert_eq!(journal[0].1, credentials.user_id.to_string());
    assert_eq!(journal[1].1, journal[2].1, "both name the session");
    for (_, subject, payload) in journal {
        for personal in ["ada@", "Ada L", "Lovelace", "+44", &credentials.refresh_token] {
            assert!(!subject.contains(personal) && !payload.contains(personal), "{payload}");
        }
    }
    let broken = shop.db.read(marquee_bus::verify).await.unwrap();
    assert!(broken.is_empty(), "{broken:?}");
}
