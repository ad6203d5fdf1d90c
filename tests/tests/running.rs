//! Workflows run, and survive what production does to a worker.

mod lab;

use std::cell::Cell;
use std::time::Duration;

use lab::{Outcome, call, worker};
use mainspring_servers::TemporalDevServer;
use mainspring_testing::{Env, TestError, Workflows};
use nix::sys::signal::Signal;

#[tokio::test]
async fn an_activity_and_a_blocking_thread_know_their_scope() -> Outcome {
    let env = Env::shared().await?;
    let (queue, id) = (env.queue("scope"), env.id("scope"));
    let mut worker = worker(&env, &queue, &[]).await?;
    let client = env.client().await?;
    client.begin(&queue, &id, "call", &call("scope", "")).await?;
    assert_eq!(client.result::<String>(&id).await?, "scope scope");
    let line: serde_json::Value = serde_json::from_str(&worker.line("from a blocking thread").await?)?;
    assert_eq!((line["workflow_id"].as_str(), line["activity_type"].as_str()), (Some(id.as_str()), Some("scope")));
    assert_eq!((line["attempt"].as_u64(), line["task_queue"].as_str()), (Some(1), Some(queue.as_str())));
    Ok(())
}

#[tokio::test]
async fn two_queues_run_in_one_process_and_local_activities_too() -> Outcome {
    let env = Env::shared().await?;
    let (one, two) = (env.queue("one"), env.queue("two"));
    let worker = worker(&env, &format!("{one},{two}"), &[("MAINSPRING_WORKFLOW_WORKERS", "2")]).await?;
    let client = env.client().await?;
    for queue in [&one, &two] {
        let (remote, local) = (env.id("remote"), env.id("local"));
        client.begin(queue, &remote, "call", &call("echo", queue)).await?;
        client.begin(queue, &local, "local", queue).await?;
        assert_eq!(&client.result::<String>(&remote).await?, queue);
        assert_eq!(&client.result::<String>(&local).await?, queue);
    }
    worker.signal(Signal::SIGTERM);
    assert_eq!(worker.end().await?.code, 0);
    Ok(())
}

#[tokio::test]
async fn a_killed_worker_loses_no_step_and_repeats_no_finished_one() -> Outcome {
    let env = Env::shared().await?;
    let (queue, id) = (env.queue("kill"), env.id("kill"));
    let mut first = worker(&env, &queue, &[]).await?;
    let client = env.client().await?;
    client.begin(&queue, &id, "steps", &40).await?;
    for _ in 0..5 {
        first.line("step done").await?;
    }
    let mut lines = first.kill9().await?.lines;
    let second = worker(&env, &queue, &[]).await?;
    assert_eq!(client.result::<u32>(&id).await?, 40);
    second.signal(Signal::SIGTERM);
    lines.extend(second.end().await?.lines);
    let handle = client.workflow(&id);
    let events = handle.fetch_history(Default::default()).into_events().await?;
    let completed =
        events.iter().filter(|event| event.event_type().as_str_name() == "EVENT_TYPE_ACTIVITY_TASK_COMPLETED");
    assert_eq!(completed.count(), 40, "each step completed once");
    Ok(())
}

#[tokio::test]
async fn nothing_is_logged_from_a_replay() -> Outcome {
    let env = Env::shared().await?;
    let (queue, id) = (env.queue("replay"), env.id("replay"));
    // Nothing cached: every workflow task replays from the first event.
    let worker = worker(&env, &queue, &[("MAINSPRING_MAX_CACHED_WORKFLOWS", "0")]).await?;
    let client = env.client().await?;
    client.begin(&queue, &id, "steps", &8).await?;
    assert_eq!(client.result::<u32>(&id).await?, 8);
    worker.signal(Signal::SIGTERM);
    let steps: Vec<u64> =
        worker.end().await?.logged("step done").iter().filter_map(|line| line["step"].as_u64()).collect();
    assert_eq!(steps, (0..8).collect::<Vec<u64>>(), "each line once");
    Ok(())
}

#[tokio::test]
async fn a_server_that_is_restarted_finds_the_worker_again() -> Outcome {
    let folder = tempfile::tempdir()?;
    let mut server = TemporalDevServer::builder().db_file(folder.path().join("temporal.sqlite")).start().await?;
    let env = Env::at(server.address());
    let queue = env.queue("restart");
    let worker = worker(&env, &queue, &[]).await?;
    let (before, after) = (env.id("before"), env.id("after"));
    env.client().await?.begin(&queue, &before, "wait", &0).await?;
    server.restart().await?;
    let client = env.client().await?;
    client.begin(&queue, &after, "call", &call("echo", "again")).await?;
    assert_eq!(client.result::<String>(&after).await?, "again");
    worker.signal(Signal::SIGTERM);
    assert_eq!(worker.end().await?.code, 0);
    Ok(())
}

#[tokio::test]
async fn a_panicking_workflow_waits_for_the_corrected_build_and_redoes_nothing() -> Outcome {
    let env = Env::shared().await?;
    let (queue, id) = (env.queue("fragile"), env.id("fragile"));
    let mut wrong = worker(&env, &queue, &[]).await?;
    let client = env.client().await?;
    client.begin(&queue, &id, "fragile", &0).await?;
    wrong.line("user code panicked").await?;
    let other = env.id("other");
    client.begin(&queue, &other, "call", &call("echo", "fine")).await?;
    assert_eq!(client.result::<String>(&other).await?, "fine", "its neighbours go on");
    wrong.signal(Signal::SIGTERM);
    let mut lines = wrong.end().await?.lines;
    let corrected = worker(&env, &queue, &[("LAB_CORRECTED", "1"), ("TEMPORAL_WORKER_BUILD_ID", "corrected")]).await?;
    assert_eq!(client.result::<String>(&id).await?, "first second");
    corrected.signal(Signal::SIGTERM);
    lines.extend(corrected.end().await?.lines);
    let firsts = lines.iter().filter(|line| line.contains("\"msg\":\"echoed\"") && line.contains("\"text\":\"first\""));
    assert_eq!(firsts.count(), 1, "the first step ran once");
    Ok(())
}

#[tokio::test]
async fn a_spinning_workflow_is_named_and_activities_go_on() -> Outcome {
    let env = Env::shared().await?;
    let (queue, spin) = (env.queue("spin"), env.id("spin"));
    let mut process = lab::unready(env.address(), &queue, &[])?;
    let probes = lab::probes_of(&process.line("\"msg\":\"polling\"").await?)?;
    let client = env.client().await?;
    client.begin(&queue, &spin, "spin", &50_000).await?;
    let line = process.line("a workflow holds its thread").await?;
    assert!(line.contains(&spin), "{line}");
    let (status, body) = lab::ask(probes, "/livez").await?;
    assert_eq!(status, 200, "it is named after 5 s, and fails only after 60: {body}");
    assert!(body.contains(&format!("\"busy_with\":\"spin {spin} run ")), "{body}");
    client.workflow(&spin).terminate(Default::default()).await?;
    Ok(())
}

#[cfg(feature = "full")]
#[tokio::test]
async fn a_workflow_that_holds_its_thread_for_a_minute_fails_liveness() -> Outcome {
    let env = Env::shared().await?;
    let (queue, spin) = (env.queue("hold"), env.id("hold"));
    let mut process = lab::unready(env.address(), &queue, &[])?;
    let probes = lab::probes_of(&process.line("\"msg\":\"polling\"").await?)?;
    let client = env.client().await?;
    client.begin(&queue, &spin, "spin", &300_000).await?;
    process.line("a workflow holds its thread").await?;
    let from = std::time::Instant::now();
    lab::until(probes, "/livez", |status, body| status == 503 && body.contains(&spin)).await?;
    let named = std::time::Duration::from_secs(5);
    assert!(from.elapsed() + named > std::time::Duration::from_secs(50), "too early: {:?}", from.elapsed());
    client.workflow(&spin).terminate(Default::default()).await?;
    Ok(())
}

/// Threads that the SDK keeps, one for each of its workers.
fn sdk_threads(pid: u32) -> Result<usize, TestError> {
    let names = std::fs::read_dir(format!("/proc/{pid}/task"))?
        .filter_map(|thread| std::fs::read_to_string(thread.ok()?.path().join("comm")).ok());
    Ok(names.filter(|name| name.starts_with("temporal-real-s")).count())
}

#[tokio::test]
async fn a_worker_is_rebuilt_many_times_and_loses_no_activity() -> Outcome {
    let env = Env::shared().await?;
    let queue = env.queue("recycle");
    let mut worker = worker(
        &env,
        &queue,
        &[("MAINSPRING_RECYCLE_ACTIVITIES", "25"), ("TEMPORAL_LOG_LEVEL", "info,mainspring_worker=debug")],
    )
    .await?;
    let client = env.client().await?;
    let is_rebuilt_twice = Cell::new(false);
    let rebuilds = async {
        for _ in 0..2 {
            worker.line("the activity worker is rebuilt").await?;
        }
        is_rebuilt_twice.set(true);
        Ok::<_, TestError>(())
    };
    // The seat looks once a second, and all of these may end between two looks: then more follow.
    let runs = async {
        loop {
            let ids: Vec<String> = (0..20).map(|_| env.id("recycle")).collect();
            for id in &ids {
                client.begin(&queue, id, "steps", &20).await?;
            }
            for id in &ids {
                assert_eq!(client.result::<u32>(id).await?, 20);
                let events = client.workflow(id).fetch_history(Default::default()).into_events().await?;
                let lost = events.iter().filter(|event| event.event_type().as_str_name().contains("TIMED_OUT")).count();
                assert_eq!(lost, 0, "a task of {id} was lost");
            }
            if is_rebuilt_twice.get() {
                return Ok::<_, TestError>(());
            }
        }
    };
    tokio::try_join!(rebuilds, runs)?;
    // The SDK has a thread for each worker that it believes in: what is gone must not be kept, nor told to the server.
    let mut looks = tokio::time::interval(Duration::from_millis(200));
    for look in 0.. {
        looks.tick().await;
        match sdk_threads(worker.pid())? {
            2 => break,
            threads => assert!(look < 150, "{threads} of the SDK's workers are still there"),
        }
    }
    worker.signal(Signal::SIGTERM);
    let exit = worker.end().await?;
    assert_eq!(exit.code, 0);
    Ok(())
}

#[tokio::test]
async fn an_activity_longer_than_the_grace_outlives_every_exchange() -> Outcome {
    let env = Env::shared().await?;
    let queue = env.queue("outlive");
    let settings = [("MAINSPRING_RECYCLE_ACTIVITIES", "10"), ("TEMPORAL_LOG_LEVEL", "info,mainspring_worker=debug")];
    let mut worker = worker(&env, &queue, &settings).await?;
    let client = env.client().await?;
    let (long, short) = (env.id("long"), env.id("short"));
    // The grace is 5 s, so an exchange would cancel it after 4 s.
    client.begin(&queue, &long, "call", &call("nap", "8000")).await?;
    worker.line("napping").await?;
    client.begin(&queue, &short, "steps", &60).await?;
    assert_eq!(client.result::<u32>(&short).await?, 60);
    assert_eq!(client.result::<String>(&long).await?, "slept");
    let after = env.id("after");
    client.begin(&queue, &after, "steps", &20).await?;
    worker.line("the activity worker is rebuilt").await?;
    assert_eq!(client.result::<u32>(&after).await?, 20);
    worker.signal(Signal::SIGTERM);
    let exit = worker.end().await?;
    assert_eq!((exit.code, exit.logged("napping").len(), exit.logged("cancelled").len()), (0, 0, 0));
    Ok(())
}
