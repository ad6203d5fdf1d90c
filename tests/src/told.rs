//! An activity that tells its users what it does.

use temporalio_macros::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use tracing::Instrument;

pub struct Told;

#[activities]
impl Told {
    /// Logs so many lines for the users of team 2, each after an await.
    #[activity(name = "tell")]
    pub async fn tell(_ctx: ActivityContext, lines: String) -> Result<String, ActivityError> {
        let lines: u32 = lines.parse()?;
        let span = tracing::info_span!("tell", team_id = 2);
        async {
            for number in 0..lines {
                tokio::task::yield_now().await;
                tracing::info!("line {number} — naïve");
            }
            tracing::info!(write_only = true, "told");
        }
        .instrument(span)
        .await;
        Ok("told".to_owned())
    }
}
