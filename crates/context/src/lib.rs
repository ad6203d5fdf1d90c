//! What runs on this thread right now: which activity or workflow, whether it replays, and whether the worker is
//! shutting down.
//!
//! The worker's layers set the scope at every poll; logs, metrics and authors read it. It rides on the thread and not
//! on a task, so one mechanism serves async code ([`Scope::wrap`]) and blocking code ([`Scope::enter`]).
//!
//! ```
//! use mainspring_context::{Activity, Scope, current};
//!
//! let scope = Scope::activity(Activity { activity_type: "charge".into(), attempt: 1, ..Activity::default() });
//! // Into a blocking thread: take the scope along, and enter it there.
//! std::thread::spawn(move || {
//!     let _entered = scope.enter();
//!     assert_eq!(current().and_then(|s| s.as_activity().map(|a| a.attempt)), Some(1));
//! })
//! .join()
//! .expect("the thread ends well");
//! ```

mod endings;
mod local;
mod panics;
mod scope;
mod shutdown;

pub use endings::{Ended, Endings};
pub use local::LocalCall;
pub use panics::{note_panic_place, take_panic_place};
pub use scope::{
    Activity, Entered, InScope, Message, Scope, Workflow, activity, current, is_replaying, message, workflow,
};
pub use shutdown::{Shutdown, ShutdownTrigger, shutdown};
