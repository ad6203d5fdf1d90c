//! A bounded pool of named threads.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};

use metrics::gauge;
use temporalio_sdk::activities::ActivityContext;
use tokio::sync::{Semaphore, oneshot};
use tokio_util::sync::CancellationToken;

use super::{CpuError, CpuTask};

/// How many pieces of work may wait for each thread.
const WAITING_A_THREAD: usize = 16;

/// Threads for work that keeps a core busy, as many as the cgroup has cores, with a bounded queue. The activity's scope and span
/// go along, so its log lines and metrics bear its ids. It is rayon's pool: parallel iterators inside stay in it.
#[derive(Clone, Debug)]
pub struct CpuPool {
    threads: Result<Arc<rayon::ThreadPool>, String>,
    places: Arc<Semaphore>,
    name: Arc<str>,
}

impl CpuPool {
    /// A pool of one's own: `threads` threads called `name-0`, `name-1`, …, and room for sixteen pieces of work a thread
    /// to wait. Where there is no room the caller waits, and its heartbeats go on.
    pub fn new(name: &str, threads: usize) -> Self {
        let threads = threads.max(1);
        let prefix = name.to_owned();
        let pool =
            rayon::ThreadPoolBuilder::new().num_threads(threads).thread_name(move |n| format!("{prefix}-{n}")).build();
        Self {
            threads: pool.map(Arc::new).map_err(|error| error.to_string()),
            places: Arc::new(Semaphore::new(threads * (1 + WAITING_A_THREAD))),
            name: name.into(),
        }
    }

    /// The process's own, made when it is first used: `cpu`, a thread for each core that the cgroup allows.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<CpuPool> = OnceLock::new();
        SHARED.get_or_init(|| Self::new("cpu", std::thread::available_parallelism().map_or(1, std::num::NonZero::get)))
    }

    /// Runs `work` on a thread of the pool. Dropping the future abandons it: work that waits never starts, and work that
    /// runs is told by [`CpuTask::is_cancelled`].
    ///
    /// # Errors
    /// [`CpuError`].
    pub fn run<T, W>(
        &self,
        ctx: &ActivityContext,
        work: W,
    ) -> impl Future<Output = Result<T, CpuError>> + Send + use<T, W>
    where
        T: Send + 'static,
        W: FnOnce(&CpuTask) -> T + Send + 'static,
    {
        let (pool, task) = (self.clone(), CpuTask { ctx: ctx.clone(), abandoned: CancellationToken::new() });
        let (scope, span) = (mainspring_context::current(), tracing::Span::current());
        async move {
            let threads = pool.threads.map_err(CpuError::Threads)?;
            // It is never closed.
            let place = pool.places.acquire_owned().await.map_err(|error| CpuError::Threads(error.to_string()))?;
            let _abandon = task.abandoned.clone().drop_guard();
            let (reply, answer) = oneshot::channel();
            let busy = gauge!("mainspring_cpu_pool_work", "pool" => pool.name.to_string());
            busy.increment(1.0);
            threads.spawn(move || {
                let _place = place;
                if !reply.is_closed() {
                    let _scope = scope.as_ref().map(mainspring_context::Scope::enter);
                    let outcome = span.in_scope(|| catch_unwind(AssertUnwindSafe(|| work(&task))));
                    // Nobody waits any more.
                    let _ = reply.send(outcome.map_err(CpuError::panicked));
                }
                busy.decrement(1.0);
            });
            match answer.await {
                Ok(outcome) => outcome,
                Err(_) => Err(CpuError::Threads("a thread of the pool vanished".to_owned())),
            }
        }
    }
}
