//! Where code and history part, in a sentence: from the SDK's message, the history, and what the code asked for last.

use std::fmt;

use temporalio_common::protos::temporal::api::history::v1::HistoryEvent;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;

use crate::History;
use crate::naming::{self, Command};
use crate::recorder::Record;

/// Where code and history part.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Parting {
    /// The event that the code does not lead to, if the SDK's message tells which.
    pub event_id: Option<i64>,
    /// That event: `ActivityTaskScheduled charge-card`.
    pub event: Option<String>,
    /// What the code wants in its place: `StartTimer 5s`. None if it wants nothing there.
    pub command: Option<String>,
    /// What the SDK said, in its own words.
    pub sdk: String,
}

impl fmt::Display for Parting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.event_id, &self.event, &self.command) {
            (Some(id), Some(event), Some(command)) => {
                write!(f, "at event {id}, history has {event}, the code now wants {command}")
            }
            (Some(id), Some(event), None) => {
                write!(f, "at event {id}, history has {event}, the code now wants nothing there")
            }
            _ => write!(f, "code and history part: {}", self.sdk),
        }
    }
}

/// The SDK's word for the state machine of a command, and the command's own name. A test pins the SDK's sentences.
const MACHINES: [(&str, &str); 15] = [
    ("Activity machine", "ScheduleActivityTask"),
    ("Timer machine", "StartTimer"),
    ("Child workflow machine", "StartChildWorkflowExecution"),
    ("Local activity machine", "ScheduleLocalActivity"),
    ("Change machine", "SetPatchMarker"),
    ("Complete workflow machine", "CompleteWorkflowExecution"),
    ("Fail workflow machine", "FailWorkflowExecution"),
    ("Cancel workflow machine", "CancelWorkflowExecution"),
    ("Continue as new workflow machine", "ContinueAsNewWorkflowExecution"),
    ("Signal external WF machine", "SignalExternalWorkflowExecution"),
    ("Cancel external WF machine", "RequestCancelExternalWorkflowExecution"),
    ("Upsert search attributes machine", "UpsertWorkflowSearchAttributes"),
    ("UpsertSearchAttributesMachine", "UpsertWorkflowSearchAttributes"),
    ("ModifyWorkflowPropertiesMachine", "ModifyWorkflowProperties"),
    ("Nexus operation machine", "ScheduleNexusOperation"),
];

impl Parting {
    pub(crate) fn find(sdk: &str, history: &History, record: &Record) -> Self {
        let by_id = |id: i64| history.events().iter().find(|event| event.event_id == id);
        let event = id_in(sdk).and_then(by_id).or_else(|| by_names(sdk, history, record));
        let command = command(sdk, event, record);
        Self {
            event_id: event.map(|event| event.event_id),
            event: event.map(naming::event),
            command,
            sdk: sdk.to_owned(),
        }
    }
}

/// `HistoryEvent(id: 12, TimerStarted)`.
fn id_in(sdk: &str) -> Option<i64> {
    let (_, rest) = sdk.split_once("HistoryEvent(id: ").or_else(|| sdk.split_once("event_id: "))?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// The names between quotes, in turn: the event's first, the command's second.
fn quoted(sdk: &str) -> Option<(&str, &str)> {
    let mut parts = sdk.split('\'').skip(1).step_by(2);
    Some((parts.next()?, parts.next()?))
}

/// Messages on activities and child workflows name no event, but their ids or types.
fn by_names<'a>(sdk: &str, history: &'a History, record: &Record) -> Option<&'a HistoryEvent> {
    let (in_history, in_code) = quoted(sdk)?;
    let ids: Vec<&str> = record.commands.iter().filter(|c| c.of == in_code).map(|c| c.id.as_str()).collect();
    history.events().iter().filter(|event| event.event_id >= record.seen).find(|event| match &event.attributes {
        Some(Attributes::ActivityTaskScheduledEventAttributes(activity)) if sdk.contains("Activity type") => {
            let is_type = activity.activity_type.as_ref().is_some_and(|known| known.name == in_history);
            is_type && ids.contains(&activity.activity_id.as_str())
        }
        Some(Attributes::ActivityTaskScheduledEventAttributes(activity)) if sdk.contains("Activity id") => {
            activity.activity_id == in_history
        }
        Some(Attributes::StartChildWorkflowExecutionInitiatedEventAttributes(child)) => {
            let is_type = child.workflow_type.as_ref().is_some_and(|known| known.name == in_history);
            if sdk.contains("workflow type") { is_type } else { child.workflow_id == in_history }
        }
        _ => false,
    })
}

fn command(sdk: &str, event: Option<&HistoryEvent>, record: &Record) -> Option<String> {
    if let Some((_, kind)) = MACHINES.iter().find(|(machine, _)| sdk.contains(machine)) {
        let asked = record.commands.iter().find(|command| command.kind == *kind);
        return Some(asked.map_or_else(|| (*kind).to_owned(), ToString::to_string));
    }
    if let Some((_, in_code)) = quoted(sdk) {
        let named = |command: &&Command| command.of == in_code || command.id == in_code;
        return record.commands.iter().find(named).map(ToString::to_string).or_else(|| Some(in_code.to_owned()));
    }
    // A patch's marker without `patched` in the code has no command; neither has an event that nothing leads to.
    event.is_none().then(|| record.commands.first().map(ToString::to_string)).flatten()
}
