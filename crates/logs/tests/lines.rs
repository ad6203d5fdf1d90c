//! Lines as they leave: keys, escapes, silence in a replay, masks, cuts.
#![allow(clippy::unwrap_used)]

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mainspring_context::{Activity, Scope, Workflow};
use mainspring_logs::LogLayer;
use serde_json::{Value, json};
use tracing_subscriber::layer::SubscriberExt;

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn lines_of(max_bytes: usize, code: impl FnOnce()) -> Vec<String> {
    let captured = Captured::default();
    let clock = || UNIX_EPOCH + Duration::from_micros(1_700_000_000_000_001);
    let layer = LogLayer::json(captured.clone(), max_bytes).with_clock(clock as fn() -> SystemTime);
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), code);
    let bytes = captured.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap().lines().map(str::to_owned).collect()
}

fn line_of(code: impl FnOnce()) -> Value {
    let lines = lines_of(65_536, code);
    assert_eq!(lines.len(), 1, "{lines:?}");
    serde_json::from_str(&lines[0]).unwrap()
}

fn activity() -> Activity {
    Activity {
        namespace: "default".into(),
        task_queue: "q".into(),
        workflow_id: Some("w".into()),
        workflow_run_id: Some("r".into()),
        workflow_type: Some("wt".into()),
        activity_id: "1".into(),
        activity_type: "at".into(),
        attempt: 2,
        ..Activity::default()
    }
}

#[test]
fn a_line_has_the_peers_keys_and_every_id() {
    let mut line = line_of(|| {
        let span =
            tracing::info_span!("activity", task_queue = "q", attempt = 2, temporalRunID = "noise", otel.name = "x");
        let _scope = Scope::activity(activity()).enter();
        span.in_scope(|| tracing::info!(team_id = 2, ok = true, "rows written"));
    });
    assert!(line["lineno"].take().is_u64());
    assert_eq!(
        line,
        json!({
            "timestamp": "2023-11-14T22:13:20.000001Z", "level": "info", "msg": "rows written", "logger": "lines",
            "filename": "lines.rs", "lineno": null, "namespace": "default", "task_queue": "q", "workflow_id": "w",
            "workflow_run_id": "r", "workflow_type": "wt", "activity_id": "1", "activity_type": "at", "attempt": 2,
            "team_id": 2, "ok": true
        })
    );
}

#[test]
fn the_innermost_value_of_a_name_wins_and_stands_once() {
    let lines = lines_of(65_536, || {
        let outer = tracing::info_span!("outer", team_id = 1);
        let _outer = outer.enter();
        let inner = tracing::info_span!("inner", team_id = 2);
        let _inner = inner.enter();
        tracing::info!(team_id = 3, "x");
    });
    assert_eq!(lines[0].matches("team_id").count(), 1);
    assert!(lines[0].contains("\"team_id\":3"), "{}", lines[0]);
}

#[test]
fn any_text_makes_one_valid_line() {
    for text in ["quote \" and \\", "two\nlines\r\u{0}\u{1b}[31m", "\u{2028}é漢😀", "{\"a\":1}"] {
        let line = line_of(|| tracing::warn!(field = text, debug = ?text, "{text}"));
        assert_eq!((line["msg"].as_str(), line["field"].as_str()), (Some(text), Some(text)));
    }
    let line = line_of(|| tracing::info!(ratio = f64::NAN, "x"));
    assert_eq!(line["ratio"], "NaN");
}

#[test]
fn an_error_is_a_chain() {
    #[derive(Debug)]
    struct Outer(std::io::Error);
    impl std::fmt::Display for Outer {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("upload failed")
        }
    }
    impl std::error::Error for Outer {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }
    let error = Outer(std::io::Error::other("disk full"));
    let line = line_of(|| tracing::error!(error = &error as &dyn std::error::Error, "x"));
    assert_eq!(line["error"], json!([{"message": "upload failed"}, {"message": "disk full"}]));
}

#[test]
fn nothing_is_written_while_replaying_but_what_the_sdk_warns_of() {
    let lines = lines_of(65_536, || {
        let replaying = Scope::workflow(Workflow::default(), true).enter();
        tracing::error!("of the workflow");
        tracing::warn!(target: "temporalio_sdk", "of the SDK");
        drop(replaying);
        let _live = Scope::workflow(Workflow::default(), false).enter();
        tracing::info!("live");
    });
    let messages: Vec<Value> =
        lines.iter().map(|line| serde_json::from_str::<Value>(line).unwrap()["msg"].clone()).collect();
    assert_eq!(messages, ["of the SDK", "live"]);
}

#[test]
fn secrets_by_name_never_print() {
    let lines = lines_of(65_536, || {
        let _span = tracing::info_span!("s", api_key = "hunter2").entered();
        tracing::info!(password = "hunter2", db.password = "hunter2", auth_token = ?"hunter2", tokens = 7, "x");
    });
    assert!(!lines[0].contains("hunter2"), "{}", lines[0]);
    assert!(lines[0].contains("\"tokens\":7"), "a count is no secret: {}", lines[0]);
}

#[test]
fn a_long_line_is_cut_with_a_mark_and_keeps_its_ids() {
    let long = "x".repeat(1 << 20);
    let lines = lines_of(4_096, || {
        let _span = tracing::info_span!("s", workflow_id = "w-1").entered();
        tracing::info!(body = long, other = 1, "{long}");
    });
    let line: Value = serde_json::from_str(&lines[0]).unwrap();
    assert!(lines[0].len() < 4_200, "{}", lines[0].len());
    assert!(line["msg"].as_str().unwrap().ends_with("… (cut)"));
    assert_eq!(line["workflow_id"], "w-1");
}
