//! Workers in a test.

use std::sync::Arc;
use std::time::{Duration, Instant};

use mainspring_testing::{Env, RunError};
use tokio::sync::Notify;

use crate::lab::{Bank, BankError, Held, Order, Outcome, Refund, Release, Wish, order, product, product_of};

/// Before this, a test that waits for an event is stuck.
const LONG: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_workflow_runs_on_the_products_own_activities() -> Outcome {
    let env = Env::shared().await?;
    let worker = env.worker([product_of(&Bank::default())]).start().await?;
    let receipt = worker.execute::<Order>(order(1, Wish::Charge)).await?;
    assert_eq!((receipt.number, receipt.charge.as_str()), (1, "charged 1"));
    Ok(worker.stop().await?)
}

#[tokio::test]
async fn two_tests_with_one_input_do_not_meet() -> Outcome {
    let env = Env::shared().await?;
    let mocked = |answer: &'static str| {
        env.worker([product()]).mock(Bank::charge, move |_| async move { Ok(answer.to_owned()) }).mocks_only()
    };
    let (one, two) = (mocked("one").start().await?, mocked("two").start().await?);
    let (first, second) =
        tokio::join!(one.execute::<Order>(order(7, Wish::Charge)), two.execute::<Order>(order(7, Wish::Charge)));
    assert_eq!((first?.charge.as_str(), second?.charge.as_str()), ("one", "two"));
    assert!(one.workflow_id::<Order>(&order(7, Wish::Charge)).starts_with("order-7-t-"), "the contract's id, and more");
    assert_ne!(one.queues(), two.queues());
    Ok(())
}

#[tokio::test]
async fn signals_queries_and_cancellation_are_typed_by_the_contract() -> Outcome {
    let env = Env::shared().await?;
    let worker = env.worker([product()]).mocks_only().start().await?;
    let run = worker.start::<Order>(order(2, Wish::Hold)).await?;
    assert!(run.query(Held, ()).await?);
    run.signal(Release, ()).await?;
    assert_eq!(run.result().await?.charge, "held");
    let run = worker.start::<Order>(order(3, Wish::Hold)).await?;
    run.cancel("enough").await?;
    let error = run.result().await.unwrap_err().to_string();
    assert!(error.ends_with("was cancelled"), "{error}");
    Ok(worker.stop().await?)
}

#[tokio::test]
async fn a_workflow_that_panics_fails_its_test_at_once() -> Outcome {
    let env = Env::shared().await?;
    let worker = env.worker([product()]).mocks_only().start().await?;
    let started = Instant::now();
    let error = worker.execute::<Order>(order(4, Wish::Panic)).await.unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    assert!(matches!(error, RunError::TaskFailed { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.starts_with("a workflow task of order-4-t-"), "{text}");
    assert!(text.contains("would be tried for ever: ") && text.contains("order 4 cannot be read"), "{text}");
    Ok(worker.stop().await?)
}

#[tokio::test]
async fn a_child_that_panics_fails_its_test_at_once_and_is_named() -> Outcome {
    let env = Env::shared().await?;
    let worker = env.worker([product()]).mocks_only().start().await?;
    let started = Instant::now();
    let error = worker.execute::<Order>(order(9, Wish::PanicBelow(1))).await.unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    let RunError::TaskFailed { workflow_id, message } = &error else { panic!("{error:?}") };
    let id = worker.workflow_id::<Order>(&order(9, Wish::Panic));
    assert_eq!(*workflow_id, format!("{id}-below-below"), "it is the child's child");
    assert!(message.contains("order 9 cannot be read"), "{message}");
    Ok(worker.stop().await?)
}

#[tokio::test]
async fn an_activity_that_always_fails_ends_after_the_cap() -> Outcome {
    let env = Env::shared().await?;
    let busy = |most| {
        let worker = env.worker([product()]).mock(Bank::charge, |_| async { Err(BankError::Busy.into()) });
        worker.mocks_only().attempts(most)
    };
    for (most, attempts) in [(Some(2), 2), (Some(mainspring_testing::ATTEMPTS), 4)] {
        let worker = busy(most).start().await?;
        let error = worker.execute::<Order>(order(5, Wish::Charge)).await.unwrap_err();
        let failure = error.failure().ok_or("not a failure of the workflow")?;
        assert!(failure.is("Busy"), "{failure:?}");
        let tried: Vec<u32> = worker.calls(Bank::charge).iter().map(|call| call.attempt).collect();
        assert_eq!(tried, (1..=attempts).collect::<Vec<u32>>());
        worker.stop().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_wait_in_vain_ends_with_what_is_pending() -> Outcome {
    let env = Env::shared().await?;
    let charging = Arc::new(Notify::new());
    let never = env.worker([product()]).mock(Bank::charge, {
        let charging = Arc::clone(&charging);
        move |_| {
            charging.notify_one();
            std::future::pending()
        }
    });
    // It ends whatever a machine under load takes to get there, so each run is seen to wait before it is waited for.
    let worker = never.mocks_only().patience(Duration::from_millis(300)).start().await?;
    let run = worker.start::<Order>(order(6, Wish::Charge)).await?;
    tokio::time::timeout(LONG, charging.notified()).await?;
    let error = run.result().await.unwrap_err().to_string();
    assert!(error.contains("has no result after 300ms: activity charge is pending in attempt 1"), "{error}");
    let error = worker.execute::<Order>(order(6, Wish::Hold)).await.unwrap_err().to_string();
    assert!(error.contains("is running already"), "{error}");
    let run = worker.start::<Order>(order(8, Wish::Hold)).await?;
    assert!(run.query(Held, ()).await?);
    let error = run.result().await.unwrap_err().to_string();
    assert!(error.ends_with("it waits for a timer, a signal or a child"), "{error}");
    Ok(())
}

#[tokio::test]
async fn a_workflow_that_no_product_has_is_refused_with_those_that_there_are() -> Outcome {
    let env = Env::shared().await?;
    let worker = env.worker([product()]).mocks_only().start().await?;
    let error = worker.execute::<Refund>(1).await.unwrap_err().to_string();
    assert_eq!(error, "the test's worker has no workflow refund on a queue shop: it has order");
    let Err(error) = env.worker([product()]).start().await else { return Err("the bank was open".into()) };
    let text = error.to_string();
    assert!(text.ends_with("its activities could not be connected: the bank is closed"), "{text}");
    Ok(())
}
