//! Histories of `onboarding`, as they were captured, read in every form and replayed on code that was changed.
// Helpers of tests panic as tests do.
#![allow(missing_docs, missing_debug_implementations, unreachable_pub, clippy::unwrap_used)]

mod builds;
mod forms;
mod hidden;
mod parting;
mod scrubbing;

use std::path::Path;

use mainspring_replay::History;

/// 31 events: an account, a welcome and a trial side by side, a second, a follow-up.
fn onboarded() -> History {
    let file =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../products/onboarding/histories/onboarding-9cc950e5.json");
    History::from_file(&file).unwrap()
}
