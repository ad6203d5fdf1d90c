//! What survives a kill.

use mainspring::prelude::Progress;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The best tour so far, and after how many rounds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Found {
    /// The places of the nodes in the instance, in the tour's order.
    pub order: Vec<u32>,
    /// The rounds that are over.
    pub round: u32,
}

impl Progress for Found {
    const VERSION: u32 = 1;
}
