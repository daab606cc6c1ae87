//! Redis fails under a sale at two nodes: holds may be lost, and whoever paid has the seats. Each ends with a look at all there is.

use marquee_kv::testing::{Cluster, Server, until};
use marquee_testkit::{Answer, Person, Show, eventually};
use serde_json::Value;

use super::rounds;
use crate::sale::Sale;

/// The key of a show's holds.
fn key_of(show: &Show) -> String {
    format!("marquee:{{{}}}", show.show_id)
}

/// A hold of a seat, as soon as the shop can promise one.
async fn held(person: &Person, show: &Show, seat: &str) -> Value {
    eventually("the seat is held", async || {
        let answer = person.reserve(show, &[seat]).await;
        (answer.status() != 503).then(|| answer.created())
    })
    .await
}

/// Somebody who holds a seat of a show of their own when something happens to Redis.
struct Holder {
    show: Show,
    person: Person,
    /// The same person at the other node.
    elsewhere: Person,
    seat: &'static str,
    lock: Value,
}

impl Holder {
    async fn come(sale: &Sale) -> Self {
        let [one, two] = sale.nodes() else { unreachable!() };
        let show = one.a_show().seats(4).create().await;
        let person = one.customer("Ada").await;
        let (seat, lock) = ("A1", held(&person, &show, "A1").await);
        Self { show, elsewhere: person.at(two), person, seat, lock }
    }

    /// The same with another seat.
    async fn holds(self, seat: &'static str) -> Self {
        let lock = held(&self.person, &self.show, seat).await;
        Self { seat, lock, ..self }
    }

    async fn reserves_again(&self) -> Answer {
        self.elsewhere.reserve(&self.show, &[self.seat]).await
    }

    fn key(&self) -> String {
        key_of(&self.show)
    }

    /// Their hold is there, at both nodes, and nobody else's.
    async fn has_it(&self) {
        let path = format!("/locks/{}", self.lock["lock_id"].as_str().unwrap());
        for person in [&self.person, &self.elsewhere] {
            eventually("the hold is there", async || (person.get(&path).await.status() == 200).then_some(())).await;
        }
        self.reserves_again().await.problem("seats_unavailable");
    }

    /// Their hold is gone: they are told so before any money moves, and can have the seat again.
    async fn has_lost_it(&self) {
        let paid = eventually("the payment is answered", async || {
            let paid = self.person.pay(&self.lock, "pm_card_visa").await;
            (paid.status() != 503).then_some(paid)
        })
        .await;
        paid.problem("lock_not_found");
        eventually("the seat can be held", async || (self.reserves_again().await.status() == 201).then_some(())).await;
    }

    async fn pays(&self, sale: &mut Sale) {
        let paid = eventually("the payment is answered", async || {
            let paid = self.elsewhere.pay_once(&self.lock, "pm_card_visa", self.seat).await;
            (paid.status() != 503).then_some(paid)
        });
        let _ = paid.await.created();
        sale.count_in(&self.person);
    }
}

#[tokio::test]
async fn redis_is_emptied_again_and_again() {
    let server = Server::start().await;
    let sale = Sale::at_two(&server.url(), |there| there).await;
    let holder = Holder::come(&sale).await;
    for _ in 0..rounds() {
        server.tell(&["FLUSHALL"]);
        sale.sells().await;
    }
    holder.has_lost_it().await;
    drop(sale.close().await);
}

#[tokio::test]
async fn redis_is_killed_and_comes_back_empty() {
    let mut server = Server::start().await;
    let sale = Sale::at_two(&server.url(), |there| there).await;
    let holder = Holder::come(&sale).await;
    for _ in 0..rounds() {
        server.kill();
        sale.turns_away().await;
        server.restart().await;
        sale.sells().await;
    }
    holder.has_lost_it().await;
    drop(sale.close().await);
}

#[tokio::test]
async fn a_master_dies_right_after_it_acknowledged_and_its_replica_has_not_heard() {
    let mut cluster = Cluster::start().await;
    let sale = Sale::at_two(&cluster.url(), |there| there).await;
    // A show of its own on the master that dies.
    let master = cluster.master_of(&key_of(sale.first_show()), 0);
    let mut holder = Holder::come(&sale).await;
    while cluster.master_of(&holder.key(), 0) != master {
        holder = Holder::come(&sale).await;
    }
    let kept = Holder::come(&sale).await;
    let replica = cluster.replica_of(master);
    cluster.nodes[replica].freeze();
    // What was sent lies with the machine of the replica, and would be read: nothing is sent any more.
    let _ = cluster.nodes[master].ask(&["CLIENT", "KILL", "TYPE", "replica"]);
    let holder = holder.holds("A2").await;
    cluster.nodes[master].kill();
    cluster.nodes[replica].thaw();
    until("the replica takes over", async || {
        cluster.nodes[replica].ask(&["INFO", "replication"]).contains("role:master")
    })
    .await;
    sale.sells().await;
    kept.has_it().await;
    holder.has_lost_it().await;
    cluster.nodes[master].restart().await;
    sale.sells().await;
    drop(sale.close().await);
}

#[tokio::test]
async fn a_master_that_was_cut_off_is_not_believed_when_it_is_back() {
    let cluster = Cluster::start().await;
    let mut sale = Sale::at_two(&cluster.url(), |there| there).await;
    let show = sale.first_show().clone();
    let master = cluster.master_of(&key_of(&show), 0);
    let replica = cluster.replica_of(master);
    cluster.nodes[master].freeze();
    until("its replica takes over", async || {
        cluster.nodes[replica].ask(&["INFO", "replication"]).contains("role:master")
    })
    .await;
    sale.sells().await;
    let holder = Holder::come(&sale).await;
    cluster.nodes[master].thaw();
    sale.sells().await;
    until("the old master follows", async || {
        cluster.nodes[master].ask(&["INFO", "replication"]).contains("role:slave")
    })
    .await;
    holder.has_it().await;
    holder.pays(&mut sale).await;
    sale.sells().await;
    drop(sale.close().await);
}

#[tokio::test]
async fn a_slot_moves_while_seats_of_its_shows_are_held() {
    let cluster = Cluster::start().await;
    let mut sale = Sale::at_two(&cluster.url(), |there| there).await;
    let holder = Holder::come(&sale).await;
    for _ in 0..rounds() {
        cluster.move_slot_of(&key_of(sale.first_show())).await;
        cluster.move_slot_of(&holder.key()).await;
        sale.sells().await;
    }
    // A move loses nothing.
    holder.has_it().await;
    holder.pays(&mut sale).await;
    drop(sale.close().await);
}
