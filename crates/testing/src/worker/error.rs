//! What can go wrong with a worker in a test. Each message says what the test may change.

use std::time::Duration;

use mainspring_caller::{CallerError, WorkflowFailure};
use mainspring_worker::{HostError, RegistryError};

/// Why a worker in a test, or a workflow on it, did not do what it should.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The worker did not start.
    #[error(transparent)]
    Start(Box<HostError>),
    /// Its products collide, or a mock is of an activity that none of them has.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The workflow failed, or the server could not be asked.
    #[error(transparent)]
    Call(Box<CallerError>),
    /// None of the worker's products has such a workflow.
    #[error("the test's worker has no workflow {workflow} on a queue {queue}: it has {known}")]
    NoSuchWorkflow {
        /// Its type.
        workflow: String,
        /// The queue of its contract.
        queue: &'static str,
        /// What there is.
        known: String,
    },
    /// A workflow task failed: its code panicked, or is not deterministic, or its input could not be read. Temporal would
    /// try it again for ever.
    #[error("a workflow task of {workflow_id} failed, and would be tried for ever: {message}")]
    TaskFailed {
        /// The workflow.
        workflow_id: String,
        /// What the worker said.
        message: String,
    },
    /// No result in time.
    #[error("workflow {workflow_id} has no result after {waited:?}: {pending}")]
    Stuck {
        /// The workflow.
        workflow_id: String,
        /// How long the test waited.
        waited: Duration,
        /// What it waits for, as the server tells it.
        pending: String,
    },
    /// One order of events broke the test.
    #[error(
        "seed {seed} broke it, the {nth}. of {seeds}: {cause}\n{events}MAINSPRING_SEED={seed} runs this order alone"
    )]
    Order {
        /// The order's seed.
        seed: u64,
        /// How many were tried, with it.
        nth: u64,
        /// How many there were to be.
        seeds: u64,
        /// What the test said.
        cause: String,
        /// The events in their order, a line each.
        events: String,
    },
    /// An event that was released did not come about.
    #[error("the event {event:?} did not come about: {reason}")]
    Event {
        /// Its name.
        event: String,
        /// What went wrong.
        reason: String,
    },
    /// An activity has no result that an order could hold, so the order would depend on the clock.
    #[error(
        "activity {activity_type} (activity {activity_id}) of {workflow_id} has no result after {waited:?}, so events cannot \
         be put into an order: mock it, if it waits for something itself, or give it more time with Orders::longest_activity"
    )]
    Unheld {
        /// The workflow.
        workflow_id: String,
        /// The activity's type.
        activity_type: String,
        /// Its id.
        activity_id: String,
        /// How long nothing else happened.
        waited: Duration,
    },
    /// A timer fired by the clock, so the order would depend on it.
    #[error(
        "{timer} of {workflow_id} fired though no order had released it, so events are in none: make it longer than the test \
         takes, let no event skip time, and take Env::skipping_alone(), where no other test does"
    )]
    Timer {
        /// The workflow.
        workflow_id: String,
        /// The timer's id and its length.
        timer: String,
    },
    /// MAINSPRING_SEED is no seed.
    #[error("MAINSPRING_SEED is {value:?}, and is to be the number that a failed test named")]
    Seed {
        /// What it is.
        value: String,
    },
    /// The time-skipping server did not let time pass.
    #[error("time could not be skipped: {reason}")]
    Clock {
        /// What it said.
        reason: String,
    },
    /// Activities without a mock were called, and the worker has mocks only.
    #[error("called without a mock: {activities}. {}", how_to_mock(.activities))]
    NotMocked {
        /// Their types, with commas between.
        activities: String,
    },
}

pub(super) fn how_to_mock(activity: &str) -> String {
    format!(
        "Give the test's worker .mock(DEFINITION, |input| async {{ Ok(…) }}) with the definition of {activity} in its contract, or \
         leave .mocks_only() out to run the product's own"
    )
}

impl RunError {
    /// Why the workflow failed, if it did.
    pub fn failure(&self) -> Option<&WorkflowFailure> {
        match self {
            Self::Call(error) => match &**error {
                CallerError::Failed { failure, .. } => Some(failure),
                _ => None,
            },
            _ => None,
        }
    }
}

impl From<CallerError> for RunError {
    fn from(error: CallerError) -> Self {
        Self::Call(Box::new(error))
    }
}

impl From<HostError> for RunError {
    fn from(error: HostError) -> Self {
        Self::Start(Box::new(error))
    }
}
