//! What is compared. A schedule's facts are values by the names of its fields, twice: as the code says them, which a record keeps, and as a
//! server says them, where cron strings are calendars and defaults are filled in.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use mainspring_client::{ClientError, Payloads};
use serde_json::{Map, Value, json};
use temporalio_common::protos::temporal::api::common::v1::{Priority, RetryPolicy, SearchAttributes};
use temporalio_common::protos::temporal::api::enums::v1::ScheduleOverlapPolicy;
use temporalio_common::protos::temporal::api::schedule::v1::{Schedule as Message, ScheduleSpec};
use temporalio_common::protos::temporal::api::workflow::v1::NewWorkflowExecutionInfo;

use super::message::started;
use super::values::{arguments, attributes, checksum, digest, value};
use crate::schedule::text::duration;
use crate::schedule::{Overlap, Precedence, Retry};
use crate::times::{calendar_text, interval_text};
use crate::{RECORD, Schedule};

/// Values by the names of their fields. What is not there has its default.
pub(crate) type Facts = Map<String, Value>;

/// As the code says it. Of what may be large, or secret, a checksum is enough: the value stands in the schedule itself.
pub(crate) fn of_code(schedule: &Schedule, as_sent: &Facts) -> Facts {
    let Ok(Value::Object(mut facts)) = serde_json::to_value(&schedule.declared) else { return Facts::new() };
    for field in ["input", "inputs", "memo", "time_zone_data"] {
        if let Some(value) = as_sent.get(field) {
            facts.insert(field.to_owned(), digest(value).into());
        }
    }
    facts
}

/// As a server says it.
pub(crate) async fn of_message(
    message: &Message,
    on_schedule: Option<&SearchAttributes>,
    payloads: &Payloads,
) -> Result<Facts, ClientError> {
    let mut facts = Facts::new();
    if let Some(workflow) = started(message) {
        of_workflow(workflow, payloads, &mut facts).await?;
    }
    if let Some(spec) = &message.spec {
        of_spec(spec, &mut facts);
    }
    if let Some(policies) = &message.policies {
        let policy = ScheduleOverlapPolicy::try_from(policies.overlap_policy).unwrap_or_default();
        let known = Overlap::ALL.iter().find(|(overlap, _)| ScheduleOverlapPolicy::from(*overlap) == policy);
        facts.insert("overlap".to_owned(), known.map_or(policy.as_str_name(), |(_, name)| name).into());
        put_span(&mut facts, "catchup_window", span(policies.catchup_window));
        put_true(&mut facts, "pause_on_failure", policies.pause_on_failure);
        put_true(&mut facts, "keep_workflow_id", policies.keep_original_workflow_id);
    }
    if let Some(state) = &message.state {
        put_text(&mut facts, "note", &state.notes);
        if state.limited_actions {
            facts.insert("remaining_actions".to_owned(), state.remaining_actions.into());
        }
    }
    put_map(&mut facts, "schedule_search_attributes", attributes(on_schedule));
    Ok(facts)
}

async fn of_workflow(
    workflow: &NewWorkflowExecutionInfo,
    payloads: &Payloads,
    facts: &mut Facts,
) -> Result<(), ClientError> {
    let (name, input) = arguments(workflow.input.as_ref().map_or(&[][..], |input| &input.payloads), payloads).await?;
    facts.insert(name.to_owned(), input);
    put_text(facts, "workflow", workflow.workflow_type.as_ref().map_or("", |kind| &kind.name));
    put_text(facts, "task_queue", workflow.task_queue.as_ref().map_or("", |queue| &queue.name));
    put_text(facts, "workflow_id", &workflow.workflow_id);
    put_span(facts, "execution_timeout", span(workflow.workflow_execution_timeout));
    put_span(facts, "run_timeout", span(workflow.workflow_run_timeout));
    put_span(facts, "task_timeout", span(workflow.workflow_task_timeout));
    if let Some(policy) = &workflow.retry_policy {
        facts.insert("retry".to_owned(), json!(retry(policy)));
    }
    let mut memo = Facts::new();
    for (name, payload) in workflow.memo.iter().flat_map(|memo| &memo.fields).filter(|(name, _)| *name != RECORD) {
        memo.insert(name.clone(), value(payload, payloads).await?);
    }
    put_map(facts, "memo", memo);
    put_map(facts, "search_attributes", attributes(workflow.search_attributes.as_ref()));
    if let Some(metadata) = &workflow.user_metadata {
        for (name, payload) in [("summary", &metadata.summary), ("details", &metadata.details)] {
            if let Some(payload) = payload {
                facts.insert(name.to_owned(), value(payload, payloads).await?);
            }
        }
    }
    if let Some(priority) = workflow.priority.as_ref().filter(|priority| **priority != Priority::default()) {
        let weight = priority.fairness_weight;
        let fairness_weight = (weight != 0.0).then_some(weight);
        let key = u32::try_from(priority.priority_key).unwrap_or_default();
        let precedence = Precedence { key, fairness_key: priority.fairness_key.clone(), fairness_weight };
        facts.insert("priority".to_owned(), json!(precedence));
    }
    Ok(())
}

fn of_spec(spec: &ScheduleSpec, facts: &mut Facts) {
    let intervals = spec
        .interval
        .iter()
        .map(|one| interval_text(span(one.interval).unwrap_or_default(), span(one.phase).unwrap_or_default()));
    put_list(facts, "times", spec.structured_calendar.iter().map(calendar_text).chain(intervals).collect());
    put_list(facts, "except", spec.exclude_structured_calendar.iter().map(calendar_text).collect());
    put_span(facts, "jitter", span(spec.jitter).filter(|jitter| !jitter.is_zero()));
    put_text(facts, "time_zone", &spec.timezone_name);
    if !spec.timezone_data.is_empty() {
        let data = format!("{} bytes, sha256:{}", spec.timezone_data.len(), checksum(&spec.timezone_data));
        facts.insert("time_zone_data".to_owned(), data.into());
    }
    for (name, time) in [("start", spec.start_time), ("end", spec.end_time)] {
        let time =
            time.and_then(|time| SystemTime::try_from(time).ok()).and_then(|time| Timestamp::try_from(time).ok());
        put_text(facts, name, &time.map(|time| time.to_string()).unwrap_or_default());
    }
}

fn retry(policy: &RetryPolicy) -> Retry {
    Retry {
        initial_interval: span(policy.initial_interval).unwrap_or_default(),
        backoff: policy.backoff_coefficient,
        maximum_interval: span(policy.maximum_interval),
        maximum_attempts: u32::try_from(policy.maximum_attempts).unwrap_or_default(),
        non_retryable: policy.non_retryable_error_types.clone(),
    }
}

/// A duration of a message.
fn span<D>(span: Option<D>) -> Option<Duration>
where
    Duration: TryFrom<D>,
{
    span.and_then(|span| Duration::try_from(span).ok())
}

fn put_text(facts: &mut Facts, name: &str, text: &str) {
    if !text.is_empty() {
        facts.insert(name.to_owned(), text.into());
    }
}

fn put_span(facts: &mut Facts, name: &str, span: Option<Duration>) {
    if let Some(span) = span {
        facts.insert(name.to_owned(), duration(span).into());
    }
}

fn put_true(facts: &mut Facts, name: &str, is: bool) {
    if is {
        facts.insert(name.to_owned(), true.into());
    }
}

fn put_map(facts: &mut Facts, name: &str, map: Facts) {
    if !map.is_empty() {
        facts.insert(name.to_owned(), map.into());
    }
}

/// In the order of the alphabet: a union has none.
fn put_list(facts: &mut Facts, name: &str, mut list: Vec<String>) {
    list.sort();
    list.dedup();
    if !list.is_empty() {
        facts.insert(name.to_owned(), list.into());
    }
}
