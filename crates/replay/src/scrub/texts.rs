//! Texts and ids of events, beside the payloads: what people wrote, and whom ids name.
//!
//! The protos tell a text from an enum and from a time. A new field of theirs is replaced until it is listed here.

use prost_reflect::{Kind, MessageDescriptor};
use serde_json::Value;

use super::disguise::Disguise;
use super::markers;
use crate::ReplayError;
use crate::history::shape;

/// What stays: names from code and from the set-up, ids that the server draws, and what has been replaced already.
#[rustfmt::skip]
const STAY: &[&str] = &[
    "name", "normalName", "signalName", "markerName", "type", "source", "nonRetryableErrorTypes", "timerId", "cronSchedule",
    "namespace", "namespaceId", "parentWorkflowNamespace", "parentWorkflowNamespaceId", "endpoint", "endpointId", "service",
    "operation", "originalExecutionRunId", "firstExecutionRunId", "continuedExecutionRunId", "newExecutionRunId", "runId",
    "baseRunId", "newRunId", "buildId", "inheritedBuildId", "binaryChecksum", "version", "deploymentName", "seriesName",
    "deploymentSeriesName", "workerDeploymentName", "workerDeploymentVersion", "parentPinnedWorkerDeploymentVersion",
    "pinnedVersion", "sdkName", "sdkVersion", "newTaskQueue", "identity", "lastWorkerIdentity", "workerHostname",
];

const ACTIVITY_ID: &str = "activityId";

pub(super) fn replace(document: &mut Value, disguise: &mut Disguise<'_>) -> Result<(), ReplayError> {
    let shape = shape::of("History")?;
    let events = document["events"].as_array().map_or(0, Vec::len);
    // What the SDK calls an activity that the code gives no id: its number among the commands. A value may look alike.
    let is_number =
        |field: &str, id: &str| field == ACTIVITY_ID && id.parse().is_ok_and(|number: usize| number <= events);
    // Code may make ids of its own id, and of those that it made the rest follow.
    each(document, &shape, &mut |of, field, text| {
        if (of, field) == ("WorkflowExecutionStartedEventAttributes", "workflowId") {
            disguise.id(text);
        }
    });
    each(document, &shape, &mut |of, field, text| {
        if is_made_by_code(of, field) && !is_number(field, text) {
            disguise.made(text);
        }
    });
    markers::each_id(document, &mut |id| {
        if !is_number(ACTIVITY_ID, id) {
            disguise.made(id);
            *id = disguise.id(id);
        }
    });
    each(document, &shape, &mut |of, field, text| {
        if (!STAY.contains(&field) || of == "Principal") && !is_number(field, text) {
            *text = replaced(text, disguise);
        }
    });
    Ok(())
}

fn is_made_by_code(of: &str, field: &str) -> bool {
    [
        ("ActivityTaskScheduledEventAttributes", ACTIVITY_ID),
        ("StartChildWorkflowExecutionInitiatedEventAttributes", "workflowId"),
    ]
    .contains(&(of, field))
}

fn replaced(text: &str, disguise: &mut Disguise<'_>) -> String {
    // Messages of an update are named after it.
    if let Some(id) = text.strip_suffix("/request") {
        return disguise.id(id) + "/request";
    }
    if text.contains(' ') { disguise.words(text) } else { disguise.id(text) }
}

/// Gives each text, with its message and its field. Payloads are nobody's here.
fn each(value: &mut Value, of: &MessageDescriptor, give: &mut dyn FnMut(&str, &str, &mut String)) {
    let Value::Object(fields) = value else { return };
    if of.name() == "Payload" {
        return;
    }
    for (name, value) in fields {
        let Some(field) = of.get_field_by_json_name(name) else { continue };
        let kind = match field.kind() {
            Kind::Message(entry) if field.is_map() => entry.map_entry_value_field().kind(),
            kind => kind,
        };
        let values: Vec<&mut Value> = match value {
            Value::Object(entries) if field.is_map() => entries.values_mut().collect(),
            Value::Array(items) => items.iter_mut().collect(),
            one => vec![one],
        };
        for value in values {
            match (&kind, value) {
                (Kind::Message(inner), value) => each(value, inner, give),
                (Kind::String, Value::String(text)) if !text.is_empty() => give(of.name(), name, text),
                _ => {}
            }
        }
    }
}
