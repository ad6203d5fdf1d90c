//! Errors by class, faults of others, and starts that must not succeed.

mod lab;

use std::time::Duration;

use lab::{Outcome, activity_failure, call, unready, worker};
use mainspring_testing::{Env, TestError, Workflows};
use nix::sys::signal::Signal;
use temporalio_client::UntypedSignal;
use temporalio_client::errors::WorkflowGetResultError;
use temporalio_common::data_converters::{PayloadConverter, RawValue};

/// The failure of an activity with one attempt, as the server keeps it: type name and message.
async fn failure_of(how: (&str, &str)) -> Result<(String, String), TestError> {
    let env = Env::shared().await?;
    let (queue, id) = (env.queue("fail"), env.id("fail"));
    let _worker = worker(&env, &queue, &[]).await?;
    let client = env.client().await?;
    let input = serde_json::json!({ "activity": how.0, "arg": how.1, "attempts": 1 });
    client.begin(&queue, &id, "call", &input).await?;
    let handle = client.workflow(&id);
    let result = tokio::time::timeout(Duration::from_secs(60), handle.get_result(Default::default())).await?;
    let Err(WorkflowGetResultError::Failed(_)) = result else { return Err("it did not fail".into()) };
    activity_failure(&client, &id).await
}

#[tokio::test]
async fn an_errors_class_is_its_type_name_on_the_wire() -> Outcome {
    let (name, message) = failure_of(("fail", "terminal")).await?;
    assert_eq!((name.as_str(), message.as_str()), ("Terminal", "terminal on purpose"));
    let (name, _) = failure_of(("fail", "retryable")).await?;
    assert_eq!(name, "TryAgain");
    let (name, message) = failure_of(("fail", "plain")).await?;
    assert_eq!(name, "Unclassified");
    assert!(message.contains("plain on purpose"), "{message}");
    Ok(())
}

#[tokio::test]
async fn a_panic_is_a_failure_with_a_type_and_a_place() -> Outcome {
    let (name, message) = failure_of(("panic", "")).await?;
    assert_eq!(name, "Panic");
    assert!(message.contains("activities.rs:") && message.contains("panicked on purpose"), "{message}");
    Ok(())
}

#[tokio::test]
async fn retryable_errors_and_panics_are_retried_and_terminal_ones_are_not() -> Outcome {
    let env = Env::shared().await?;
    let queue = env.queue("retry");
    let _worker = worker(&env, &queue, &[]).await?;
    let client = env.client().await?;
    for (activity, arg, result) in
        [("fail", "retryable", "third attempt"), ("fail", "plain", "third attempt"), ("panic", "", "second attempt")]
    {
        let id = env.id("retry");
        client.begin(&queue, &id, "call", &call(activity, arg)).await?;
        assert_eq!(client.result::<String>(&id).await?, result);
    }
    let id = env.id("terminal");
    client.begin(&queue, &id, "call", &call("fail", "terminal")).await?;
    assert!(client.result::<String>(&id).await.is_err(), "without a limit on attempts, it failed at the first");
    Ok(())
}

#[tokio::test]
async fn poison_does_not_stop_a_worker_and_shows_in_its_metrics() -> Outcome {
    let env = Env::shared().await?;
    let queue = env.queue("poison");
    let mut process = unready(env.address(), &queue, &[])?;
    let probes = lab::probes_of(&process.line("\"msg\":\"polling\"").await?)?;
    let client = env.client().await?;
    // An input of another shape, a type that nobody registered, a signal that does not decode, an unknown activity.
    client.begin(&queue, &env.id("shape"), "steps", &"not a number").await?;
    client.begin(&queue, &env.id("type"), "nobody-has-this", &0).await?;
    let wait = env.id("wait");
    client.begin(&queue, &wait, "wait", &0).await?;
    let converter = PayloadConverter::default();
    let text = RawValue::from_value(&serde_json::json!("not a number"), &converter);
    client.workflow(&wait).signal(UntypedSignal::new("number"), text, Default::default()).await?;
    client.begin(&queue, &env.id("unknown"), "call", &call("no-such-activity", "")).await?;
    // The panic that fails again and again is counted by type.
    client.begin(&queue, &env.id("fragile"), "fragile", &0).await?;
    process.line("user code panicked").await?;
    for _ in 0..3 {
        let id = env.id("fine");
        client.begin(&queue, &id, "call", &call("echo", "fine")).await?;
        assert_eq!(client.result::<String>(&id).await?, "fine");
    }
    let of_queue = format!("task_queue=\"{queue}\"");
    let of_tasks = [
        ("temporal_workflow_task_execution_failed", of_queue.as_str()),
        ("mainspring_workflow_task_failures_total", "workflow_type=\"fragile\""),
        ("temporal_activity_execution_failed", ""),
    ];
    let labels = ["temporal_worker_deployment_name=", "temporal_worker_build_id=", "temporal_namespace=\"default\""];
    let of_worker = labels
        .into_iter()
        .flat_map(|label| [("temporal_request", label), ("mainspring_workflow_task_failures_total", label)]);
    for (name, label) in of_tasks.into_iter().chain(of_worker) {
        let has = |metrics: &str| metrics.lines().any(|line| line.starts_with(name) && line.contains(label));
        let shown = lab::until(probes, "/metrics", |status, metrics| status == 200 && has(metrics)).await;
        shown.map_err(|error| format!("no {name} with {label}: {error}"))?;
    }
    Ok(())
}

#[tokio::test]
async fn a_worker_whose_log_is_not_taken_goes_on_and_counts_the_lines() -> Outcome {
    let env = Env::shared().await?;
    let queue = env.queue("unread");
    let mut process = unready(env.address(), &queue, &[])?;
    let probes = lab::probes_of(&process.line("\"msg\":\"polling\"").await?)?;
    let lost = |metrics: &str| {
        let line = metrics.lines().find(|line| line.starts_with("mainspring_log_lines_lost_total{"))?;
        line.rsplit_once(' ')?.1.parse::<u64>().ok()
    };
    let (_, metrics) = lab::ask(probes, "/metrics").await?;
    assert_eq!(lost(&metrics), Some(0), "{metrics}");
    process.close_output();
    let client = env.client().await?;
    // Each logs a line at least. The first is still read, which closes the pipe.
    for _ in 0..3 {
        let id = env.id("unread");
        client.begin(&queue, &id, "call", &call("echo", "unread")).await?;
        assert_eq!(client.result::<String>(&id).await?, "unread");
    }
    lab::until(probes, "/metrics", |_, metrics| lost(metrics) >= Some(1)).await?;
    let (_, metrics) = lab::ask(probes, "/metrics").await?;
    assert!(metrics.contains("# TYPE mainspring_log_lines_lost_total counter"), "{metrics}");
    process.signal(Signal::SIGTERM);
    assert_eq!(process.end().await?.code, 0);
    Ok(())
}

#[tokio::test]
async fn probes_tell_ready_and_then_draining() -> Outcome {
    let env = Env::shared().await?;
    let (queue, id) = (env.queue("probes"), env.id("probes"));
    let mut process = unready(env.address(), &queue, &[("GRACEFUL_SHUTDOWN_TIMEOUT_SECONDS", "60")])?;
    let probes = lab::probes_of(&process.line("\"msg\":\"polling\"").await?)?;
    let (client, folder) = (env.client().await?, tempfile::tempdir()?);
    let end = folder.path().join("end");
    client.begin(&queue, &id, "call", &call("holds_until", &end.to_string_lossy())).await?;
    process.line("\"msg\":\"holding\"").await?;
    let ready = format!(
        "{{\"ready\":true,\"draining\":false,\"queues\":{{\"{queue}\":{{\"connected\":true,\"polling\":true,\"workers\":{{\"activity\":1,\"workflow\":1}}}}}}}}"
    );
    assert_eq!(lab::ask(probes, "/readyz").await?, (200, ready));
    assert_eq!(lab::ask(probes, "/nowhere").await?.0, 404);
    process.signal(Signal::SIGTERM);
    process.line("\"msg\":\"draining\"").await?;
    let (status, body) = lab::ask(probes, "/readyz").await?;
    assert!(status == 503 && body.contains("\"draining\":true"), "{status} {body}");
    assert_eq!(lab::ask(probes, "/livez").await?.0, 200, "a worker that drains is alive");
    std::fs::write(&end, "")?;
    assert_eq!(process.end().await?.code, 0);
    Ok(())
}

/// How a worker that cannot start ends: its code and its last words.
async fn refused(address: &str, settings: &[(&str, &str)]) -> Result<(i32, String), TestError> {
    let exit = unready(address, "refused", settings)?.end().await?;
    Ok((exit.code, exit.lines.join("\n")))
}

#[tokio::test]
async fn a_start_that_cannot_succeed_says_why() -> Outcome {
    let (code, said) = refused("127.0.0.1:9", &[("MAINSPRING_CONNECT_TIMEOUT", "1")]).await?;
    assert_eq!(code, 69, "{said}");
    assert!(
        said.contains("127.0.0.1:9") && said.contains("namespace default") && said.contains("without TLS"),
        "{said}"
    );
    let (code, said) =
        refused("127.0.0.1:9", &[("MAX_CONCURRENT_ACTIVITIES", "many"), ("GRACEFUL_SHUTDOWN_TIMEOUT_SECONDS", "soon")])
            .await?;
    assert_eq!(code, 78, "{said}");
    assert!(said.contains("MAX_CONCURRENT_ACTIVITIES is \"many\", which is not a number from 1 to 100000"), "{said}");
    assert!(
        said.contains("GRACEFUL_SHUTDOWN_TIMEOUT_SECONDS is \"soon\", which is not a duration"),
        "both at once: {said}"
    );
    let (code, said) = refused("127.0.0.1:9", &[("TEMPORAL_HOST", "elsewhere:1")]).await?;
    assert_eq!(code, 78);
    assert!(said.contains("TEMPORAL_ADDRESS and TEMPORAL_HOST are two names for one setting and differ"), "{said}");
    let (code, said) = refused("127.0.0.1:9", &[("TEMPORAL_TASK_QUEUE", "other")]).await?;
    assert_eq!(code, 78);
    assert!(said.contains("TEMPORAL_TASK_QUEUE is other, but this binary knows only refused"), "{said}");
    let (code, said) = refused("127.0.0.1:9", &[("LAB_QUEUES", "not a queue")]).await?;
    assert_eq!(code, 78);
    assert!(said.contains("task queue \"not a queue\" is not a name"), "{said}");
    let env = Env::shared().await?;
    let (code, said) = refused(env.address(), &[("TEMPORAL_NAMESPACE", "nowhere")]).await?;
    assert_eq!(code, 69, "{said}");
    assert!(said.contains("nowhere"), "{said}");
    let taken = std::net::TcpListener::bind("127.0.0.1:0")?;
    let addr = taken.local_addr()?.to_string();
    let (code, said) = refused(env.address(), &[("MAINSPRING_HTTP_ADDR", &addr)]).await?;
    assert_eq!(code, 71, "{said}");
    assert!(said.contains(&format!("probes and metrics cannot listen on {addr}")), "{said}");
    Ok(())
}

#[tokio::test]
async fn an_unknown_setting_warns_and_does_not_stop_a_worker() -> Outcome {
    let env = Env::shared().await?;
    let mut process = unready(env.address(), &env.queue("unknown"), &[("MAINSPRING_WORKFLOW_WORKERZ", "2")])?;
    let line = process.line("is not a setting that this version knows").await?;
    assert!(line.contains("did you mean MAINSPRING_WORKFLOW_WORKERS?"), "{line}");
    process.line("\"msg\":\"polling\"").await?;
    Ok(())
}

#[tokio::test]
async fn a_worker_that_keeps_dying_gives_up_with_its_cause() -> Outcome {
    use mainspring_servers::proxy::{Fault, Match, WireProxy};
    let env = Env::shared().await?;
    let proxy = WireProxy::builder(env.address().parse()?).start().await?;
    let queue = env.queue("dying");
    let mut process = unready(&proxy.address(), &queue, &[("MAINSPRING_CRASH_BUDGET", "0")])?;
    process.line("\"msg\":\"polling\"").await?;
    // The namespace is refused from now on: the SDK gives a worker up after a minute of that, and so must this one.
    proxy.fault(Match::all(), Fault::Status(7, "no more".to_owned()));
    let exit = process.end_within(Duration::from_secs(180)).await?;
    let said = exit.lines.join("\n");
    assert_eq!(exit.code, 70, "{said}");
    assert!(said.contains(&queue) && said.contains("died 1 times within ten minutes"), "{said}");
    Ok(())
}
