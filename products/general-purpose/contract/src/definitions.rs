//! The activities, as their callers see them. What the SDK's macro makes of them has no docs and no `Debug`.
#![allow(missing_docs, missing_debug_implementations, clippy::needless_pass_by_value, clippy::unimplemented)]

use std::time::Duration;

use mainspring_vocabulary::{ActivityContract, NoFailures, Timeouts};
use temporalio_common::ActivityError;
use temporalio_macros::activity_definitions;

use crate::NoOpInput;

/// The activities of `general-purpose`.
#[derive(Clone, Copy, Debug)]
pub struct Activities;

#[activity_definitions]
impl Activities {
    /// Gives back `arg`.
    #[activity(name = "no-op-activity")]
    pub fn no_op(input: NoOpInput) -> Result<String, ActivityError> {
        unimplemented!()
    }
}

impl ActivityContract for activities::NoOp {
    type Failures = NoFailures;
    const TIMEOUTS: Timeouts = Timeouts::start_to_close(Duration::from_secs(10));
}

pub use activities::NoOp as NoOpActivity;
