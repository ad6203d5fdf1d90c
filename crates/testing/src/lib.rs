//! For tests of products, against a real server.
//!
//! [`Env`] is a dev server that a test binary shares, started by the first test that asks. Each test takes a task queue
//! and ids of its own, so all run at once. [`Process`] is a worker binary that a test runs, signals and reads.
//! [`Collector`] keeps the spans that a process sends.

mod collector;
mod env;
mod machine;
mod order;
mod process;
mod worker;

pub use collector::{CollectedSpan, Collector};
pub use env::{Env, TestError, Workflows};
pub use machine::{free_port, program, temporal_cli};
pub use order::{Order, Orders};
pub use process::{Exit, Process};
pub use worker::{ATTEMPTS, Call, PATIENCE, RunError, TestRun, TestWorker, WorkerBuilder, fails_first};
