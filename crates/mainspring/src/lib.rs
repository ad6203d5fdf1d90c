//! A framework for Temporal workers, on the official Rust SDK. This crate has no code of its own: it is the one
//! dependency of a product.
//!
//! ```no_run
//! # use mainspring::Product;
//! # fn product() -> Product { unimplemented!() }
//! // workers/payments/src/main.rs
//! fn main() -> std::process::ExitCode {
//!     mainspring::run([product()])
//! }
//! ```

pub use mainspring_activity as activity;
pub use mainspring_client as client;
pub use mainspring_context as context;
pub use mainspring_logs as logs;
pub use mainspring_schedules as schedules;
pub use mainspring_settings as settings;
pub use mainspring_vocabulary as vocabulary;
pub use mainspring_worker::{
    ActivitySet, DeclaredAttribute, GATE_BYTES, GateFailure, GateInput, GateReport, GateType, Host, HostError, Product,
    REPLAY_GATE, Registry, RegistryError, Report, RunningHost, Setup, SetupError, Sum, WorkerSettings, WorkflowEntry,
    run,
};
pub use mainspring_workflow as workflow;

/// What most products name.
pub mod prelude {
    pub use mainspring_activity::{Heartbeater, Resume, ShutdownMonitor, resume};
    pub use mainspring_schedules::{Calendar, Overlap, Schedule};
    pub use mainspring_settings::{Reader, Secret, Section};
    pub use mainspring_vocabulary::{
        ActivityContract, Classified, FailedWith, Failure, NoFailures, Progress, Ranges, Timeouts,
    };
    pub use mainspring_worker::{Product, Setup, SetupError};
    pub use mainspring_workflow::{Received, Seen, continue_if_suggested};
}
