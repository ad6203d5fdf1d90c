//! One class of failure by its name, and failures that workflow code gets back, matched against it.

use std::fmt;

use temporalio_common::error::{ActivityExecutionError, ChildWorkflowExecutionError, IncomingError};
use temporalio_common::protos::temporal::api::failure::v1::Failure;
use temporalio_common::protos::temporal::api::failure::v1::failure::FailureInfo;

/// One kind of failure as [`Failure`](macro@crate::Failure) names it: `ChargeError::CARD_DECLINED`. A name that is
/// misspelt does not compile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FailureType {
    name: &'static str,
    retryable: bool,
}

impl FailureType {
    /// For what the derive writes.
    #[doc(hidden)]
    #[must_use]
    pub const fn new(name: &'static str, retryable: bool) -> Self {
        Self { name, retryable }
    }

    /// Its name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// Whether another attempt may succeed.
    #[must_use]
    pub const fn retryable(self) -> bool {
        self.retryable
    }
}

impl fmt::Display for FailureType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl AsRef<str> for FailureType {
    fn as_ref(&self) -> &str {
        self.name
    }
}

/// What an activity or a child workflow failed with, by its class: for workflow code.
///
/// ```
/// # use mainspring_vocabulary::{Failure, FailedWith};
/// # use temporalio_common::error::ActivityExecutionError;
/// # #[derive(Debug, Failure)]
/// # enum ChargeError {
/// #     #[failure(terminal, message = "declined")]
/// #     CardDeclined,
/// # }
/// fn is_a_refusal(error: &ActivityExecutionError) -> bool {
///     error.is(ChargeError::CARD_DECLINED)
/// }
/// ```
pub trait FailedWith {
    /// The failure as it came from the server, if it came from there.
    fn as_sent(&self) -> Option<&Failure>;

    /// Whether an error of this class is anywhere in the chain of causes. A name may be given too: for one of
    /// [`names`](crate::names), or of another language.
    fn is(&self, failure_type: impl AsRef<str>) -> bool {
        types(self.as_sent()).any(|name| name == failure_type.as_ref())
    }

    /// The type name of the outermost error that has one.
    fn type_name(&self) -> Option<&str> {
        types(self.as_sent()).next()
    }
}

fn types(failure: Option<&Failure>) -> impl Iterator<Item = &str> {
    let chain = std::iter::successors(failure, |link| link.cause.as_deref());
    let names = chain.filter_map(|link| match &link.failure_info {
        Some(FailureInfo::ApplicationFailureInfo(info)) => Some(info.r#type.as_str()),
        _ => None,
    });
    names.filter(|name| !name.is_empty())
}

impl FailedWith for ActivityExecutionError {
    fn as_sent(&self) -> Option<&Failure> {
        self.failure()
    }
}

impl FailedWith for ChildWorkflowExecutionError {
    fn as_sent(&self) -> Option<&Failure> {
        self.failure()
    }
}

impl FailedWith for IncomingError {
    fn as_sent(&self) -> Option<&Failure> {
        Some(self.failure())
    }
}
