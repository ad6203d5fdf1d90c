//! What can be wrong with heartbeats. None of it can be mended by another attempt on the same build.

use std::time::Duration;

use mainspring_vocabulary::Failure;

/// Why an activity does not beat, or why its details were not taken.
#[derive(Clone, Debug, PartialEq, Eq, Failure)]
#[non_exhaustive]
pub enum HeartbeatError {
    /// Temporal would not notice if the beats stopped.
    #[failure(
        terminal,
        message = "activity {activity_type} has no heartbeat timeout, so its beats would mean nothing: set heartbeat_timeout where it is called, or use Heartbeater::optional"
    )]
    NoTimeout {
        /// Its type.
        activity_type: String,
    },
    /// Temporal knows nothing of a local activity until its workflow task ends.
    #[failure(
        terminal,
        message = "activity {activity_type} is a local one, which cannot beat: run it as an activity if it takes long"
    )]
    Local {
        /// Its type.
        activity_type: String,
    },
    /// Two would overwrite each other's details.
    #[failure(
        terminal,
        message = "this attempt of activity {activity_type} has a Heartbeater already: hand a reference to that one on"
    )]
    Second {
        /// Its type.
        activity_type: String,
    },
    /// The server would refuse the beat.
    #[failure(
        terminal,
        message = "the details take {bytes} bytes, and at most {limit} fit into a heartbeat: keep less, or keep it elsewhere and beat where"
    )]
    TooLarge {
        /// Encoded, before encryption.
        bytes: usize,
        /// [`MAX_DETAILS_BYTES`](super::MAX_DETAILS_BYTES).
        limit: usize,
    },
    /// Not a struct with named fields, or serde refused it.
    #[failure(terminal, message = "the details were not taken: {reason}")]
    Unwritable {
        /// What was wrong.
        reason: String,
    },
    /// The thread that beats could not be started.
    #[failure(retryable, message = "the operating system refused the thread that beats: {reason}")]
    Thread {
        /// Its word.
        reason: String,
    },
    /// A stall guard without time.
    #[failure(
        terminal,
        message = "a stall guard of {limit:?} would fire at once: give it more than the interval of the beats, {interval:?}"
    )]
    ShortGuard {
        /// As given.
        limit: Duration,
        /// Of the beats.
        interval: Duration,
    },
}
