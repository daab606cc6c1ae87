//! Lists, page by page.

use std::collections::BTreeSet;

use marquee_testkit::{Client, TestApp, id_of};
use serde_json::Value;

use super::items;

/// Reads a list page by page, calling `between` after each.
async fn all_pages(client: &Client, path: &str, mut between: impl AsyncFnMut()) -> Vec<Value> {
    let (mut seen, mut next) = (Vec::new(), path.to_owned());
    let and = if path.contains('?') { '&' } else { '?' };
    for _ in 0..1_000 {
        let page = client.get(&next).await.ok();
        seen.extend(items(&page));
        between().await;
        match page["next_cursor"].as_str() {
            Some(cursor) => next = format!("{path}{and}cursor={cursor}"),
            None => {
                assert!(page["next_cursor"].is_null());
                return seen;
            }
        }
    }
    panic!("the list never ends");
}

#[tokio::test]
async fn a_page_has_twenty_items_unless_asked_and_the_last_one_says_so() {
    let app = TestApp::start().await;
    for _ in 0..21 {
        let _ = app.a_movie().create().await;
    }
    let page = app.get("/movies").await.ok();
    assert_eq!(items(&page).len(), 20);
    let rest = app.get(&format!("/movies?cursor={}", page["next_cursor"].as_str().unwrap())).await.ok();
    assert_eq!((items(&rest).len(), &rest["next_cursor"]), (1, &Value::Null));
    let exactly = app.get("/movies?limit=21").await.ok();
    assert_eq!((items(&exactly).len(), &exactly["next_cursor"]), (21, &Value::Null));
}

#[tokio::test]
async fn paging_shows_everything_once_while_others_are_added() {
    let app = TestApp::start().await;
    let titles = ["M", "B", "Z", "A", "Q", "C", "Y", "B", "b", "Ä", "a", "1"];
    let mut there = BTreeSet::new();
    for title in titles {
        there.insert(app.a_movie().title(title).create().await);
    }
    let mut added = 0;
    let seen = all_pages(&app, "/movies?limit=3", async || {
        // One at the front, one at the back.
        for title in ["0", "zz"] {
            let _ = app.a_movie().title(title).create().await;
        }
        added += 2;
        assert!(added < 40, "the list runs away");
    })
    .await;
    let ids: Vec<_> = seen.iter().map(|movie| id_of(movie, "movie_id").to_owned()).collect();
    let distinct: BTreeSet<_> = ids.iter().cloned().collect();
    assert_eq!(distinct.len(), ids.len(), "nothing is shown twice");
    assert!(there.is_subset(&distinct), "nothing that was there is passed over");
}

#[tokio::test]
async fn shows_of_one_instant_are_paged_without_loss() {
    let app = TestApp::start().await;
    let (movie_id, cinema_id) = (app.a_movie().create().await, app.a_cinema().create().await);
    let mut there = BTreeSet::new();
    for _ in 0..7 {
        there.insert(app.a_show().of(&movie_id).at(&cinema_id).create().await.show_id);
    }
    let seen = all_pages(&app, &format!("/shows?movie_id={movie_id}&limit=2"), async || {}).await;
    let ids: Vec<_> = seen.iter().map(|show| id_of(show, "show_id").to_owned()).collect();
    assert_eq!(ids.len(), 7);
    assert_eq!(ids.into_iter().collect::<BTreeSet<_>>(), there);
}
