//! The activity, as its callers see it. What the SDK's macro makes of it has no docs and no `Debug`.
#![allow(missing_docs, missing_debug_implementations, clippy::needless_pass_by_value, clippy::unimplemented)]

use temporalio_common::ActivityError;
use temporalio_macros::activity_definitions;

use crate::{SolveInput, Tour};

/// The activities of `travelling-salesman-solver`.
#[derive(Clone, Copy, Debug)]
pub struct Activities;

#[activity_definitions]
impl Activities {
    /// Improves a tour round by round, on the process's pool; goes on where the attempt before was.
    #[activity(name = "improve_tour")]
    pub fn improve_tour(input: SolveInput) -> Result<Tour, ActivityError> {
        unimplemented!()
    }
}

pub use activities::ImproveTour as ImproveTourActivity;
