//! Remembers what workflow code asked for last, beside the SDK's own replay: its error names the event, seldom the command.

use std::sync::Arc;

use parking_lot::Mutex;
use temporalio_common::protos::coresdk::workflow_activation::WorkflowActivation;
use temporalio_common::protos::coresdk::workflow_activation::workflow_activation_job::Variant as Job;
use temporalio_common::protos::coresdk::workflow_completion::WorkflowActivationCompletion;
use temporalio_common::protos::coresdk::workflow_completion::workflow_activation_completion::Status;
use temporalio_sdk::interceptors::WorkerInterceptor;

use crate::naming::Command;

/// What is known of the workflow task that was replayed last.
#[derive(Debug, Default)]
pub(crate) struct Record {
    /// The last event that the code has seen.
    pub(crate) seen: i64,
    /// What it asked for then.
    pub(crate) commands: Vec<Command>,
    answered: bool,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Recorder(Arc<Mutex<Record>>);

impl Recorder {
    pub(crate) fn take(&self) -> Record {
        std::mem::take(&mut self.0.lock())
    }
}

#[async_trait::async_trait(?Send)]
impl WorkerInterceptor for Recorder {
    async fn on_workflow_activation(&self, activation: &WorkflowActivation) -> Result<(), anyhow::Error> {
        let mut record = self.0.lock();
        let is_end = activation.jobs.iter().any(|job| matches!(job.variant, Some(Job::RemoveFromCache(_))));
        if !is_end && i64::from(activation.history_length) > record.seen {
            record.seen = activation.history_length.into();
            record.answered = false;
        }
        Ok(())
    }

    async fn on_workflow_activation_completion(&self, completion: &WorkflowActivationCompletion) {
        let Some(Status::Successful(success)) = &completion.status else { return };
        let mut record = self.0.lock();
        if !record.answered {
            record.commands.clear();
            record.answered = true;
        }
        let asked = success.commands.iter().filter_map(|command| Command::of(command.variant.as_ref()?));
        record.commands.extend(asked);
    }
}
