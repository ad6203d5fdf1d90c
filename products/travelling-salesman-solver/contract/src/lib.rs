//! What callers of `travelling-salesman-solver` need: its workflow, its types, its query and the definition of its
//! activity. No worker code.

mod definitions;
mod interaction;

pub use definitions::{Activities, ImproveTourActivity};
pub use interaction::{BestLength, BetterTour, GetBestLength};
use mainspring_vocabulary::{Contract, Failure, Messages};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use temporalio_common::{HasWorkflowDefinition, WorkflowDefinition};

/// The task queue that its workers poll: the shared one, of products that need no deployment of their own.
pub const TASK_QUEUE: &str = "general-purpose-task-queue";

/// The workflow `travelling-salesman`: searches a short tour through every node of an instance, in rounds. It fails with
/// [`InvalidInstance`].
#[derive(Clone, Copy, Debug, Default)]
pub struct TravellingSalesman;

impl WorkflowDefinition for TravellingSalesman {
    type Input = SolveInput;
    type Output = Tour;

    fn name(&self) -> &'static str {
        "travelling-salesman"
    }
}

impl HasWorkflowDefinition for TravellingSalesman {
    type Run = Self;
}

impl Contract for TravellingSalesman {
    const TASK_QUEUE: &'static str = TASK_QUEUE;

    fn messages(messages: Messages<Self>) -> Messages<Self> {
        messages.signal(BetterTour).query(GetBestLength)
    }
}

/// What is to be solved, and for how long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SolveInput {
    /// The instance, as a file of TSPLIB: at most 10,000 nodes, `EDGE_WEIGHT_TYPE` one of `EUC_2D`, `CEIL_2D`, `ATT`.
    #[schemars(length(max = 1_000_000))]
    pub instance: String,
    /// How many rounds; after each the best tour is safe.
    #[serde(default = "rounds")]
    #[schemars(range(min = 1, max = 100_000))]
    pub rounds: u32,
    /// How many changes a round tries.
    #[serde(default = "tries")]
    #[schemars(range(min = 1, max = 10_000_000))]
    pub tries_per_round: u32,
    /// The same seed gives the same tour.
    #[serde(default)]
    pub seed: u64,
}

const fn rounds() -> u32 {
    20
}

const fn tries() -> u32 {
    10_000
}

impl SolveInput {
    /// An instance, with the defaults for the rest.
    pub fn new(instance: impl Into<String>) -> Self {
        Self { instance: instance.into(), rounds: rounds(), tries_per_round: tries(), seed: 0 }
    }
}

/// A tour through every node and back to its first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tour {
    /// The instance's `NAME`.
    pub name: String,
    /// Its length, rounded as the instance's `EDGE_WEIGHT_TYPE` says.
    pub length: u64,
    /// The nodes in their order, by the instance's own numbers.
    pub nodes: Vec<u64>,
    /// How many rounds were searched.
    pub rounds: u32,
}

/// The instance cannot be solved: nothing was tried.
#[derive(Debug, Failure)]
#[failure(terminal, message = "the instance cannot be solved: {reason}")]
pub struct InvalidInstance {
    /// What is wrong, and what would be right.
    pub reason: String,
}
