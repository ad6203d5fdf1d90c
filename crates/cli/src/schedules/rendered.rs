//! A plan, and what became of it, as people and programs read them.

use std::fmt::Write;

use mainspring_schedules::{Action, Applied, Cause, Change, Done, Plan, ScheduleError, Step};
use serde_json::{Value, json};

use crate::arguments::Output;
use crate::exit::Failure;
use crate::print;

/// A value longer than this is cut; `-o json` has all of it.
const LONGEST: usize = 160;

const ACTIONS: [(Action, char, &str); 7] = [
    (Action::Create, '+', "create"),
    (Action::Update, '~', "update"),
    (Action::Delete, '-', "delete"),
    (Action::Orphan, '?', "no longer declared"),
    (Action::Finished, '.', "finished"),
    (Action::Refused, '!', "refused"),
    (Action::Unchanged, '=', "unchanged"),
];

pub(super) fn plan(plan: &Plan, output: Output) -> Result<(), Failure> {
    let steps: Vec<(&Step, Option<&Result<Done, ScheduleError>>)> =
        plan.steps.iter().map(|step| (step, None)).collect();
    show(&steps, output)
}

pub(super) fn applied(applied: &Applied, output: Output) -> Result<(), Failure> {
    let steps: Vec<_> = applied.steps.iter().map(|(step, done)| (step, Some(done))).collect();
    show(&steps, output)
}

fn show(steps: &[(&Step, Option<&Result<Done, ScheduleError>>)], output: Output) -> Result<(), Failure> {
    if output == Output::Json {
        let list: Vec<Value> = steps.iter().map(|(step, done)| object(step, *done)).collect();
        let counts: serde_json::Map<String, Value> = ACTIONS
            .iter()
            .map(|(action, _, _)| (json!(action).as_str().unwrap_or_default().to_owned(), count(steps, *action).into()))
            .collect();
        return print(&json!({ "schedules": list, "counts": counts }).to_string());
    }
    let mut text = String::new();
    for (step, done) in steps.iter().filter(|(step, _)| step.action != Action::Unchanged) {
        lines(step, *done, &mut text);
    }
    let counted =
        ACTIONS.iter().map(|(action, _, name)| (count(steps, *action), *name)).filter(|(count, _)| *count > 0);
    let summary: Vec<String> = counted.map(|(count, name)| format!("{count} {name}")).collect();
    let summary = if summary.is_empty() { "no schedules".to_owned() } else { summary.join(", ") };
    print(&(text + &summary))
}

fn count(steps: &[(&Step, Option<&Result<Done, ScheduleError>>)], action: Action) -> usize {
    steps.iter().filter(|(step, _)| step.action == action).count()
}

fn object(step: &Step, done: Option<&Result<Done, ScheduleError>>) -> Value {
    let mut object = json!({
        "schedule_id": step.id, "owner": step.owner.as_str(), "action": step.action, "changes": step.changes, "reason": step.reason,
    });
    if let Some(done) = done {
        object["done"] = match done {
            Ok(Done::Changed) => "changed",
            Ok(Done::Nothing) => "nothing",
            Err(_) => "failed",
        }
        .into();
        object["error"] = done.as_ref().err().map(ScheduleError::to_string).into();
    }
    object
}

fn lines(step: &Step, done: Option<&Result<Done, ScheduleError>>, text: &mut String) {
    let (_, sign, _) = ACTIONS.iter().find(|(action, _, _)| *action == step.action).unwrap_or(&ACTIONS[0]);
    let remark = match step.action {
        Action::Orphan if step.reason.is_some() => ": no longer declared, and kept",
        Action::Orphan => ": no longer declared, --prune deletes it",
        Action::Finished => ": came to its end, and is not made again",
        _ => "",
    };
    let _ = writeln!(text, "{sign} {} ({}){remark}", step.id, step.owner);
    let width = step.changes.iter().map(|change| change.field.len()).max().unwrap_or_default();
    for change in &step.changes {
        let _ = writeln!(text, "    {:width$}  {}", change.field, line(step.action, change));
    }
    match (done, &step.reason) {
        (Some(Err(error)), _) => drop(writeln!(text, "    {error}")),
        (_, Some(reason)) => drop(writeln!(text, "    {reason}")),
        _ => {}
    }
}

fn line(action: Action, change: &Change) -> String {
    if action == Action::Create {
        return short(&change.after);
    }
    let why = match change.cause {
        Cause::Drift => "  (changed on the server)",
        _ => "",
    };
    format!("{} -> {}{why}", short(&change.before), short(&change.after))
}

/// Words as they are, the rest as JSON.
fn short(value: &Value) -> String {
    let text = match value {
        Value::Null => "default".to_owned(),
        Value::String(text) if !text.is_empty() => text.clone(),
        Value::Array(list) if list.iter().all(Value::is_string) && !list.is_empty() => {
            list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" | ")
        }
        other => other.to_string(),
    };
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
