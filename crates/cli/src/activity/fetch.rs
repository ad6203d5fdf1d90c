//! What an activity was given, from the server: its input and timeouts from the history, its last heartbeat from the pending
//! activity, or from the failure of an attempt that timed out. One that failed for good has left none in the history.

use std::time::SystemTime;

use mainspring_client::with_causes;
use temporalio_common::data_converters::{ActivitySerializationContext, DataConverter, SerializationContextData};
use temporalio_common::payload_visitor::decode_payloads;
use temporalio_common::protos::temporal::api::common::v1::{Payloads, WorkflowExecution, WorkflowType};
use temporalio_common::protos::temporal::api::failure::v1::Failure as Kept;
use temporalio_common::protos::temporal::api::failure::v1::failure::FailureInfo;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use temporalio_common::protos::temporal::api::history::v1::{ActivityTaskScheduledEventAttributes, HistoryEvent};
use temporalio_common::protos::temporal::api::workflowservice::v1::{
    DescribeWorkflowExecutionRequest, DescribeWorkflowExecutionResponse, GetWorkflowExecutionHistoryRequest,
    PollActivityTaskQueueResponse as Task,
};

use crate::arguments::activity::ReplayArguments;
use crate::exit::Failure;
use crate::workflow::server::{Refused, SHORT, Server, execution};

/// The task of the attempt that runs now or comes next; of an activity that has ended, of its last.
pub(super) async fn task(server: &Server, arguments: &ReplayArguments) -> Result<Task, Failure> {
    let (workflow_id, activity_id) = (&arguments.workflow_id, &arguments.activity_id);
    let cannot = |refused: Refused| refused.failure(format_args!("workflow {workflow_id} cannot be read"));
    let described = describe(server, workflow_id, arguments.run_id.as_deref()).await.map_err(cannot)?;
    let info = described.workflow_execution_info.unwrap_or_default();
    let run_id = info.execution.map(|execution| execution.run_id).unwrap_or_default();
    let events = history(server, workflow_id, &run_id).await.map_err(cannot)?;
    let scheduled = events.iter().rev().find_map(|event| match &event.attributes {
        Some(Attributes::ActivityTaskScheduledEventAttributes(scheduled)) if scheduled.activity_id == *activity_id => {
            Some((event.event_id, scheduled))
        }
        _ => None,
    });
    let Some((event_id, scheduled)) = scheduled else {
        return Err(Failure::NotFound(format!(
            "workflow {workflow_id} has scheduled no activity {activity_id} in run {run_id}: it has {}",
            known(&events)
        )));
    };
    let mut task = given(scheduled);
    task.workflow_namespace.clone_from(&server.namespace);
    task.workflow_type = Some(WorkflowType { name: info.r#type.map(|kind| kind.name).unwrap_or_default() });
    task.workflow_execution = Some(WorkflowExecution { workflow_id: workflow_id.clone(), run_id });
    let pending = described.pending_activities.into_iter().find(|pending| pending.activity_id == *activity_id);
    match pending {
        Some(pending) => {
            task.attempt = pending.attempt;
            task.heartbeat_details = pending.heartbeat_details;
        }
        None => ended(&events, event_id, &mut task),
    }
    decoded(task, &server.converter).await
}

/// The same with its payloads decoded: the process that runs it has no key and no network.
async fn decoded(mut task: Task, converter: &DataConverter) -> Result<Task, Failure> {
    let context = SerializationContextData::Activity(ActivitySerializationContext::new());
    let decoded = decode_payloads(&mut task, converter.codec(), &context).await;
    decoded.map_err(|error| {
        Failure::Other(format!(
            "the activity's input or last heartbeat cannot be decoded, so it was not run: {}",
            with_causes(&error)
        ))
    })?;
    Ok(task)
}

/// What workflow code asked for.
fn given(scheduled: &ActivityTaskScheduledEventAttributes) -> Task {
    // Its time begins anew.
    let now = Some(SystemTime::now().into());
    Task {
        task_token: b"replay".to_vec(),
        activity_type: scheduled.activity_type.clone(),
        activity_id: scheduled.activity_id.clone(),
        header: scheduled.header.clone(),
        input: scheduled.input.clone(),
        scheduled_time: now,
        current_attempt_scheduled_time: now,
        started_time: now,
        attempt: 1,
        schedule_to_close_timeout: scheduled.schedule_to_close_timeout,
        start_to_close_timeout: scheduled.start_to_close_timeout,
        heartbeat_timeout: scheduled.heartbeat_timeout,
        retry_policy: scheduled.retry_policy.clone(),
        priority: scheduled.priority.clone(),
        ..Default::default()
    }
}

/// The last attempt of an activity that has ended.
fn ended(events: &[HistoryEvent], scheduled: i64, task: &mut Task) {
    for event in events {
        let failure = match &event.attributes {
            Some(Attributes::ActivityTaskStartedEventAttributes(started))
                if started.scheduled_event_id == scheduled =>
            {
                task.attempt = started.attempt;
                started.last_failure.as_ref()
            }
            Some(Attributes::ActivityTaskTimedOutEventAttributes(end)) if end.scheduled_event_id == scheduled => {
                end.failure.as_ref()
            }
            _ => None,
        };
        if let Some(details) = failure.and_then(last_heartbeat) {
            task.heartbeat_details = Some(details);
        }
    }
}

/// An attempt that timed out keeps its last heartbeat in its failure.
fn last_heartbeat(failure: &Kept) -> Option<Payloads> {
    std::iter::successors(Some(failure), |failure| failure.cause.as_deref()).find_map(|failure| {
        match &failure.failure_info {
            Some(FailureInfo::TimeoutFailureInfo(info)) => info.last_heartbeat_details.clone(),
            _ => None,
        }
    })
}

fn known(events: &[HistoryEvent]) -> String {
    let of = |event: &HistoryEvent| match &event.attributes {
        Some(Attributes::ActivityTaskScheduledEventAttributes(scheduled)) => {
            let name = scheduled.activity_type.as_ref().map_or("", |kind| &kind.name);
            Some(format!("{} ({name})", scheduled.activity_id))
        }
        _ => None,
    };
    let known: Vec<String> = events.iter().filter_map(of).collect();
    if known.is_empty() { "none".to_owned() } else { known.join(", ") }
}

async fn describe(
    server: &Server,
    workflow_id: &str,
    run_id: Option<&str>,
) -> Result<DescribeWorkflowExecutionResponse, Refused> {
    let execution = execution(workflow_id, run_id);
    let request = DescribeWorkflowExecutionRequest { namespace: server.namespace.clone(), execution };
    server.call(|service, request| service.describe_workflow_execution(request), request, SHORT).await
}

async fn history(server: &Server, workflow_id: &str, run_id: &str) -> Result<Vec<HistoryEvent>, Refused> {
    let mut events = Vec::new();
    let mut request = GetWorkflowExecutionHistoryRequest {
        namespace: server.namespace.clone(),
        execution: execution(workflow_id, Some(run_id)),
        ..Default::default()
    };
    loop {
        let page = request.clone();
        let page = server.call(|service, request| service.get_workflow_execution_history(request), page, SHORT).await?;
        events.extend(page.history.into_iter().flat_map(|history| history.events));
        if page.next_page_token.is_empty() {
            return Ok(events);
        }
        request.next_page_token = page.next_page_token;
    }
}

#[cfg(test)]
mod tests {
    use futures::future::{BoxFuture, FutureExt, ready};
    use temporalio_common::data_converters::{
        DefaultFailureConverter, PayloadCodec, PayloadConversionError, PayloadConverter,
    };
    use temporalio_common::protos::temporal::api::common::v1::{Header, Payload};

    use super::*;

    type Coded = BoxFuture<'static, Result<Vec<Payload>, PayloadConversionError>>;

    /// Writes every byte upside down.
    struct Upside;

    impl PayloadCodec for Upside {
        fn encode(&self, _context: &SerializationContextData, payloads: Vec<Payload>) -> Coded {
            let turned = payloads.into_iter().map(|mut payload| {
                payload.data.iter_mut().for_each(|byte| *byte = !*byte);
                payload
            });
            ready(Ok(turned.collect())).boxed()
        }

        fn decode(&self, context: &SerializationContextData, payloads: Vec<Payload>) -> Coded {
            self.encode(context, payloads)
        }
    }

    #[tokio::test]
    async fn what_the_codec_wrote_is_decoded_before_it_is_handed_on() {
        let payload = |data: &[u8]| Payload { data: data.to_vec(), ..Payload::default() };
        let task = |data: &[u8]| Task {
            input: Some(Payloads { payloads: vec![payload(data)] }),
            heartbeat_details: Some(Payloads { payloads: vec![payload(data)] }),
            header: Some(Header { fields: [("trace".to_owned(), payload(data))].into() }),
            ..Task::default()
        };
        let turned: Vec<u8> = b"17".iter().map(|byte| !byte).collect();
        let converter = DataConverter::new(PayloadConverter::default(), DefaultFailureConverter::default(), Upside);
        let read = decoded(task(&turned), &converter).await.unwrap();
        assert_eq!((&read.input, &read.heartbeat_details), (&task(b"17").input, &task(b"17").heartbeat_details));
    }
}
