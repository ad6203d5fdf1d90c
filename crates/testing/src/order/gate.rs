//! Results of activities, held until they are released.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use temporalio_sdk::interceptors::{ActivityInboundInterceptor, ExecuteActivityInput, ExecuteActivityOutput, Next};
use tokio::sync::oneshot;

/// The workflow and its activity.
pub(super) type Key = (String, String);

/// What is held of a worker.
#[derive(Debug, Default)]
pub(super) struct Gate {
    held: Mutex<BTreeMap<Key, Held>>,
    /// How long an activity may run, if not the usual.
    longest: Option<Duration>,
}

#[derive(Debug)]
struct Held {
    name: String,
    release: oneshot::Sender<()>,
}

impl Gate {
    pub(super) fn of(longest: Duration) -> Self {
        Self { longest: Some(longest), ..Self::default() }
    }

    pub(super) const fn longest(&self) -> Option<Duration> {
        self.longest
    }

    /// The results that are held of a workflow's activities, by the activity's id.
    pub(super) fn held(&self, workflow_id: &str) -> BTreeMap<String, String> {
        let held = self.held.lock();
        let of_it = held.iter().filter(|((workflow, _), _)| workflow == workflow_id);
        of_it.map(|((_, activity), held)| (activity.clone(), held.name.clone())).collect()
    }

    pub(super) fn release(&self, key: &Key) {
        if let Some(held) = self.held.lock().remove(key) {
            // An attempt that is gone needs no release.
            let _ = held.release.send(());
        }
    }

    pub(super) fn release_all(&self) {
        // A dropped sender releases too.
        self.held.lock().clear();
    }
}

/// The innermost layer of a test's worker: user code has returned, and the server does not know yet.
pub(super) struct Hold(pub(super) Arc<Gate>);

impl ActivityInboundInterceptor for Hold {
    fn execute_activity<'a>(
        &'a self,
        input: ExecuteActivityInput,
        next: Next<'a, ExecuteActivityInput, ExecuteActivityOutput<'a>>,
    ) -> ExecuteActivityOutput<'a> {
        let info = input.activity_info();
        // A local activity runs within a workflow task: to hold it is to hold the workflow.
        let Some(workflow_id) = info.workflow_id.clone().filter(|_| !info.is_local) else { return next.run(input) };
        let (activity_id, activity_type) = (info.activity_id.clone(), info.activity_type.clone());
        Box::pin(async move {
            let outcome = next.run(input).await;
            let what = if outcome.is_ok() { "result" } else { "failure" };
            let name = format!("{what} of {activity_type} (activity {activity_id})");
            let (release, released) = oneshot::channel();
            self.0.held.lock().insert((workflow_id, activity_id), Held { name, release });
            let _ = released.await;
            outcome
        })
    }
}
