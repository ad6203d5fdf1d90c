//! Probes as an orchestrator asks them: over TCP.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use super::*;
use crate::metrics::{GlobalLabels, Metrics, workflow_task_failed};

static METRICS: LazyLock<Arc<Metrics>> = LazyLock::new(|| Metrics::install(&crate::metrics::tests::labels()));

fn any_port() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

fn serve(health: &Arc<Health>) -> RunningProbes {
    ProbeServer::bind(any_port()).unwrap().serve(health.clone(), METRICS.clone()).unwrap()
}

/// Sends bytes, and returns the answer's status, head and body.
fn send(probes: &RunningProbes, request: &str) -> (u16, String, String) {
    let mut stream = TcpStream::connect(probes.local_addr()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no head in {answer:?}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head.to_ascii_lowercase(), body.to_owned())
}

fn get(probes: &RunningProbes, path: &str) -> (u16, String) {
    let (status, _, body) = send(probes, &format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
    (status, body)
}

/// What `/livez` says, with N for the seconds since its one worker has answered, of which there are few.
fn livez(probes: &RunningProbes) -> (u16, String) {
    let (status, body) = get(probes, "/livez");
    let (_, rest) = body.split_once("\"answered_seconds_ago\":").unwrap();
    let seconds: String = rest.chars().take_while(char::is_ascii_digit).collect();
    assert!(seconds.parse::<u64>().unwrap() < 60, "{body}");
    let shown = body.replace(&format!("_ago\":{seconds}"), "_ago\":N");
    (status, shown.replace(&format!("answered for {seconds} s"), "answered for N s"))
}

fn polling(health: &Health, queue: &str, kind: &'static str) -> WorkerHealth {
    let worker = health.worker(queue, kind);
    worker.connected(true);
    worker.polling(true);
    worker
}

#[test]
fn a_host_without_workers_is_alive_and_not_ready() {
    let probes = serve(&Health::new());
    assert_eq!(get(&probes, "/livez"), (200, r#"{"alive":true,"workers":[]}"#.to_owned()));
    let expected = r#"{"ready":false,"draining":false,"reason":"starting: there is no worker yet","queues":{}}"#;
    assert_eq!(get(&probes, "/readyz"), (503, expected.to_owned()));
}

#[test]
fn readiness_follows_every_queue() {
    let health = Health::new();
    let probes = serve(&health);
    let both = (health.worker("bills", "activity"), health.worker("bills", "workflow"));
    let expected = r#""reason":"the activity worker of bills has no connection to Temporal, and the workflow worker of bills has no connection to Temporal""#;
    assert!(get(&probes, "/readyz").1.contains(expected));
    drop(both);

    let health = Health::new();
    let probes = serve(&health);
    let workflows = health.worker("orders", "workflow");
    let expected = r#"{"ready":false,"draining":false,"reason":"the workflow worker of orders has no connection to Temporal","queues":{"orders":{"connected":false,"polling":false,"workers":{"workflow":1}}}}"#;
    assert_eq!(get(&probes, "/readyz"), (503, expected.to_owned()));
    workflows.connected(true);
    let expected = r#"{"ready":false,"draining":false,"reason":"the workflow worker of orders does not poll","queues":{"orders":{"connected":true,"polling":false,"workers":{"workflow":1}}}}"#;
    assert_eq!(get(&probes, "/readyz"), (503, expected.to_owned()));
    workflows.polling(true);
    let expected = r#"{"ready":true,"draining":false,"queues":{"orders":{"connected":true,"polling":true,"workers":{"workflow":1}}}}"#;
    assert_eq!(get(&probes, "/readyz"), (200, expected.to_owned()));

    let activities = polling(&health, "orders", "activity");
    let _bills = polling(&health, "bills", "workflow");
    let expected = r#"{"ready":true,"draining":false,"queues":{"bills":{"connected":true,"polling":true,"workers":{"workflow":1}},"orders":{"connected":true,"polling":true,"workers":{"activity":1,"workflow":1}}}}"#;
    assert_eq!(get(&probes, "/readyz"), (200, expected.to_owned()));

    // A worker that died is missed until the next one polls.
    drop(activities);
    let expected = r#"{"ready":false,"draining":false,"reason":"the activity worker of orders is being built","queues":{"bills":{"connected":true,"polling":true,"workers":{"workflow":1}},"orders":{"connected":false,"polling":false,"workers":{"activity":0,"workflow":1}}}}"#;
    assert_eq!(get(&probes, "/readyz"), (503, expected.to_owned()));
    let _activities = polling(&health, "orders", "activity");
    assert_eq!(get(&probes, "/readyz").0, 200);

    health.draining();
    let expected = r#"{"ready":false,"draining":true,"reason":"draining: no new tasks are taken","queues":{"bills":{"connected":true,"polling":true,"workers":{"workflow":1}},"orders":{"connected":true,"polling":true,"workers":{"activity":1,"workflow":1}}}}"#;
    assert_eq!(get(&probes, "/readyz"), (503, expected.to_owned()));
    assert_eq!(get(&probes, "/livez").0, 200, "a drain is not a death");
}

#[test]
fn a_worker_that_is_replaced_keeps_its_queue_ready() {
    let health = Health::new();
    let old = polling(&health, "orders", "activity");
    let new = health.worker("orders", "activity");
    assert!(health.readiness().ready, "the old one still polls");
    new.connected(true);
    new.polling(true);
    old.polling(false);
    old.connected(false);
    assert!(health.readiness().ready, "the new one polls");
}

#[test]
fn liveness_asks_no_dependency() {
    let health = Health::new();
    let probes = serve(&health);
    let worker = health.worker("orders", "workflow");
    worker.connected(false);
    let expected = r#"{"alive":true,"workers":[{"queue":"orders","kind":"workflow","answered_seconds_ago":N}]}"#;
    assert_eq!(livez(&probes), (200, expected.to_owned()));
    drop(worker);
    assert_eq!(get(&probes, "/livez"), (200, r#"{"alive":true,"workers":[]}"#.to_owned()));
}

#[test]
fn a_silent_thread_is_named_with_the_workflow_that_holds_it() {
    // Nothing answers within no time at all.
    let health = Health::with_limit(Duration::ZERO);
    let probes = serve(&health);
    let worker = health.worker("orders", "workflow");
    worker.busy_with(Some("Order order-7 run 4f".to_owned()));
    let expected = r#"{"alive":false,"reason":"the thread of the workflow worker of orders has not answered for N s (the limit is 0 s); workflow Order order-7 run 4f holds it","workers":[{"queue":"orders","kind":"workflow","answered_seconds_ago":N,"busy_with":"Order order-7 run 4f"}]}"#;
    assert_eq!(livez(&probes), (503, expected.to_owned()));
    worker.busy_with(None);
    let expected = r#"{"alive":false,"reason":"the thread of the workflow worker of orders has not answered for N s (the limit is 0 s)","workers":[{"queue":"orders","kind":"workflow","answered_seconds_ago":N}]}"#;
    assert_eq!(livez(&probes), (503, expected.to_owned()));
}

#[test]
fn liveness_fails_after_sixty_seconds_and_recovers_with_an_answer() {
    let health = Health::new();
    let worker = health.worker("orders", "activity");
    let now = Instant::now();
    assert!(health.liveness(now + Duration::from_secs(59)).alive);
    let later = health.liveness(now + Duration::from_secs(61));
    assert!(!later.alive);
    let shown = serde_json::to_string(&later).unwrap();
    assert!(shown.contains("the activity worker of orders has not answered for 61 s (the limit is 60 s)\""), "{shown}");
    worker.answered();
    assert!(health.liveness(Instant::now() + Duration::from_secs(59)).alive);
}

#[test]
fn metrics_are_served_as_prometheus_wants_them() {
    workflow_task_failed("Shown");
    let meter = METRICS.temporal_meter();
    meter.counter("shown".into()).add(1, meter.get_default_attributes());
    let probes = serve(&Health::new());
    let (status, head, body) = send(&probes, "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert_eq!(status, 200);
    assert!(head.contains("content-type: text/plain; version=0.0.4; charset=utf-8"), "{head}");
    let shown = crate::metrics::tests::exposition::Exposition::read(&body).unwrap();
    let global = [("temporal_worker_build_id", "b-1"), ("temporal_namespace", "shop")];
    assert_eq!(shown.value("temporal_shown", &global), 1.0);
    let of_type = [&global[..], &[("workflow_type", "Shown")]].concat();
    assert_eq!(shown.value("mainspring_workflow_task_failures_total", &of_type), 1.0);
    assert!(shown.value("process_open_fds", &global) >= 3.0);
}

#[test]
fn other_pages_and_methods_are_told_what_there_is() {
    let probes = serve(&Health::new());
    let (status, body) = get(&probes, "/");
    assert_eq!(status, 200);
    assert!(["/livez", "/readyz", "/metrics"].iter().all(|page| body.contains(page)), "{body}");
    let (status, body) = get(&probes, "/health");
    assert_eq!(status, 404);
    assert!(body.starts_with("there is no such page; there are:\n/livez "), "{body}");
    let (status, head, body) = send(&probes, "HEAD /livez?verbose HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert_eq!((status, body.as_str()), (200, ""));
    assert!(head.contains("content-length: 27") && head.contains("content-type: application/json"), "{head}");
    let (status, head, body) =
        send(&probes, "POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    assert_eq!((status, body.as_str()), (405, "only GET and HEAD are answered here\n"));
    assert!(head.contains("allow: get, head"), "{head}");
}

#[test]
fn a_request_that_is_too_large_or_no_http_is_refused() {
    let probes = serve(&Health::new());
    let (status, ..) = send(&probes, &format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(32 * 1024)));
    assert_eq!(status, 431);
    let (status, ..) = send(&probes, "hello\r\n\r\n");
    assert_eq!(status, 400);
}

#[test]
fn a_taken_port_says_what_to_do() {
    let probes = serve(&Health::new());
    let addr = probes.local_addr();
    let expected = format!(
        "probes and metrics cannot listen on {addr}: the port is taken; stop what listens there, or set \
         MAINSPRING_HTTP_ADDR to a free address (port 0 takes any free port)"
    );
    assert_eq!(ProbeServer::bind(addr).unwrap_err().to_string(), expected);
    drop(probes);
    ProbeServer::bind(addr).expect("the port is free once probes have stopped");
    // An address that is set aside for documentation is no machine's.
    let elsewhere = ProbeServer::bind(SocketAddr::from(([192, 0, 2, 1], 9090))).unwrap_err().to_string();
    let expected = "probes and metrics cannot listen on 192.0.2.1:9090: this machine does not have that address; set \
                    MAINSPRING_HTTP_ADDR to one that it has, or to 0.0.0.0:9090 for all of them";
    assert_eq!(elsewhere, expected);
}

#[test]
fn two_hundred_at_once_are_all_answered() {
    let health = Health::new();
    let _worker = polling(&health, "orders", "workflow");
    let probes = serve(&health);
    std::thread::scope(|scope| {
        let asked: Vec<_> = (0..200)
            .map(|n| {
                let (probes, path) = (&probes, ["/livez", "/readyz", "/metrics"][n % 3]);
                scope.spawn(move || get(probes, path).0)
            })
            .collect();
        assert!(asked.into_iter().all(|answer| answer.join().unwrap() == 200));
    });
}

#[test]
fn clients_that_never_finish_do_not_keep_the_others_out() {
    let probes = serve(&Health::new());
    // More than there are places, each with half a request.
    let idle: Vec<_> = (0..70)
        .map(|_| {
            let mut stream = TcpStream::connect(probes.local_addr()).unwrap();
            stream.write_all(b"GET /livez HTT").unwrap();
            stream
        })
        .collect();
    let began = Instant::now();
    assert_eq!(get(&probes, "/livez").0, 200);
    assert!(began.elapsed() < Duration::from_secs(15), "it took {:?}", began.elapsed());
    drop(idle);
}

#[test]
fn stopping_does_not_wait_for_an_idle_client() {
    let probes = serve(&Health::new());
    let mut idle = TcpStream::connect(probes.local_addr()).unwrap();
    idle.write_all(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut first = [0; 12];
    idle.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    let began = Instant::now();
    drop(probes);
    assert!(began.elapsed() < Duration::from_secs(4), "an idle connection is closed after five: {:?}", began.elapsed());
    idle.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let mut rest = Vec::new();
    idle.read_to_end(&mut rest).expect("the connection was closed");
}

#[test]
fn a_second_host_of_the_process_serves_the_same_metrics() {
    // The first labels stay, and other tests look for these.
    let first = Arc::clone(&METRICS);
    let other = Metrics::install(&GlobalLabels::default());
    assert!(Arc::ptr_eq(&other, &first));
}
