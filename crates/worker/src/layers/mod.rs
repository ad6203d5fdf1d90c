//! What Mainspring wraps around user code, one function a layer. The worker's interceptors call them, and so does the
//! test kit, so an activity under test sees what it sees in production.

mod activity;
mod cap;
mod difference;
mod hold;
mod local;
mod panics;
mod protect;
mod twice;
mod workflow;

pub(crate) use activity::ActivityLayer;
pub use activity::{ActivitySurroundings, run_activity};
pub use cap::AttemptCap;
pub use difference::difference;
pub(crate) use hold::Hold;
pub use panics::install_panic_hook;
pub use protect::Protected;
pub(crate) use twice::TwiceLayer;
pub use twice::{ANSWER_WITHHELD, EveryActivityTwice, NOT_IDEMPOTENT, TwiceReport};
pub(crate) use workflow::{Busy, replayed_workflow_layer, workflow_layer};
