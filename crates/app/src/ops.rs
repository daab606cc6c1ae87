//! The operators' port: alive, can sell, metrics.

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use marquee_db::Db;
use marquee_telemetry::Metrics;
use metrics::gauge;
use tokio_util::sync::CancellationToken;

#[derive(Clone)]
struct Ops {
    db: Db,
    metrics: Metrics,
    stop: CancellationToken,
}

/// The ops port's routes.
pub(crate) fn router(db: Db, metrics: Metrics, stop: CancellationToken) -> Router {
    Router::new()
        .route("/healthz", get(async || "alive\n"))
        .route("/readyz", get(readyz))
        .route("/metrics", get(render))
        .with_state(Ops { db, metrics, stop })
}

/// Whether this process can sell: it is not stopping, and its database answers.
async fn readyz(State(ops): State<Ops>) -> Response {
    if ops.stop.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n").into_response();
    }
    // A real write: a full disk still reads well.
    match ops.db.probe().await {
        Ok(()) => "ready\n".into_response(),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("database: {error}\n")).into_response(),
    }
}

async fn render(State(ops): State<Ops>) -> Response {
    let (reads, writes) = ops.db.queue_depths();
    gauge!("marquee_db_queue_depth", "side" => "read").set(reads as f64);
    gauge!("marquee_db_queue_depth", "side" => "write").set(writes as f64);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], ops.metrics.render()).into_response()
}
