//! The operators' port: alive, can sell, metrics.

use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::future::join_all;
use marquee_telemetry::Metrics;
use metrics::{Unit, describe_gauge, gauge};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::Services;

const DB_QUEUE_DEPTH: &str = "marquee_db_queue_depth";
const CACHE_ENTRIES: &str = "marquee_cache_entries";
/// How long the home database may take to answer a probe.
const PROBE_MAX: Duration = Duration::from_secs(5);
/// How long another shard may: it must not take this node out of the rotation.
const SHARD_PROBE_MAX: Duration = Duration::from_secs(1);
/// Counted where connections are served.
const CONNECTIONS: &str = "marquee_connections";

#[derive(Clone)]
struct Ops {
    services: Services,
    metrics: Metrics,
    stop: CancellationToken,
}

/// The ops port's routes.
pub(crate) fn router(services: Services, metrics: Metrics, stop: CancellationToken) -> Router {
    describe_gauge!(DB_QUEUE_DEPTH, Unit::Count, "Work that waits for a database connection, by side: read, write");
    describe_gauge!(CACHE_ENTRIES, Unit::Count, "Entries kept in memory, by cache");
    describe_gauge!(CONNECTIONS, Unit::Count, "Open connections of clients, the operators' included");
    Router::new()
        .route("/healthz", get(async || "alive\n"))
        .route("/readyz", get(readyz))
        .route("/metrics", get(render))
        .with_state(Ops { services, metrics, stop })
}

/// Whether this process can sell: it is not stopping, and its home database answers. Another shard that does not answer takes only
/// its shows with it, and is named.
async fn readyz(State(ops): State<Ops>) -> Response {
    if ops.stop.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n").into_response();
    }
    // Real writes: a full disk still reads well.
    let probes = ops.services.shards.all().iter().map(|shard| async move {
        let probed = match shard.db() {
            Ok(db) => timeout(if shard.at() == 0 { PROBE_MAX } else { SHARD_PROBE_MAX }, db.probe())
                .await
                .unwrap_or(Err(marquee_db::Error::Busy)),
            Err(error) => Err(error),
        };
        (shard, probed.err())
    });
    let mut answers = join_all(probes).await.into_iter();
    if let Some((_, Some(error))) = answers.next() {
        return (StatusCode::SERVICE_UNAVAILABLE, format!("database: {error}\n")).into_response();
    }
    let faults = answers.filter_map(|(shard, error)| Some((shard, error?)));
    let lines = faults.map(|(shard, error)| format!("shard {}: {error}; its shows are not sold\n", shard.shard()));
    format!("ready\n{}", lines.collect::<String>()).into_response()
}

async fn render(State(ops): State<Ops>) -> Response {
    let Services { db, accounts, catalog, seating, .. } = &ops.services;
    let (reads, writes) = db.queue_depths();
    gauge!(DB_QUEUE_DEPTH, "side" => "read").set(reads as f64);
    gauge!(DB_QUEUE_DEPTH, "side" => "write").set(writes as f64);
    let kept = accounts.cache_entries().into_iter().chain(catalog.cache_entries()).chain(seating.cache_entries());
    for (cache, entries) in kept {
        gauge!(CACHE_ENTRIES, "cache" => cache).set(entries as f64);
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], ops.metrics.render()).into_response()
}
