//! Names a local activity that takes so long that its workflow task nearly times out. The SDK keeps the task alive by a
//! heartbeat of its own; until the activity ends no signal, update or query reaches the workflow, and a worker that dies begins
//! it again from its first attempt.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use mainspring_context::{Activity, LocalCall, Scope};
use temporalio_common::protos::temporal::api::common::v1::Payload;
use tokio::task::JoinHandle;

/// Of the workflow task's time.
const SHARE: f64 = 0.8;

/// Waits for the attempt's end until it is dropped.
pub(super) struct Watch(JoinHandle<()>);

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// From now on. In a task of its own: the attempt may hold its thread.
pub(super) fn watch(activity: Arc<Activity>, headers: &HashMap<String, Payload>) -> Option<Watch> {
    let call = headers.get(LocalCall::HEADER).and_then(|header| LocalCall::from_bytes(&header.data))?;
    let timeout = Some(call.task_timeout).filter(|timeout| !timeout.is_zero())?;
    Some(Watch(tokio::spawn(Scope::activity(activity.clone()).wrap(warn(activity, timeout)))))
}

async fn warn(activity: Arc<Activity>, timeout: Duration) {
    let limit = timeout.mul_f64(SHARE);
    tokio::time::sleep(limit).await;
    let activity_type = activity.activity_type.as_str();
    tracing::warn!(
        activity_type,
        running_seconds = limit.as_secs_f64(),
        workflow_task_timeout_seconds = timeout.as_secs_f64(),
        "a local activity takes nearly as long as its workflow task may: run it as an activity"
    );
    metrics::counter!("mainspring_local_activities_long_total", "activity_type" => activity_type.to_owned())
        .increment(1);
}
