//! Heartbeats arrive in time at the wire, whatever user code does to the threads (invariant 1).
#![allow(clippy::print_stdout)]

mod lab;

use std::time::Duration;

use lab::{Outcome, unready};
use mainspring_servers::proxy::WireProxy;
use mainspring_testing::{Env, TestError, Workflows};

/// Shorter than the work, so that an attempt without beats is timed out; long beside the 1.2 s between two beats.
const TIMEOUT: Duration = Duration::from_secs(6);
const WORK_MILLIS: &str = "7000";

/// Runs `n` activities at once through a recording proxy. Gives the results, and the longest gap between two beats at the
/// wire.
async fn beats_of(activity: &str, n: usize) -> Result<(Vec<String>, Duration), TestError> {
    let env = Env::shared().await?;
    let proxy = WireProxy::builder(env.address().parse()?).capture("RecordActivityTaskHeartbeat").start().await?;
    let queue = env.queue(activity);
    let mut worker = unready(&proxy.address(), &queue, &[("MAINSPRING_HEARTBEAT_THROTTLE", "1")])?;
    worker.line("\"msg\":\"polling\"").await?;
    let client = env.client().await?;
    let ids: Vec<String> = (0..n).map(|_| env.id(activity)).collect();
    for id in &ids {
        let input = serde_json::json!({
            "activity": activity, "arg": WORK_MILLIS, "heartbeat_seconds": TIMEOUT.as_secs(), "attempts": 2,
        });
        client.begin(&queue, id, "call", &input).await?;
    }
    let mut results = Vec::new();
    for id in &ids {
        results.push(client.result(id).await?);
    }
    let mut by_activity = std::collections::HashMap::<Vec<u8>, Vec<std::time::Instant>>::new();
    for record in proxy.records_of("RecordActivityTaskHeartbeat") {
        // The task token comes first in a beat, and tells one activity's beats from another's.
        let body = record.body.as_ref().map(|body| body.to_vec()).unwrap_or_default();
        by_activity.entry(body.into_iter().take(120).collect()).or_default().push(record.at);
    }
    let gaps = by_activity.values().flat_map(|beats| beats.windows(2).map(|pair| pair[1].duration_since(pair[0])));
    let mut gaps: Vec<Duration> = gaps.collect();
    gaps.sort_unstable();
    let longest = *gaps.last().ok_or("no two beats of one activity came")?;
    println!("{activity}: n {}, p50 {:.2?}, longest {longest:.2?}", gaps.len(), gaps[gaps.len() / 2]);
    Ok((results, longest))
}

#[tokio::test]
async fn beats_arrive_while_async_code_blocks_every_thread_and_burns_every_core() -> Outcome {
    let cores = std::thread::available_parallelism()?.get();
    let (results, longest) = beats_of("burn", cores * 2).await?;
    assert!(results.iter().all(|result| result == "attempt 1"), "{results:?}");
    assert!(longest < TIMEOUT, "the longest gap was {longest:?}");
    Ok(())
}

#[tokio::test]
async fn beats_arrive_while_the_pool_burns_every_core() -> Outcome {
    let cores = std::thread::available_parallelism()?.get();
    let (results, longest) = beats_of("pool_burn", cores * 2).await?;
    assert!(results.iter().all(|result| result == "attempt 1"), "{results:?}");
    assert!(longest < TIMEOUT, "the longest gap was {longest:?}");
    Ok(())
}

#[tokio::test]
async fn beats_arrive_while_spawned_tasks_block_every_thread_they_get() -> Outcome {
    let (results, longest) = beats_of("spawn_blocker", 2).await?;
    assert!(results.iter().all(|result| result == "attempt 1"), "{results:?}");
    assert!(longest < TIMEOUT, "the longest gap was {longest:?}");
    Ok(())
}

#[tokio::test]
async fn an_activity_that_holds_its_thread_is_named_and_counted_and_delays_no_neighbour() -> Outcome {
    let env = Env::shared().await?;
    let queue = env.queue("held");
    let mut worker = unready(env.address(), &queue, &[("MAINSPRING_ACTIVITY_POLL_LIMIT", "5")])?;
    let probes = lab::probes_of(&worker.line("\"msg\":\"polling\"").await?)?;
    let client = env.client().await?;
    let (short, folder) = (env.id("short"), tempfile::tempdir()?);
    client.begin(&queue, &short, "call", &lab::call("stubborn", "50")).await?;
    client.result::<String>(&short).await?;

    // Each holds a thread until it is told to end, and there are more of them than cores.
    let end = folder.path().join("end");
    let n = std::thread::available_parallelism().map_or(1, std::num::NonZero::get) * 2;
    let holders: Vec<String> = (0..n).map(|_| env.id("holder")).collect();
    for id in &holders {
        client.begin(&queue, id, "call", &lab::call("holds_until", &end.to_string_lossy())).await?;
    }
    let mut named = Vec::new();
    for _ in 0..n {
        let line = worker.line("an activity holds its thread and has not awaited yet").await?;
        let line: serde_json::Value = serde_json::from_str(&line)?;
        let types = (&line["activity_type"], &line["workflow_type"]);
        assert_eq!(types, (&"holds_until".into(), &"call".into()), "{line}");
        assert!(line["activity_id"].is_string() && line["held_seconds"].as_f64() >= Some(5.0), "{line}");
        named.push(line["workflow_id"].as_str().unwrap_or_default().to_owned());
    }
    assert!(holders.iter().all(|id| named.contains(id)), "each is named: {named:?}");

    let mut slowest = Duration::ZERO;
    for _ in 0..10 {
        let (id, begun) = (env.id("neighbour"), std::time::Instant::now());
        client.begin(&queue, &id, "call", &lab::call("echo", "still here")).await?;
        assert_eq!(client.result::<String>(&id).await?, "still here");
        slowest = slowest.max(begun.elapsed());
    }
    println!("the slowest of 10 neighbours took {slowest:?} beside {n} that held their threads");
    assert!(slowest < Duration::from_secs(20), "a neighbour waited {slowest:?}");
    std::fs::write(&end, "")?;
    for id in &holders {
        client.result::<String>(id).await?;
    }
    let (_, metrics) = lab::ask(probes, "/metrics").await?;
    let counted = metrics.lines().find(|line| line.starts_with("mainspring_activity_polls_held_total"));
    let counted = counted.ok_or("no such metric")?;
    assert!(counted.contains("activity_type=\"holds_until\"") && counted.ends_with(&format!(" {n}")), "{counted}");
    worker.signal(nix::sys::signal::Signal::SIGTERM);
    let exit = worker.end().await?;
    let ended: Vec<_> = exit.lines.iter().filter(|line| line.contains("an activity held its thread")).collect();
    assert_eq!(ended.len(), n, "each says at its end how long, and the short one is not named: {ended:?}");
    Ok(())
}
