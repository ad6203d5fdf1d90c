//! The payloads of saved histories on the types of today: what an open run has written, present code has to read.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use mainspring_replay::History;
use mainspring_vocabulary::{MessageKind, WireType};
use mainspring_worker::{Product, Registry, WorkflowEntry};
use temporalio_common::protos::temporal::api::common::v1::Payloads;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use temporalio_common::protos::temporal::api::update::v1::outcome::Value as Outcome;

use super::findings::Finding;
use crate::exit::Failure;

/// What of a product's saved histories does not decode any more. A product without any has nothing to say here;
/// `replay check` refuses that. A workflow's own result is left to its schema: no replay reads it, and scrubbing
/// replaces the names of variants in it.
pub(super) fn find(registry: &Registry, product: &Product, folder: &Path) -> Result<Vec<Finding>, Failure> {
    let mut findings = Vec::new();
    for file in files(folder)? {
        // What cannot be read as a history is said with the file's name.
        let history = History::from_file(&file).map_err(|error| Failure::Broken(error.to_string()))?;
        let Some(workflow) = product.workflows().find(|entry| entry.name() == history.workflow_type()) else {
            continue;
        };
        let shown = file.display().to_string();
        for said in payloads(registry, &workflow, &history) {
            if let Err(error) = said.wire.decode(said.payloads) {
                findings.push(Finding::saved(&said.of, &said.part, &shown, said.event_id, &error.to_string()));
            }
        }
    }
    Ok(findings)
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let unread = |error: std::io::Error| Failure::Other(format!("{} cannot be read: {error}", folder.display()));
    let entries = std::fs::read_dir(folder).map_err(unread)?;
    let mut files = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, _>>().map_err(unread)?;
    files.retain(|path| path.extension().is_some_and(|ending| ending == "json"));
    files.sort();
    Ok(files)
}

/// Payloads of one event, and the type that present code has for them.
struct Said {
    of: String,
    part: String,
    event_id: i64,
    wire: WireType,
    payloads: Vec<temporalio_common::protos::temporal::api::common::v1::Payload>,
}

fn payloads(registry: &Registry, workflow: &WorkflowEntry<'_>, history: &History) -> Vec<Said> {
    let name = || format!("workflow {}", workflow.name());
    let (mut activities, mut updates) = (HashMap::new(), HashMap::new());
    let mut found = Vec::new();
    for event in history.events() {
        let mut add = |of: String, part: String, wire: Option<WireType>, payloads: Option<&Payloads>| {
            let payloads = payloads.map(|payloads| payloads.payloads.clone()).unwrap_or_default();
            found.extend(wire.map(|wire| Said { of, part, event_id: event.event_id, wire, payloads }));
        };
        let message = |kind: MessageKind, name: &str| {
            workflow.messages().into_iter().find(|message| message.kind == kind && message.name == name)
        };
        match event.attributes.as_ref() {
            Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) => {
                add(name(), "input".into(), workflow.input(), started.input.as_ref());
            }
            Some(Attributes::WorkflowExecutionSignaledEventAttributes(signaled)) => {
                let signal = message(MessageKind::Signal, &signaled.signal_name);
                let part = format!("signal {}", signaled.signal_name);
                add(name(), part, signal.map(|signal| signal.input), signaled.input.as_ref());
            }
            Some(Attributes::WorkflowExecutionUpdateAcceptedEventAttributes(accepted)) => {
                let input = accepted.accepted_request.as_ref().and_then(|request| request.input.as_ref());
                let Some(input) = input else { continue };
                updates.insert(event.event_id, input.name.clone());
                let update = message(MessageKind::Update, &input.name);
                let part = format!("update {}", input.name);
                add(name(), part, update.map(|update| update.input), input.args.as_ref());
            }
            Some(Attributes::WorkflowExecutionUpdateCompletedEventAttributes(completed)) => {
                let outcome = completed.outcome.as_ref().and_then(|outcome| outcome.value.as_ref());
                if let (Some(Outcome::Success(result)), Some(update)) =
                    (outcome, updates.get(&completed.accepted_event_id))
                {
                    let wire = message(MessageKind::Update, update).and_then(|update| update.result);
                    add(name(), format!("result of update {update}"), wire, Some(result));
                }
            }
            Some(Attributes::ActivityTaskScheduledEventAttributes(scheduled)) => {
                let activity = scheduled.activity_type.as_ref().map(|known| known.name.clone()).unwrap_or_default();
                let input = types(registry, &activity).map(|(input, _)| input);
                add(format!("activity {activity}"), "input".into(), input, scheduled.input.as_ref());
                activities.insert(event.event_id, activity);
            }
            Some(Attributes::ActivityTaskCompletedEventAttributes(completed)) => {
                if let Some(activity) = activities.get(&completed.scheduled_event_id) {
                    let result = types(registry, activity).map(|(_, result)| result);
                    add(format!("activity {activity}"), "result".into(), result, completed.result.as_ref());
                }
            }
            _ => {}
        }
    }
    found
}

/// Of any product: a workflow calls those of others.
fn types(registry: &Registry, activity: &str) -> Option<(WireType, WireType)> {
    let mut entries = registry.products().iter().flat_map(Product::activity_entries);
    entries.find(|entry| entry.name() == activity)?.types()
}
