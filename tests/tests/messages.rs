//! Messages that are malformed, come twice, or come while a run ends.

mod lab;

use std::time::{Duration, Instant};

use lab::{Outcome, worker};
use mainspring_servers::TemporalDevServer;
use mainspring_testing::{Env, TestClient, TestError, Workflows, program};
use serde_json::{Value, json};
use temporalio_client::errors::WorkflowUpdateError;
use temporalio_client::tonic::Request;
use temporalio_client::{
    NamespacedClient, UntypedQuery, UntypedSignal, UntypedUpdate, WorkflowExecuteUpdateOptions,
    WorkflowStartUpdateOptions,
};
use temporalio_common::data_converters::{PayloadConverter, RawValue};
use temporalio_common::protos::temporal::api::common::v1::{Payload, WorkflowExecution};
use temporalio_common::protos::temporal::api::enums::v1::{EventType, WorkflowTaskFailedCause};
use temporalio_common::protos::temporal::api::history::v1::HistoryEvent;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use temporalio_common::protos::temporal::api::workflowservice::v1::GetWorkflowExecutionHistoryRequest;

fn raw(value: &Value) -> RawValue {
    RawValue::from_value(value, &PayloadConverter::default())
}

async fn signal(client: &TestClient, id: &str, name: &str, input: RawValue) -> Outcome {
    client.workflow(id).signal(UntypedSignal::new(name), input, Default::default()).await?;
    Ok(())
}

/// What no converter of ours reads.
fn odd() -> RawValue {
    let metadata = [("encoding".to_owned(), b"binary/odd".to_vec())].into();
    RawValue::new(vec![Payload { metadata, data: vec![0xff, 0], ..Payload::default() }])
}

#[tokio::test]
async fn a_malformed_signal_is_named_and_dropped_and_the_run_goes_on() -> Outcome {
    let env = Env::shared().await?;
    let (queue, id) = (env.queue("malformed"), env.id("malformed"));
    // Without a cache each task is a replay from the first event, so each would count what was dropped again.
    let mut process = lab::unready(env.address(), &queue, &[("MAINSPRING_MAX_CACHED_WORKFLOWS", "0")])?;
    let probes = lab::probes_of(&process.line("\"msg\":\"polling\"").await?)?;
    let client = env.client().await?;
    client.begin(&queue, &id, "wait", &0).await?;
    let two = RawValue::new([raw(&json!(1)), raw(&json!(2))].into_iter().flat_map(|one| one.payloads).collect());
    for (malformed, reason) in [
        (raw(&json!("seven")), "invalid type: string"),
        (odd(), "the encoding is not one that the worker's converter reads"),
        (RawValue::new(vec![]), "one argument is right"),
        (two, "one argument is right"),
    ] {
        signal(&client, &id, "number", malformed).await?;
        let line: Value = serde_json::from_str(&process.line("a signal does not decode and was dropped").await?)?;
        assert_eq!((&line["level"], &line["signal"]), (&json!("error"), &json!("number")), "{line}");
        assert_eq!((&line["workflow_type"], &line["workflow_id"]), (&json!("wait"), &json!(id)), "{line}");
        assert_eq!(line["expected"], "u32", "{line}");
        assert!(line["reason"].as_str().is_some_and(|said| said.contains(reason)), "{line}");
    }
    signal(&client, &id, "number", raw(&json!(7))).await?;
    assert_eq!(client.result::<u32>(&id).await?, 7);
    let events = client.workflow(&id).fetch_history(Default::default()).into_events().await?;
    assert!(events.iter().all(|event| event.event_type() != EventType::WorkflowTaskFailed), "{events:?}");
    let (_, metrics) = lab::ask(probes, "/metrics").await?;
    let counted = metrics.lines().find(|line| line.starts_with("mainspring_malformed_signals_total{"));
    let counted = counted.ok_or("nothing was counted")?;
    assert!(counted.contains("signal=\"number\"") && counted.contains("workflow_type=\"wait\""), "{counted}");
    assert!(counted.ends_with(" 4"), "a replay counts nothing again: {counted}");

    // The history replays on the code, without a server.
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("malformed.json");
    let mut cli = tokio::process::Command::from(program(mainspring_testing::temporal_cli()?));
    cli.args(["workflow", "show", "--address", env.address(), "--workflow-id", &id, "--output", "json"]);
    std::fs::write(&file, cli.output().await?.stdout)?;
    let mut check = tokio::process::Command::from(program(env!("CARGO_BIN_EXE_lab-worker")));
    let check = check.args(["replay", "check"]).arg(&file).env("LAB_QUEUES", &queue).output().await?;
    assert!(check.status.success(), "{check:?}");
    assert!(String::from_utf8_lossy(&check.stderr).contains("1 of 1 history replayed well"), "{check:?}");
    Ok(())
}

#[tokio::test]
async fn a_malformed_update_is_refused_and_a_malformed_query_answered_and_the_run_goes_on() -> Outcome {
    let env = Env::shared().await?;
    let (queue, id) = (env.queue("malformed"), env.id("malformed"));
    let _worker = worker(&env, &queue, &[("MAINSPRING_MAX_CACHED_WORKFLOWS", "0")]).await?;
    let client = env.client().await?;
    client.begin(&queue, &id, "ledger", &json!({ "owner": "ada", "goal": 5 })).await?;
    let handle = client.workflow(&id);
    // With a validator and without one.
    for update in ["spend", "save"] {
        for malformed in [raw(&json!("much")), odd()] {
            let refused = handle.execute_update(UntypedUpdate::new(update), malformed, Default::default()).await;
            let Err(WorkflowUpdateError::Failed(failure)) = refused else { panic!("{update}: {refused:?}") };
            let said = format!("{failure:?}");
            assert!(said.contains("Encoding error") || said.contains("Wrong encoding"), "{update}: {said}");
        }
    }
    let answer = handle.query(UntypedQuery::new("balance"), odd(), Default::default()).await;
    assert!(format!("{answer:?}").contains("Wrong encoding"), "{answer:?}");
    signal(&client, &id, "add", raw(&json!(5))).await?;
    assert_eq!(client.result::<String>(&id).await?, "ada has 5");
    let events = handle.fetch_history(Default::default()).into_events().await?;
    assert!(events.iter().all(|event| event.event_type() != EventType::WorkflowTaskFailed), "{events:?}");
    Ok(())
}

/// Sends the loop into its next run, and waits until it is there.
async fn turn(client: &TestClient, id: &str, run: u32) -> Outcome {
    signal(client, id, "turn", RawValue::new(vec![])).await?;
    reached(client, id, run).await
}

async fn reached(client: &TestClient, id: &str, run: u32) -> Outcome {
    let mut looks = tokio::time::interval(Duration::from_millis(50));
    for _ in 0..600 {
        looks.tick().await;
        let runs = client.workflow(id).query(UntypedQuery::new("runs"), raw(&Value::Null), Default::default()).await?;
        if runs.to_value::<u32>(&PayloadConverter::default()) >= run {
            return Ok(());
        }
    }
    Err(format!("{id} never came to run {run}").into())
}

#[tokio::test]
async fn what_comes_twice_is_handled_once_also_in_the_next_run() -> Outcome {
    let env = Env::shared().await?;
    let (queue, id) = (env.queue("twice"), env.id("twice"));
    let _worker = worker(&env, &queue, &[]).await?;
    let client = env.client().await?;
    client.begin(&queue, &id, "rounds", &json!({ "periods": 4 })).await?;
    let item = |item: &str, number: u32| raw(&json!({ "id": item, "number": number }));
    let count = async |update: &str, number: u32| -> Result<bool, TestError> {
        let options = WorkflowExecuteUpdateOptions::builder().update_id(update.to_owned()).build();
        let handle = client.workflow(&id);
        let answer = handle.execute_update(UntypedUpdate::new("count"), raw(&json!(number)), options).await?;
        Ok(answer.to_value(&PayloadConverter::default()))
    };
    signal(&client, &id, "item", item("a", 1)).await?;
    signal(&client, &id, "item", item("a", 10)).await?;
    assert!(count("u", 2).await?);
    assert!(count("u", 20).await?, "in one run, the server gives the first answer again");
    turn(&client, &id, 2).await?;
    signal(&client, &id, "item", item("a", 100)).await?;
    assert!(!count("u", 200).await?, "the server has forgotten it; the workflow has not");
    signal(&client, &id, "item", item("b", 3)).await?;
    turn(&client, &id, 3).await?;
    signal(&client, &id, "item", item("b", 30)).await?;
    signal(&client, &id, "item", item("c", 4)).await?;
    let end = client.result::<Value>(&id).await?;
    assert_eq!(end["handled"], json!([1, 2, 3, 4]));
    assert_eq!(end["seen"]["ids"], json!(["a", "u", "b", "c"]));
    Ok(())
}

#[tokio::test]
async fn a_handler_at_work_holds_the_next_run_back() -> Outcome {
    let env = Env::shared().await?;
    let (queue, id) = (env.queue("drained"), env.id("drained"));
    let _worker = worker(&env, &queue, &[]).await?;
    let client = env.client().await?;
    client.begin(&queue, &id, "rounds", &json!({ "periods": 2 })).await?;
    let handle = client.workflow(&id);
    let options = WorkflowStartUpdateOptions::builder().update_id("slow".to_owned()).build();
    let slow = handle.start_update(UntypedUpdate::new("count_later"), raw(&json!(5)), options).await?;
    signal(&client, &id, "turn", RawValue::new(vec![])).await?;
    let answer = slow.get_result(Default::default()).await?;
    assert_eq!(answer.to_value::<u32>(&PayloadConverter::default()), 5);
    reached(&client, &id, 2).await?;
    signal(&client, &id, "item", raw(&json!({ "id": "last", "number": 6 }))).await?;
    let end = client.result::<Value>(&id).await?;
    assert_eq!((&end["handled"], &end["runs"]), (&json!([5, 6]), &json!(2)));
    Ok(())
}

/// In the slow tier, 10,000 periods in all.
const LOOPS: u32 = if cfg!(feature = "full") { 20 } else { 10 };
const PERIODS: u32 = if cfg!(feature = "full") { 500 } else { 200 };
/// More loops may follow for so long, where those had too few gaps.
const LONGEST: Duration = Duration::from_secs(180);

#[tokio::test]
async fn endless_loops_with_a_signal_in_every_gap_lose_none() -> Outcome {
    // The server suggests a new run after 30 events, so that many of the gaps are those between two runs.
    let builder =
        ["transfer", "timer", "visibility"].into_iter().fold(TemporalDevServer::builder(), |builder, queue| {
            builder.dynamic_config(format!("history.{queue}ProcessorMaxPollRPS"), "10000")
        });
    let server = builder.dynamic_config("limit.historyCount.suggestContinueAsNew", "30").start().await?;
    let env = Env::at(server.address());
    let queue = env.queue("endless");
    let _worker = worker(&env, &queue, &[]).await?;
    let client = env.client().await?;
    let start = Instant::now();
    let enough = u64::from(LOOPS) * 3;
    let (mut loops, mut gaps, mut refused) = (0, 0, 0);
    // A worker that starves while signals are sent has them all in one or two runs.
    while (gaps <= enough || refused == 0) && start.elapsed() < LONGEST {
        let ids: Vec<String> = (0..LOOPS).map(|number| env.id(&format!("endless-{number}"))).collect();
        let ends = futures::future::try_join_all(ids.iter().map(|id| one_loop(&client, &queue, id))).await?;
        loops += LOOPS;
        gaps += ends.iter().filter_map(|end| end["runs"].as_u64()?.checked_sub(1)).sum::<u64>();
        for id in &ids {
            refused += ends_refused(&client, id).await?;
        }
    }
    let (periods, took) = (loops * PERIODS, start.elapsed());
    println!("{periods} periods in {took:?}, {gaps} gaps between runs, {refused} ends refused for a signal");
    assert!(gaps > enough, "hardly a gap was one between runs: {gaps} of {loops} loops");
    assert!(refused > 0, "no signal came while a run ended");
    Ok(())
}

/// Sends each signal of one loop, and looks what it handled.
async fn one_loop(client: &TestClient, queue: &str, id: &str) -> Result<Value, TestError> {
    client.begin(queue, id, "rounds", &json!({ "periods": PERIODS })).await?;
    for number in 0..PERIODS {
        let item = raw(&json!({ "id": format!("{id}/{number}"), "number": number }));
        signal(client, id, "item", item).await?;
    }
    let end = client.result::<Value>(id).await?;
    let handled = end["handled"].as_array().ok_or("no list")?;
    let mut numbers: Vec<u64> = handled.iter().filter_map(Value::as_u64).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..u64::from(PERIODS)).collect::<Vec<_>>(), "{id}");
    Ok(end)
}

/// How often the server refused the end of a run because a signal had come, over all runs.
async fn ends_refused(client: &TestClient, id: &str) -> Result<usize, TestError> {
    let (mut run, mut refused) = (String::new(), 0);
    loop {
        let events = history(client, id, &run).await?;
        refused += events.iter().filter(|event| is_refusal(event)).count();
        let first = events.into_iter().next().and_then(|event| event.attributes);
        let Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) = first else {
            return Err(format!("{id}: a history begins otherwise").into());
        };
        if started.continued_execution_run_id.is_empty() {
            return Ok(refused);
        }
        run = started.continued_execution_run_id;
    }
}

fn is_refusal(event: &HistoryEvent) -> bool {
    matches!(&event.attributes, Some(Attributes::WorkflowTaskFailedEventAttributes(failed))
        if failed.cause() == WorkflowTaskFailedCause::UnhandledCommand)
}

async fn history(client: &TestClient, id: &str, run: &str) -> Result<Vec<HistoryEvent>, TestError> {
    let client = client.client();
    let execution = Some(WorkflowExecution { workflow_id: id.to_owned(), run_id: run.to_owned() });
    let request = GetWorkflowExecutionHistoryRequest { namespace: client.namespace(), execution, ..Default::default() };
    let page = client.connection().workflow_service().get_workflow_execution_history(Request::new(request)).await?;
    Ok(page.into_inner().history.map(|history| history.events).unwrap_or_default())
}
