//! Events and commands by the names that Temporal's pages use, with what tells one from its neighbours.

use std::time::Duration;

use temporalio_common::protos::coresdk::workflow_commands::workflow_command::Variant;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use temporalio_common::protos::temporal::api::history::v1::{HistoryEvent, MarkerRecordedEventAttributes};

/// What workflow code asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Command {
    /// Temporal's name of the command, without `COMMAND_TYPE`.
    pub(crate) kind: &'static str,
    /// The type, the duration, the patch: empty if there is none.
    pub(crate) of: String,
    /// Activity or workflow id, which the history has too.
    pub(crate) id: String,
}

impl Command {
    fn new(kind: &'static str, of: impl Into<String>) -> Self {
        Self { kind, of: of.into(), id: String::new() }
    }

    fn with_id(self, id: &str) -> Self {
        Self { id: id.to_owned(), ..self }
    }

    /// None for what leaves nothing in a history: a query's answer, a local cancellation.
    pub(crate) fn of(variant: &Variant) -> Option<Self> {
        Some(match variant {
            Variant::StartTimer(timer) => Self::new("StartTimer", duration(timer.start_to_fire_timeout.as_ref())),
            Variant::CancelTimer(_) => Self::new("CancelTimer", ""),
            Variant::ScheduleActivity(activity) => {
                Self::new("ScheduleActivityTask", &activity.activity_type).with_id(&activity.activity_id)
            }
            Variant::RequestCancelActivity(_) => Self::new("RequestCancelActivityTask", ""),
            Variant::ScheduleLocalActivity(activity) => {
                Self::new("ScheduleLocalActivity", &activity.activity_type).with_id(&activity.activity_id)
            }
            Variant::StartChildWorkflowExecution(child) => {
                Self::new("StartChildWorkflowExecution", &child.workflow_type).with_id(&child.workflow_id)
            }
            Variant::CancelChildWorkflowExecution(_) => Self::new("CancelChildWorkflowExecution", ""),
            Variant::SignalExternalWorkflowExecution(signal) => {
                Self::new("SignalExternalWorkflowExecution", &signal.signal_name)
            }
            Variant::RequestCancelExternalWorkflowExecution(_) => {
                Self::new("RequestCancelExternalWorkflowExecution", "")
            }
            Variant::SetPatchMarker(patch) => Self::new("SetPatchMarker", &patch.patch_id),
            Variant::CompleteWorkflowExecution(_) => Self::new("CompleteWorkflowExecution", ""),
            Variant::FailWorkflowExecution(_) => Self::new("FailWorkflowExecution", ""),
            Variant::CancelWorkflowExecution(_) => Self::new("CancelWorkflowExecution", ""),
            Variant::ContinueAsNewWorkflowExecution(next) => {
                Self::new("ContinueAsNewWorkflowExecution", &next.workflow_type)
            }
            Variant::UpsertWorkflowSearchAttributes(_) => Self::new("UpsertWorkflowSearchAttributes", ""),
            Variant::ModifyWorkflowProperties(_) => Self::new("ModifyWorkflowProperties", ""),
            Variant::ScheduleNexusOperation(operation) => Self::new("ScheduleNexusOperation", &operation.operation),
            _ => return None,
        })
    }
}

impl std::fmt::Display for Command {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&joined(self.kind, &self.of))
    }
}

/// `ActivityTaskScheduled charge-card`.
pub(crate) fn event(event: &HistoryEvent) -> String {
    let kind = kind(event);
    let of = match event.attributes.as_ref() {
        Some(Attributes::ActivityTaskScheduledEventAttributes(activity)) => {
            activity.activity_type.as_ref().map_or_else(String::new, |known| known.name.clone())
        }
        Some(Attributes::TimerStartedEventAttributes(timer)) => duration(timer.start_to_fire_timeout.as_ref()),
        Some(Attributes::StartChildWorkflowExecutionInitiatedEventAttributes(child)) => {
            child.workflow_type.as_ref().map_or_else(String::new, |known| known.name.clone())
        }
        Some(Attributes::MarkerRecordedEventAttributes(marker)) => {
            patch(marker).map_or_else(|| marker.marker_name.clone(), |(id, _)| format!("patch {id}"))
        }
        Some(Attributes::SignalExternalWorkflowExecutionInitiatedEventAttributes(signal)) => signal.signal_name.clone(),
        Some(Attributes::WorkflowExecutionContinuedAsNewEventAttributes(next)) => {
            next.workflow_type.as_ref().map_or_else(String::new, |known| known.name.clone())
        }
        _ => String::new(),
    };
    joined(&kind, &of)
}

/// `ActivityTaskScheduled`.
fn kind(event: &HistoryEvent) -> String {
    format!("{:?}", event.event_type())
}

/// The id of the patch that an event recorded, and whether it was deprecated then.
pub fn patch_of(event: &HistoryEvent) -> Option<(String, bool)> {
    let Some(Attributes::MarkerRecordedEventAttributes(marker)) = &event.attributes else { return None };
    patch(marker)
}

fn patch(marker: &MarkerRecordedEventAttributes) -> Option<(String, bool)> {
    let payload = marker.details.get("patch-data")?.payloads.first()?;
    let data: serde_json::Value = serde_json::from_slice(&payload.data).ok()?;
    Some((data["id"].as_str()?.to_owned(), data["deprecated"].as_bool().unwrap_or_default()))
}

fn duration<D>(proto: Option<&D>) -> String
where
    D: Clone + TryInto<Duration>,
{
    let duration = proto.and_then(|proto| proto.clone().try_into().ok());
    duration.map_or_else(String::new, |duration: Duration| humantime::format_duration(duration).to_string())
}

fn joined(kind: &str, of: &str) -> String {
    if of.is_empty() { kind.to_owned() } else { format!("{kind} {of}") }
}
