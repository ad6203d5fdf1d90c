//! An activity that another process completes: a person who decides, a webhook, a job elsewhere.

use std::fmt;
use std::future::Future;
use std::str::FromStr;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use mainspring_vocabulary::Failure;
use temporalio_sdk::activities::{ActivityContext, ActivityError};

use crate::heartbeat;

/// By which another process finishes this attempt. Prints, and is read, as base64: the `--token` of `mainspring activity
/// complete`.
///
/// Each attempt has one of its own: after a timeout and a retry Temporal refuses that of the attempt before. A process
/// that is to finish whichever attempt there is names workflow id, run id and activity id instead. For the SDK's
/// `get_async_activity_handle`, [`CompletionToken::as_bytes`] is the task token.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CompletionToken(Vec<u8>);

impl CompletionToken {
    /// As Temporal gave it.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for CompletionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64_STANDARD.encode(&self.0))
    }
}

impl FromStr for CompletionToken {
    type Err = LaterError;

    fn from_str(text: &str) -> Result<Self, LaterError> {
        match BASE64_STANDARD.decode(text.trim()) {
            Ok(bytes) if !bytes.is_empty() => Ok(Self(bytes)),
            _ => Err(LaterError::NoToken),
        }
    }
}

/// Why an activity cannot be completed later.
#[derive(Clone, Debug, PartialEq, Eq, Failure)]
#[non_exhaustive]
pub enum LaterError {
    /// Temporal does not know it.
    #[failure(
        terminal,
        message = "activity {activity_type} is a local one, which nobody else can complete: run it as an activity"
    )]
    Local {
        /// Its type.
        activity_type: String,
    },
    /// It would stop with the attempt's function.
    #[failure(
        terminal,
        message = "activity {activity_type} has a Heartbeater, which beats no longer once it returns: drop it before, and let the process that completes the activity beat"
    )]
    Heartbeater {
        /// Its type.
        activity_type: String,
    },
    /// A text that is none.
    #[failure(terminal, message = "this is no completion token: it is the base64 text that the activity handed over")]
    NoToken,
}

/// Ends this function's part: `hand_over` gives the token to whoever will complete the activity, and the activity stays open
/// until then, or until its timeouts.
///
/// ```
/// # use mainspring_activity::{CompletionToken, complete_later};
/// # use temporalio_sdk::activities::{ActivityContext, ActivityError};
/// # async fn save(question: String, token: CompletionToken) -> std::io::Result<()> { Ok(()) }
/// async fn ask_a_person(ctx: ActivityContext, question: String) -> Result<bool, ActivityError> {
///     complete_later(&ctx, |token| save(question, token)).await
/// }
/// ```
///
/// The activity no longer counts as running here: it holds no slot, no drain waits for it, and a worker's shutdown does not
/// cancel it. Its start-to-close timeout goes on, so make that as long as the answer may take; a heartbeat timeout only if
/// the other process beats. The other process may be faster than this function's return.
///
/// # Errors
/// Always one: [`ActivityError::WillCompleteAsync`] if the token was handed over, what `hand_over` said if it was not, and
/// [`LaterError`].
pub async fn complete_later<T, E, F>(
    ctx: &ActivityContext,
    hand_over: impl FnOnce(CompletionToken) -> F,
) -> Result<T, ActivityError>
where
    E: Into<ActivityError>,
    F: Future<Output = Result<(), E>>,
{
    let info = ctx.info();
    let activity_type = || info.activity_type.clone();
    if info.is_local {
        return Err(LaterError::Local { activity_type: activity_type() }.into());
    }
    if heartbeat::is_taken(info) {
        return Err(LaterError::Heartbeater { activity_type: activity_type() }.into());
    }
    hand_over(CompletionToken(info.task_token.clone())).await.map_err(Into::into)?;
    tracing::info!("another process will complete it");
    Err(ActivityError::WillCompleteAsync)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_as_it_is_printed() {
        let token = CompletionToken(vec![0, 255, 7]);
        assert_eq!(token.to_string(), "AP8H");
        assert_eq!(" AP8H\n".parse(), Ok(token));
        for wrong in ["", "not base64!", "AP8"] {
            let error = wrong.parse::<CompletionToken>().unwrap_err().to_string();
            assert!(error.starts_with("this is no completion token"), "{error}");
        }
    }
}
