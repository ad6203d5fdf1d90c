//! What an orchestrator asks: is it alive, is it ready, what does it measure. One listener, on a thread and a runtime of
//! its own, so it answers whatever user code does.

mod health;
mod server;

pub(crate) use health::{Health, WorkerHealth};
pub use server::ProbesError;
pub(crate) use server::{ProbeServer, RunningProbes};
