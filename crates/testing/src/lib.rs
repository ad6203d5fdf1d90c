//! For tests of products, against a real server.
//!
//! [`Env`] is a server that a test binary shares, started by the first test that asks: a dev server, or one whose time is
//! skipped. Each test takes a task queue and ids of its own, so all run at once. [`Env::worker`] runs a product's worker
//! inside the test, with mocks; [`ActivityRun`] runs one activity alone; [`capture_logs`] keeps log lines, and `DEBUG=1`
//! shows them. [`Process`] is a worker binary that a test runs, signals and reads. [`Collector`] keeps the spans that a
//! process sends. [`postgres`], [`s3`] and [`kafka`] are servers that a test binary shares, too.

mod activity;
mod client;
mod clock;
mod collector;
mod env;
mod logs;
mod machine;
mod order;
mod process;
mod servers;
mod worker;

pub use activity::{ActivityEnd, ActivityFailure, ActivityRun, NotDone, RunTwice, RunningActivity, run_twice};
pub use client::{TestClient, Workflows};
pub use collector::{CollectedSpan, Collector};
pub use env::{Env, TestError};
pub use logs::{CapturedLogs, LogLine, LogLines, capture_logs};
pub use machine::{program, temporal_cli};
pub use mainspring_servers::free_port;
pub use mainspring_worker::{Beat, TwiceReport};
pub use order::{Order, Orders};
pub use process::{Exit, Process};
pub use servers::{kafka, postgres, s3};
pub use worker::{ATTEMPTS, Call, PATIENCE, RunError, TestRun, TestWorker, WorkerBuilder, fails_first};
