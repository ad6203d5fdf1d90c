//! What can become of a call to a service, each with its class. The names are those on the wire, and stay.

use std::error::Error;
use std::time::Duration;

use mainspring_vocabulary::Failure;

/// Why a call to a service did not do what it was for: how each of the [`Activities`](crate::Activities) fails.
#[derive(Debug, Failure)]
#[non_exhaustive]
pub enum ServiceError {
    /// Asked again, the service would say the same: a 4xx that is no matter of time, 501, 505, 511.
    #[failure(terminal, message = "the {service} service refused {step} ({status}): {reason}")]
    Refused {
        /// The service's name.
        service: &'static str,
        /// The activity.
        step: String,
        /// Code and words.
        status: String,
        /// What the service said.
        reason: String,
    },
    /// It cannot now: 408, 421, 423, 425, 429, and every other 5xx. The next attempt comes when the service asked for it.
    #[failure(
        retryable,
        message = "the {service} service cannot do {step} now ({status}): {reason}",
        next_delay = retry_after,
        type_name = "ServiceBusy"
    )]
    Busy {
        /// The service's name.
        service: &'static str,
        /// The activity.
        step: String,
        /// Code and words.
        status: String,
        /// What the service said.
        reason: String,
        /// The pause that it asked for.
        retry_after: Option<Duration>,
    },
    /// No connection, or no answer in time.
    #[failure(
        retryable,
        message = "the {service} service at {at} cannot be reached for {step}: {reason}. Does {setting} name it?",
        type_name = "ServiceUnreachable"
    )]
    Unreachable {
        /// The service's name.
        service: &'static str,
        /// The activity.
        step: String,
        /// Where it was looked for.
        at: String,
        /// The setting that says where.
        setting: &'static str,
        /// What went wrong.
        reason: String,
        /// The same as an error.
        #[source]
        cause: Box<dyn Error + Send + Sync>,
    },
    /// An answer of another shape or size, or from elsewhere: mostly a wrong address, which can be put right while the
    /// workflow waits.
    #[failure(
        retryable,
        message = "the {service} service answered {step} with {answer}. Does {setting} name it?",
        type_name = "UnusableAnswer"
    )]
    Unusable {
        /// The service's name.
        service: &'static str,
        /// The activity.
        step: String,
        /// What came.
        answer: String,
        /// The setting that names the service.
        setting: &'static str,
    },
}
