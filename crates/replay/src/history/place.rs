//! What each payload of a history is: for whoever knows its type.

use std::collections::HashMap;
use std::fmt;

use serde_json::Value;
use temporalio_common::protos::constants::LOCAL_ACTIVITY_MARKER_NAME;
use temporalio_common::protos::temporal::api::common::v1::{Payload, Payloads};
use temporalio_common::protos::temporal::api::history::v1::MarkerRecordedEventAttributes;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use temporalio_common::protos::temporal::api::update::v1::outcome::Value as Outcome;

use super::History;

/// Whose type a payload has, and which of its types. It shows as a reader calls it: `workflow onboarding, input`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The workflow or activity.
    pub of: Owner,
    /// Which of its payloads.
    pub part: Part,
}

/// Whose type it is, by the name on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// A workflow's: the history's own, a child's, or the next run's.
    Workflow(String),
    /// An activity's, local ones too.
    Activity(String),
}

/// Which type of it, with the name of the message where there are several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// What it was given.
    Input,
    /// What it gave.
    Result,
    /// What a signal carried.
    Signal(String),
    /// What an update carried.
    Update(String),
    /// What an update was answered with.
    ResultOfUpdate(String),
}

/// Payloads of one event whose place is known.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Placed<'a> {
    /// What they are.
    pub place: Place,
    /// The event that has them.
    pub event_id: i64,
    /// Empty for no argument at all.
    pub payloads: &'a [Payload],
    /// Where their list is in the history's JSON.
    pub(crate) pointer: String,
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Workflow(name) => write!(f, "workflow {name}"),
            Self::Activity(name) => write!(f, "activity {name}"),
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input => f.write_str("input"),
            Self::Result => f.write_str("result"),
            Self::Signal(name) => write!(f, "signal {name}"),
            Self::Update(name) => write!(f, "update {name}"),
            Self::ResultOfUpdate(name) => write!(f, "result of update {name}"),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.of, self.part)
    }
}

impl History {
    /// Its inputs and results, with whose they are, in the order of the events. What no type of a product says is not among
    /// them: headers, memos, search attributes, details of failures, signals to others.
    pub fn placed<'a>(&'a self) -> Vec<Placed<'a>> {
        let own = || Owner::Workflow(self.workflow_type().to_owned());
        let (mut activities, mut updates) = (HashMap::new(), HashMap::new());
        let mut found = Vec::new();
        for event in self.events() {
            let mut add = |of: Owner, part: Part, field: &str, payloads: Option<&'a Payloads>| {
                // Events are numbered from 1 without a gap.
                let pointer = format!("/events/{}/{field}/payloads", event.event_id - 1);
                found.push(placed(Place { of, part }, event.event_id, payloads, pointer));
            };
            match event.attributes.as_ref() {
                Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) => {
                    add(own(), Part::Input, "workflowExecutionStartedEventAttributes/input", started.input.as_ref());
                }
                Some(Attributes::WorkflowExecutionCompletedEventAttributes(completed)) => {
                    let field = "workflowExecutionCompletedEventAttributes/result";
                    add(own(), Part::Result, field, completed.result.as_ref());
                }
                Some(Attributes::WorkflowExecutionContinuedAsNewEventAttributes(next)) => {
                    let of = next.workflow_type.as_ref().map_or_else(own, |known| Owner::Workflow(known.name.clone()));
                    add(of, Part::Input, "workflowExecutionContinuedAsNewEventAttributes/input", next.input.as_ref());
                }
                Some(Attributes::WorkflowExecutionSignaledEventAttributes(signaled)) => {
                    let part = Part::Signal(signaled.signal_name.clone());
                    add(own(), part, "workflowExecutionSignaledEventAttributes/input", signaled.input.as_ref());
                }
                Some(Attributes::WorkflowExecutionUpdateAcceptedEventAttributes(accepted)) => {
                    let input = accepted.accepted_request.as_ref().and_then(|request| request.input.as_ref());
                    let Some(input) = input else { continue };
                    updates.insert(event.event_id, input.name.clone());
                    let field = "workflowExecutionUpdateAcceptedEventAttributes/acceptedRequest/input/args";
                    add(own(), Part::Update(input.name.clone()), field, input.args.as_ref());
                }
                Some(Attributes::WorkflowExecutionUpdateCompletedEventAttributes(completed)) => {
                    let outcome = completed.outcome.as_ref().and_then(|outcome| outcome.value.as_ref());
                    if let (Some(Outcome::Success(result)), Some(update)) =
                        (outcome, updates.get(&completed.accepted_event_id))
                    {
                        let field = "workflowExecutionUpdateCompletedEventAttributes/outcome/success";
                        add(own(), Part::ResultOfUpdate(update.clone()), field, Some(result));
                    }
                }
                Some(Attributes::ActivityTaskScheduledEventAttributes(scheduled)) => {
                    let name = scheduled.activity_type.as_ref().map(|known| known.name.clone()).unwrap_or_default();
                    activities.insert(event.event_id, name.clone());
                    let field = "activityTaskScheduledEventAttributes/input";
                    add(Owner::Activity(name), Part::Input, field, scheduled.input.as_ref());
                }
                Some(Attributes::ActivityTaskCompletedEventAttributes(completed)) => {
                    if let Some(name) = activities.get(&completed.scheduled_event_id) {
                        let field = "activityTaskCompletedEventAttributes/result";
                        add(Owner::Activity(name.clone()), Part::Result, field, completed.result.as_ref());
                    }
                }
                Some(Attributes::MarkerRecordedEventAttributes(marker)) => {
                    let Some(name) = local_activity(marker) else { continue };
                    for (detail, part) in [("input", Part::Input), ("result", Part::Result)] {
                        let Some(payloads) = marker.details.get(detail) else { continue };
                        let field = format!("markerRecordedEventAttributes/details/{detail}");
                        add(Owner::Activity(name.clone()), part, &field, Some(payloads));
                    }
                }
                Some(Attributes::StartChildWorkflowExecutionInitiatedEventAttributes(child)) => {
                    let name = child.workflow_type.as_ref().map(|known| known.name.clone()).unwrap_or_default();
                    let field = "startChildWorkflowExecutionInitiatedEventAttributes/input";
                    add(Owner::Workflow(name), Part::Input, field, child.input.as_ref());
                }
                Some(Attributes::ChildWorkflowExecutionCompletedEventAttributes(child)) => {
                    let name = child.workflow_type.as_ref().map(|known| known.name.clone()).unwrap_or_default();
                    let field = "childWorkflowExecutionCompletedEventAttributes/result";
                    add(Owner::Workflow(name), Part::Result, field, child.result.as_ref());
                }
                _ => {}
            }
        }
        found
    }
}

fn placed(place: Place, event_id: i64, payloads: Option<&Payloads>, pointer: String) -> Placed<'_> {
    Placed { place, event_id, payloads: payloads.map_or(&[], |payloads| payloads.payloads.as_slice()), pointer }
}

/// The type of the local activity whose end a marker records.
fn local_activity(marker: &MarkerRecordedEventAttributes) -> Option<String> {
    let data = marker.details.get("data").filter(|_| marker.marker_name == LOCAL_ACTIVITY_MARKER_NAME)?;
    let data: Value = serde_json::from_slice(&data.payloads.first()?.data).ok()?;
    Some(data["activity_type"].as_str()?.to_owned())
}
