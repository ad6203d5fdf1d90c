//! Where the last panic of this thread happened: only the process's panic hook knows.

use std::cell::RefCell;

thread_local! {
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Notes the place of a panic of this thread, as `file:line:column`. For the panic hook.
pub fn note_panic_place(place: Option<String>) {
    PLACE.set(place);
}

/// The place of the last panic of this thread, once. For whoever caught it.
pub fn take_panic_place() -> Option<String> {
    PLACE.take()
}
