//! Activities that another process completes.

use mainspring::ActivitySet;
use mainspring::activity::{CompletionToken, Heartbeater, complete_later};
use temporalio_macros::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};

pub struct Later;

/// Every one of them.
pub fn all(set: ActivitySet<Later>) -> ActivitySet<Later> {
    set.activity_unchecked(Later::hands_over)
}

#[activities]
impl Later {
    /// Hands its token over in a log line, which would mask a field of that name; `with a heartbeater` it may not, and `nobody there` it cannot.
    #[activity(name = "hands_over")]
    pub async fn hands_over(ctx: ActivityContext, how: String) -> Result<String, ActivityError> {
        let _heartbeater = match how.as_str() {
            "with a heartbeater" => Some(Heartbeater::optional(&ctx)?),
            _ => None,
        };
        let resumes = ctx.heartbeat_details().deserialize::<serde_json::Value>()?;
        let hand_over = async |token: CompletionToken| match how.as_str() {
            "nobody there" if ctx.info().attempt == 1 => Err(std::io::Error::other("the inbox is full")),
            _ => {
                tracing::info!(open_by = %token, resumes = ?resumes, attempt = ctx.info().attempt, "handed over");
                Ok(())
            }
        };
        complete_later(&ctx, hand_over).await
    }
}
