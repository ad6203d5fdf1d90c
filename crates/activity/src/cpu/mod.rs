//! Work that keeps a core busy or blocks its thread, off the threads of the runtimes.

mod pool;

use std::future::Future;

use mainspring_vocabulary::panic_failure;
use temporalio_common::error::ApplicationFailure;
use temporalio_sdk::activities::{ActivityContext, ActivityError};

pub use pool::CpuPool;
use tokio_util::sync::CancellationToken;

/// Runs `work` on the process's pool ([`CpuPool::shared`]).
///
/// ```
/// # use temporalio_sdk::activities::{ActivityContext, ActivityError};
/// async fn count(ctx: ActivityContext, upto: u64) -> Result<u64, ActivityError> {
///     let sum = mainspring_activity::cpu(&ctx, move |task| {
///         (0..upto).take_while(|_| !task.is_cancelled()).sum()
///     });
///     Ok(sum.await?)
/// }
/// ```
///
/// # Errors
/// [`CpuError`].
pub fn cpu<T, W>(ctx: &ActivityContext, work: W) -> impl Future<Output = Result<T, CpuError>> + Send + use<T, W>
where
    T: Send + 'static,
    W: FnOnce(&CpuTask) -> T + Send + 'static,
{
    CpuPool::shared().run(ctx, work)
}

/// Why work on a pool gave nothing.
#[derive(Debug)]
#[non_exhaustive]
pub enum CpuError {
    /// It panicked; the failure says where, and is the one that the activity's own panic would be.
    Panicked(Box<ApplicationFailure>),
    /// The pool's threads could not be started.
    Threads(String),
}

impl std::fmt::Display for CpuError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Panicked(failure) => write!(f, "{}", failure.source_error()),
            Self::Threads(reason) => write!(f, "the operating system refused the threads of a CPU pool: {reason}"),
        }
    }
}

impl From<CpuError> for ActivityError {
    fn from(error: CpuError) -> Self {
        match error {
            CpuError::Panicked(failure) => Self::Application(failure),
            CpuError::Threads(_) => Self::application(ApplicationFailure::new(error.to_string())),
        }
    }
}

impl CpuError {
    fn panicked(panic: Box<dyn std::any::Any + Send>) -> Self {
        Self::Panicked(Box::new(panic_failure(panic, mainspring_context::take_panic_place())))
    }
}

/// What runs on a pool, as its code sees it.
#[derive(Clone)]
pub struct CpuTask {
    ctx: ActivityContext,
    abandoned: CancellationToken,
}

impl CpuTask {
    /// Whether nobody wants the result any more: the activity was cancelled, or has returned without it. Nothing can stop
    /// a thread from outside, so ask now and then; each takes some nanoseconds.
    pub fn is_cancelled(&self) -> bool {
        self.abandoned.is_cancelled() || self.ctx.is_cancelled()
    }

    /// The activity.
    pub const fn ctx(&self) -> &ActivityContext {
        &self.ctx
    }
}

impl std::fmt::Debug for CpuTask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CpuTask").field("is_cancelled", &self.is_cancelled()).finish_non_exhaustive()
    }
}
