//! Schedules as data: what a product declares, what a server has, and the plan from one to the other.
//!
//! ```
//! use std::time::Duration;
//!
//! use mainspring_schedules::{Overlap, Schedule};
//!
//! let nightly = Schedule::untyped("nightly-sweep", "sweep", [serde_json::json!({ "days": 30 })])
//!     .cron("0 3 * * *")
//!     .time_zone("Europe/Berlin")
//!     .jitter(Duration::from_secs(300))
//!     .overlap(Overlap::Skip);
//! assert_eq!(nightly.faults(), []);
//! ```

pub mod calls;
mod error;
mod owner;
mod plan;
mod schedule;
mod times;

pub use calls::{CallError, Schedules};
pub use error::{Fault, ScheduleError};
pub use owner::Owner;
pub use plan::{
    Action, Applied, Cause, Change, Done, Orphans, Plan, Planner, Progress, RECORD, Scope, Step, read_lines,
};
pub use schedule::{Calendar, Overlap, Schedule};
