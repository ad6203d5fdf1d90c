//! Every activity twice, on a worker.

use std::sync::atomic::Ordering;

use mainspring_testing::{Env, fails_first};
use serde_json::json;

use crate::lab::{Bank, BankError, Order, Outcome, Wish, order, product, product_of};

#[tokio::test]
async fn an_activity_that_finds_what_it_did_passes() -> Outcome {
    let env = Env::shared().await?;
    let bank = Bank::default();
    let charges = bank.charges.clone();
    let worker = env
        .worker([product_of(&bank)])
        .every_activity_twice()
        .probe("charges", move |_activity| {
            let charges = charges.load(Ordering::SeqCst);
            async move { Ok(json!(charges)) }
        })
        .start()
        .await?;
    assert_eq!(worker.execute::<Order>(order(1, Wish::Charge)).await?.charge, "charged 1");
    let report = worker.twice();
    assert_eq!(report.alike.get("charge"), Some(&1), "{report:?}");
    assert!(report.different.is_empty() && report.unchecked.is_empty(), "{report:?}");
    Ok(worker.stop().await?)
}

#[tokio::test]
async fn a_result_that_is_another_at_the_second_run_is_named_with_its_place() -> Outcome {
    let env = Env::shared().await?;
    let worker = env.worker([product_of(&Bank::default())]).every_activity_twice().start().await?;
    let error = worker.execute::<Order>(order(2, Wish::Ship)).await.unwrap_err();
    let failure = error.failure().ok_or("not a failure of the workflow")?;
    assert_eq!(failure.type_name(), Some("NotIdempotent"));
    let said = error.to_string();
    assert!(
        said.contains("activity ship is not idempotent: its result is another: $.sent was 1 and is 2 then"),
        "{said}"
    );
    let report = worker.twice();
    assert_eq!(
        report.different.get("ship").map(String::as_str),
        Some("its result is another: $.sent was 1 and is 2 then")
    );
    Ok(worker.stop().await?)
}

#[tokio::test]
async fn an_effect_that_doubles_is_seen_by_its_probe() -> Outcome {
    let env = Env::shared().await?;
    let bank = Bank::default();
    let (counted, seen) = (bank.parcels.clone(), bank.parcels.clone());
    // The same answer each time, and one parcel more.
    let twin = move |order: u64| {
        counted.fetch_add(1, Ordering::SeqCst);
        async move { Ok(format!("charged {order}")) }
    };
    let worker = env
        .worker([product_of(&bank)])
        .mock(Bank::charge, twin)
        .probe("parcels sent", move |_activity| {
            let parcels = seen.load(Ordering::SeqCst);
            async move { Ok(json!(parcels)) }
        })
        .start()
        .await?;
    let error = worker.execute::<Order>(order(3, Wish::Charge)).await.unwrap_err().to_string();
    assert!(error.contains("\"parcels sent\" was 1 after the first run and 2 after the second"), "{error}");
    Ok(worker.stop().await?)
}

#[tokio::test]
async fn a_run_that_fails_for_good_after_a_success_is_no_idempotence() -> Outcome {
    let env = Env::shared().await?;
    let body = |number: u64| async move {
        if mainspring_context::activity().is_some_and(|activity| activity.attempt > 1) {
            return Err(BankError::Declined(number).into());
        }
        Ok("charged".to_owned())
    };
    let worker = env.worker([product()]).mock(Bank::charge, body).mocks_only().every_activity_twice().start().await?;
    let error = worker.execute::<Order>(order(4, Wish::Charge)).await.unwrap_err().to_string();
    assert!(
        error.contains("it succeeded, and the run after that failed for good: Declined: order 4 was declined"),
        "{error}"
    );
    Ok(worker.stop().await?)
}

#[tokio::test]
async fn what_cannot_run_twice_is_told() -> Outcome {
    let env = Env::shared().await?;
    let worker = env.worker([product_of(&Bank::default())]).every_activity_twice().start().await?;
    assert_eq!(worker.execute::<Order>(order(5, Wish::ChargeOnce)).await?.charge, "charged 5");
    let report = worker.twice();
    assert_eq!(report.unchecked.get("charge").map(String::as_str), Some("attempt 1 is its last"));
    assert!(report.alike.is_empty(), "{report:?}");
    Ok(worker.stop().await?)
}

#[tokio::test]
async fn a_failure_before_the_first_success_does_not_confuse_it() -> Outcome {
    let env = Env::shared().await?;
    let body = fails_first(1, || BankError::Busy, |number: u64| async move { Ok(format!("charged {number}")) });
    let worker = env.worker([product()]).mock(Bank::charge, body).mocks_only().every_activity_twice().start().await?;
    assert_eq!(worker.execute::<Order>(order(6, Wish::Charge)).await?.charge, "charged 6");
    assert_eq!(worker.calls(Bank::charge).len(), 3, "it fails, succeeds, and succeeds again");
    assert_eq!(worker.twice().alike.get("charge"), Some(&1));
    Ok(worker.stop().await?)
}

#[tokio::test]
async fn a_versioned_worker_runs_nothing_twice() -> Outcome {
    let env = Env::shared().await?;
    let worker = env.worker([product()]).mock(Bank::charge, |_| async { Ok("charged".to_owned()) }).mocks_only();
    let worker = worker.setting("MAINSPRING_VERSIONING", "pinned").setting("TEMPORAL_DEPLOYMENT_NAME", "shop");
    let started = worker.setting("TEMPORAL_WORKER_BUILD_ID", "7").every_activity_twice().start().await;
    let said = started.map(drop).unwrap_err().to_string();
    assert!(said.starts_with("every activity is to run twice (MAINSPRING_EVERY_ACTIVITY_TWICE), and"), "{said}");
    Ok(())
}

#[tokio::test]
async fn a_success_near_the_timeout_is_given_at_once() -> Outcome {
    let env = Env::shared().await?;
    // Its schedule-to-close timeout is seven seconds.
    let worker = env.worker([product_of(&Bank::default())]).every_activity_twice();
    let worker = worker
        .mock(Bank::charge, |_| async {
            // sleep: an activity that takes more than a third of its time
            tokio::time::sleep(std::time::Duration::from_millis(2500)).await;
            Ok("charged".to_owned())
        })
        .start()
        .await?;
    assert_eq!(worker.execute::<Order>(order(9, Wish::ChargeSoon)).await?.charge, "charged");
    let report = worker.twice();
    assert!(report.unchecked.get("charge").is_some_and(|why| why.starts_with("its timeout is ")), "{report:?}");
    Ok(worker.stop().await?)
}
