//! PostgreSQL under Patroni, as `deploy/patroni` ships it: the primary goes in the middle of a sale, and a standby takes over by
//! itself.

use std::time::{Duration, Instant};

use marquee_testkit::eventually_within;
use serde_json::{Value, json};
use tokio_postgres::{Client, NoTls};

use crate::sale::Sale;
use crate::stack::{Stack, patroni};

/// How soon after the primary is gone its successor must sell.
const GOODPUT_WITHIN: Duration = Duration::from_secs(30);
/// How long a member may take to find its place: to be rewound, to stream, to be the one that commits wait for.
const PLACE_WITHIN: Duration = Duration::from_secs(60);

/// The shard of three members.
struct Shard {
    stack: Stack,
    http: reqwest::Client,
}

impl Shard {
    fn given() -> Option<Self> {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Some(Self { stack: Stack::given()?, http })
    }

    fn rest(&self, member: &str) -> String {
        self.stack.fact(&format!("/services/{member}/rest"))
    }

    /// The member that is something, by the name of Patroni's check for it.
    async fn member_that_is(&self, role: &str) -> String {
        let members = self.stack.facts()["postgres"][0]["members"].clone();
        let members: Vec<&str> = members.as_array().unwrap().iter().filter_map(Value::as_str).collect();
        eventually_within(PLACE_WITHIN, role, async || {
            for member in &members {
                let check = self.http.get(format!("{}/{role}", self.rest(member)));
                if patroni(check).await.is_some_and(|(status, _)| status == 200) {
                    return Some((*member).to_owned());
                }
            }
            None
        })
        .await
    }

    /// A database of its own, by the address that a node is given: all hosts, and whichever takes writes.
    async fn database(&self, name: &str) -> String {
        let superuser = connect(&self.stack.fact("/postgres/0/superuser_url")).await;
        superuser.batch_execute(&format!("CREATE DATABASE {name} OWNER marquee")).await.unwrap();
        self.stack.fact("/postgres/0/url").replace("/marquee?", &format!("/{name}?"))
    }

    /// The bookings that one member has, whatever it is.
    async fn bookings_at(&self, member: &str, database: &str) -> Option<i64> {
        let host = self.stack.fact(&format!("/services/{member}/address"));
        let password = self.stack.fact("/secrets/marquee");
        let url = format!("postgres://marquee:{password}@{host}/{database}");
        let (client, connection) = tokio_postgres::connect(&url, NoTls).await.ok()?;
        tokio::spawn(connection);
        Some(client.query_one("SELECT COUNT(*) FROM bookings", &[]).await.ok()?.get(0))
    }
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

#[tokio::test]
async fn a_standby_is_promoted_when_the_primary_is_gone_and_the_old_primary_comes_back_behind_it() {
    let Some(shard) = Shard::given() else { return };
    let (primary, heir) = (shard.member_that_is("primary").await, shard.member_that_is("sync").await);
    let url = shard.database("killed").await;
    let sale = Sale::at(&url).await;
    let begun = Instant::now();
    shard.stack.kill(&primary).await;
    sale.refuses().await;
    sale.sells().await;
    let gone = begun.elapsed();
    eprintln!("sold again after {gone:?}");
    assert!(gone < GOODPUT_WITHIN, "{gone:?}");
    assert_eq!(shard.member_that_is("primary").await, heir, "who had every commit, and nobody else");

    // What it committed and nobody was told of is undone: it cannot just go on from where it was.
    shard.stack.start(&primary).await;
    assert_eq!(shard.member_that_is("sync").await, primary);
    drop(sale.close().await);
    let sold = shard.bookings_at(&heir, "killed").await;
    assert!(sold.is_some_and(|sold| sold > 0));
    eventually_within(PLACE_WITHIN, "the old primary has all of it", async || {
        (shard.bookings_at(&primary, "killed").await == sold).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_patroni_that_is_started_again_beside_its_primary_lets_commits_wait_for_the_standby_as_before() {
    let Some(shard) = Shard::given() else { return };
    let (primary, heir) = (shard.member_that_is("primary").await, shard.member_that_is("sync").await);
    let server = connect(&shard.stack.fact("/postgres/0/superuser_url")).await;
    let waits_for = async || -> Option<String> {
        let who = "SELECT application_name FROM pg_stat_replication WHERE sync_state = 'sync'";
        Some(server.query_opt(who, &[]).await.unwrap()?.get(0))
    };
    let configured =
        async || -> String { server.query_one("SELECT pg_conf_load_time()::TEXT", &[]).await.unwrap().get(0) };
    assert_eq!(waits_for().await.as_ref(), Some(&heir));
    let before = configured().await;
    shard.stack.kill_process_alone(&primary);
    shard.stack.start(&primary).await;
    // What Patroni found there it has looked at now: until then all would seem well.
    eventually_within(PLACE_WITHIN, "Patroni configures its server", async || {
        (configured().await != before).then_some(())
    })
    .await;
    eventually_within(PLACE_WITHIN, "etcd and the primary agree whom commits wait for", async || {
        let sync = shard.http.get(format!("{}/sync", shard.rest(&heir)));
        let is_sync = patroni(sync).await.is_some_and(|(status, _)| status == 200);
        (is_sync && waits_for().await.as_ref() == Some(&heir)).then_some(())
    })
    .await;
    assert_eq!(shard.member_that_is("primary").await, primary, "nobody took over");
}

#[tokio::test]
async fn the_primary_hands_over_when_it_is_asked_to_and_the_sale_goes_on() {
    let Some(shard) = Shard::given() else { return };
    let (primary, heir) = (shard.member_that_is("primary").await, shard.member_that_is("sync").await);
    let sale = Sale::at(&shard.database("asked").await).await;
    let order = json!({ "leader": primary, "candidate": heir });
    let order = shard.http.post(format!("{}/switchover", shard.rest(&primary))).body(order.to_string());
    let order = order.basic_auth("patroni", Some(shard.stack.fact("/secrets/patroni")));
    let order = order.timeout(GOODPUT_WITHIN).send().await.unwrap();
    assert_eq!(order.status(), 200, "{}", order.text().await.unwrap());
    sale.sells().await;
    assert_eq!(shard.member_that_is("primary").await, heir);
    assert_eq!(shard.member_that_is("sync").await, primary);
    drop(sale.close().await);
}
