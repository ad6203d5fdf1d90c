//! Temporal's own CLI on the other side: what one starts the other reads, signals, asks and ends.

use std::process::Command;

use mainspring_testing::{TestError, temporal_cli};
use serde_json::{Value, json};

use crate::desk::{Desk, Outcome};

/// Temporal's CLI against the same server. Gives what it says as JSON.
struct Theirs {
    program: std::path::PathBuf,
    address: String,
}

impl Theirs {
    fn new(desk: &Desk) -> Result<Self, TestError> {
        Ok(Self { program: temporal_cli()?, address: desk.env.address().to_owned() })
    }

    fn run(&self, arguments: &[&str]) -> Result<Value, TestError> {
        let mut command = Command::new(&self.program);
        command.arg("workflow").args(arguments).args(["--address", &self.address, "-o", "json"]);
        let output = command.output()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if !output.status.success() {
            return Err(format!("temporal workflow {arguments:?}: {said}").into());
        }
        Ok(serde_json::from_slice(&output.stdout).unwrap_or(Value::Null))
    }
}

#[tokio::test]
async fn ours_is_read_and_ended_by_theirs() -> Outcome {
    let (desk, _worker) = Desk::with_worker().await?;
    let theirs = Theirs::new(&desk)?;
    let id = desk.env.id("ours");
    let input = r#"{"owner": "ann", "goal": 10, "entries": [{"amount": 123456789, "note": "ü"}]}"#;
    let account = input.replace("123456789", "1");
    let start = ["start", "ledger", &account, "--workflow-id", &id, "--memo", "why=\"test\""];
    assert_eq!(desk.run(&start).await?.code, 0);
    let shown = theirs.run(&["describe", "--workflow-id", &id])?;
    assert_eq!(shown["workflowExecutionInfo"]["type"]["name"], "ledger");
    let history = theirs.run(&["show", "--workflow-id", &id])?;
    let started = &history["events"][0]["workflowExecutionStartedEventAttributes"];
    let sent: Value = serde_json::from_str(&account)?;
    assert_eq!(payload(&started["input"]["payloads"][0])?, sent, "{started}");
    theirs.run(&["signal", "--workflow-id", &id, "--name", "add", "--input", "2"])?;
    desk.run(&["query", "--workflow-id", &id, "--name", "balance"]).await?.is(0, "3\n", "");
    theirs.run(&["signal", "--workflow-id", &id, "--name", "add", "--input", "20"])?;
    desk.run(&["result", "--workflow-id", &id]).await?.is(0, "\"ann has 23\"\n", "");
    let result = theirs.run(&["result", "--workflow-id", &id])?;
    assert_eq!((&result["status"], &result["result"]), (&json!("COMPLETED"), &json!("ann has 23")));
    Ok(())
}

#[tokio::test]
async fn theirs_is_read_and_ended_by_ours() -> Outcome {
    let (desk, _worker) = Desk::with_worker().await?;
    let theirs = Theirs::new(&desk)?;
    let id = desk.env.id("theirs");
    let account = r#"{"owner": "bob", "goal": 50}"#;
    let start = ["start", "--type", "ledger", "--workflow-id", &id, "--task-queue", &desk.queue, "--input", account];
    theirs.run(&[&start[..], &["--memo", "why=\"test\""]].concat())?;
    let shown = desk.json(&["describe", "--workflow-id", &id]).await?;
    assert_eq!((&shown["type"], &shown["memo"]), (&json!("ledger"), &json!({ "why": "test" })));
    assert_eq!(desk.run(&["signal", "--workflow-id", &id, "--name", "add", "-i", "5"]).await?.code, 0);
    let asked = theirs.run(&["query", "--workflow-id", &id, "--name", "balance"])?;
    assert_eq!(asked["queryResult"], json!([5]));
    let updated = theirs.run(&["update", "execute", "--workflow-id", &id, "--name", "spend", "--input", "1"])?;
    assert_eq!(updated["result"], json!(4), "{updated}");
    desk.run(&["update", "--workflow-id", &id, "--name", "spend", "-i", "1"]).await?.is(0, "3\n", "");
    assert_eq!(desk.run(&["terminate", "--workflow-id", &id, "--reason", "by ours"]).await?.code, 0);
    let history = theirs.run(&["show", "--workflow-id", &id])?;
    let last = history["events"].as_array().and_then(|events| events.last()).cloned().unwrap_or_default();
    assert_eq!(last["workflowExecutionTerminatedEventAttributes"]["reason"], "by ours", "{last}");
    Ok(())
}

/// The value of a payload as their CLI prints it: JSON itself, or its bytes in base 64.
fn payload(shown: &Value) -> Result<Value, TestError> {
    let Some(data) = shown["data"].as_str() else { return Ok(shown.clone()) };
    Ok(serde_json::from_slice(&unbase64(data))?)
}

fn unbase64(text: &str) -> Vec<u8> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = text.bytes().filter_map(|byte| ALPHABET.iter().position(|digit| *digit == byte));
    let digits: Vec<u32> = digits.filter_map(|digit| u32::try_from(digit).ok()).collect();
    let mut bytes = Vec::new();
    for group in digits.chunks(4) {
        let bits = group.iter().fold(0_u32, |bits, digit| bits << 6 | digit) << (6 * (4 - group.len()));
        bytes.extend_from_slice(&bits.to_be_bytes()[1..group.len()]);
    }
    bytes
}
