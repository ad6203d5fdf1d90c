//! What an error of something outside means for the next attempt: a reviewed table each for HTTP, S3 and PostgreSQL.
//!
//! Plain data goes in (a status, a code), so nothing here knows a client. docs/errors.md shows the tables.

mod http;
mod postgres;
mod s3;

use std::fmt::Display;
use std::time::Duration;

pub use http::{http, retry_after};
pub use postgres::postgres;
pub use s3::s3;

use crate::Failure;

/// What to expect of another attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outlook {
    /// Nobody answered, or the connection broke: it may come back. What was asked for may have been done.
    Unreachable,
    /// It answered that it cannot now. The next attempt comes when it said, if it said.
    Busy {
        /// The pause that it asked for.
        after: Option<Duration>,
    },
    /// It does not know us, or we may not: another attempt is denied as well, until somebody mends it.
    Denied,
    /// The request is wrong for it: asked again, it would say the same.
    Refused,
}

impl Outlook {
    /// Whether another attempt may succeed.
    #[must_use]
    pub const fn retryable(self) -> bool {
        matches!(self, Self::Unreachable | Self::Busy { .. })
    }

    /// The failure for it, of `what` and for `reason`: `Outlook::Denied.failure("the bucket exports", "AccessDenied")`.
    pub fn failure(self, what: impl Into<String>, reason: impl Display) -> OutsideError {
        let (what, reason) = (what.into(), reason.to_string());
        match self {
            Self::Unreachable => OutsideError::Unreachable { what, reason },
            Self::Busy { after } => OutsideError::Busy { what, reason, after },
            Self::Denied => OutsideError::Denied { what, reason },
            Self::Refused => OutsideError::Refused { what, reason },
        }
    }
}

/// A failure of something outside, for an activity that has no classes of its own.
///
/// ```
/// use std::time::{Duration, SystemTime};
///
/// use mainspring_vocabulary::Classified;
/// use mainspring_vocabulary::outside::{OutsideError, http};
///
/// let outlook = http(429, Some("30"), SystemTime::now()).expect("429 is an error");
/// let failure: OutsideError = outlook.failure("the bank", "429 Too Many Requests");
/// assert_eq!(failure.to_string(), "the bank cannot do it now: 429 Too Many Requests");
/// assert_eq!(failure.next_delay(), Some(Duration::from_secs(30)));
/// ```
#[derive(Debug, Failure)]
#[non_exhaustive]
pub enum OutsideError {
    /// [`Outlook::Unreachable`].
    #[failure(retryable, message = "{what} cannot be reached: {reason}")]
    Unreachable {
        /// What was asked.
        what: String,
        /// What went wrong.
        reason: String,
    },
    /// [`Outlook::Busy`].
    #[failure(retryable, message = "{what} cannot do it now: {reason}", next_delay = after)]
    Busy {
        /// What was asked.
        what: String,
        /// What it said.
        reason: String,
        /// The pause that it asked for.
        after: Option<Duration>,
    },
    /// [`Outlook::Denied`].
    #[failure(terminal, message = "{what} denies it: {reason}")]
    Denied {
        /// What was asked.
        what: String,
        /// What it said.
        reason: String,
    },
    /// [`Outlook::Refused`].
    #[failure(terminal, message = "{what} refuses it: {reason}")]
    Refused {
        /// What was asked.
        what: String,
        /// What it said.
        reason: String,
    },
}
