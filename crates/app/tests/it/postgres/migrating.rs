//! `marquee migrate`.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use marquee_db::MIGRATIONS;
use marquee_testkit::Launch;

use super::launch;
use super::servers::Server;
use crate::MARQUEE;

/// Processes that start together.
const TOGETHER: usize = 8;
const UP_TO_DATE: &str = "the schema is up to date";

async fn one_of_many_applies_each_migration(launch: Launch) {
    let launch = launch.arguments(&["migrate"]);
    let mut lines = BTreeMap::new();
    for ended in join_all((0..TOGETHER).map(|_| launch.ended())).await {
        assert_eq!((ended.code, ended.errors.as_str()), (Some(0), ""));
        for line in ended.output {
            *lines.entry(line).or_insert(0) += 1;
        }
    }
    let mut expected: BTreeMap<_, _> = MIGRATIONS.iter().map(|(name, _)| (format!("{name}: applied"), 1)).collect();
    expected.insert(UP_TO_DATE.to_owned(), TOGETHER);
    assert_eq!(lines, expected);
    assert_eq!(launch.ended().await.output, [UP_TO_DATE]);
}

#[tokio::test]
async fn of_many_at_once_one_migrates_a_file() {
    let data_dir = tempfile::tempdir().unwrap();
    one_of_many_applies_each_migration(Launch::new(MARQUEE, data_dir.path())).await;
}

#[tokio::test]
async fn of_many_at_once_one_migrates_a_server() {
    let (server, data_dir) = (Server::start(), tempfile::tempdir().unwrap());
    one_of_many_applies_each_migration(launch(&data_dir, &server.url("postgres"))).await;
}
