//! Classified errors, and how one becomes the SDK's failure.

use std::error::Error;
use std::fmt::{self, Debug, Display};
use std::time::Duration;

use temporalio_common::error::{ApplicationErrorCategory, ApplicationFailure};

/// An error that says how Temporal should treat it. Derived by [`Failure`](crate::Failure).
pub trait Classified: Display {
    /// Every type name that it may bear on the wire.
    const TYPE_NAMES: &'static [&'static str];
    /// Those that are never retried, for a retry policy in workflow code.
    const NON_RETRYABLE: &'static [&'static str];

    /// The type name on the wire.
    fn type_name(&self) -> &'static str;
    /// Whether another attempt may succeed.
    fn retryable(&self) -> bool;
    /// When the next attempt should come, in place of the retry policy's interval.
    fn next_delay(&self) -> Option<Duration>;
    /// Whether it is an expected outcome, kept out of error counts and logs.
    fn benign(&self) -> bool;
    /// What led to it, where a field is marked as its source.
    fn cause(&self) -> Option<&(dyn Error + 'static)>;
}

/// The failures of an activity that has no classes of its own: what it returns is `Unclassified` on the wire, and retried.
#[derive(Clone, Copy, Debug)]
pub enum NoFailures {}

impl Display for NoFailures {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}

impl Classified for NoFailures {
    const TYPE_NAMES: &'static [&'static str] = &[];
    const NON_RETRYABLE: &'static [&'static str] = &[];

    fn type_name(&self) -> &'static str {
        match *self {}
    }

    fn retryable(&self) -> bool {
        match *self {}
    }

    fn next_delay(&self) -> Option<Duration> {
        match *self {}
    }

    fn benign(&self) -> bool {
        match *self {}
    }

    fn cause(&self) -> Option<&(dyn Error + 'static)> {
        match *self {}
    }
}

/// The SDK's failure for a classified error, with its causes.
pub fn application_failure<F: Classified + Send + Sync + 'static>(failure: F) -> ApplicationFailure {
    let category =
        if failure.benign() { ApplicationErrorCategory::Benign } else { ApplicationErrorCategory::Unspecified };
    let (type_name, retryable, next_delay) =
        (failure.type_name().to_owned(), failure.retryable(), failure.next_delay());
    ApplicationFailure::builder(Box::<dyn Error + Send + Sync>::from(Carrier(failure)))
        .type_name(type_name)
        .non_retryable(!retryable)
        .maybe_next_retry_delay(next_delay)
        .category(category)
        .build()
}

/// A classified error as the std error that the SDK wants to be given.
struct Carrier<F>(F);

impl<F: Display> Display for Carrier<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<F: Display> Debug for Carrier<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(&self.0, f)
    }
}

impl<F: Classified> Error for Carrier<F> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.cause()
    }
}

/// A field that can be a cause: an error, or something that holds one (a box, `anyhow::Error`) and derefs to it.
pub trait AsCause {
    /// The error.
    fn as_cause(&self) -> &(dyn Error + 'static);
}

impl<E: Error + 'static> AsCause for E {
    fn as_cause(&self) -> &(dyn Error + 'static) {
        self
    }
}

impl AsCause for dyn Error + Send + Sync + 'static {
    fn as_cause(&self) -> &(dyn Error + 'static) {
        self
    }
}
