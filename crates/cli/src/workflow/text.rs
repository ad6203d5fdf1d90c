//! A described workflow for people. It is written from the JSON that programs get, so that the two never differ.

use std::fmt::Write;

use serde_json::Value;

use super::times::Moment;

const WIDTH: usize = 14;

pub(crate) fn of(shown: &Value) -> String {
    let mut text = String::new();
    for (label, field) in [
        ("Workflow", "workflow_id"),
        ("Run", "run_id"),
        ("Type", "type"),
        ("Status", "status"),
        ("Task queue", "task_queue"),
    ] {
        line(&mut text, label, plain(&shown[field]));
    }
    line(&mut text, "Started", moment(&shown["start_time"]));
    if shown["execution_time"] != shown["start_time"] {
        line(&mut text, "First task", moment(&shown["execution_time"]));
    }
    line(&mut text, "Ended", moment(&shown["close_time"]));
    line(
        &mut text,
        "History",
        Some(format!("{} events, {} bytes", shown["history_length"], shown["history_size_bytes"])),
    );
    line(&mut text, "Parent", plain(&shown["parent"]["workflow_id"]));
    for (label, field) in [("Memo", "memo"), ("Attributes", "search_attributes")] {
        let value = &shown[field];
        line(&mut text, label, value.as_object().filter(|fields| !fields.is_empty()).map(|_| value.to_string()));
    }
    line(&mut text, "Result", shown.get("result").map(Value::to_string));
    line(&mut text, "Failure", plain(&shown["failure"]["text"]).or_else(|| plain(&shown["failure"]["message"])));
    task(&mut text, &shown["pending_workflow_task"]);
    for activity in shown["pending_activities"].as_array().into_iter().flatten() {
        self::activity(&mut text, activity);
    }
    for child in shown["pending_children"].as_array().into_iter().flatten() {
        let (kind, id) = (plain(&child["type"]).unwrap_or_default(), plain(&child["workflow_id"]).unwrap_or_default());
        line(&mut text, "Child", Some(format!("{kind} {id}")));
    }
    text
}

fn task(text: &mut String, task: &Value) {
    if task.is_null() {
        return;
    }
    let state = plain(&task["state"]).unwrap_or_default();
    line(text, "Workflow task", Some(format!("{state}, attempt {}", task["attempt"])));
    let reason = plain(&task["last_failure"]["reason"]);
    let said = plain(&task["last_failure"]["text"]).or_else(|| plain(&task["last_failure"]["message"]));
    line(text, "  failed last", said.map(|said| format!("{}: {said}", reason.unwrap_or_default())));
}

fn activity(text: &mut String, activity: &Value) {
    let of = plain(&activity["maximum_attempts"]).map(|most| format!(" of {most}")).unwrap_or_default();
    let worker = plain(&activity["last_worker"]).map(|worker| format!(", worker {worker}")).unwrap_or_default();
    line(
        text,
        "Activity",
        Some(format!(
            "{} {}, {}, attempt {}{of}{worker}",
            plain(&activity["activity_id"]).unwrap_or_default(),
            plain(&activity["type"]).unwrap_or_default(),
            plain(&activity["state"]).unwrap_or_default(),
            activity["attempt"],
        )),
    );
    line(text, "  started", moment(&activity["last_started_time"]));
    line(text, "  next attempt", moment(&activity["next_attempt_time"]));
    let details: Vec<String> =
        activity["heartbeat_details"].as_array().into_iter().flatten().map(Value::to_string).collect();
    let beat = moment(&activity["last_heartbeat_time"]);
    line(
        text,
        "  last beat",
        beat.map(|beat| if details.is_empty() { beat } else { format!("{beat}: {}", details.join(", ")) }),
    );
    line(text, "  failed last", plain(&activity["last_failure"]["text"]));
}

fn line(text: &mut String, label: &str, value: Option<String>) {
    if let Some(value) = value {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{label:WIDTH$} {value}");
    }
}

/// A string without its quotes; nothing for null.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

fn moment(value: &Value) -> Option<String> {
    let text = value.as_str()?;
    let distance = humantime::parse_rfc3339(text).ok().map(|time| Moment::from(time).as_distance());
    Some(distance.map_or_else(|| text.to_owned(), |distance| format!("{text} ({distance})")))
}
