//! A panic of user code becomes a failure with a type name and a place. The SDK would flatten it to a text.

use std::any::Any;
use std::sync::Once;

use temporalio_common::error::ApplicationFailure;
use temporalio_sdk::activities::ActivityError;

/// Notes where a panic of user code happened, and logs it with the activity's or workflow's ids. Panics elsewhere go to
/// the hook that was there before. A second call does nothing.
pub fn install_panic_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if mainspring_context::current().is_none() {
                return before(info);
            }
            let place = info.location().map(ToString::to_string);
            tracing::error!(
                place = place.as_deref().unwrap_or("unknown"),
                panic = info.payload_as_str().unwrap_or("not a text"),
                "user code panicked"
            );
            mainspring_context::note_panic_place(place);
        }));
    });
}

/// The failure for a panic that was caught on this thread.
pub(super) fn failure(panic: Box<dyn Any + Send>) -> ApplicationFailure {
    mainspring_vocabulary::panic_failure(panic, mainspring_context::take_panic_place())
}

/// What the SDK, which catches panics nearer to the activity than we can, puts before the text. `tests/tests/bare.rs` pins it.
const OF_SDK: &str = "Activity function panicked: ";

/// The typed failure for a panic that the SDK caught and flattened to a text; `None` for any other error.
pub(super) fn flattened(error: &ActivityError) -> Option<ApplicationFailure> {
    let ActivityError::Application(failure) = error else { return None };
    let text = failure.source_error().to_string();
    let text = text.strip_prefix(OF_SDK).filter(|_| failure.type_name().is_none_or(str::is_empty))?;
    Some(mainspring_vocabulary::panic_failure(Box::new(text.to_owned()), mainspring_context::take_panic_place()))
}
