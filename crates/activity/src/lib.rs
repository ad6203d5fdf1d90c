//! What authors of activities touch: heartbeats that never miss, progress that the next attempt resumes from, a shutdown
//! that can be seen.
//!
//! ```
//! use mainspring_activity::{Heartbeater, Resume, ShutdownMonitor, resume};
//! use mainspring_vocabulary::Progress;
//! use serde::{Deserialize, Serialize};
//! use temporalio_sdk::activities::{ActivityContext, ActivityError};
//!
//! #[derive(Default, Serialize, Deserialize)]
//! struct Copied {
//!     rows: u64,
//! }
//!
//! impl Progress for Copied {
//!     const VERSION: u32 = 1;
//! }
//!
//! async fn copy(ctx: ActivityContext, rows: u64) -> Result<u64, ActivityError> {
//!     let heartbeater = Heartbeater::start(&ctx)?;
//!     let monitor = ShutdownMonitor::new(&ctx);
//!     let mut copied: Copied = resume(&ctx).unwrap_or_default();
//!     while copied.rows < rows {
//!         monitor.check()?;
//!         // … a batch …
//!         copied.rows += 1;
//!         heartbeater.set(&copied)?;
//!     }
//!     Ok(copied.rows)
//! }
//! ```

mod cpu;
mod heartbeat;
pub mod isolated;
mod keys;
mod later;
mod resume;
mod shutdown;

pub use cpu::{CpuError, CpuPool, CpuTask, cpu};
pub use heartbeat::{HeartbeatError, Heartbeater, MAX_DETAILS_BYTES, StallGuard};
pub use isolated::{Isolated, IsolatedError};
pub use keys::{attempt_key, idempotency_key, key_for};
pub use later::{CompletionToken, LaterError, complete_later};
pub use resume::{Resume, resume};
pub use shutdown::{ShutdownMonitor, StopReason, WorkerShuttingDown};
