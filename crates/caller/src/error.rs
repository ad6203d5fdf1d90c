//! What can go wrong between a caller and its workflow. Each message says what was tried, and what the caller may do.

use std::error::Error;
use std::time::Duration;

use mainspring_client::{ClientError, with_causes};

use crate::{Status, WorkflowFailure};

type BoxError = Box<dyn Error + Send + Sync>;

/// Why a call did not do what it should.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallerError {
    /// There is no connection.
    #[error(transparent)]
    Connect(#[from] ClientError),
    /// A workflow of this id is running.
    #[error("workflow {workflow_id} is running already, as run {run_id}. Take that one, or start under another id")]
    AlreadyRunning {
        /// Its id.
        workflow_id: String,
        /// Its run.
        run_id: String,
    },
    /// A workflow of this id has ended, and the reuse policy lets none follow it.
    #[error(
        "workflow {workflow_id} has run already, as run {run_id}, which is {status}. Take its result, or start under \
         another id or reuse policy"
    )]
    AlreadyClosed {
        /// Its id.
        workflow_id: String,
        /// Its last run.
        run_id: String,
        /// How that ended.
        status: Status,
    },
    /// There is no such workflow; or it has ended, and the call was for a running one.
    #[error("there is no workflow {workflow_id} that could be asked this: {source}")]
    NotFound {
        /// The id that was asked for.
        workflow_id: String,
        /// What the server said.
        source: BoxError,
    },
    /// The workflow ended with a failure.
    #[error("workflow {workflow_id} failed: {}", with_causes(.failure))]
    Failed {
        /// Its id.
        workflow_id: String,
        /// Why.
        failure: WorkflowFailure,
    },
    /// The workflow was cancelled, and let itself be.
    #[error("workflow {workflow_id} was cancelled")]
    Canceled {
        /// Its id.
        workflow_id: String,
    },
    /// Somebody terminated the workflow.
    #[error("workflow {workflow_id} was terminated")]
    Terminated {
        /// Its id.
        workflow_id: String,
    },
    /// The workflow took longer than its timeout.
    #[error("workflow {workflow_id} timed out: it was to end within its execution or run timeout")]
    TimedOut {
        /// Its id.
        workflow_id: String,
    },
    /// The workflow has no result yet. It goes on.
    #[error("workflow {workflow_id} still runs after a wait of {waited:?}")]
    StillRunning {
        /// Its id.
        workflow_id: String,
        /// How long the caller waited.
        waited: Duration,
    },
    /// The workflow's validator or handler refused the update.
    #[error("workflow {workflow_id} refused update {update}: {}", with_causes(.failure))]
    UpdateFailed {
        /// The workflow's id.
        workflow_id: String,
        /// The update's name.
        update: String,
        /// Why.
        failure: WorkflowFailure,
    },
    /// Temporal could not be reached, or was not able to answer, until the limit was near.
    #[error(
        "could not {what}: Temporal is unavailable: {cause}. It may have taken effect: repeat it under the same id"
    )]
    Unavailable {
        /// What was tried.
        what: String,
        /// The last attempt's error with its causes.
        cause: String,
        /// The same.
        source: BoxError,
    },
    /// No answer within the limit of a call: from Temporal, or from a worker if the call is a query or an update.
    #[error(
        "could not {what}: no answer within {limit:?}. It may have taken effect: repeat it under the same id. A query or an \
         update needs a worker: is one polling?"
    )]
    Timeout {
        /// What was tried.
        what: String,
        /// The limit.
        limit: Duration,
    },
    /// Temporal, or the workflow's query handler, refused the call.
    #[error("could not {what}: {cause}")]
    Refused {
        /// What was tried.
        what: String,
        /// What the server said.
        cause: String,
        /// The same.
        source: BoxError,
    },
    /// An argument could not be written, or an answer not read.
    #[error("could not {what}: {source}")]
    Payload {
        /// What was tried.
        what: String,
        /// Which payload, and why.
        source: BoxError,
    },
}

impl CallerError {
    /// Whether the same call, made again under the same id, may succeed without anything else being changed.
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Timeout { .. } | Self::Connect(ClientError::Unreachable { .. }))
    }
}
