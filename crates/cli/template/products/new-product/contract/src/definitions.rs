//! The activity, as its callers see it. What the SDK's macro makes of it has no docs and no `Debug`.
#![allow(missing_docs, missing_debug_implementations, clippy::needless_pass_by_value, clippy::unimplemented)]

use std::time::Duration;

use mainspring_vocabulary::{ActivityContract, Timeouts};
use temporalio_common::ActivityError;
use temporalio_macros::activity_definitions;

use crate::{GreetError, GreetInput};

/// The activities of `new-product`.
#[derive(Clone, Copy, Debug)]
pub struct Activities;

#[activity_definitions]
impl Activities {
    /// Composes a greeting.
    #[activity(name = "new-product-compose")]
    pub fn compose(input: GreetInput) -> Result<String, ActivityError> {
        unimplemented!()
    }
}

/// How long an attempt may take; a worker does not start with timeouts that cannot hold.
impl ActivityContract for activities::Compose {
    type Failures = GreetError;
    const TIMEOUTS: Timeouts = Timeouts::start_to_close(Duration::from_secs(10));
}

pub use activities::Compose as ComposeActivity;
