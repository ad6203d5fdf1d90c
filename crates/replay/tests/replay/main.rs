//! Histories of `onboarding`, as they were captured, read in every form and replayed on code that was changed.
#![allow(missing_docs, missing_debug_implementations, unreachable_pub)]

mod builds;
mod forms;
mod parting;
mod scrubbing;

use std::path::Path;

use mainspring_replay::History;

/// 31 events: an account, a welcome and a trial side by side, a second, a follow-up.
fn onboarded() -> History {
    let file =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../products/onboarding/histories/onboarding-0c0363fa.json");
    History::from_file(&file).unwrap()
}
