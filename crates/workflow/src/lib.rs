//! What workflow authors touch: messages that may be malformed ([`Received`]) or come twice ([`Seen`], [`update_id`]),
//! and loops without an end ([`continue_if_suggested`]).
//!
//! All of it is deterministic: a replay sees the same messages, the same ids and the same suggestion.

mod endless;
mod received;
mod seen;

pub use endless::{continue_drained, continue_if_suggested};
pub use received::{MALFORMED_SIGNALS, Malformed, Received};
pub use seen::Seen;

/// The id of the update that this code handles, as its caller chose it: it is the same at each try of the caller. None
/// in a signal's handler, in `#[run]`, in an update's validator, and outside a Mainspring worker.
///
/// Temporal knows an update's id by the run: after a continue-as-new it takes the same id again, so hold it against a
/// [`Seen`] that is passed on.
pub fn update_id() -> Option<String> {
    mainspring_context::message()?.update_id.clone()
}
