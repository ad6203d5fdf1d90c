//! The two runtimes of a host: the SDK's, and the one that user code spawns on.

use std::io;
use std::sync::LazyLock;

use tokio::runtime::{Builder, Handle, Runtime};

use super::{HostError, WorkerSettings};
use crate::registry::Registry;

/// How many threads user code may block at least; tokio's own default.
const USER_BLOCKING: usize = 512;

/// The runtimes of a host. None waits for its tasks when this is dropped, for a stuck activity would hold it for ever.
pub(super) struct Runtimes {
    owned: Vec<Runtime>,
    system: Handle,
    user: Handle,
}

impl Runtimes {
    /// Builds both, or only the SDK's when user code is lent one.
    pub(super) fn build(
        registry: &Registry,
        settings: &WorkerSettings,
        lent: Option<Handle>,
    ) -> Result<Self, HostError> {
        // A poll of user code moves the SDK's thread into the blocking pool for as long as it lasts: so many threads may
        // be needed as activities can run, local ones in each workflow worker among them.
        let runs = settings.activities * (1 + settings.workflow_workers);
        let blocking = registry.queues().len() * runs + 64;
        // One thread for the SDK is the cheapest, measured; user code gets the cores.
        let system = Builder::new_multi_thread()
            .thread_name("system")
            .worker_threads(1)
            .max_blocking_threads(blocking)
            .enable_all()
            .build();
        let system = system.map_err(|error| refused(&error))?;
        let mut owned = Vec::new();
        let user = match lent {
            Some(lent) => lent,
            None => {
                let user = user_runtime(blocking).map_err(|error| refused(&error))?;
                let handle = user.handle().clone();
                owned.push(user);
                handle
            }
        };
        let handle = system.handle().clone();
        owned.push(system);
        Ok(Self { owned, system: handle, user })
    }

    pub(super) const fn system(&self) -> &Handle {
        &self.system
    }

    pub(super) const fn user(&self) -> &Handle {
        &self.user
    }
}

impl Drop for Runtimes {
    fn drop(&mut self) {
        self.owned.drain(..).for_each(Runtime::shutdown_background);
    }
}

/// The runtime that user code of every lone attempt spawns on. It lasts as long as the process: a connection dies with the
/// runtime that made it, and an activity's instance keeps its connections from one attempt to the next.
pub(crate) fn lasting_user_runtime() -> Result<Handle, HostError> {
    static RUNTIME: LazyLock<io::Result<Runtime>> = LazyLock::new(|| user_runtime(USER_BLOCKING));
    RUNTIME.as_ref().map(|runtime| runtime.handle().clone()).map_err(refused)
}

fn user_runtime(blocking: usize) -> io::Result<Runtime> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Builder::new_multi_thread()
        .thread_name("user")
        .worker_threads(cores)
        .max_blocking_threads(blocking.max(USER_BLOCKING))
        .enable_all()
        .build()
}

fn refused(error: &io::Error) -> HostError {
    HostError::Build(format!("the operating system refused a runtime: {error}"))
}
