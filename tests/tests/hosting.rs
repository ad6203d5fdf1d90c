//! A host inside somebody's own `main`, beside another, and beside another build of itself.

mod lab;

use std::collections::BTreeSet;
use std::time::Duration;

use lab::{Outcome, worker};
use mainspring::settings::{Reader, Section, Sources};
use mainspring::{Host, HostError, Product, REPLAY_GATE, Registry};
use mainspring_testing::{Env, TestError, Workflows};
use nix::sys::signal::Signal;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use temporalio_macros::{activities, workflow, workflow_methods};
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use temporalio_sdk::{ActivityOptions, WorkflowContext, WorkflowResult};

#[workflow]
#[derive(Default)]
struct Greet;

#[workflow_methods]
impl Greet {
    #[run(name = "greet")]
    async fn run(ctx: &mut WorkflowContext<Self>, name: String) -> WorkflowResult<String> {
        let options = ActivityOptions::start_to_close_timeout(Duration::from_secs(30));
        Ok(ctx.execute_activity(Greeter::greet, name, options).await?)
    }
}

struct Greeter(String);

#[activities]
impl Greeter {
    #[activity(name = "greet")]
    async fn greet(self: std::sync::Arc<Self>, _ctx: ActivityContext, name: String) -> Result<String, ActivityError> {
        Ok(format!("{}, {name}", self.0))
    }
}

fn greeter(queue: &str, word: &'static str) -> Product {
    Product::new("greeter", queue).workflow::<Greet>().activities(
        move |_setup| async move { Ok(Greeter(word.to_owned())) },
        |set| set.activity_unchecked(Greeter::greet),
    )
}

fn host(env: &Env, product: Product) -> Result<Host, TestError> {
    let pairs = [("TEMPORAL_ADDRESS", env.address()), ("GRACEFUL_SHUTDOWN_TIMEOUT_SECONDS", "60")];
    Ok(Host::new(Registry::new([product])?, Sources::from_pairs(pairs))?.http(None))
}

#[tokio::test]
async fn a_host_runs_until_its_signal_inside_somebody_elses_main() -> Outcome {
    let env = Env::shared().await?;
    let (queue, id) = (env.queue("embedded"), env.id("embedded"));
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let host = host(&env, greeter(&queue, "hello"))?;
    let running = tokio::spawn(host.run_until(async { drop(stopped.await) }));
    let client = env.client().await?;
    client.begin(&queue, &id, "greet", &"you").await?;
    assert_eq!(client.result::<String>(&id).await?, "hello, you");
    stop.send(()).map_err(|()| "it does not listen")?;
    let report = tokio::time::timeout(Duration::from_secs(30), running).await???;
    assert!(report.abandoned.is_empty(), "{report:?}");
    Ok(())
}

#[tokio::test]
async fn two_hosts_in_one_process_run_and_leave_each_by_itself() -> Outcome {
    let env = Env::shared().await?;
    let (one, two) = (env.queue("one"), env.queue("two"));
    let first = host(&env, greeter(&one, "hello"))?.start().await?;
    let second = host(&env, greeter(&two, "goodbye"))?.start().await?;
    let client = env.client().await?;
    for (queue, greeting) in [(&one, "hello, you"), (&two, "goodbye, you")] {
        let id = env.id("greet");
        client.begin(queue, &id, "greet", &"you").await?;
        assert_eq!(client.result::<String>(&id).await?, greeting);
    }
    assert!(first.drain().await.abandoned.is_empty());
    let id = env.id("greet");
    client.begin(&two, &id, "greet", &"again").await?;
    assert_eq!(client.result::<String>(&id).await?, "goodbye, again");
    for queue in [&one, &two] {
        assert!(second.metrics().contains(&format!("task_queue=\"{queue}\"")), "one exposition for the process");
    }
    assert!(second.drain().await.abandoned.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_queue_whose_activities_somebody_else_runs_gets_no_poller_for_them_and_has_a_gate() -> Outcome {
    let env = Env::shared().await?;
    let queue = env.queue("mixed");
    let flows = host(&env, Product::new("flows", &queue).workflow::<Greet>())?.start().await?;
    let acts = Product::new("acts", &queue)
        .activities(|_setup| async { Ok(Greeter("hello".to_owned())) }, |set| set.activity_unchecked(Greeter::greet));
    let acts = host(&env, acts)?.start().await?;
    let client = env.client().await?;
    // Half of these would fail once with "not found", and come again after a second.
    for _ in 0..12 {
        let id = env.id("greet");
        client.begin(&queue, &id, "greet", &"you").await?;
        assert_eq!(client.result::<String>(&id).await?, "hello, you");
        let events = client.workflow(&id).fetch_history(Default::default()).into_events().await?;
        let attempts = events.iter().filter_map(|event| match &event.attributes {
            Some(Attributes::ActivityTaskStartedEventAttributes(started)) => Some(started.attempt),
            _ => None,
        });
        assert_eq!(attempts.collect::<Vec<_>>(), [1], "the other worker takes each");
    }
    let gate = env.id("gate");
    client.begin(&queue, &gate, REPLAY_GATE, &serde_json::json!({ "newest": 1 })).await?;
    let report: serde_json::Value = client.result(&gate).await?;
    assert_eq!(report["workflows"][0]["workflow_type"], "greet", "{report}");
    for host in [flows, acts] {
        assert!(host.drain().await.abandoned.is_empty());
    }
    Ok(())
}

#[tokio::test]
async fn what_waits_on_a_queue_is_a_metric_to_scale_by() -> Outcome {
    let env = Env::shared().await?;
    let queue = env.queue("backlog");
    let acts = Product::new("acts", &queue)
        .activities(|_setup| async { Ok(Greeter("hello".to_owned())) }, |set| set.activity_unchecked(Greeter::greet));
    let pairs = [("TEMPORAL_ADDRESS", env.address()), ("MAINSPRING_BACKLOG_INTERVAL", "200ms")];
    let watching = Host::new(Registry::new([acts])?, Sources::from_pairs(pairs))?.http(None).start().await?;
    let shows = async |name: &str, task_type: &str, wanted: fn(f64) -> bool| {
        let labels = [format!("task_queue=\"{queue}\""), format!("task_type=\"{task_type}\"")];
        let mut looks = tokio::time::interval(Duration::from_millis(100));
        let within = Duration::from_secs(60);
        let seen = tokio::time::timeout(within, async {
            loop {
                looks.tick().await;
                let text = watching.metrics();
                let mut lines = text.lines().filter(|line| line.starts_with(&format!("{name}{{")));
                let line = lines.find(|line| labels.iter().all(|label| line.contains(label)));
                let value = line.and_then(|line| line.rsplit(' ').next()?.parse().ok());
                if value.is_some_and(wanted) {
                    return;
                }
            }
        });
        seen.await.map_err(|_| format!("{name} of {task_type} tasks is not as it should be: {}", watching.metrics()))
    };
    shows("mainspring_task_queue_backlog", "workflow", |tasks| tasks == 0.0).await?;
    // Nobody polls for workflows.
    let client = env.client().await?;
    let ids: Vec<String> = (0..12).map(|n| env.id(&format!("greet-{n}"))).collect();
    for id in &ids {
        client.begin(&queue, id, "greet", &"you").await?;
    }
    // The server counts about: a task that it wrote twice counts twice.
    shows("mainspring_task_queue_backlog", "workflow", |tasks| tasks >= 12.0).await?;
    shows("mainspring_task_queue_backlog_age_seconds", "workflow", |age| age > 0.0).await?;
    shows("mainspring_task_queue_backlog", "activity", |tasks| tasks == 0.0).await?;
    let flows = host(&env, Product::new("flows", &queue).workflow::<Greet>())?.start().await?;
    for id in &ids {
        assert_eq!(client.result::<String>(id).await?, "hello, you");
    }
    shows("mainspring_task_queue_backlog", "workflow", |tasks| tasks == 0.0).await?;
    for host in [flows, watching] {
        assert!(host.drain().await.abandoned.is_empty());
    }
    Ok(())
}

#[tokio::test]
async fn a_worker_in_development_runs_each_activity_twice_and_lists_what_it_could_not() -> Outcome {
    let env = Env::shared().await?;
    let (queue, twice, once) = (env.queue("twice"), env.id("twice"), env.id("once"));
    let mut worker = worker(&env, &queue, &[("MAINSPRING_EVERY_ACTIVITY_TWICE", "true")]).await?;
    worker.line("every activity runs twice, to compare").await?;
    let client = env.client().await?;
    client.begin(&queue, &twice, "call", &serde_json::json!({ "activity": "echo", "arg": "again" })).await?;
    assert_eq!(client.result::<String>(&twice).await?, "again");
    let single = serde_json::json!({ "activity": "echo", "arg": "once", "attempts": 1 });
    client.begin(&queue, &once, "call", &single).await?;
    assert_eq!(client.result::<String>(&once).await?, "once");
    worker.signal(Signal::SIGTERM);
    let exit = worker.end().await?;
    let unchecked = exit.logged("not run twice, so not checked");
    assert_eq!((unchecked.len(), &unchecked[0]["why"]), (1, &"attempt 1 is its last".into()), "{:?}", exit.lines);
    let report = exit.logged("activities were run twice");
    assert_eq!((&report[0]["alike"], &report[0]["different"]), (&1.into(), &0.into()), "{:?}", exit.lines);
    assert_eq!(exit.logged("echoed").len(), 3, "twice, and once");
    Ok(())
}

#[derive(Debug)]
struct Credentials;

impl Section for Credentials {
    const NAME: &'static str = "greeter";

    fn read(reader: &mut Reader<'_>) -> Self {
        reader.field("GREETER_TOKEN").doc("Proves who greets").required_string();
        Self
    }
}

#[tokio::test]
async fn a_product_that_cannot_be_set_up_is_named_with_its_queue() -> Outcome {
    let env = Env::shared().await?;
    let Err(error) = host(&env, greeter("greetings", "hello").settings::<Credentials>()) else {
        return Err("it started without its token".into());
    };
    let text = error.to_string();
    assert!(text.starts_with("product greeter on greetings cannot start: GREETER_TOKEN is missing"), "{text}");
    let unconnected = Product::new("greeter", "greetings").activities(
        |_setup| async { Err::<Greeter, _>("the bank is closed".into()) },
        |set| set.activity_unchecked(Greeter::greet),
    );
    let error = host(&env, unconnected)?.start().await.map(drop);
    let Err(error @ HostError::ProductSetup { .. }) = error else { return Err(format!("{error:?}").into()) };
    assert_eq!(
        error.to_string(),
        "product greeter on greetings cannot start: its activities could not be connected: the bank is closed"
    );
    assert_eq!(error.exit_code(), 78);
    Ok(())
}

#[tokio::test]
async fn an_old_and_a_new_build_share_a_queue_until_the_old_one_leaves() -> Outcome {
    let env = Env::shared().await?;
    let queue = env.queue("builds");
    let build = |id: &'static str| [("TEMPORAL_WORKER_BUILD_ID", id), ("TEMPORAL_IDENTITY", id)];
    let (old, new) = (worker(&env, &queue, &build("old")).await?, worker(&env, &queue, &build("new")).await?);
    let client = env.client().await?;
    // One build takes every activity until the other's polls are at the server.
    let (mut ids, mut takers) = (Vec::new(), BTreeSet::new());
    let shared = async {
        while takers.len() < 2 {
            let more: Vec<String> = (0..12).map(|_| env.id("builds")).collect();
            for id in &more {
                client.begin(&queue, id, "steps", &20).await?;
            }
            // The others go on while the old build leaves.
            assert_eq!(client.result::<u32>(&more[0]).await?, 20);
            let events = client.workflow(&more[0]).fetch_history(Default::default()).into_events().await?;
            takers.extend(events.into_iter().filter_map(started_by));
            ids.extend(more);
        }
        Ok::<_, TestError>(())
    };
    tokio::time::timeout(Duration::from_secs(120), shared).await.map_err(|_| "one build takes every activity")??;
    old.signal(Signal::SIGTERM);
    assert_eq!(old.end().await?.code, 0);
    let mut seen = BTreeSet::new();
    for id in &ids {
        assert_eq!(client.result::<u32>(id).await?, 20);
        for event in client.workflow(id).fetch_history(Default::default()).into_events().await? {
            let kind = event.event_type().as_str_name();
            // A workflow task may wait out the sticky queue of the build that left; an activity must not be lost.
            assert!(!kind.contains("ACTIVITY_TASK_TIMED_OUT") && !kind.contains("TASK_FAILED"), "{id}: {kind}");
            if let Some(identity) = started_by(event) {
                seen.insert(identity);
            }
        }
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["new", "old"], "both took activities");
    new.signal(Signal::SIGTERM);
    assert_eq!(new.end().await?.code, 0);
    Ok(())
}

/// Who took an activity.
fn started_by(event: temporalio_common::protos::temporal::api::history::v1::HistoryEvent) -> Option<String> {
    use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
    match event.attributes {
        Some(Attributes::ActivityTaskStartedEventAttributes(started)) => Some(started.identity),
        _ => None,
    }
}
