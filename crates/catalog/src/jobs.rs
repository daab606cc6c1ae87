//! What the catalogue does without being asked: it forgets what another process changed, and watches the replicas.

use marquee_bus::Delivered;
use tokio_util::sync::CancellationToken;
use tracing::error;

use crate::Catalog;
use crate::caches::Touched;

/// The name under which the catalogue follows the journal.
const FOLLOWER: &str = "catalog";
/// Every change of the catalogue.
const KINDS: &[&str] = &[
    "CinemaAdded",
    "CinemaChanged",
    "CinemaRemoved",
    "LayoutSucceeded",
    "MovieAdded",
    "MovieChanged",
    "MovieRemoved",
    "ScreenAdded",
    "ScreenChanged",
    "ScreenRemoved",
    "ShowCancelled",
    "ShowChanged",
    "ShowScheduled",
];

impl Catalog {
    /// Drops from memory what other processes change, within a second, and keeps an eye on the replicas, until `stop`.
    pub async fn run_jobs(&self, stop: CancellationToken) {
        let catalog = self.clone();
        let forget = move |entry: Delivered| {
            // In this order: what is read anew from now on is read where this entry is.
            catalog.browse().need(entry.seq);
            catalog.caches().written(touched(&entry));
        };
        let follower = self.bus().follow(FOLLOWER, KINDS, stop.clone(), forget);
        self.browse().watch(stop).await;
        if let Err(broken) = follower.await {
            error!(error = %broken, "catalogue follower broke off");
        }
    }
}

/// What an entry says of the shows that are kept.
fn touched(entry: &Delivered) -> Touched {
    match (entry.kind.as_str(), entry.show_id) {
        ("ShowCancelled" | "ShowChanged", Some(show_id)) => Touched::Show(show_id),
        ("CinemaChanged" | "MovieChanged" | "ScreenChanged" | "LayoutSucceeded", _) => Touched::EveryShow,
        _ => Touched::NoShow,
    }
}
