//! Accounts, emails and resources, each kept under the `Idempotency-Key` of its request: the same key gets the same answer,
//! and nothing more is made. In memory, for trying things out and for tests.
//!
//! An address at `refused.example` is refused with 400, so that a failure can be seen as well.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::sync::mpsc;

/// More is made than anybody reads: what does not fit is not told.
const UNREAD: usize = 256;

/// The settings that lead a worker to services at that address.
pub(crate) fn settings(at: SocketAddr) -> [(&'static str, String); 3] {
    [
        ("ONBOARDING_ACCOUNTS_URL", format!("http://{at}/accounts")),
        ("ONBOARDING_EMAIL_URL", format!("http://{at}/messages")),
        ("ONBOARDING_RESOURCES_URL", format!("http://{at}/resources")),
    ]
}

/// One thing that was asked for.
#[derive(Clone)]
struct Made {
    request: Value,
    answer: Value,
}

/// What has been made, by kind and key.
#[derive(Clone)]
pub(crate) struct Services {
    made: Arc<Mutex<BTreeMap<(String, String), Made>>>,
    tell: mpsc::Sender<String>,
}

type Answer = (StatusCode, Json<Value>);

impl Services {
    /// Services that have made nothing yet, and a line for each thing that they make.
    pub(crate) fn new() -> (Self, mpsc::Receiver<String>) {
        let (tell, told) = mpsc::channel(UNREAD);
        (Self { made: Arc::default(), tell }, told)
    }

    /// `POST /accounts`, `/messages` and `/resources`.
    pub(crate) fn router(&self) -> Router {
        Router::new().route("/{kind}", post(ask)).with_state(self.clone())
    }

    /// How many things were made under keys that begin so.
    #[allow(dead_code, reason = "tests count; the program tells")]
    pub(crate) fn made_under(&self, key: &str) -> usize {
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.keys().filter(|(_, of)| of.starts_with(key)).count()
    }

    fn answer(&self, kind: &str, key: &str, request: &Value) -> Answer {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let place = (kind.to_owned(), key.to_owned());
        if let Some(before) = made.get(&place) {
            if before.request != *request {
                return refuse(StatusCode::UNPROCESSABLE_ENTITY, "this key came before, with another request");
            }
            return (StatusCode::OK, Json(before.answer.clone()));
        }
        let Some(user_id) = request["user_id"].as_str() else {
            return refuse(StatusCode::BAD_REQUEST, "user_id is missing");
        };
        let number = made.keys().filter(|(other, _)| other == kind).count() + 1;
        let answer = match kind {
            "accounts" => json!({ "account_id": format!("acct-{number}") }),
            "messages" if request["to"].as_str().is_some_and(|to| to.ends_with("@refused.example")) => {
                return refuse(StatusCode::BAD_REQUEST, "nobody receives mail at refused.example");
            }
            "messages" => json!({ "message_id": format!("msg-{number}") }),
            "resources" => json!({ "resources": [format!("workspace-{number}"), format!("database-{number}")] }),
            _ => return refuse(StatusCode::NOT_FOUND, "there are accounts, messages and resources"),
        };
        // Nobody needs to read it.
        let _ = self.tell.try_send(format!("{kind} {answer} for {user_id}"));
        made.insert(place, Made { request: request.clone(), answer: answer.clone() });
        (StatusCode::CREATED, Json(answer))
    }
}

async fn ask(
    State(services): State<Services>,
    Path(kind): Path<String>,
    headers: HeaderMap,
    Json(request): Json<Value>,
) -> Answer {
    match headers.get("idempotency-key").and_then(|key| key.to_str().ok()) {
        Some(key) => services.answer(&kind, key, &request),
        None => refuse(StatusCode::BAD_REQUEST, "the header Idempotency-Key is missing"),
    }
}

fn refuse(status: StatusCode, error: &str) -> Answer {
    (status, Json(json!({ "error": error })))
}
