//! Spans of a worker, in a collector.

mod lab;

use lab::{Outcome, worker};
use mainspring_testing::{CollectedSpan, Collector, Env, Process, TestError, Workflows, free_port};
use nix::sys::signal::Signal;

/// Time enough to send the last spans.
const GRACE: (&str, &str) = ("GRACEFUL_SHUTDOWN_TIMEOUT_SECONDS", "60");

/// The spans of a worker that runs three steps, with such a cache, and ends.
async fn spans_of_three_steps(cached_workflows: &str) -> Result<Vec<CollectedSpan>, TestError> {
    let (env, collector) = (Env::shared().await?, Collector::start().await?);
    let (queue, id) = (env.queue("traced"), env.id("traced"));
    let endpoint = collector.endpoint();
    let settings = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()),
        ("MAINSPRING_MAX_CACHED_WORKFLOWS", cached_workflows),
        GRACE,
    ];
    let worker = worker(&env, &queue, &settings).await?;
    let client = env.client().await?;
    client.begin(&queue, &id, "steps", &3).await?;
    client.result::<serde_json::Value>(&id).await?;
    worker.signal(Signal::SIGTERM);
    assert_eq!(worker.end().await?.code, 0);
    Ok(collector.spans())
}

fn named<'a>(spans: &'a [CollectedSpan], name: &str) -> Vec<&'a CollectedSpan> {
    spans.iter().filter(|span| span.name == name).collect()
}

#[tokio::test]
async fn a_workflow_and_its_activities_are_one_trace() -> Outcome {
    let spans = spans_of_three_steps("10").await?;
    let [workflow] = named(&spans, "RunWorkflow:steps")[..] else { return Err(format!("{spans:?}").into()) };
    assert_eq!(workflow.service, "lab-worker");
    let (scheduled, run) = (named(&spans, "StartActivity:echo"), named(&spans, "RunActivity:echo"));
    assert_eq!((scheduled.len(), run.len()), (3, 3), "{spans:?}");
    for activity in run {
        let caller = scheduled.iter().find(|span| span.span_id == activity.parent_id);
        assert_eq!(caller.map(|span| &span.parent_id), Some(&workflow.span_id), "{spans:?}");
    }
    assert!(spans.iter().all(|span| span.trace_id == workflow.trace_id), "{spans:?}");
    Ok(())
}

#[tokio::test]
async fn a_command_begins_the_trace_of_what_it_starts() -> Outcome {
    let (env, collector) = (Env::shared().await?, Collector::start().await?);
    let queue = env.queue("begun");
    let endpoint = collector.endpoint();
    let collected = ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str());
    let worker = worker(&env, &queue, &[collected, GRACE]).await?;
    // A command waits 2 s for the collector at its end: its span goes out before.
    let of_command = [
        ("TEMPORAL_ADDRESS", env.address()),
        lab::PATIENT,
        ("LAB_QUEUES", &queue),
        ("OTEL_BSP_SCHEDULE_DELAY", "50"),
        collected,
    ];
    let execute = ["workflow", "execute", "steps", "1"];
    let command = Process::spawn(env!("CARGO_BIN_EXE_lab-worker"), &execute, of_command)?;
    let exit = command.end().await?;
    assert_eq!(exit.code, 0, "{:?}", exit.lines);
    worker.signal(Signal::SIGTERM);
    assert_eq!(worker.end().await?.code, 0);

    let spans = collector.spans();
    let [start] = named(&spans, "StartWorkflow:steps")[..] else { return Err(format!("{spans:?}").into()) };
    assert_eq!((start.service.as_str(), start.parent_id.len()), ("mainspring", 0));
    let [run] = named(&spans, "RunWorkflow:steps")[..] else { return Err(format!("{spans:?}").into()) };
    assert_eq!(run.parent_id, start.span_id);
    assert_eq!(named(&spans, "RunActivity:echo").len(), 1);
    assert!(spans.iter().all(|span| span.trace_id == start.trace_id), "{spans:?}");
    Ok(())
}

/// And the SDK's plugin loses the span of a workflow that leaves the cache before its end: its children keep the trace.
#[tokio::test]
async fn a_replay_sends_no_span_again() -> Outcome {
    let spans = spans_of_three_steps("0").await?;
    assert_eq!(named(&spans, "StartActivity:echo").len(), 3, "{spans:?}");
    assert_eq!(named(&spans, "RunActivity:echo").len(), 3, "{spans:?}");
    assert_eq!(spans.len(), 6, "{spans:?}");
    assert!(spans.iter().all(|span| span.trace_id == spans[0].trace_id), "{spans:?}");
    Ok(())
}

#[tokio::test]
async fn a_collector_that_is_not_there_holds_nobody_up() -> Outcome {
    let env = Env::shared().await?;
    let (queue, id) = (env.queue("untraced"), env.id("untraced"));
    let endpoint = format!("http://127.0.0.1:{}", free_port()?);
    // All spans go out at the end, in one batch.
    let settings = [("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()), ("OTEL_BSP_SCHEDULE_DELAY", "600000"), GRACE];
    let worker = worker(&env, &queue, &settings).await?;
    let client = env.client().await?;
    client.begin(&queue, &id, "steps", &3).await?;
    client.result::<serde_json::Value>(&id).await?;
    worker.signal(Signal::SIGTERM);
    let exit = worker.end_within(std::time::Duration::from_secs(40)).await?;
    assert_eq!(exit.code, 0);
    let lost = exit.lines.iter().filter(|line| line.contains("BatchSpanProcessor.ExportError")).count();
    assert_eq!(lost, 1, "{:?}", exit.lines);
    Ok(())
}
