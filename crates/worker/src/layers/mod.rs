//! What Mainspring wraps around user code, one function a layer. The worker's interceptors call them, and so does the
//! test kit, so an activity under test sees what it sees in production.

mod activity;
mod panics;
mod protect;
mod workflow;

pub(crate) use activity::ActivityLayer;
pub use activity::{ActivitySurroundings, run_activity};
pub use panics::install_panic_hook;
pub use protect::Protected;
pub(crate) use workflow::{Busy, replayed_workflow_layer, workflow_layer};
