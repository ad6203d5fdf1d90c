//! The backend as its clients see it: the binary, a real worker and a real server behind it.

use std::time::Duration;

use mainspring::settings::Sources;
use mainspring::{Host, Product, Registry};
use mainspring_servers::TemporalDevServer;
use mainspring_servers::proxy::{Fault, Match, WireProxy};
use mainspring_testing::{Env, Process, TestError, free_port};
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[path = "../../../products/onboarding/examples/services/service.rs"]
mod service;

type Outcome = Result<(), TestError>;

/// The backend under test, which is killed when the test ends.
struct Backend {
    process: Process,
    url: String,
}

/// An answer: its status, its headers as `name: value`, its body.
struct Answer {
    status: u16,
    head: Vec<String>,
    body: Value,
}

impl Backend {
    async fn start(env: &Env) -> Result<Self, TestError> {
        Self::start_at(env.address()).await
    }

    async fn start_at(temporal: &str) -> Result<Self, TestError> {
        let settings = [("TEMPORAL_ADDRESS", temporal), ("WEB_ADDR", "127.0.0.1:0")];
        let mut process = Process::spawn(env!("CARGO_BIN_EXE_web-backend"), &[], settings)?;
        let line = process.line("listening on http://").await?;
        let url = line.trim_start_matches("listening on ").to_owned();
        Ok(Self { process, url })
    }

    async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Result<Answer, TestError> {
        let mut request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.to_owned())?;
        let asked = tokio::task::spawn_blocking(move || {
            let agent: ureq::Agent = ureq::Agent::config_builder()
                .http_status_as_error(false)
                .allow_non_standard_methods(true)
                .timeout_global(Some(Duration::from_secs(60)))
                .build()
                .into();
            agent.run(request)
        });
        let mut answer = asked.await??;
        let header = |(name, value): (&ureq::http::HeaderName, &ureq::http::HeaderValue)| {
            format!("{name}: {}", value.to_str().unwrap_or_default())
        };
        let head = answer.headers().iter().map(header).collect();
        let body = serde_json::from_str(&answer.body_mut().read_to_string()?)?;
        Ok(Answer { status: answer.status().as_u16(), head, body })
    }

    async fn get(&self, path: &str) -> Result<Answer, TestError> {
        self.ask("GET", path, &[], "").await
    }

    async fn post(&self, path: &str, headers: &[(&str, &str)], body: &Value) -> Result<Answer, TestError> {
        let headers: Vec<_> = headers.iter().copied().chain([("content-type", "application/json")]).collect();
        self.ask("POST", path, &headers, &body.to_string()).await
    }

    /// Asks until the answer is such.
    async fn until(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Result<Value, TestError> {
        let mut last = Value::Null;
        let asking = async {
            while !wanted(&last) {
                last = self.get(path).await?.body;
            }
            Ok::<_, TestError>(())
        };
        let asked = tokio::time::timeout(Duration::from_secs(60), asking).await;
        asked.map_err(|_| format!("{path} was never as it should be, the last: {last}"))??;
        Ok(last)
    }
}

fn host(env: &Env, product: Product, settings: &[(&str, String)]) -> Result<Host, TestError> {
    let pairs = [("TEMPORAL_ADDRESS", env.address()), ("GRACEFUL_SHUTDOWN_TIMEOUT_SECONDS", "5")];
    let settings = settings.iter().map(|(name, value)| (*name, value.as_str()));
    Ok(Host::new(Registry::new([product])?, Sources::from_pairs(pairs.into_iter().chain(settings)))?.http(None))
}

fn no_op(arg: &str) -> Value {
    json!({ "arg": arg, "batch_export_id": "test", "team_id": 2 })
}

#[tokio::test]
async fn a_workflow_is_started_and_its_result_shown() -> Outcome {
    let env = Env::shared().await?;
    let worker = host(&env, general_purpose::product(), &[])?.start().await?;
    let backend = Backend::start(&env).await?;
    assert_eq!(backend.get("/livez").await?.status, 200);
    assert_eq!(backend.get("/readyz").await?.body, json!({ "status": "ready" }));
    let started = backend.post("/no-ops", &[], &no_op("1")).await?;
    assert_eq!(started.status, 202, "{}", started.body);
    let id = started.body["workflow_id"].as_str().ok_or("no id")?;
    let path = format!("/no-ops/{id}");
    assert!(started.head.contains(&format!("location: {path}")), "{:?}", started.head);
    let state = backend.until(&path, |body| body["status"] == "completed").await?;
    assert_eq!(state, json!({ "workflow_id": id, "status": "completed", "result": "1" }));
    // The key names the workflow, so its second use meets the first's.
    let (key, again) = (env.id("key"), no_op("2"));
    let once = backend.post("/no-ops", &[("idempotency-key", &key)], &again).await?;
    let twice = backend.post("/no-ops", &[("idempotency-key", &key)], &again).await?;
    assert_eq!((once.status, &once.body), (202, &twice.body));
    assert!(worker.drain().await.abandoned.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_workflow_is_asked_to_end() -> Outcome {
    // A server of its own, so that no worker is there before the wish to end is.
    let server = TemporalDevServer::builder().start().await?;
    let env = Env::at(server.address());
    let backend = Backend::start(&env).await?;
    let started = backend.post("/no-ops", &[], &no_op("3")).await?;
    let id = started.body["workflow_id"].as_str().ok_or("no id")?;
    let path = format!("/no-ops/{id}");
    assert_eq!(backend.get(&path).await?.body, json!({ "workflow_id": id, "status": "running" }));
    let asked = backend.ask("DELETE", &path, &[], "").await?;
    assert_eq!((asked.status, asked.body), (202, json!({ "workflow_id": id, "cancel": "requested" })));
    let worker = host(&env, general_purpose::product(), &[])?.start().await?;
    backend.until(&path, |body| body["status"] == "canceled").await?;
    assert!(worker.drain().await.abandoned.is_empty());
    Ok(())
}

#[tokio::test]
async fn an_onboarding_is_watched_and_its_follow_up_called_off() -> Outcome {
    let env = Env::shared().await?;
    let backend = Backend::start(&env).await?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let settings = service::settings(listener.local_addr()?);
    let (services, _made) = service::Services::new();
    tokio::spawn(async move { axum::serve(listener, services.router()).await });
    let (path, input) = ("/onboardings/onboarding-ada", json!({ "user_id": "ada", "email": "ada@example.com" }));
    let started = backend.post("/onboardings", &[], &input).await?;
    assert_eq!((started.status, started.body["workflow_id"].as_str()), (202, Some("onboarding-ada")));
    let again = backend.post("/onboardings", &[], &input).await?;
    assert_eq!((again.status, &again.body["run_id"]), (409, &started.body["run_id"]));
    let alone = backend.get(path).await?.body;
    assert_eq!(alone, json!({ "workflow_id": "onboarding-ada", "status": "running", "progress": null }));
    let worker = host(&env, onboarding::product(), &settings)?.start().await?;
    let waiting = backend.until(path, |body| body["progress"]["phase"] == "waiting").await?;
    assert_eq!((&waiting["status"], &waiting["progress"]["follow_up"]), (&json!("running"), &json!("planned")));
    assert_eq!(backend.post(&format!("{path}/cancel-follow-up"), &[], &json!({})).await?.status, 202);
    let done = backend.until(path, |body| body["status"] == "completed").await?;
    assert_eq!(done["progress"], json!({ "phase": "onboarded", "follow_up": "cancelled" }));
    assert_eq!(done["result"]["account"], json!({ "account_id": "acct-1" }));
    let bad = backend.post("/onboardings", &[], &json!({ "user_id": "bob", "email": "nowhere" })).await?;
    assert_eq!(bad.status, 422);
    assert!(
        bad.body["error"].as_str().is_some_and(|error| error.contains("email is to be an address")),
        "{}",
        bad.body
    );
    let refused = json!({ "user_id": "eve", "email": "eve@refused.example" });
    backend.post("/onboardings", &[], &refused).await?;
    let failed = backend.until("/onboardings/onboarding-eve", |body| body["status"] == "failed").await?;
    assert_eq!(failed["failure"]["type"], "OnboardingIncomplete", "{failed}");
    assert!(worker.drain().await.abandoned.is_empty());
    Ok(())
}

#[tokio::test]
async fn what_a_client_does_wrong_is_answered_as_json() -> Outcome {
    let env = Env::shared().await?;
    let backend = Backend::start(&env).await?;
    let error = |answer: &Answer| answer.body["error"].as_str().unwrap_or_default().to_owned();
    let answer = backend.get("/no-ops/nobody").await?;
    assert_eq!(answer.status, 404);
    assert!(error(&answer).starts_with("there is no workflow nobody that could be asked this: "), "{}", answer.body);
    let answer = backend.post("/no-ops", &[], &json!({ "arg": "1" })).await?;
    assert_eq!(answer.status, 422);
    assert!(error(&answer).contains("missing field `batch_export_id`"), "{}", answer.body);
    let answer = backend.ask("POST", "/no-ops", &[], "{}").await?;
    assert_eq!(answer.status, 415, "{}", answer.body);
    let answer = backend.post("/no-ops", &[], &no_op(&"x".repeat(65 * 1024))).await?;
    assert_eq!(answer.status, 413, "{}", answer.body);
    let answer = backend.get("/nowhere").await?;
    assert_eq!((answer.status, error(&answer).as_str()), (404, "there is no such route"));
    let answer = backend.ask("PUT", "/no-ops", &[], "").await?;
    assert_eq!((answer.status, error(&answer).as_str()), (405, "this route does not take this method"));
    Ok(())
}

#[tokio::test]
async fn while_temporal_is_away_clients_are_told_to_come_back() -> Outcome {
    let proxy = WireProxy::builder(Env::shared().await?.address().parse()?).start().await?;
    let backend = Backend::start_at(&proxy.address()).await?;
    proxy.fault(Match::all(), Fault::Status(14, "the cluster is being moved".to_owned()));
    let ready = backend.get("/readyz").await?;
    assert_eq!(ready.status, 503);
    assert_eq!(ready.body, json!({ "error": "Temporal does not answer: the cluster is being moved (Unavailable)" }));
    let started = backend.post("/no-ops", &[], &no_op("5")).await?;
    assert_eq!(started.status, 503, "{}", started.body);
    assert!(started.head.contains(&"retry-after: 1".to_owned()), "{:?}", started.head);
    assert_eq!(backend.get("/livez").await?.status, 200, "to be restarted would not help");
    proxy.clear_faults();
    assert_eq!(backend.get("/readyz").await?.status, 200);
    assert_eq!(backend.post("/no-ops", &[], &no_op("5")).await?.status, 202);
    Ok(())
}

#[tokio::test]
async fn the_end_waits_for_requests_under_way() -> Outcome {
    let env = Env::shared().await?;
    let Backend { mut process, url } = Backend::start(&env).await?;
    let address = url.trim_start_matches("http://");
    let mut slow = tokio::net::TcpStream::connect(address).await?;
    let body = no_op("4").to_string();
    let head = format!(
        "POST /no-ops HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {}\r\nexpect: 100-continue\r\nconnection: close\r\n\r\n",
        body.len()
    );
    slow.write_all(head.as_bytes()).await?;
    // It says "100 Continue" once it waits for the body: now the request is under way.
    let mut first = [0; 12];
    slow.read_exact(&mut first).await?;
    assert_eq!(&first, b"HTTP/1.1 100");
    process.signal(Signal::SIGTERM);
    let refused = async {
        while tokio::net::TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), refused).await?;
    slow.write_all(body.as_bytes()).await?;
    let mut answer = String::new();
    slow.read_to_string(&mut answer).await?;
    assert!(answer.contains("HTTP/1.1 202 Accepted"), "{answer}");
    process.line("drained").await?;
    assert_eq!(process.end().await?.code, 0);
    Ok(())
}

#[tokio::test]
async fn without_temporal_it_says_so_and_ends() -> Outcome {
    let free = format!("127.0.0.1:{}", free_port()?);
    let settings = [("TEMPORAL_ADDRESS", free.as_str()), ("MAINSPRING_CONNECT_TIMEOUT", "0.3")];
    let mut process = Process::spawn(env!("CARGO_BIN_EXE_web-backend"), &[], settings)?;
    process.line(&format!("error: could not reach Temporal at {free} ")).await?;
    assert_eq!(process.end().await?.code, 1);
    Ok(())
}
