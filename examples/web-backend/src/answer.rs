//! What a client of this backend reads: the state of a workflow, or what was wrong, both as JSON.

use axum::extract::Path;
use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use mainspring_caller::{CallerError, Contract, Run, Status};
use serde::Serialize;
use serde_json::{Value, json};

/// A workflow's id in the path. What axum cannot read is answered as JSON too, by [`Problem`].
pub(crate) type Id = Result<Path<String>, PathRejection>;

/// An error as a client sees it.
pub(crate) struct Problem {
    status: StatusCode,
    body: Value,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, error: impl Into<String>) -> Self {
        Self { status, body: json!({ "error": error.into() }) }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, axum::Json(self.body)).into_response();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("1"));
        }
        response
    }
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        Self::new(rejection.status(), rejection.body_text())
    }
}

impl From<PathRejection> for Problem {
    fn from(rejection: PathRejection) -> Self {
        Self::new(rejection.status(), rejection.body_text())
    }
}

impl From<CallerError> for Problem {
    fn from(error: CallerError) -> Self {
        let status = match &error {
            CallerError::AlreadyRunning { .. } | CallerError::AlreadyClosed { .. } => StatusCode::CONFLICT,
            CallerError::NotFound { .. } => StatusCode::NOT_FOUND,
            CallerError::UpdateFailed { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            error if error.is_transient() => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_GATEWAY,
        };
        let mut problem = Self::new(status, error.to_string());
        if let CallerError::AlreadyRunning { workflow_id, run_id }
        | CallerError::AlreadyClosed { workflow_id, run_id, .. } = error
        {
            problem.body["workflow_id"] = workflow_id.into();
            problem.body["run_id"] = run_id.into();
        }
        problem
    }
}

/// 202: it has been started, and this is where to ask after it.
pub(crate) fn started<W: Contract>(route: &str, run: &Run<W>) -> Response {
    let body = json!({ "workflow_id": run.workflow_id(), "run_id": run.run_id() });
    let location = format!("{route}/{}", run.workflow_id());
    (StatusCode::ACCEPTED, [(header::LOCATION, location)], axum::Json(body)).into_response()
}

/// How far a workflow is; if it has ended, with what.
pub(crate) async fn state<W>(run: &Run<W>) -> Result<Value, CallerError>
where
    W: Contract,
    W::Output: Serialize,
{
    let status = run.status().await?;
    let mut body = json!({ "workflow_id": run.workflow_id(), "status": status.to_string() });
    match status {
        Status::Completed => body["result"] = json!(run.result().await?),
        Status::Failed => match run.result().await {
            Err(CallerError::Failed { failure, .. }) => {
                body["failure"] = json!({ "type": failure.type_name(), "message": failure.message() });
            }
            Err(error) => return Err(error),
            // It was started again between the two questions, and has a result by now.
            Ok(result) => body["result"] = json!(result),
        },
        _ => {}
    }
    Ok(body)
}
