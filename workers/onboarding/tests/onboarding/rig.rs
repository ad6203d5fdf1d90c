//! What a test needs: the services on a port of their own, which can be told to fail or to keep an answer back; a task
//! queue of its own; and the worker.

#[path = "../../../../products/onboarding/examples/services/service.rs"]
mod service;

use std::collections::{BTreeMap, VecDeque};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use mainspring_testing::{Env, Process, TestClient, TestError, Workflows, free_port};
use serde_json::{Value, json};
use service::Services;
use temporalio_client::{UntypedQuery, UntypedSignal};
use temporalio_common::data_converters::{PayloadConverter, RawValue};
use temporalio_common::protos::temporal::api::enums::v1::EventType;
use temporalio_common::protos::temporal::api::failure::v1::Failure;
use temporalio_common::protos::temporal::api::failure::v1::failure::FailureInfo;
use temporalio_common::protos::temporal::api::history::v1::HistoryEvent;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

pub(crate) type Outcome = Result<(), TestError>;

/// The longest wait for an event.
const PATIENCE: Duration = Duration::from_secs(60);

/// What happens to one request in place of what should.
pub(crate) enum Twist {
    /// This answer, and nothing is made.
    Answer(Response),
    /// The request is done, and its answer waits for a permit.
    Hold(Arc<Semaphore>),
}

impl Twist {
    pub(crate) fn answer(status: u16, body: &str) -> Self {
        let status = StatusCode::from_u16(status).expect("a status");
        Self::Answer((status, body.to_owned()).into_response())
    }

    pub(crate) fn busy_for(seconds: u32) -> Self {
        Self::Answer((StatusCode::SERVICE_UNAVAILABLE, [("retry-after", seconds.to_string())]).into_response())
    }

    /// And what lets the answer go: `add_permits(1)`.
    pub(crate) fn hold() -> (Self, Arc<Semaphore>) {
        let gate = Arc::new(Semaphore::new(0));
        (Self::Hold(gate.clone()), gate)
    }
}

/// A request as it was answered, or is to be once its answer is let go.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) kind: String,
    pub(crate) key: String,
    /// 201: made. 200: the key was known, and nothing was made.
    pub(crate) status: u16,
    pub(crate) at: Instant,
}

#[derive(Clone)]
struct Twists {
    plans: Arc<Mutex<BTreeMap<&'static str, VecDeque<Twist>>>>,
    calls: watch::Sender<Vec<Call>>,
}

impl Twists {
    fn next(&self, kind: &str) -> Option<Twist> {
        self.plans.lock().expect("no test panics here").get_mut(kind)?.pop_front()
    }
}

async fn twist(State(twists): State<Twists>, request: Request, next: Next) -> Response {
    let kind = request.uri().path().trim_start_matches('/').to_owned();
    let key = request.headers().get("idempotency-key").and_then(|key| key.to_str().ok()).unwrap_or_default().to_owned();
    let (response, gate) = match twists.next(&kind) {
        None => (next.run(request).await, None),
        Some(Twist::Answer(answer)) => (answer, None),
        Some(Twist::Hold(gate)) => (next.run(request).await, Some(gate)),
    };
    let call = Call { kind, key, status: response.status().as_u16(), at: Instant::now() };
    twists.calls.send_modify(|calls| calls.push(call));
    if let Some(gate) = gate {
        gate.acquire().await.expect("never closed").forget();
    }
    response
}

/// One test's surroundings.
pub(crate) struct Rig {
    env: Env,
    pub(crate) client: TestClient,
    queue: String,
    twists: Twists,
    calls: watch::Receiver<Vec<Call>>,
    services: Services,
    at: SocketAddr,
}

impl Rig {
    /// With services that listen.
    pub(crate) async fn new() -> Result<Self, TestError> {
        let rig = Self::without_services().await?;
        rig.listen().await?;
        Ok(rig)
    }

    /// With services that have an address, and do not listen there yet.
    pub(crate) async fn without_services() -> Result<Self, TestError> {
        let env = Env::shared().await?;
        let client = env.client().await?;
        let queue = env.queue("onboarding");
        let (calls, seen) = watch::channel(Vec::new());
        let twists = Twists { plans: Arc::default(), calls };
        let at = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
        let (services, _) = Services::new();
        Ok(Self { env, client, queue, twists, calls: seen, services, at })
    }

    pub(crate) async fn listen(&self) -> Outcome {
        let listener = TcpListener::bind(self.at).await?;
        let router = self.services.router().layer(from_fn_with_state(self.twists.clone(), twist));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(())
    }

    /// What happens to the next request of that kind that no twist is meant for yet.
    pub(crate) fn twist(&self, kind: &'static str, twist: Twist) {
        self.twists.plans.lock().expect("no test panics here").entry(kind).or_default().push_back(twist);
    }

    /// The worker binary, polling.
    pub(crate) async fn worker(&self) -> Result<Process, TestError> {
        let settings = service::settings(self.at);
        let moved = format!("onboarding={}", self.queue);
        let base = [
            ("TEMPORAL_ADDRESS", self.env.address()),
            ("MAINSPRING_QUEUES", moved.as_str()),
            ("MAINSPRING_HTTP_ADDR", "127.0.0.1:0"),
            ("MAINSPRING_LOG_FORMAT", "json"),
            ("ONBOARDING_EMAIL_TOKEN", "hunter2"),
            ("NO_PROXY", "127.0.0.1"),
        ];
        let all = base.into_iter().chain(settings.iter().map(|(name, value)| (*name, value.as_str())));
        let mut worker = Process::spawn(env!("CARGO_BIN_EXE_onboarding-worker"), &[], all)?;
        worker.line("\"msg\":\"polling\"").await?;
        Ok(worker)
    }

    /// Starts an onboarding of a user that no other test has; gives its workflow id, as the contract derives it.
    pub(crate) async fn start(&self, follow_up_after_seconds: Option<u64>) -> Result<String, TestError> {
        let user_id = self.env.id("ada");
        let mut input = json!({ "user_id": user_id, "email": "ada@example.com" });
        if let Some(seconds) = follow_up_after_seconds {
            input["follow_up_after_seconds"] = seconds.into();
        }
        self.start_with(&input).await
    }

    pub(crate) async fn start_with(&self, input: &Value) -> Result<String, TestError> {
        let id = format!("onboarding-{}", input["user_id"].as_str().unwrap_or_default());
        self.client.begin(&self.queue, &id, "onboarding", input).await?;
        Ok(id)
    }

    /// Waits until there were so many requests of a kind; gives those of that kind.
    pub(crate) async fn calls(&self, kind: &str, count: usize) -> Result<Vec<Call>, TestError> {
        let mut calls = self.calls.clone();
        let of_kind = |calls: &Vec<Call>| calls.iter().filter(|call| call.kind == kind).cloned().collect::<Vec<_>>();
        let waited = tokio::time::timeout(PATIENCE, calls.wait_for(|calls| of_kind(calls).len() >= count)).await;
        let calls =
            waited.map_err(|_| format!("{kind} were not called {count} times: {:?}", *self.calls.borrow()))??;
        Ok(of_kind(&calls))
    }

    /// How many of a kind were made.
    pub(crate) fn made(&self, kind: &str) -> usize {
        self.calls.borrow().iter().filter(|call| call.kind == kind && call.status == 201).count()
    }

    pub(crate) async fn status(&self, id: &str) -> Result<(String, String), TestError> {
        let none = RawValue { payloads: Vec::new() };
        let workflow = self.client.workflow(id);
        let status = workflow.query(UntypedQuery::new("status"), none, Default::default()).await?;
        let status: Value = status.to_value(&PayloadConverter::default());
        let text = |name: &str| status[name].as_str().unwrap_or_default().to_owned();
        Ok((text("phase"), text("follow_up")))
    }

    /// Asks until the onboarding is in that phase.
    pub(crate) async fn phase(&self, id: &str, phase: &str) -> Outcome {
        let until = Instant::now() + PATIENCE;
        let mut asks = tokio::time::interval(Duration::from_millis(100));
        loop {
            asks.tick().await;
            let status = self.status(id).await?;
            if status.0 == phase {
                return Ok(());
            }
            if Instant::now() > until {
                return Err(format!("{id} never was in phase {phase}: it is {status:?}").into());
            }
        }
    }

    pub(crate) async fn cancel_follow_up(&self, id: &str, payloads: Value) -> Outcome {
        let input = match payloads {
            Value::Null => RawValue { payloads: Vec::new() },
            some => RawValue::from_value(&some, &PayloadConverter::default()),
        };
        let signal = UntypedSignal::new("cancel_follow_up");
        Ok(self.client.workflow(id).signal(signal, input, Default::default()).await?)
    }

    pub(crate) async fn events(&self, id: &str) -> Result<Vec<HistoryEvent>, TestError> {
        Ok(self.client.workflow(id).fetch_history(Default::default()).into_events().await?)
    }

    /// How many events of a type the history has.
    pub(crate) async fn count(&self, id: &str, event: EventType) -> Result<usize, TestError> {
        Ok(self.events(id).await?.iter().filter(|seen| seen.event_type() == event).count())
    }

    /// Waits for the workflow's failure: type names and messages from the outermost to its first cause.
    pub(crate) async fn failure(&self, id: &str) -> Result<Vec<(String, String)>, TestError> {
        if let Ok(result) = self.client.result::<Value>(id).await {
            return Err(format!("{id} did not fail: {result}").into());
        }
        let failed = self.events(id).await?.into_iter().find_map(|event| match event.attributes {
            Some(Attributes::WorkflowExecutionFailedEventAttributes(failed)) => failed.failure,
            _ => None,
        });
        let failed = failed.ok_or("it did not fail")?;
        let chain = std::iter::successors(Some(&failed), |failure| failure.cause.as_deref());
        Ok(chain.map(|failure| (type_of(failure), failure.message.clone())).collect())
    }
}

fn type_of(failure: &Failure) -> String {
    match &failure.failure_info {
        Some(FailureInfo::ApplicationFailureInfo(info)) => info.r#type.clone(),
        Some(FailureInfo::ActivityFailureInfo(info)) => {
            info.activity_type.as_ref().map(|kind| kind.name.clone()).unwrap_or_default()
        }
        _ => String::new(),
    }
}
