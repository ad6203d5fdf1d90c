//! A panic of user code becomes a failure with a type name and a place. The SDK would flatten it to a text.

use std::any::Any;
use std::cell::RefCell;
use std::sync::Once;

use temporalio_common::error::ApplicationFailure;

thread_local! {
    static LAST_PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

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
            LAST_PLACE.set(place);
        }));
    });
}

/// The failure for a panic that was caught on this thread.
pub(super) fn failure(panic: Box<dyn Any + Send>) -> ApplicationFailure {
    mainspring_vocabulary::panic_failure(panic, LAST_PLACE.take())
}
