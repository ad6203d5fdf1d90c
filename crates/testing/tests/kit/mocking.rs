//! Mocks in place of a product's activities.

use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use mainspring_testing::{Env, fails_first};
use temporalio_common::data_converters::RawValue;
use temporalio_macros::activity_definitions;
use temporalio_sdk::activities::ActivityError;

use crate::lab::{Bank, BankError, Order, Outcome, Shipment, Wish, order, product, product_of};

#[tokio::test]
async fn a_mock_is_typed_and_its_calls_are_kept() -> Outcome {
    let env = Env::shared().await?;
    let worker = env
        .worker([product()])
        .mock(Bank::charge, |number| async move { Ok(format!("mocked {number}")) })
        .mock(Bank::ship, |_| async { Ok(Shipment { parcel: "a mock's".into(), sent: 1 }) })
        .start()
        .await?;
    assert_eq!(worker.execute::<Order>(order(1, Wish::Charge)).await?.charge, "mocked 1");
    assert_eq!(worker.execute::<Order>(order(2, Wish::Ship)).await?.charge, "a mock's");
    assert_eq!(worker.execute::<Order>(order(3, Wish::Charge)).await?.charge, "mocked 3");
    let calls = worker.calls(Bank::charge);
    assert_eq!(calls.iter().map(|call| (call.input, call.attempt)).collect::<Vec<_>>(), [(1, 1), (3, 1)]);
    let id = worker.workflow_id::<Order>(&order(1, Wish::Charge));
    assert_eq!(calls[0].workflow_id.as_deref(), Some(id.as_str()));
    assert_eq!(worker.calls(Bank::ship).len(), 1);
    Ok(worker.stop().await?)
}

#[tokio::test]
async fn what_is_not_mocked_is_the_products_own() -> Outcome {
    let env = Env::shared().await?;
    let bank = Bank::default();
    let half = env.worker([product_of(&bank)]).mock(Bank::ship, |_| async { Err(BankError::Declined(9).into()) });
    let worker = half.start().await?;
    assert_eq!(worker.execute::<Order>(order(1, Wish::Charge)).await?.charge, "charged 1");
    assert_eq!(bank.charges.load(std::sync::atomic::Ordering::SeqCst), 1);
    let error = worker.execute::<Order>(order(2, Wish::Ship)).await.unwrap_err();
    let failure = error.failure().ok_or("not a failure of the workflow")?;
    assert_eq!(failure.type_name(), Some("Declined"), "the product's error keeps its class");
    assert_eq!(worker.calls(Bank::ship).len(), 1, "a terminal one is not tried again");
    assert_eq!(worker.calls(Bank::charge), [], "its own calls are not kept");
    Ok(worker.stop().await?)
}

#[tokio::test]
async fn a_mock_fails_first_and_then_succeeds() -> Outcome {
    let env = Env::shared().await?;
    let body = fails_first(2, || BankError::Busy, |number: u64| async move { Ok(format!("third time {number}")) });
    let worker = env.worker([product()]).mock(Bank::charge, body).mocks_only().start().await?;
    assert_eq!(worker.execute::<Order>(order(1, Wish::Charge)).await?.charge, "third time 1");
    assert_eq!(worker.calls(Bank::charge).iter().map(|call| call.attempt).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(worker.execute::<Order>(order(2, Wish::Charge)).await?.charge, "third time 2", "of each call anew");
    Ok(worker.stop().await?)
}

#[tokio::test]
async fn a_missing_mock_fails_the_workflow_and_the_test() -> Outcome {
    let env = Env::shared().await?;
    let strict = || env.worker([product()]).mock(Bank::ship, |_| async { unreachable!() }).mocks_only();
    let worker = strict().start().await?;
    let error = worker.execute::<Order>(order(1, Wish::Charge)).await.unwrap_err();
    let failure = error.failure().ok_or("not a failure of the workflow")?;
    assert_eq!(failure.type_name(), Some("NotMocked"));
    let said = error.to_string();
    assert!(said.contains("activity charge is not mocked. Give the test's worker .mock(DEFINITION"), "{said}");
    let end = worker.stop().await.unwrap_err().to_string();
    assert!(end.starts_with("called without a mock: charge. Give the test's worker"), "{end}");
    let worker = strict().start().await?;
    assert!(worker.execute::<Order>(order(1, Wish::Charge)).await.is_err());
    let dropped = AssertUnwindSafe(async { drop(worker) }).catch_unwind().await;
    let panic = dropped.expect_err("a test that does not stop its worker hears of it too");
    assert!(panic.downcast_ref::<String>().is_some_and(|text| text.starts_with("called without a mock: charge")));
    Ok(())
}

struct Elsewhere;

#[expect(clippy::unimplemented, reason = "the body that the SDK asks for")]
#[activity_definitions]
impl Elsewhere {
    #[activity(name = "transfer")]
    fn transfer(cents: u64) -> Result<RawValue, ActivityError> {
        unimplemented!()
    }
}

#[tokio::test]
async fn a_mock_of_what_no_product_has_is_refused() -> Outcome {
    let env = Env::shared().await?;
    let stray = env.worker([product()]).mock(Elsewhere::transfer, |_| async { Ok(RawValue::empty()) });
    let Err(error) = stray.start().await else { return Err("it started".into()) };
    assert_eq!(
        error.to_string(),
        "no product has an activity transfer, so nothing can stand in for it: there are charge, ship"
    );
    Ok(())
}
