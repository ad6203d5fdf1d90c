//! `workflow describe`: what a tired operator asks first. Where is it, what does it wait for, what failed last?

use serde_json::{Map, Value, json};
use temporalio_common::protos::temporal::api::common::v1::Payload;
use temporalio_common::protos::temporal::api::enums::v1::WorkflowExecutionStatus;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use temporalio_common::protos::temporal::api::workflow::v1::{
    PendingActivityInfo, PendingWorkflowTaskInfo, WorkflowExecutionInfo,
};
use temporalio_common::protos::temporal::api::workflowservice::v1::{
    DescribeWorkflowExecutionRequest, DescribeWorkflowExecutionResponse, GetWorkflowExecutionHistoryReverseRequest,
};

use super::failure::{Told, values};
use super::result::{End, close_event};
use super::server::{Refused, SHORT, Server, execution};
use super::text;
use super::times::{Moment, camel};
use crate::arguments::Output;
use crate::arguments::workflow::OneArguments;
use crate::exit::Failure;
use crate::print;

/// The value of a time that may be absent, as JSON.
macro_rules! time {
    ($time:expr) => {
        json!($time.as_ref().and_then(|time| Moment::of(time.seconds, time.nanos)).map(Moment::rfc3339))
    };
}
pub(super) use time;

/// Events read from the end for the last failure of a workflow task, a page.
const PAGE: i32 = 20;

pub(crate) async fn run(server: &Server, arguments: &OneArguments) -> Result<(), Failure> {
    let (id, run_id) = (&arguments.target.workflow_id, arguments.target.run_id.as_deref());
    let described = fetch(server, id, run_id).await.map_err(|refused| cannot(id, &refused))?;
    let shown = shown(server, id, described).await?;
    match arguments.output {
        Output::Json => print(&shown.to_string()),
        Output::Text => print(text::of(&shown).trim_end()),
    }
}

/// What the server tells of a workflow. A question that gets no answer has changed nothing, whatever it comes before.
pub(crate) async fn fetch(
    server: &Server,
    workflow_id: &str,
    run_id: Option<&str>,
) -> Result<DescribeWorkflowExecutionResponse, Refused> {
    let execution = execution(workflow_id, run_id);
    let request = DescribeWorkflowExecutionRequest { namespace: server.namespace.clone(), execution };
    let answer = server.call(|service, request| service.describe_workflow_execution(request), request, SHORT).await;
    answer.map_err(Refused::of_a_question)
}

/// The status of a run, as list filters name it. None if it cannot be told.
pub(crate) async fn status(server: &Server, workflow_id: &str, run_id: Option<&str>) -> Option<String> {
    let info = fetch(server, workflow_id, run_id).await.ok()?.workflow_execution_info?;
    Some(status_name(info.status()))
}

/// What is known of the run that answers to the id now, unless one is given.
pub(crate) async fn info(
    server: &Server,
    workflow_id: &str,
    run_id: Option<&str>,
) -> Result<WorkflowExecutionInfo, Failure> {
    let described = fetch(server, workflow_id, run_id).await.map_err(|refused| cannot(workflow_id, &refused))?;
    Ok(described.workflow_execution_info.unwrap_or_default())
}

pub(crate) fn status_name(status: WorkflowExecutionStatus) -> String {
    camel(status.as_str_name(), "WORKFLOW_EXECUTION_STATUS_")
}

fn cannot(workflow_id: &str, refused: &Refused) -> Failure {
    refused.failure(format_args!("workflow {workflow_id} cannot be read"))
}

async fn shown(server: &Server, id: &str, described: DescribeWorkflowExecutionResponse) -> Result<Value, Failure> {
    let info = described.workflow_execution_info.unwrap_or_default();
    let status = info.status();
    let run_id = info.execution.as_ref().map_or("", |execution| &execution.run_id);
    let mut activities = Vec::new();
    for activity in &described.pending_activities {
        activities.push(activity_shown(server, activity).await);
    }
    let children = described.pending_children.iter().map(
        |child| json!({ "workflow_id": child.workflow_id, "run_id": child.run_id, "type": child.workflow_type_name }),
    );
    let task = match &described.pending_workflow_task {
        Some(task) => task_shown(server, id, run_id, task).await,
        None => Value::Null,
    };
    let parent = info.parent_execution.as_ref();
    let mut shown = json!({
        "workflow_id": id,
        "run_id": run_id,
        "type": info.r#type.as_ref().map(|kind| &kind.name),
        "status": status_name(status),
        "task_queue": info.task_queue,
        "start_time": time!(info.start_time),
        "execution_time": time!(info.execution_time),
        "close_time": time!(info.close_time),
        "history_length": info.history_length,
        "history_size_bytes": info.history_size_bytes,
        "parent": parent.map(|parent| json!({ "workflow_id": parent.workflow_id, "run_id": parent.run_id })),
        "memo": decoded(server, info.memo.iter().flat_map(|memo| &memo.fields)).await,
        "search_attributes": plain(info.search_attributes.iter().flat_map(|indexed| &indexed.indexed_fields)),
        "pending_workflow_task": task,
        "pending_activities": activities,
        "pending_children": children.collect::<Vec<_>>(),
    });
    if !matches!(status, WorkflowExecutionStatus::Running | WorkflowExecutionStatus::Paused) {
        let (name, value) = End::of(server, close_event(server, id, run_id).await?).await.field();
        shown[name] = value;
    }
    Ok(shown)
}

async fn activity_shown(server: &Server, activity: &PendingActivityInfo) -> Value {
    let failure = match &activity.last_failure {
        Some(failure) => Told::of(server, failure).await.shown(),
        None => Value::Null,
    };
    json!({
        "activity_id": activity.activity_id,
        "type": activity.activity_type.as_ref().map(|kind| &kind.name),
        "state": camel(activity.state().as_str_name(), "PENDING_ACTIVITY_STATE_"),
        "attempt": activity.attempt,
        // Temporal writes 0 for "no limit".
        "maximum_attempts": (activity.maximum_attempts > 0).then_some(activity.maximum_attempts),
        "scheduled_time": time!(activity.scheduled_time),
        "last_started_time": time!(activity.last_started_time),
        "next_attempt_time": time!(activity.next_attempt_schedule_time),
        "last_heartbeat_time": time!(activity.last_heartbeat_time),
        "heartbeat_details": values(&server.payloads, activity.heartbeat_details.as_ref()).await,
        "last_failure": failure,
        "last_worker": (!activity.last_worker_identity.is_empty()).then_some(&activity.last_worker_identity),
    })
}

async fn task_shown(server: &Server, workflow_id: &str, run_id: &str, task: &PendingWorkflowTaskInfo) -> Value {
    // The first attempt has no failure before it, and then most histories need not be read.
    let failure = if task.attempt > 1 { last_task_failure(server, workflow_id, run_id).await } else { Value::Null };
    json!({
        "state": camel(task.state().as_str_name(), "PENDING_WORKFLOW_TASK_STATE_"),
        "attempt": task.attempt,
        "scheduled_time": time!(task.scheduled_time),
        "started_time": time!(task.started_time),
        "last_failure": failure,
    })
}

/// The newest failed or timed-out workflow task since the last one that was completed.
async fn last_task_failure(server: &Server, workflow_id: &str, run_id: &str) -> Value {
    let mut request = GetWorkflowExecutionHistoryReverseRequest {
        namespace: server.namespace.clone(),
        execution: execution(workflow_id, Some(run_id)),
        maximum_page_size: PAGE,
        next_page_token: Vec::new(),
    };
    loop {
        let call = server.call(
            |service, request| service.get_workflow_execution_history_reverse(request),
            request.clone(),
            SHORT,
        );
        let page = match call.await {
            Ok(page) => page,
            Err(refused) => return json!({ "message": format!("the history cannot be read: {refused}") }),
        };
        for event in page.history.into_iter().flat_map(|history| history.events) {
            match event.attributes {
                Some(Attributes::WorkflowTaskFailedEventAttributes(failed)) => {
                    let cause = camel(failed.cause().as_str_name(), "WORKFLOW_TASK_FAILED_CAUSE_");
                    let mut shown = Told::of(server, &failed.failure.unwrap_or_default()).await.shown();
                    shown["reason"] = json!(cause);
                    return shown;
                }
                Some(Attributes::WorkflowTaskTimedOutEventAttributes(timed_out)) => {
                    let kind = camel(timed_out.timeout_type().as_str_name(), "TIMEOUT_TYPE_");
                    return json!({ "message": format!("no worker answered in time ({kind})"), "reason": "TimedOut" });
                }
                Some(Attributes::WorkflowTaskCompletedEventAttributes(_)) => return Value::Null,
                _ => {}
            }
        }
        if page.next_page_token.is_empty() {
            return Value::Null;
        }
        request.next_page_token = page.next_page_token;
    }
}

pub(crate) async fn decoded(server: &Server, fields: impl Iterator<Item = (&String, &Payload)>) -> Value {
    let mut shown = Map::new();
    for (name, payload) in fields {
        let value = server.payloads.decode_json(payload).await;
        shown.insert(name.clone(), value.unwrap_or_else(|error| Value::String(format!("({error})"))));
    }
    Value::Object(shown)
}

/// Search attributes: the server reads them, so they are plain JSON.
pub(crate) fn plain<'a>(fields: impl Iterator<Item = (&'a String, &'a Payload)>) -> Value {
    let shown = fields.map(|(name, payload)| (name.clone(), serde_json::from_slice(&payload.data).unwrap_or_default()));
    Value::Object(shown.collect())
}
