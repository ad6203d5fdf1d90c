//! One life of one SDK worker: a thread of its own, a connection of its own, a pulse, an end.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use mainspring_client::{Link, with_causes};
use temporalio_sdk::{Runtime, Worker, WorkerOptions};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::probes::WorkerHealth;

/// How often a worker's thread shows that it still answers.
const PULSE: Duration = Duration::from_secs(1);

/// A worker that runs. Dropping it does not end it: ask it to stop, and wait.
pub(super) struct Incarnation {
    stop: Box<dyn Fn() + Send + Sync>,
    ended: oneshot::Receiver<Result<(), String>>,
    link: Link,
    runtime: Handle,
}

impl Incarnation {
    /// Builds the SDK's worker and starts its thread.
    pub(super) fn start(
        name: &str,
        core: &Runtime,
        runtime: &Handle,
        link: Link,
        options: WorkerOptions,
        health: WorkerHealth,
    ) -> Result<Self, String> {
        let worker = {
            let _entered = runtime.enter();
            Worker::new(core, link.client().clone(), options).map_err(|error| with_causes(&error))?
        };
        let stop = Box::new(worker.shutdown_handle());
        let (known, key) = (link.client().connection().workers(), worker.worker_instance_key());
        let (end, ended) = oneshot::channel();
        let handle = runtime.clone();
        let spawned = std::thread::Builder::new().name(thread_name(name)).spawn(move || {
            let outcome = catch_unwind(AssertUnwindSafe(|| handle.block_on(live(worker, health))));
            // The SDK forgets to: its connection would then live for ever, with a thread and a task, and go on to tell
            // the server of a worker that is gone. Neither can fail in a way that matters to who is leaving.
            let _ = known.unregister_slot_provider(key);
            let _ = known.finalize_unregister(key);
            // The receiver is gone only when the process leaves without waiting.
            let _ = end.send(outcome.unwrap_or_else(|panic| Err(panic_text(&panic))));
        });
        spawned.map_err(|error| format!("the operating system refused a thread: {error}"))?;
        Ok(Self { stop, ended, link, runtime: runtime.clone() })
    }

    /// Stops polling; running activities go on until the SDK cancels them.
    pub(super) fn stop(&self) {
        // The SDK spawns a task here, so it wants to be inside the runtime.
        let _entered = self.runtime.enter();
        (self.stop)();
    }

    /// Ends when the worker has ended, with the cause when it died. May be dropped and called again.
    pub(super) async fn ended(&mut self) -> Result<(), String> {
        (&mut self.ended).await.unwrap_or_else(|_| Err("its thread vanished".to_owned()))
    }

    /// The connection that this worker polls on.
    pub(super) const fn link(&self) -> &Link {
        &self.link
    }
}

async fn live(mut worker: Worker, health: WorkerHealth) -> Result<(), String> {
    let pulse = async {
        let mut ticks = tokio::time::interval(PULSE);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            health.answered();
        }
    };
    health.polling(true);
    let outcome = tokio::select! {
        outcome = worker.run() => outcome.map_err(|error| with_causes(&error)),
        () = pulse => Ok(()),
    };
    health.polling(false);
    outcome
}

/// Linux shows fifteen bytes of a thread's name.
fn thread_name(name: &str) -> String {
    name.chars().take(15).collect()
}

fn panic_text(panic: &Box<dyn Any + Send>) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("panicked: {}", text.unwrap_or("not a text"))
}
