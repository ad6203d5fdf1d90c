//! The workflow `no-op`, over HTTP.

use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use general_purpose_contract::{NoOp, NoOpInput};
use mainspring_caller::Caller;
use serde_json::{Value, json};

use crate::answer::{Id, Problem, started, state};

pub(crate) fn routes() -> Router<Caller> {
    Router::new().route("/", post(start)).route("/{id}", get(show).delete(cancel))
}

/// Whoever repeats a request with the same `Idempotency-Key` gets the workflow of the first.
async fn start(
    State(caller): State<Caller>,
    headers: HeaderMap,
    input: Result<Json<NoOpInput>, JsonRejection>,
) -> Result<Response, Problem> {
    let Json(input) = input?;
    let mut start = caller.start(NoOp, input);
    if let Some(key) = headers.get("idempotency-key") {
        let key = key.to_str().ok().filter(|key| (1..=200).contains(&key.len())).ok_or_else(|| {
            Problem::new(StatusCode::BAD_REQUEST, "Idempotency-Key is to be 1 to 200 visible ASCII characters")
        })?;
        start = start.request_id(key);
    }
    Ok(started("/no-ops", &start.await?))
}

async fn show(State(caller): State<Caller>, id: Id) -> Result<Json<Value>, Problem> {
    Ok(Json(state(&caller.workflow(NoOp, id?.0)).await?))
}

async fn cancel(State(caller): State<Caller>, id: Id) -> Result<(StatusCode, Json<Value>), Problem> {
    let run = caller.workflow(NoOp, id?.0);
    run.cancel("asked over HTTP").await?;
    Ok((StatusCode::ACCEPTED, Json(json!({ "workflow_id": run.workflow_id(), "cancel": "requested" }))))
}
