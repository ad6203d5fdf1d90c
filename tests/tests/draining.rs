//! A worker leaves by the one sum, whatever its activities do.

mod lab;

use std::time::{Duration, Instant};

use lab::{Outcome, call, worker};
use mainspring_testing::{Env, Exit, TestError, Workflows};
use nix::sys::signal::Signal;

/// What an activity takes, in milliseconds, that a worker must not wait for.
const ENDLESS: &str = "600000";
/// A grace that nobody should wait for.
const LONG: (&str, &str) = ("GRACEFUL_SHUTDOWN_TIMEOUT_SECONDS", "300");
/// Far below both, and on the busiest machine above what a process takes by the grace that `lab::unready` sets, 6 s.
const SOON: Duration = Duration::from_secs(30);

/// Starts `activity`, sends SIGTERM once it has logged `running`, and gives the exit, the queue and the workflow's id. What
/// the exit took is counted from the signal.
async fn stopped_while(
    activity: &str,
    arg: &str,
    running: &str,
    settings: &[(&str, &str)],
) -> Result<(Exit, String, String), TestError> {
    let env = Env::shared().await?;
    let (queue, id) = (env.queue(activity), env.id(activity));
    let mut worker = worker(&env, &queue, settings).await?;
    env.client().await?.begin(&queue, &id, "call", &call(activity, arg)).await?;
    worker.line(running).await?;
    let told = Instant::now();
    worker.signal(Signal::SIGTERM);
    let exit = worker.end().await?;
    Ok((Exit { took: told.elapsed(), ..exit }, queue, id))
}

#[tokio::test]
async fn an_idle_worker_leaves_at_once() -> Outcome {
    let env = Env::shared().await?;
    let worker = worker(&env, &env.queue("idle"), &[LONG]).await?;
    worker.signal(Signal::SIGINT);
    let exit = worker.end().await?;
    assert_eq!(exit.code, 0);
    assert!(exit.took < SOON, "{:?}", exit.took);
    Ok(())
}

#[tokio::test]
async fn a_fast_activity_ends_and_its_result_arrives() -> Outcome {
    let (exit, queue, id) = stopped_while("nap", "800", "napping", &[LONG]).await?;
    assert_eq!(exit.code, 0);
    assert!(exit.took < SOON, "it does not wait for the grace: {:?}", exit.took);
    let env = Env::shared().await?;
    let _next = worker(&env, &queue, &[]).await?;
    assert_eq!(env.client().await?.result::<String>(&id).await?, "slept");
    Ok(())
}

#[tokio::test]
async fn an_activity_that_heeds_the_signal_saves_its_place_first() -> Outcome {
    let (exit, queue, id) = stopped_while("heeding", "", "\"msg\":\"heeding\"", &[LONG]).await?;
    assert_eq!(exit.logged("heeded").len(), 1);
    assert!(exit.took < SOON, "told before the SDK is: {:?}", exit.took);
    let env = Env::shared().await?;
    let _next = worker(&env, &queue, &[]).await?;
    assert_eq!(env.client().await?.result::<String>(&id).await?, "saved");
    Ok(())
}

#[tokio::test]
async fn a_slow_activity_is_cancelled_near_the_end_of_the_grace() -> Outcome {
    // It is cancelled at 12 s, and would be abandoned at 14.4 s.
    let grace = ("GRACEFUL_SHUTDOWN_TIMEOUT_SECONDS", "15");
    let (exit, ..) = stopped_while("nap", ENDLESS, "napping", &[grace]).await?;
    assert_eq!((exit.code, exit.logged("cancelled").len()), (0, 1));
    assert!(exit.took >= Duration::from_millis(11_800) && exit.took < SOON, "{:?}", exit.took);
    assert!(exit.logged("abandoned: it did not end within the grace").is_empty());
    Ok(())
}

#[tokio::test]
async fn an_activity_that_looks_at_nothing_does_not_hold_the_worker() -> Outcome {
    let (exit, _, id) = stopped_while("stubborn", ENDLESS, "\"msg\":\"stubborn\"", &[]).await?;
    assert_eq!(exit.code, 0);
    assert!(exit.took < SOON, "{:?}", exit.took);
    let abandoned = exit.logged("abandoned: it did not end within the grace");
    assert_eq!(abandoned.len(), 1, "one line for each");
    assert_eq!(
        (abandoned[0]["activity_type"].as_str(), abandoned[0]["workflow_id"].as_str()),
        (Some("stubborn"), Some(id.as_str()))
    );
    assert!(abandoned[0]["seconds"].as_f64().is_some_and(|seconds| seconds > 4.0), "{:?}", abandoned[0]);
    Ok(())
}

#[tokio::test]
async fn a_burning_activity_does_not_hold_the_worker() -> Outcome {
    let (exit, ..) = stopped_while("burn", ENDLESS, "burning", &[]).await?;
    assert_eq!((exit.code, exit.logged("abandoned: it did not end within the grace").len()), (0, 1));
    assert!(exit.took < SOON, "{:?}", exit.took);
    Ok(())
}

#[tokio::test]
async fn a_second_signal_leaves_at_once() -> Outcome {
    let env = Env::shared().await?;
    for (second, code) in [(Signal::SIGTERM, 143), (Signal::SIGINT, 130)] {
        let (queue, id) = (env.queue("second"), env.id("second"));
        let mut worker = worker(&env, &queue, &[LONG]).await?;
        env.client().await?.begin(&queue, &id, "call", &call("stubborn", "60000")).await?;
        worker.line("\"msg\":\"stubborn\"").await?;
        worker.signal(Signal::SIGTERM);
        worker.line("\"msg\":\"draining\"").await?;
        worker.signal(second);
        let exit = worker.end().await?;
        assert_eq!(exit.code, code);
        assert!(exit.took < SOON, "{:?}", exit.took);
    }
    Ok(())
}
