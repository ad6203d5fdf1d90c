//! The workflow `onboarding`, over HTTP. One per user: its id follows from the input.

use std::time::Duration;

use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use mainspring_caller::{Caller, CallerError};
use onboarding_contract::{CancelFollowUp, GetStatus, Onboarding, OnboardingInput};
use serde_json::{Value, json};

use crate::answer::{Id, Problem, started, state};

/// How long the workflow may take to say how far it is: a page does not wait for a worker that is not there.
const PROGRESS: Duration = Duration::from_secs(2);

pub(crate) fn routes() -> Router<Caller> {
    Router::new()
        .route("/", post(start))
        .route("/{id}", get(show))
        .route("/{id}/cancel-follow-up", post(cancel_follow_up))
}

/// Refuses at once what the workflow would refuse, and a user whose onboarding runs or is done.
async fn start(
    State(caller): State<Caller>,
    input: Result<Json<OnboardingInput>, JsonRejection>,
) -> Result<Response, Problem> {
    let Json(input) = input?;
    input.check().map_err(|broken| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, broken.to_string()))?;
    Ok(started("/onboardings", &caller.start(Onboarding, input).await?))
}

/// How far it is: what Temporal knows, and what the workflow says of itself, if a worker is there to answer.
async fn show(State(caller): State<Caller>, id: Id) -> Result<Json<Value>, Problem> {
    let run = caller.with_limit(PROGRESS).workflow(Onboarding, id?.0);
    let mut body = state(&run).await?;
    match run.query(GetStatus, ()).await {
        Ok(progress) => body["progress"] = json!(progress),
        Err(error) if is_without_worker(&error) => body["progress"] = Value::Null,
        Err(error) => return Err(error.into()),
    }
    Ok(Json(body))
}

/// A query is answered by a worker; without one, the rest of the answer is still of use.
const fn is_without_worker(error: &CallerError) -> bool {
    matches!(error, CallerError::Refused { .. }) || error.is_transient()
}

async fn cancel_follow_up(State(caller): State<Caller>, id: Id) -> Result<(StatusCode, Json<Value>), Problem> {
    let run = caller.workflow(Onboarding, id?.0);
    run.signal(CancelFollowUp, ()).await?;
    Ok((StatusCode::ACCEPTED, Json(json!({ "workflow_id": run.workflow_id(), "follow_up": "cancel requested" }))))
}
