//! A workflow that is to start.

use mainspring_caller::Contract;
use serde::Serialize;

use crate::OutboxError;

/// How large an input may be, as JSON and before encryption: Temporal refuses 2 MiB, and 64 KiB are kept for what surrounds it.
pub const MAX_INPUT_BYTES: usize = 2 * 1024 * 1024 - 64 * 1024;

/// Temporal takes no longer one.
const LONGEST_ID: usize = 1000;

/// A start, written down: which workflow, under which id, where, with what.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "an intent is nothing before Outbox::start has written it"]
pub struct Intent {
    /// Temporal knows a repeated start by it.
    pub(crate) id: String,
    pub(crate) workflow_type: String,
    pub(crate) workflow_id: String,
    pub(crate) task_queue: String,
    pub(crate) input: String,
}

impl Intent {
    /// To start this workflow with this input: on its contract's queue, under the id that follows from the input, else under one
    /// that no other has. The input is kept as JSON, readable in the table; the relay encodes it as every payload.
    ///
    /// # Errors
    /// [`OutboxError::Json`], [`TooLarge`](OutboxError::TooLarge).
    pub fn new<W: Contract>(_workflow: W, input: &W::Input) -> Result<Self, OutboxError>
    where
        W::Input: Serialize,
    {
        let (workflow_type, id) = (W::default().name().to_owned(), uuid::Uuid::new_v4().to_string());
        let workflow_id = W::workflow_id(input).unwrap_or_else(|| format!("{workflow_type}-{id}"));
        let input = serde_json::to_string(input)
            .map_err(|source| OutboxError::Json { what: format!("the input of workflow {workflow_type}"), source })?;
        if input.len() > MAX_INPUT_BYTES {
            return Err(OutboxError::TooLarge { workflow_type, bytes: input.len(), limit: MAX_INPUT_BYTES });
        }
        Ok(Self { id, workflow_type, workflow_id, task_queue: W::TASK_QUEUE.to_owned(), input })
    }

    /// Under this id, whatever the contract says.
    pub fn with_id(self, workflow_id: impl Into<String>) -> Self {
        Self { workflow_id: workflow_id.into(), ..self }
    }

    /// On this task queue in place of the contract's.
    pub fn task_queue(self, task_queue: impl Into<String>) -> Self {
        Self { task_queue: task_queue.into(), ..self }
    }

    /// The id that the workflow will have.
    pub fn workflow_id(&self) -> &str {
        &self.workflow_id
    }

    /// What can be refused where its author sees it.
    pub(crate) fn check(&self) -> Result<(), OutboxError> {
        match self.workflow_id.len() {
            1..=LONGEST_ID => Ok(()),
            _ => Err(OutboxError::BadId { workflow_id: self.workflow_id.clone() }),
        }
    }
}
