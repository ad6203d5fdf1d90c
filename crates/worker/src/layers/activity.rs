//! The activity layer: context, span, protection, panics and errors by class, around every attempt.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt};
use mainspring_context::{Activity, Ended, Scope, Shutdown};
use temporalio_sdk::activities::{ActivityError, ActivityInfo};
use temporalio_sdk::interceptors::{ActivityInboundInterceptor, ExecuteActivityInput, ExecuteActivityOutput, Next};
use tokio::runtime::Handle;
use tracing::Instrument;

use super::{Protected, local, panics};
use crate::drain::{Attempts, Limits};

/// How long a report may wait for what has to be done before it.
const ENDINGS: Duration = Duration::from_secs(2);
/// The same in a drain, whose end is near.
const ENDINGS_IN_DRAIN: Duration = Duration::from_millis(250);

/// What every attempt of a worker runs in.
#[derive(Clone, Debug)]
pub struct ActivitySurroundings {
    /// The runtime that user code spawns on.
    pub user: Handle,
    /// Fires when the worker is asked to stop.
    pub shutdown: Shutdown,
    /// Where running attempts are counted and listed.
    pub attempts: Arc<Attempts>,
}

impl ActivitySurroundings {
    /// The current activity as the SDK describes it.
    pub fn describe(&self, info: &ActivityInfo) -> Arc<Activity> {
        Arc::new(Activity {
            namespace: info.namespace.clone(),
            task_queue: info.task_queue.clone(),
            workflow_id: info.workflow_id.clone(),
            workflow_run_id: info.workflow_run_id.clone(),
            workflow_type: info.workflow_type.clone(),
            activity_id: info.activity_id.clone(),
            activity_type: info.activity_type.clone(),
            attempt: info.attempt,
            shutdown: self.shutdown.clone(),
            ..Activity::default()
        })
    }
}

/// Runs one attempt: inside its scope and span, protected, with a panic as a typed failure and an error without a class
/// as `Unclassified`.
///
/// # Errors
/// What the activity returned, classified.
pub async fn run_activity<T: Send>(
    activity: Arc<Activity>,
    limits: Limits,
    surroundings: &ActivitySurroundings,
    body: BoxFuture<'_, Result<T, ActivityError>>,
) -> Result<T, ActivityError> {
    let attempt = surroundings.attempts.begin(activity.clone(), limits);
    let span = tracing::info_span!(
        "activity",
        workflow_namespace = activity.namespace,
        task_queue = activity.task_queue,
        workflow_id = activity.workflow_id,
        workflow_run_id = activity.workflow_run_id,
        workflow_type = activity.workflow_type,
        activity_id = activity.activity_id,
        activity_type = activity.activity_type,
        attempt = activity.attempt,
    );
    let mut protected = Protected::new(body, surroundings.user.clone());
    let watched = std::future::poll_fn(|cx| attempt.hold.polled(|| protected.poll_unpin(cx)));
    let scope = Scope::activity(activity.clone());
    let outcome = scope.wrap(AssertUnwindSafe(watched).catch_unwind()).instrument(span).await;
    let outcome = match outcome {
        Ok(Ok(output)) => Ok(output),
        Ok(Err(error)) => Err(match panics::flattened(&error) {
            Some(failure) => failure.into(),
            None => mainspring_vocabulary::classify(error),
        }),
        Err(panic) => Err(panics::failure(panic).into()),
    };
    let limit = if surroundings.shutdown.is_worker_shutdown() { ENDINGS_IN_DRAIN } else { ENDINGS };
    if tokio::time::timeout(limit, activity.endings.run(ended(&outcome))).await.is_err() {
        let Activity { activity_id, activity_type, .. } = activity.as_ref();
        tracing::warn!(activity_id, activity_type, "the last heartbeat's details were not taken in time");
    }
    outcome
}

fn ended<T>(outcome: &Result<T, ActivityError>) -> Ended {
    match outcome {
        Ok(_) => Ended::Completed,
        Err(ActivityError::Cancelled { .. }) => Ended::Cancelled,
        Err(ActivityError::WillCompleteAsync) => Ended::Later,
        Err(_) => Ended::Failed,
    }
}

/// The interceptor that puts [`run_activity`] around every attempt of a worker.
pub(crate) struct ActivityLayer(pub(crate) ActivitySurroundings);

impl ActivityInboundInterceptor for ActivityLayer {
    fn execute_activity<'a>(
        &'a self,
        input: ExecuteActivityInput,
        next: Next<'a, ExecuteActivityInput, ExecuteActivityOutput<'a>>,
    ) -> ExecuteActivityOutput<'a> {
        let info = input.activity_info();
        let limits = Limits { deadline: info.deadline, beats: info.heartbeat_timeout.is_some() };
        let activity = self.0.describe(info);
        let long = info.is_local.then(|| local::watch(activity.clone(), input.headers())).flatten();
        let body = next.run(input);
        Box::pin(async move {
            let _until_it_ends = long;
            run_activity(activity, limits, &self.0, body).await
        })
    }
}
