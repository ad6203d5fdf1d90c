//! What can be asked of a search that runs, and what its activity tells it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use temporalio_common::{QueryDefinition, SignalDefinition};

use crate::TravellingSalesman;

/// The query `best_length`.
#[derive(Clone, Copy, Debug, Default)]
pub struct GetBestLength;

impl QueryDefinition for GetBestLength {
    type Workflow = TravellingSalesman;
    type Input = ();
    type Output = Option<BestLength>;

    fn name(&self) -> &'static str {
        "best_length"
    }
}

/// The signal `better_tour`: the activity has found a shorter one. It comes at most once in 10 s.
#[derive(Clone, Copy, Debug, Default)]
pub struct BetterTour;

impl SignalDefinition for BetterTour {
    type Workflow = TravellingSalesman;
    type Input = BestLength;

    fn name(&self) -> &'static str {
        "better_tour"
    }
}

/// How far a search is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BestLength {
    /// The length of the shortest tour that was told.
    pub length: u64,
    /// The rounds that were over by then.
    pub round: u32,
}
