//! From a classified error to the SDK's failure, and what becomes of errors without a class and of panics.

use std::any::Any;
use std::fmt::Display;
use std::time::Duration;

use temporalio_common::ActivityError;
use temporalio_common::error::{ApplicationErrorCategory, ApplicationFailure};

use crate::names;

/// An error that says how Temporal should treat it. Derived by [`Failure`](crate::Failure).
pub trait Classified: Display {
    /// Every type name that it may bear on the wire.
    const TYPE_NAMES: &'static [&'static str];
    /// Those that are never retried, for a retry policy in workflow code.
    const TERMINAL: &'static [&'static str];

    /// The type name on the wire.
    fn type_name(&self) -> &'static str;
    /// Whether another attempt may succeed.
    fn retryable(&self) -> bool;
    /// When the next attempt should come, in place of the retry policy's interval.
    fn next_delay(&self) -> Option<Duration>;
    /// Whether it is an expected outcome, kept out of error counts and logs.
    fn benign(&self) -> bool;
}

/// The SDK's failure for a classified error.
pub fn application_failure<F: Classified>(failure: &F) -> ApplicationFailure {
    let category =
        if failure.benign() { ApplicationErrorCategory::Benign } else { ApplicationErrorCategory::Unspecified };
    ApplicationFailure::builder(anyhow::anyhow!("{failure}"))
        .type_name(failure.type_name().to_owned())
        .non_retryable(!failure.retryable())
        .maybe_next_retry_delay(failure.next_delay())
        .category(category)
        .build()
}

/// Gives an error without a class the type name [`names::UNCLASSIFIED`]; every other one passes as it is.
pub fn classify(error: ActivityError) -> ActivityError {
    match error {
        ActivityError::Application(failure) if failure.type_name().is_none_or(str::is_empty) => {
            let non_retryable = failure.is_non_retryable();
            let (delay, category) = (failure.next_retry_delay(), failure.category());
            ApplicationFailure::builder(anyhow::Error::new(*failure))
                .type_name(names::UNCLASSIFIED.to_owned())
                .non_retryable(non_retryable)
                .maybe_next_retry_delay(delay)
                .category(category)
                .build()
                .into()
        }
        other => other,
    }
}

/// The failure for a panic of user code. `place` is where it happened.
pub fn panic_failure(panic: Box<dyn Any + Send>, place: Option<String>) -> ApplicationFailure {
    let text = match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => panic.downcast_ref::<&str>().map_or_else(|| "not a text".to_owned(), |text| (*text).to_owned()),
    };
    let place = place.map(|place| format!(" at {place}")).unwrap_or_default();
    ApplicationFailure::builder(anyhow::anyhow!("panicked{place}: {text}")).type_name(names::PANIC.to_owned()).build()
}
