//! A schedule as the message that a server takes. Calendars and cron strings go compiled: what a plan shows is what is sent.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use mainspring_client::{ClientError, Payloads};
use serde_json::Value;
use temporalio_common::protos::temporal::api::common::v1::{
    Memo, Payload, Payloads as PayloadList, Priority, RetryPolicy, SearchAttributes, WorkflowType,
};
use temporalio_common::protos::temporal::api::enums::v1::ScheduleOverlapPolicy;
use temporalio_common::protos::temporal::api::schedule::v1::schedule_action::Action;
use temporalio_common::protos::temporal::api::schedule::v1::{
    IntervalSpec, Schedule as Message, ScheduleAction, SchedulePolicies, ScheduleSpec, ScheduleState,
};
use temporalio_common::protos::temporal::api::sdk::v1::UserMetadata;
use temporalio_common::protos::temporal::api::taskqueue::v1::TaskQueue;
use temporalio_common::protos::temporal::api::workflow::v1::NewWorkflowExecutionInfo;

use crate::Schedule;
use crate::schedule::{Declared, Retry};
use crate::times::{Times, compile, parse_cron};

/// Temporal's own default, said so that a plan can compare it.
pub(crate) const CATCHUP_WINDOW: Duration = Duration::from_secs(365 * 86_400);

/// The message for a new schedule. Faults were looked for before: what does not parse is left out.
pub(crate) async fn message(schedule: &Schedule, payloads: &Payloads) -> Result<Message, ClientError> {
    let declared = &schedule.declared;
    let state = ScheduleState {
        notes: declared.note.clone(),
        paused: declared.paused,
        limited_actions: declared.remaining_actions.is_some(),
        remaining_actions: declared.remaining_actions.unwrap_or_default().into(),
    };
    let policies = SchedulePolicies {
        overlap_policy: ScheduleOverlapPolicy::from(declared.overlap).into(),
        catchup_window: declared.catchup_window.unwrap_or(CATCHUP_WINDOW).try_into().ok(),
        pause_on_failure: declared.pause_on_failure,
        keep_original_workflow_id: declared.keep_workflow_id,
    };
    let action = Action::StartWorkflow(workflow(schedule, payloads).await?);
    Ok(Message {
        spec: Some(spec(declared)),
        action: Some(ScheduleAction { action: Some(action) }),
        policies: Some(policies),
        state: Some(state),
    })
}

fn spec(declared: &Declared) -> ScheduleSpec {
    let interval = |every: Duration, offset: Duration| IntervalSpec {
        interval: every.try_into().ok(),
        phase: offset.try_into().ok(),
    };
    let mut spec = ScheduleSpec {
        structured_calendar: declared.calendars.iter().filter_map(|calendar| compile(calendar).ok()).collect(),
        exclude_structured_calendar: declared.except.iter().filter_map(|calendar| compile(calendar).ok()).collect(),
        interval: declared.intervals.iter().map(|one| interval(one.every, one.offset)).collect(),
        jitter: declared.jitter.and_then(|jitter| jitter.try_into().ok()),
        start_time: declared.start.map(|start| SystemTime::from(start).into()),
        end_time: declared.end.map(|end| SystemTime::from(end).into()),
        timezone_name: declared.time_zone.clone().unwrap_or_default(),
        timezone_data: BASE64.decode(&declared.time_zone_data).unwrap_or_default(),
        ..ScheduleSpec::default()
    };
    for cron in declared.cron.iter().filter_map(|text| parse_cron(text).ok()) {
        match cron.times {
            Times::Calendar(calendar) => spec.structured_calendar.push(calendar),
            Times::Every { interval: every, offset } => spec.interval.push(interval(every, offset)),
        }
        if let Some(zone) = cron.zone {
            spec.timezone_name = zone;
        }
    }
    spec
}

async fn workflow(schedule: &Schedule, payloads: &Payloads) -> Result<NewWorkflowExecutionInfo, ClientError> {
    let declared = &schedule.declared;
    let span = |duration: Option<Duration>| duration.and_then(|duration| duration.try_into().ok());
    let id = if declared.workflow_id.is_empty() { &schedule.id } else { &declared.workflow_id };
    let memo = payloads.memo(declared.memo.clone()).await?;
    let user_metadata = UserMetadata {
        summary: text(&declared.summary, payloads).await?,
        details: text(&declared.details, payloads).await?,
    };
    Ok(NewWorkflowExecutionInfo {
        workflow_id: id.clone(),
        workflow_type: Some(WorkflowType { name: declared.workflow.clone() }),
        task_queue: Some(TaskQueue { name: declared.task_queue.clone(), ..TaskQueue::default() }),
        input: Some(PayloadList { payloads: schedule.input.encode(payloads).await? }),
        workflow_execution_timeout: span(declared.execution_timeout),
        workflow_run_timeout: span(declared.run_timeout),
        workflow_task_timeout: span(declared.task_timeout),
        retry_policy: declared.retry.as_ref().map(retry_policy),
        memo: Some(Memo { fields: memo.fields }),
        search_attributes: attributes(&declared.search_attributes),
        user_metadata: (user_metadata != UserMetadata::default()).then_some(user_metadata),
        priority: declared.priority.as_ref().map(|priority| Priority {
            priority_key: i32::try_from(priority.key).unwrap_or_default(),
            fairness_key: priority.fairness_key.clone(),
            fairness_weight: priority.fairness_weight.unwrap_or_default(),
        }),
        ..NewWorkflowExecutionInfo::default()
    })
}

async fn text(text: &str, payloads: &Payloads) -> Result<Option<Payload>, ClientError> {
    if text.is_empty() { Ok(None) } else { payloads.encode(&text.to_owned()).await.map(Some) }
}

fn retry_policy(retry: &Retry) -> RetryPolicy {
    RetryPolicy {
        initial_interval: retry.initial_interval.try_into().ok(),
        backoff_coefficient: retry.backoff,
        maximum_interval: retry.maximum_interval.and_then(|most| most.try_into().ok()),
        maximum_attempts: i32::try_from(retry.maximum_attempts).unwrap_or(i32::MAX),
        non_retryable_error_types: retry.non_retryable.clone(),
    }
}

/// Search attributes go past the codec, for the server reads them. It knows their types itself.
pub(crate) fn attributes<'a>(values: impl IntoIterator<Item = (&'a String, &'a Value)>) -> Option<SearchAttributes> {
    let payload = |value: &Value| {
        let metadata = HashMap::from([("encoding".to_owned(), b"json/plain".to_vec())]);
        Payload { metadata, data: value.to_string().into_bytes(), ..Payload::default() }
    };
    let fields: HashMap<_, _> = values.into_iter().map(|(name, value)| (name.clone(), payload(value))).collect();
    (!fields.is_empty()).then_some(SearchAttributes { indexed_fields: fields })
}

/// The workflow that a schedule starts.
pub(crate) const fn started(message: &Message) -> Option<&NewWorkflowExecutionInfo> {
    match &message.action {
        Some(ScheduleAction { action: Some(Action::StartWorkflow(workflow)) }) => Some(workflow),
        _ => None,
    }
}

/// The same, to change it.
pub(crate) const fn started_mut(message: &mut Message) -> Option<&mut NewWorkflowExecutionInfo> {
    match &mut message.action {
        Some(ScheduleAction { action: Some(Action::StartWorkflow(workflow)) }) => Some(workflow),
        _ => None,
    }
}
