//! The routes together, and the end: on SIGTERM or Ctrl-C no new connection is taken, and the requests under way are
//! answered.

use std::time::Duration;

use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use mainspring_caller::Caller;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::answer::Problem;
use crate::{no_ops, onboardings};

/// Temporal takes inputs of up to 2 MiB; these are small.
const LARGEST_BODY: usize = 64 * 1024;

/// How long requests under way may take once the end has come: longer than a call to Temporal.
const DRAIN: Duration = Duration::from_secs(15);

pub(crate) async fn run(listener: TcpListener, caller: Caller) -> std::io::Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let (tell, mut told) = tokio::sync::watch::channel(());
    let asked = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        drop(tell);
    };
    let late = async move {
        // It never changes: this ends when the sender goes.
        while told.changed().await.is_ok() {}
        tokio::time::sleep(DRAIN).await;
    };
    tokio::select! {
        served = axum::serve(listener, routes(caller)).with_graceful_shutdown(asked) => served,
        () = late => Ok(()),
    }
}

fn routes(caller: Caller) -> Router {
    Router::new()
        .route("/livez", get(async || Json(json!({ "status": "alive" }))))
        .route("/readyz", get(ready))
        .nest("/no-ops", no_ops::routes())
        .nest("/onboardings", onboardings::routes())
        .fallback(async || Problem::new(StatusCode::NOT_FOUND, "there is no such route"))
        .method_not_allowed_fallback(async || {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "this route does not take this method")
        })
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .with_state(caller)
}

async fn ready(State(caller): State<Caller>) -> Result<Json<Value>, Problem> {
    match caller.answers().await {
        Ok(()) => Ok(Json(json!({ "status": "ready" }))),
        Err(cause) => Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, format!("Temporal does not answer: {cause}"))),
    }
}
