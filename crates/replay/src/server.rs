//! Histories from a Temporal server: which there are, and one after the other.

use std::num::NonZeroUsize;

use futures::{StreamExt, TryStreamExt};
use mainspring_client::with_causes;
use prost::Message;
use temporalio_client::{
    Client, NamespacedClient, WorkflowExecutionInfo, WorkflowFetchHistoryOptions, WorkflowListOptions,
};
use temporalio_common::data_converters::{DataConverter, SerializationContextData, WorkflowSerializationContext};
use temporalio_common::payload_visitor::decode_payloads;
use temporalio_common::protos::temporal::api::history::v1::{History as Events, HistoryEvent};

use crate::{History, ReplayError};

/// A run on the server.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Run {
    /// Its workflow's id.
    pub workflow_id: String,
    /// Its own id.
    pub run_id: String,
}

/// Events of a history that is fetched at most. Temporal ends a workflow at 51,200.
pub const MOST_EVENTS: usize = 52_000;

/// The newest runs of a workflow type on a task queue that match the filter as well: so many that are closed, then so many that
/// still run.
///
/// # Errors
/// [`ReplayError::Server`]: the server refused the filter, or did not answer.
pub async fn newest(
    client: &Client,
    workflow_type: &str,
    task_queue: &str,
    filter: Option<&str>,
    count: NonZeroUsize,
) -> Result<Vec<Run>, ReplayError> {
    let mut runs = Vec::new();
    for state in ["!=", "="] {
        let mut query = format!(
            "WorkflowType = {} AND TaskQueue = {} AND ExecutionStatus {state} 'Running'",
            quoted(workflow_type),
            quoted(task_queue)
        );
        if let Some(filter) = filter {
            query += &format!(" AND ({filter})");
        }
        let options = WorkflowListOptions::builder().limit(count.get()).build();
        let mut found = client.list_workflows(query.as_str(), options);
        while let Some(run) = found.next().await {
            let run = run.map_err(|error| ReplayError::Server {
                what: format!("runs of {workflow_type} could not be listed ({query})"),
                reason: with_causes(&error),
            })?;
            runs.push(Run { workflow_id: run.id().to_owned(), run_id: run.run_id().to_owned() });
        }
    }
    Ok(runs)
}

/// One run's history, as it is on the server: payloads are still encoded.
///
/// # Errors
/// [`ReplayError::Server`]; [`ReplayError::Incomplete`] when no worker has had a task yet.
pub async fn fetch(client: &Client, run: &Run) -> Result<History, ReplayError> {
    fetch_within(client, run, u64::MAX).await
}

/// The same, if it has no more than so many bytes: what comes after them is not asked for.
///
/// # Errors
/// As [`fetch`]; [`ReplayError::TooLarge`].
pub async fn fetch_within(client: &Client, run: &Run, most_bytes: u64) -> Result<History, ReplayError> {
    let refused = |reason: String| ReplayError::Server {
        what: format!("the history of workflow {} run {} could not be fetched", run.workflow_id, run.run_id),
        reason,
    };
    let info = WorkflowExecutionInfo::builder().namespace(client.namespace()).workflow_id(&run.workflow_id);
    let handle = info.run_id(&run.run_id).build().bind_untyped(client.clone());
    let mut stream = handle.fetch_history(WorkflowFetchHistoryOptions::default()).take(MOST_EVENTS);
    let (mut events, mut bytes) = (Vec::new(), 0);
    while let Some(event) = stream.try_next().await.map_err(|error| refused(with_causes(&error)))? {
        bytes += bytes_of(&event);
        if bytes > most_bytes {
            let (workflow_id, run_id) = (run.workflow_id.clone(), run.run_id.clone());
            return Err(ReplayError::TooLarge { workflow_id, run_id, most_bytes });
        }
        events.push(event);
    }
    if let Some(first) = events.first_mut() {
        crate::history::name(first, &run.workflow_id);
    }
    History::new(events)
}

/// As it comes over the wire.
pub(crate) fn bytes_of(event: &HistoryEvent) -> u64 {
    u64::try_from(event.encoded_len()).unwrap_or(u64::MAX)
}

/// The same history with its payloads decoded: saved like this it can be replayed where no key is.
///
/// # Errors
/// [`ReplayError::Decode`].
pub async fn decoded(history: History, converter: &DataConverter) -> Result<History, ReplayError> {
    let mut events = Events { events: history.into_events() };
    let context = SerializationContextData::Workflow(WorkflowSerializationContext::new());
    let decoded = decode_payloads(&mut events, converter.codec(), &context).await;
    decoded.map_err(|error| ReplayError::Decode { reason: with_causes(&error) })?;
    History::new(events.events)
}

/// As a text in a list filter of Temporal's.
pub fn quoted(name: &str) -> String {
    format!("'{}'", name.replace('\'', "''"))
}
