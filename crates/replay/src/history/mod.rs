//! A workflow's history, in any form in which it was exported; saved in one.

mod place;
mod read;
mod save;
pub(crate) mod shape;
mod shorthand;
mod straight;

use std::path::Path;

use serde_json::Value;
use temporalio_common::protos::temporal::api::enums::v1::EventType;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use temporalio_common::protos::temporal::api::history::v1::{
    History as Events, HistoryEvent, WorkflowExecutionStartedEventAttributes,
};

use crate::ReplayError;
pub use place::{Owner, Part, Place, Placed};

/// The events of one run, which can be replayed: the first says what was started, and a worker has had a task.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    events: Events,
}

impl History {
    /// Reads the SDK's own JSON, or proto3 JSON as Temporal's UI, its CLI and the other SDKs write it: with or without
    /// `events` around the list, names of enums in full or short (`ActivityTaskScheduled`), payloads in full or short.
    /// Fields that this version of Temporal's API does not know are passed over.
    ///
    /// # Errors
    /// [`ReplayError::NotJson`] with the line, [`ReplayError::Field`] with event and field, and as [`Self::new`].
    pub fn read(json: &[u8]) -> Result<Self, ReplayError> {
        Self::new(read::events(json)?)
    }

    /// Reads a file, as [`Self::read`].
    ///
    /// # Errors
    /// [`ReplayError::File`], or what is wrong with its content, with the file's name.
    pub fn from_file(file: &Path) -> Result<Self, ReplayError> {
        let json = std::fs::read(file).map_err(|source| ReplayError::File { file: file.to_owned(), source })?;
        Self::read(&json).map_err(|source| ReplayError::In { file: file.to_owned(), source: Box::new(source) })
    }

    /// From events, as they come from a server.
    ///
    /// # Errors
    /// [`ReplayError::Incomplete`]: the SDK would panic on such a history, or wait for ever.
    pub fn new(events: Vec<HistoryEvent>) -> Result<Self, ReplayError> {
        let history = Self { events: Events { events } };
        history.check()?;
        Ok(history)
    }

    /// As proto3 JSON, keys sorted, two blanks deep, with a newline at its end: Temporal's UI opens it, and git shows what
    /// changed.
    ///
    /// # Errors
    /// [`ReplayError::Unwritable`].
    pub fn to_json(&self) -> Result<String, ReplayError> {
        save::json(&self.events)
    }

    pub(crate) fn to_value(&self) -> Result<Value, ReplayError> {
        save::value(&self.events)
    }

    pub(crate) fn from_value(document: Value) -> Result<Self, ReplayError> {
        Self::new(read::of_value(document)?)
    }

    /// In the order in which they happened.
    pub fn events(&self) -> &[HistoryEvent] {
        &self.events.events
    }

    /// How many bytes they are, as they come from a server.
    pub fn bytes(&self) -> u64 {
        self.events().iter().map(crate::server::bytes_of).sum()
    }

    /// To change them: payloads and names, say. What is read from a history is checked anew by [`Self::new`].
    pub fn into_events(self) -> Vec<HistoryEvent> {
        self.events.events
    }

    /// The workflow's type.
    pub fn workflow_type(&self) -> &str {
        self.started().and_then(|started| started.workflow_type.as_ref()).map_or("", |known| &known.name)
    }

    /// The task queue that it was started on.
    pub fn task_queue(&self) -> &str {
        self.started().and_then(|started| started.task_queue.as_ref()).map_or("", |queue| &queue.name)
    }

    /// The workflow's id; servers before 1.24 do not write it down.
    pub fn workflow_id(&self) -> Option<&str> {
        self.started().map(|started| started.workflow_id.as_str()).filter(|id| !id.is_empty())
    }

    /// The run that these events are of.
    pub fn run_id(&self) -> &str {
        self.started().map_or("", |started| &started.original_execution_run_id)
    }

    fn started(&self) -> Option<&WorkflowExecutionStartedEventAttributes> {
        match self.events().first()?.attributes.as_ref()? {
            Attributes::WorkflowExecutionStartedEventAttributes(started) => Some(started),
            _ => None,
        }
    }

    fn check(&self) -> Result<(), ReplayError> {
        let incomplete = |reason: &str| Err(ReplayError::Incomplete { reason: reason.to_owned() });
        let Some(first) = self.events().first() else { return Err(ReplayError::NoEvents) };
        let Some(started) = self.started() else {
            let name = EventType::try_from(first.event_type).map_or("unknown", |known| known.as_str_name());
            return Err(ReplayError::Incomplete {
                reason: format!(
                    "its first event is {name}, not EVENT_TYPE_WORKFLOW_EXECUTION_STARTED: export it from its beginning"
                ),
            });
        };
        if started.workflow_type.as_ref().is_none_or(|known| known.name.is_empty()) {
            return incomplete("its first event names no workflowType");
        }
        if started.task_queue.is_none() {
            return incomplete("its first event names no taskQueue");
        }
        if started.original_execution_run_id.is_empty() {
            return incomplete("its first event has no originalExecutionRunId, from which random numbers follow");
        }
        let mut previous = 0;
        for event in self.events() {
            if event.event_id != previous + 1 {
                return Err(ReplayError::Incomplete {
                    reason: format!("event {} comes after event {previous}: some are missing", event.event_id),
                });
            }
            if event.attributes.is_none() && !event.worker_may_ignore {
                return Err(ReplayError::Incomplete {
                    reason: format!("event {} has no attributes: what happened is not known", event.event_id),
                });
            }
            previous = event.event_id;
        }
        if !self.events().iter().any(|event| event.event_type() == EventType::WorkflowTaskCompleted) {
            return incomplete("no workflow task was completed in it, so no code ran yet");
        }
        Ok(())
    }
}

/// Servers before 1.24 leave the workflow's id out of its first event; the SDK reads it there.
pub(crate) fn name(first: &mut HistoryEvent, workflow_id: &str) {
    if let Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) = &mut first.attributes
        && started.workflow_id.is_empty()
    {
        workflow_id.clone_into(&mut started.workflow_id);
    }
}
