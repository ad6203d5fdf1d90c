//! A described schedule for people. It is written from the JSON that programs get, so that the two never differ.

use std::fmt::Write;
use std::time::SystemTime;

use serde_json::Value;

use super::next::Clock;
use super::spec::span;
use crate::workflow::times::Moment;

const WIDTH: usize = 14;

pub(super) fn of(shown: &Value, clock: &Clock, next: &[SystemTime]) -> String {
    let mut text = String::new();
    line(&mut text, "Schedule", word(&shown["schedule_id"]));
    let paused = shown["paused"] == Value::Bool(true);
    let state = match next {
        _ if paused => "Paused",
        [] => "Ended",
        _ => "Active",
    };
    line(&mut text, "State", Some(state.to_owned()));
    line(&mut text, "Note", word(&shown["note"]));
    line(&mut text, "Remaining runs", word(&shown["remaining_actions"]));
    line(&mut text, "Workflow", word(&shown["workflow_type"]));
    line(&mut text, "Task queue", word(&shown["task_queue"]));
    line(&mut text, "Workflow id", word(&shown["workflow_id"]));
    for input in items(&shown["input"]) {
        line(&mut text, "Input", Some(input.to_string()));
    }
    several(&mut text, "Runs at", items(&shown["spec"]).filter_map(word));
    line(&mut text, "Time zone", Some(clock.name().to_owned()));
    line(&mut text, "Overlap", word(&shown["overlap_policy"]));
    let window = shown["catchup_window_s"].as_u64().map(std::time::Duration::from_secs);
    line(&mut text, "Catches up", window.map(|window| format!("what it missed for {}", span(window))));
    if shown["pause_on_failure"] == Value::Bool(true) {
        line(&mut text, "Pauses", Some("when a run fails".to_owned()));
    }
    let label = if paused { "If unpaused" } else { "Next runs" };
    several(
        &mut text,
        label,
        next.iter().enumerate().map(|(place, time)| {
            let distance =
                if place == 0 { format!("  ({})", Moment::from(*time).as_distance()) } else { String::new() };
            format!("{}{distance}", clock.both(*time))
        }),
    );
    several(&mut text, "Recent runs", items(&shown["recent_runs"]).map(run));
    several(&mut text, "Running", items(&shown["running"]).filter_map(|run| word(&run["workflow_id"])));
    line(
        &mut text,
        "So far",
        Some(format!(
            "{} started, {} skipped for another ran, {} missed, {} wait, {} dropped",
            shown["started"], shown["skipped"], shown["missed"], shown["waiting"], shown["dropped"]
        )),
    );
    for (label, field) in [("Created", "create_time"), ("Updated", "update_time")] {
        line(&mut text, label, to_second(&shown[field]["utc"]));
    }
    for (label, field) in [("Memo", "memo"), ("Attributes", "search_attributes")] {
        let value = &shown[field];
        line(&mut text, label, value.as_object().filter(|fields| !fields.is_empty()).map(|_| value.to_string()));
    }
    text
}

fn run(run: &Value) -> String {
    let cell = |value: &Value| word(value).unwrap_or_default();
    let time = to_second(&run["schedule_time"]["utc"]).unwrap_or_default();
    format!("{time}  {}  {}", cell(&run["workflow_id"]), cell(&run["status"]))
}

/// Nobody reads what is below it.
fn to_second(time: &Value) -> Option<String> {
    let time = time.as_str()?;
    Some(time.split_once('.').map_or_else(|| time.to_owned(), |(seconds, _)| format!("{seconds}Z")))
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// The label stands before the first alone.
fn several(text: &mut String, label: &str, values: impl Iterator<Item = String>) {
    for (place, value) in values.enumerate() {
        line(text, if place == 0 { label } else { "" }, Some(value));
    }
}

fn line(text: &mut String, label: &str, value: Option<String>) {
    if let Some(value) = value {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{label:WIDTH$} {value}");
    }
}

/// A string without its quotes; nothing for null, and for an empty one.
fn word(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        other => Some(other.to_string()),
    }
}
