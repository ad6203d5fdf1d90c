//! Heartbeats arrive in time at the wire, whatever user code does to the threads (invariant 1).

mod lab;

use std::time::Duration;

use lab::{Outcome, unready};
use mainspring_servers::proxy::WireProxy;
use mainspring_testing::{Env, TestError, Workflows};

/// Runs `n` activities at once through a recording proxy, with a heartbeat timeout of 2 s. Gives the results, and the
/// longest gap between two beats at the wire.
async fn beats_of(activity: &str, n: usize, settings: &[(&str, &str)]) -> Result<(Vec<String>, Duration), TestError> {
    let env = Env::shared().await?;
    let proxy = WireProxy::builder(env.address().parse()?).capture("RecordActivityTaskHeartbeat").start().await?;
    let queue = env.queue(activity);
    let mut worker = unready(&proxy.address(), &queue, settings)?;
    worker.line("\"msg\":\"polling\"").await?;
    let client = env.client().await?;
    let ids: Vec<String> = (0..n).map(|_| env.id(activity)).collect();
    for id in &ids {
        let input = serde_json::json!({ "activity": activity, "arg": "6000", "heartbeat_seconds": 2, "attempts": 2 });
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
    let longest = gaps.max().ok_or("no two beats of one activity came")?;
    Ok((results, longest))
}

#[tokio::test]
async fn beats_arrive_while_async_code_blocks_every_thread_and_burns_every_core() -> Outcome {
    let cores = std::thread::available_parallelism()?.get();
    let (results, longest) = beats_of("burn", cores * 2, &[]).await?;
    assert!(results.iter().all(|result| result == "attempt 1"), "{results:?}");
    assert!(longest < Duration::from_secs(2), "the longest gap was {longest:?}");
    Ok(())
}

#[tokio::test]
async fn beats_arrive_while_the_pool_burns_every_core() -> Outcome {
    let cores = std::thread::available_parallelism()?.get();
    let (results, longest) = beats_of("pool_burn", cores * 2, &[]).await?;
    assert!(results.iter().all(|result| result == "attempt 1"), "{results:?}");
    assert!(longest < Duration::from_secs(2), "the longest gap was {longest:?}");
    Ok(())
}

#[tokio::test]
async fn beats_arrive_while_spawned_tasks_block_every_thread_they_get() -> Outcome {
    let (results, longest) = beats_of("spawn_blocker", 2, &[]).await?;
    assert!(results.iter().all(|result| result == "attempt 1"), "{results:?}");
    assert!(longest < Duration::from_secs(2), "the longest gap was {longest:?}");
    Ok(())
}
