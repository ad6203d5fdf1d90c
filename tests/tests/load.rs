//! A thousand workflows at once: the slow tier.
#![cfg(feature = "full")]

mod lab;

use lab::{Outcome, worker};
use mainspring_testing::{Env, Workflows};
use nix::sys::signal::Signal;

#[tokio::test]
async fn a_thousand_workflows_at_once_complete() -> Outcome {
    let env = Env::shared().await?;
    let queue = env.queue("thousand");
    let worker = worker(&env, &queue, &[]).await?;
    let client = env.client().await?;
    let ids: Vec<String> = (0..1_000).map(|_| env.id("thousand")).collect();
    for id in &ids {
        client.begin(&queue, id, "steps", &2).await?;
    }
    for id in &ids {
        assert_eq!(client.result::<u32>(id).await?, 2);
    }
    worker.signal(Signal::SIGTERM);
    assert_eq!(worker.end().await?.code, 0);
    Ok(())
}
