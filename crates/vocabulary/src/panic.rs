//! A panic as a failure.

use std::any::Any;

use temporalio_common::error::ApplicationFailure;

use crate::names;

/// The failure for a panic of user code: retryable, by the name [`names::PANIC`]. `place` is where it happened, as
/// `file:line:column`.
pub fn panic_failure(panic: Box<dyn Any + Send>, place: Option<String>) -> ApplicationFailure {
    let text = match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => match panic.downcast_ref::<&'static str>() {
            Some(text) => (*text).to_owned(),
            None => "what it threw is not a text".to_owned(),
        },
    };
    let message = match place {
        Some(place) => format!("panicked at {place}: {text}"),
        None => format!("panicked: {text}"),
    };
    ApplicationFailure::builder(message).type_name(names::PANIC.to_owned()).build()
}
