//! Time passes while somebody waits, and only then.

use std::time::{Duration, Instant};

use mainspring_testing::{Env, Workflows};

use crate::worker::{DAY, Outcome, start};

/// Three months pass in less: it says "time was skipped", and is no measure of speed.
const MOMENT: Duration = Duration::from_secs(60);

#[tokio::test]
async fn months_pass_while_a_result_is_awaited_and_none_afterwards() -> Outcome {
    let env = Env::skipping_alone().await?;
    let queue = env.queue("nap");
    let host = start(&env, &queue).await?;
    let client = env.client().await?;
    let (real, from) = (Instant::now(), env.now().await?);
    client.begin(&queue, "months", "nap", &90).await?;
    assert_eq!(client.result::<u64>("months").await?, 90 * 86_400);
    assert!(real.elapsed() < MOMENT, "{:?}", real.elapsed());
    let until = env.now().await?;
    let passed = until.duration_since(from)?;
    // Until the client hears of the result, time goes on, the further the busier this machine is.
    assert!(passed >= DAY * 90 && passed < DAY * 900, "{passed:?} passed for ninety days");

    // Nobody waits now: the next nap takes as long as it says.
    client.begin(&queue, "days", "nap", &2).await?;
    env.sleep(Duration::from_secs(60)).await?;
    let passed = env.now().await?.duration_since(until)?;
    assert!(passed < DAY, "{passed:?} passed for a minute's sleep");
    assert!(host.drain().await.abandoned.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_sleep_is_as_long_as_it_says_whatever_is_due_after_it() -> Outcome {
    let env = Env::skipping_alone().await?;
    let queue = env.queue("nap");
    let host = start(&env, &queue).await?;
    let client = env.client().await?;
    client.begin(&queue, "month", "nap", &30).await?;
    for _ in 0..29 {
        let from = env.now().await?;
        env.sleep(DAY).await?;
        let passed = env.now().await?.duration_since(from)?;
        assert!(passed >= DAY && passed < DAY + MOMENT, "{passed:?} passed for a day's sleep");
    }
    let left = client.workflow("month").describe(Default::default()).await?;
    assert_eq!(format!("{:?}", left.status()), "Running");
    env.sleep(DAY * 2).await?;
    assert_eq!(client.result::<u64>("month").await?, 30 * 86_400);
    assert!(host.drain().await.abandoned.is_empty());
    Ok(())
}

#[tokio::test]
async fn an_activity_has_the_time_that_it_really_takes_while_a_week_is_pending() -> Outcome {
    let env = Env::skipping().await?;
    let (queue, id) = (env.queue("work"), env.id("work"));
    let host = start(&env, &queue).await?;
    let client = env.client().await?;
    let real = Instant::now();
    client.begin(&queue, &id, "work", &Duration::from_secs(2)).await?;
    assert_eq!(client.result::<u32>(&id).await?, 1, "it timed out and was tried again");
    let took = real.elapsed();
    assert!(took >= Duration::from_secs(2) && took < MOMENT, "{took:?}");
    assert!(host.drain().await.abandoned.is_empty());
    Ok(())
}

#[tokio::test]
async fn the_pauses_between_attempts_are_skipped() -> Outcome {
    let env = Env::skipping().await?;
    let (queue, id) = (env.queue("insist"), env.id("insist"));
    let host = start(&env, &queue).await?;
    let client = env.client().await?;
    let real = Instant::now();
    client.begin(&queue, &id, "insist", &12).await?;
    // 1, 2, 4, … and from the eighth on 100 seconds each.
    let passed = client.result::<u64>(&id).await?;
    assert!(passed >= 127 + 4 * 100, "{passed} s");
    assert!(real.elapsed() < MOMENT, "{:?}", real.elapsed());
    assert!(host.drain().await.abandoned.is_empty());
    Ok(())
}

#[tokio::test]
async fn waits_overlap_in_every_order_and_the_last_one_locks() -> Outcome {
    let env = Env::skipping_alone().await?;
    let queue = env.queue("nap");
    let host = start(&env, &queue).await?;
    let client = env.client().await?;
    for round in 0..5_u32 {
        let id = |days: u32| format!("{round}-{days}");
        for days in [1, 2, 3] {
            client.begin(&queue, &id(days), "nap", &days).await?;
        }
        let (one, two, three) = (id(1), id(2), id(3));
        let (one, two, three, slept, slept_longer) = tokio::join!(
            client.result::<u64>(&one),
            client.result::<u64>(&two),
            client.result::<u64>(&three),
            env.sleep(DAY),
            env.sleep(DAY * 5),
        );
        assert_eq!((one?, two?, three?), (86_400, 2 * 86_400, 3 * 86_400));
        slept.and(slept_longer)?;
        let (from, real) = (env.now().await?, Instant::now());
        client.begin(&queue, &id(9), "nap", &9).await?;
        env.sleep(Duration::from_secs(1)).await?;
        let passed = env.now().await?.duration_since(from)?;
        assert!(passed < real.elapsed() + MOMENT, "time is not locked: {passed:?} passed");
    }
    assert!(host.drain().await.abandoned.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_wait_that_is_given_up_locks_too() -> Outcome {
    let env = Env::skipping_alone().await?;
    let queue = env.queue("work");
    let host = start(&env, &queue).await?;
    let client = env.client().await?;
    client.begin(&queue, "work", "work", &Duration::from_secs(5)).await?;
    for _ in 0..3 {
        // The activity takes longer, and time stands meanwhile: so this cannot end by itself.
        let given_up = tokio::time::timeout(Duration::from_millis(50), client.result::<u32>("work")).await;
        assert!(given_up.is_err(), "{given_up:?}");
    }
    let from = env.now().await?;
    // The first sleep ends after the activity. From then on a week would pass at once, if time were not locked.
    for _ in 0..3 {
        env.sleep(Duration::from_secs(60)).await?;
    }
    let passed = env.now().await?.duration_since(from)?;
    assert!(passed >= Duration::from_secs(180) && passed < DAY, "{passed:?}");
    assert_eq!(client.result::<u32>("work").await?, 1);
    assert!(host.drain().await.abandoned.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_sleep_that_nothing_lets_pass_says_what_holds_time() -> Outcome {
    let env = Env::skipping_alone().await?;
    let client = env.client().await?;
    client.begin(&env.queue("nobody"), "stuck", "nap", &1).await?;
    let error = env.sleep(DAY).await.err().ok_or("it slept")?.to_string();
    assert!(error.starts_with("86400s did not pass within 30s: time stands still while an activity"), "{error}");
    let cause = "and while a workflow task waits for a worker, of any test on this server; open workflows: stuck";
    assert!(error.ends_with(cause), "{error}");
    Ok(())
}

#[tokio::test]
async fn any_future_can_skip_time_and_a_server_that_cannot_says_so() -> Outcome {
    let env = Env::skipping().await?;
    let (queue, id) = (env.queue("nap"), env.id("nap"));
    let host = start(&env, &queue).await?;
    let client = env.client().await?;
    client.begin(&queue, &id, "nap", &7).await?;
    let handle = client.workflow(&id);
    env.skip_while(handle.get_result(Default::default())).await??;
    assert!(host.drain().await.abandoned.is_empty());

    let real = Env::shared().await?;
    assert_eq!(real.skip_while(async { 7 }).await?, 7);
    let error = real.sleep(DAY).await.err().ok_or("it slept")?.to_string();
    let address = real.address();
    assert_eq!(error, format!("the server at {address} cannot skip time: take Env::skipping() for a test that sleeps"));
    Ok(())
}
