//! The activities.

mod datasets;

use general_purpose_contract::{NoOpActivity, NoOpInput};
use temporalio_macros::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};

pub use datasets::Datasets;

/// Activities without any dependency.
#[derive(Clone, Copy, Debug)]
pub struct Echo;

#[activities]
impl Echo {
    /// Gives back `arg`.
    ///
    /// # Errors
    /// Never.
    #[activity(definition = NoOpActivity)]
    pub async fn no_op(_ctx: ActivityContext, input: NoOpInput) -> Result<String, ActivityError> {
        tracing::info!(team_id = input.team_id, batch_export_id = input.batch_export_id, arg = input.arg, "echo");
        Ok(input.arg)
    }
}
