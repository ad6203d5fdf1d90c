//! What the attempt before has left.

use mainspring_vocabulary::{Progress, progress};
use temporalio_sdk::activities::ActivityContext;

/// Where to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resume<P> {
    /// At the beginning: it is the first attempt, or nothing that can be used was left.
    Fresh,
    /// After this.
    From(P),
}

impl<P> Resume<P> {
    /// The progress, or none yet.
    pub fn unwrap_or_default(self) -> P
    where
        P: Default,
    {
        self.into_option().unwrap_or_default()
    }

    /// The progress, if there is any.
    pub fn into_option(self) -> Option<P> {
        match self {
            Self::Fresh => None,
            Self::From(progress) => Some(progress),
        }
    }
}

/// The progress that the attempt before has beaten last. What cannot be read is no reason to fail: the work starts over,
/// a warning says why, and `mainspring_progress_unreadable_total` counts it.
pub fn resume<P: Progress>(ctx: &ActivityContext) -> Resume<P> {
    let details = ctx.heartbeat_details().raw();
    let Some(payload) = details.first().filter(|payload| !payload.data.is_empty()) else { return Resume::Fresh };
    let value = serde_json::from_slice(&payload.data).map_err(|error| error.to_string());
    match value.and_then(|value| progress::from_details(value).map_err(|error| error.to_string())) {
        Ok(progress) => Resume::From(progress),
        Err(reason) => {
            let activity_type = ctx.info().activity_type.clone();
            tracing::warn!(
                activity_type,
                reason,
                "the progress of the attempt before cannot be read: the work starts over"
            );
            metrics::counter!("mainspring_progress_unreadable_total", "activity_type" => activity_type).increment(1);
            Resume::Fresh
        }
    }
}
