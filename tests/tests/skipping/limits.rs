//! What the server does, and what it does not: docs/testing.md says the same in words. A newer one that does more turns
//! these red.

use std::time::Duration;

use mainspring_testing::{Env, TestClient, Workflows};
use temporalio_client::{UntypedQuery, UntypedSignal, UntypedUpdate};
use temporalio_common::data_converters::{PayloadConverter, RawValue};
use temporalio_common::protos::temporal::api::common::v1::{Payload, Payloads, SearchAttributes, WorkflowType};
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use temporalio_common::protos::temporal::api::taskqueue::v1::TaskQueue;
use temporalio_common::protos::temporal::api::workflowservice::v1::*;
use tonic::{Code, Request};

use crate::worker::{DAY, Outcome, start};

/// How the server answers calls that say nothing but their namespace.
macro_rules! answers {
    ($client:ident: $($call:ident $request:ident,)*) => {
        vec![$({
            let mut service = $client.client().connection().workflow_service();
            let request = $request { namespace: "default".to_owned(), ..Default::default() };
            let answer = service.$call(Request::new(request)).await;
            (stringify!($call), answer.map_or_else(|status| status.code(), |_| Code::Ok))
        }),*]
    };
}

#[tokio::test]
async fn these_calls_it_does_not_serve() -> Outcome {
    let env = Env::skipping().await?;
    let client = env.client().await?;
    let answers = answers![client:
        list_workflow_executions ListWorkflowExecutionsRequest,
        count_workflow_executions CountWorkflowExecutionsRequest,
        create_schedule CreateScheduleRequest,
        list_schedules ListSchedulesRequest,
        reset_workflow_execution ResetWorkflowExecutionRequest,
        start_batch_operation StartBatchOperationRequest,
        delete_workflow_execution DeleteWorkflowExecutionRequest,
        pause_workflow_execution PauseWorkflowExecutionRequest,
        pause_activity PauseActivityRequest,
        reset_activity ResetActivityRequest,
        start_activity_execution StartActivityExecutionRequest,
        describe_task_queue DescribeTaskQueueRequest,
        list_worker_deployments ListWorkerDeploymentsRequest,
        register_namespace RegisterNamespaceRequest,
    ];
    for (call, code) in answers {
        assert_eq!(code, Code::Unimplemented, "{call}");
    }
    let answers = answers![client:
        list_open_workflow_executions ListOpenWorkflowExecutionsRequest,
        list_closed_workflow_executions ListClosedWorkflowExecutionsRequest,
        describe_namespace DescribeNamespaceRequest,
    ];
    assert!(answers.iter().all(|(_, code)| *code == Code::Ok), "{answers:?}");
    Ok(())
}

#[tokio::test]
async fn signals_queries_and_updates_work() -> Outcome {
    let env = Env::skipping().await?;
    let (queue, id) = (env.queue("tally"), env.id("tally"));
    let host = start(&env, &queue).await?;
    let client = env.client().await?;
    client.begin(&queue, &id, "tally", &0).await?;
    let handle = client.workflow(&id);
    let converter = PayloadConverter::default();
    let number = |number: u32| RawValue::from_value(&number, &PayloadConverter::default());
    handle.signal(UntypedSignal::new("add"), number(30), Default::default()).await?;
    let updated = handle.execute_update(UntypedUpdate::new("add_and_tell"), number(12), Default::default()).await?;
    assert_eq!(updated.to_value::<u32>(&converter), 42);
    let none = RawValue { payloads: Vec::new() };
    let count = handle.query(UntypedQuery::new("count"), none, Default::default()).await?;
    assert_eq!(count.to_value::<u32>(&converter), 42);
    handle.signal(UntypedSignal::new("add"), number(58), Default::default()).await?;
    assert_eq!(client.result::<u32>(&id).await?, 100);
    assert!(host.drain().await.abandoned.is_empty());
    Ok(())
}

/// Starts a nap of a day.
async fn begin_nap(
    client: &TestClient,
    queue: &str,
    id: &str,
    change: impl FnOnce(&mut StartWorkflowExecutionRequest),
) -> Outcome {
    let input = RawValue::from_value(&1_u32, &PayloadConverter::default());
    let mut request = StartWorkflowExecutionRequest {
        namespace: "default".to_owned(),
        workflow_id: id.to_owned(),
        workflow_type: Some(WorkflowType { name: "nap".to_owned() }),
        task_queue: Some(TaskQueue { name: queue.to_owned(), ..Default::default() }),
        input: Some(Payloads { payloads: input.payloads }),
        request_id: id.to_owned(),
        ..Default::default()
    };
    change(&mut request);
    client.client().connection().workflow_service().start_workflow_execution(Request::new(request)).await?;
    Ok(())
}

fn attribute(name: &str, of_type: &str, json: &str) -> SearchAttributes {
    let value = Payload {
        metadata: [("encoding", "json/plain"), ("type", of_type)]
            .map(|(name, value)| (name.to_owned(), value.into()))
            .into(),
        data: json.into(),
        ..Default::default()
    };
    SearchAttributes { indexed_fields: [(name.to_owned(), value)].into() }
}

#[tokio::test]
async fn mainsprings_search_attributes_are_kept_and_others_are_refused() -> Outcome {
    // Nobody runs these workflows, and that holds time for all.
    let env = Env::skipping_alone().await?;
    let queue = env.queue("attributes");
    let client = env.client().await?;
    for (name, of_type, json) in [
        ("MainspringStartedBy", "Keyword", "\"ada\""),
        ("MainspringProduct", "Keyword", "\"waits\""),
        ("MainspringTeamId", "Int", "7"),
    ] {
        let id = env.id(name);
        begin_nap(&client, &queue, &id, |request| request.search_attributes = Some(attribute(name, of_type, json)))
            .await?;
        let described = client.workflow(&id).describe(Default::default()).await?;
        let kept = described.raw().workflow_execution_info.clone().and_then(|info| info.search_attributes);
        let kept = kept.ok_or("none is kept")?.indexed_fields;
        assert_eq!(String::from_utf8_lossy(&kept[name].data), json, "{kept:?}");
    }
    let other = attribute("NobodyRegisteredThis", "Keyword", "\"x\"");
    let id = env.id("other");
    let error = begin_nap(&client, &queue, &id, |request| request.search_attributes = Some(other)).await;
    let error = error.err().ok_or("it was taken")?.to_string();
    assert!(error.contains("search attribute NobodyRegisteredThis is not defined"), "{error}");
    Ok(())
}

#[tokio::test]
async fn delays_crons_and_timeouts_are_kept_to_in_skipped_time() -> Outcome {
    let env = Env::skipping_alone().await?;
    let queue = env.queue("delay");
    let host = start(&env, &queue).await?;
    let client = env.client().await?;
    let from = env.now().await?;
    begin_nap(&client, &queue, "late", |request| request.workflow_start_delay = (DAY * 3).try_into().ok()).await?;
    assert_eq!(client.result::<u64>("late").await?, 86_400);
    assert!(env.now().await?.duration_since(from)? >= DAY * 4);

    let hour = Duration::from_secs(3600);
    begin_nap(&client, &queue, "short", |request| request.workflow_run_timeout = hour.try_into().ok()).await?;
    let error = client.result::<u64>("short").await.err().ok_or("it did not time out")?;
    assert!(error.to_string().to_lowercase().contains("timed out"), "{error}");

    begin_nap(&client, &queue, "daily", |request| request.cron_schedule = "0 0 * * *".to_owned()).await?;
    env.sleep(DAY * 5).await?;
    let events = client.workflow("daily").fetch_history(Default::default()).into_events().await?;
    let continued = events.iter().any(|event| match &event.attributes {
        Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) => {
            !started.continued_execution_run_id.is_empty()
        }
        _ => false,
    });
    assert!(continued, "{events:?}");
    assert!(host.drain().await.abandoned.is_empty());
    Ok(())
}
