//! The gate of every worker binary: a workflow that replays recent histories of its queue on the code of the worker that
//! runs it. A deploy starts it on a new build before that gets traffic.
//!
//! Histories are fetched and replayed one after the other, each on a thread of its own: workflow code does not block the
//! worker's threads, the activity beats meanwhile, and no more than one history is in memory.

mod activity;
mod workflow;

use std::num::NonZeroUsize;
use std::sync::Arc;

use mainspring_replay::Code;
use serde::{Deserialize, Serialize};
use temporalio_common::ActivityDefinition;
use temporalio_common::data_converters::DataConverter;
use temporalio_sdk::WorkerOptions;
use temporalio_sdk::activities::ExecutableActivity;

use crate::registry::{Product, Registration, Registry};
use activity::Histories;
pub(crate) use workflow::ReplayGate;

/// The type of the gate's workflow.
pub const REPLAY_GATE: &str = "mainspring-replay-gate";

/// What the gate is asked to replay.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GateInput {
    /// So many closed and so many open runs of each workflow type, the newest first.
    pub newest: NonZeroUsize,
    /// Only runs that match this list filter of Temporal's.
    #[serde(default)]
    pub query: Option<String>,
    /// Bytes of histories of each workflow type that are downloaded, the newest first; [`GATE_BYTES`] by default.
    #[serde(default = "most_bytes")]
    pub most_bytes: u64,
}

/// Bytes of histories of one workflow type that a gate downloads unless it is told otherwise: 256 MiB. Temporal ends a
/// workflow at 50 MiB.
pub const GATE_BYTES: u64 = 256 << 20;

const fn most_bytes() -> u64 {
    GATE_BYTES
}

/// What the gate saw, a workflow type after the other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateReport {
    /// The build that replayed.
    pub build_id: String,
    /// The types of the worker's queue.
    pub workflows: Vec<GateType>,
}

/// One workflow type.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateType {
    /// Its name.
    pub workflow_type: String,
    /// How many histories the code follows.
    pub replayed: usize,
    /// Runs that no worker has had a task of, or that were gone when they were to be fetched.
    pub passed_over: usize,
    /// Runs that were not downloaded to their end, for [`GateInput::most_bytes`] had been.
    #[serde(default)]
    pub left_out: usize,
    /// Those that it does not.
    pub failed: Vec<GateFailure>,
}

/// One history that the code does not follow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateFailure {
    /// The workflow.
    pub workflow_id: String,
    /// Its run.
    pub run_id: String,
    /// Where they part: "at event 5, history has …, the code now wants …".
    pub message: String,
}

impl GateReport {
    /// Whether every history replayed.
    pub fn is_good(&self) -> bool {
        self.workflows.iter().all(|of| of.failed.is_empty())
    }

    /// How many histories replayed.
    pub fn replayed(&self) -> usize {
        self.workflows.iter().map(|of| of.replayed).sum()
    }
}

/// One product's code, and the queues on which its runs may have been started.
struct Gated {
    code: Code,
    queues: Vec<String>,
}

/// Registers the gate's activity for these products.
pub(crate) fn activity(
    registry: &Registry,
    products: &[&Product],
    namespace: &str,
    converter: &DataConverter,
    build_id: String,
) -> Registration {
    let gated = |product: &&Product| {
        let mut queues = vec![product.home_queue().to_owned(), product.queue().to_owned()];
        queues.dedup();
        Gated { code: registry.code_of(product, namespace, converter.clone()), queues }
    };
    let histories = Arc::new(Histories { gated: products.iter().map(gated).collect(), build_id });
    Arc::new(move |options| register(options, Histories::replay, histories.clone()))
}

/// The value is the SDK's marker, which holds nothing.
fn register<A>(options: &mut WorkerOptions, _activity: A, instance: Arc<A::Implementer>)
where
    A: ActivityDefinition + ExecutableActivity,
    A::Input: Send + Sync,
    A::Output: Send + Sync,
{
    options.register_activity::<A>(instance);
}

/// Registers the gate's workflow.
pub(crate) fn workflow() -> Registration {
    Arc::new(|options| {
        if let Err(error) = options.register_workflow::<ReplayGate>() {
            tracing::error!(error = %error, workflow = REPLAY_GATE, "the gate could not be registered");
        }
    })
}
