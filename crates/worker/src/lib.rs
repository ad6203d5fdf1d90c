//! From products to running workers.
//!
//! A [`Product`] says what runs on which task queue. A [`Registry`] is a set of products that do not collide. [`run`] is
//! the `main` of a worker binary; [`Host`] is the same inside somebody's own `main`.

mod alone;
mod baked;
mod drain;
mod gate;
mod heap;
mod host;
mod layers;
mod metrics;
mod probes;
mod registry;
mod run;

pub use alone::{Beat, LoneAttempt, LoneOutcome, RunningLoneAttempt};
pub use baked::version;
pub use drain::{Attempts, Limits, RunningAttempt, Sum};
pub use gate::{GATE_BYTES, GateFailure, GateInput, GateReport, GateType, REPLAY_GATE};
pub use host::{Host, HostError, Report, RunningHost, Versioning, WorkerSettings, cache_size};
pub use layers::{
    ANSWER_WITHHELD, ActivitySurroundings, AttemptCap, EveryActivityTwice, NOT_IDEMPOTENT, Protected, TwiceReport,
    difference, install_panic_hook, run_activity,
};
pub use probes::ProbesError;
pub use registry::{
    ActivityEntry, ActivitySet, DeclaredAttribute, Product, ProgressType, QueueMoves, Registry, RegistryError, Setup,
    SetupError, StandIn, WorkflowEntry,
};
pub use run::{run, serve};
