//! What can become of a call, each with its class. The names are those on the wire, and stay.

use std::time::Duration;

use mainspring::prelude::Failure;
use reqwest::StatusCode;

/// Why a call to a service did not do what it was for.
#[derive(Debug, Failure)]
#[non_exhaustive]
pub(crate) enum CallError {
    /// A 4xx other than 408 and 429: asked again, the service would say the same.
    #[failure(terminal, message = "the {service} service refused {step} ({status}): {reason}")]
    Refused { service: &'static str, step: String, status: StatusCode, reason: String },
    /// A 5xx, 408 or 429. The next attempt comes when the service asked for it.
    #[failure(
        retryable,
        message = "the {service} service cannot do {step} now ({status}): {reason}",
        next_delay = retry_after,
        type_name = "ServiceBusy"
    )]
    Busy { service: &'static str, step: String, status: StatusCode, reason: String, retry_after: Option<Duration> },
    /// No connection, or no answer in time.
    #[failure(
        retryable,
        message = "the {service} service at {at} cannot be reached for {step}: {reason}. Does {setting} name it?",
        type_name = "ServiceUnreachable"
    )]
    Unreachable {
        service: &'static str,
        step: String,
        at: String,
        setting: &'static str,
        reason: String,
        #[source]
        cause: reqwest::Error,
    },
    /// An answer of another shape or size, or from elsewhere: mostly a wrong address, which can be put right while the
    /// workflow waits.
    #[failure(
        retryable,
        message = "the {service} service answered {step} with {answer}. Does {setting} name it?",
        type_name = "UnusableAnswer"
    )]
    Unusable { service: &'static str, step: String, answer: String, setting: &'static str },
}
