//! What an orchestrator asks a worker over HTTP: `/livez`, `/readyz`, `/metrics`; and what it may be told: `/log-levels`.
//!
//! The answers come from a thread of their own, whatever user code does with the rest of the process. Liveness asks only
//! whether the workers' own threads answer, for a restart cures nothing else; readiness asks whether they can take tasks.

mod answers;
mod error;
mod health;
mod log_levels;
mod server;
#[cfg(test)]
mod tests;

pub use error::ProbesError;
pub(crate) use health::{Health, WorkerHealth};
pub(crate) use server::{ProbeServer, RunningProbes};
