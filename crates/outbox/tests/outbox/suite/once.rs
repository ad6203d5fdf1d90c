//! Effects.

use std::time::Duration;

use mainspring_outbox::sqlx::{query, query_scalar};
use mainspring_outbox::{Outbox, OutboxError};

use super::{Connection, Database, Db, database};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A ledger, and the outbox beside it.
async fn ledger() -> (Database, Outbox<Db>) {
    let database = database().await;
    query("CREATE TABLE ledger (amount BIGINT NOT NULL)").execute(&database.pool).await.unwrap();
    let outbox = Outbox::new(database.pool.clone());
    outbox.migrate().await.unwrap();
    (database, outbox)
}

async fn booked(database: &Database) -> Vec<i64> {
    query_scalar("SELECT amount FROM ledger ORDER BY amount").fetch_all(&database.pool).await.unwrap()
}

/// Books an amount, and gives it.
async fn book(outbox: &Outbox<Db>, key: &str, effect: &str, amount: i64) -> Result<i64, BoxError> {
    let booking = async |connection: &mut Connection| {
        query("INSERT INTO ledger (amount) VALUES ($1)").bind(amount).execute(connection).await?;
        Ok::<_, BoxError>(amount)
    };
    outbox.once(key, effect, booking).await
}

#[tokio::test]
async fn an_effect_happens_once_and_whoever_comes_again_gets_its_result() {
    let (database, outbox) = ledger().await;
    assert_eq!(book(&outbox, "order-1", "charge", 10).await.unwrap(), 10);
    assert_eq!(book(&outbox, "order-1", "charge", 11).await.unwrap(), 10, "the first one's result");
    assert_eq!(book(&outbox, "order-1", "refund", 12).await.unwrap(), 12, "another effect of the same key");
    assert_eq!(book(&outbox, "order-2", "charge", 13).await.unwrap(), 13, "another key");
    assert_eq!(booked(&database).await, [10, 12, 13]);
}

#[tokio::test]
async fn those_who_come_at_once_get_the_result_of_one() {
    let (database, outbox) = ledger().await;
    let askers = (0..20).map(|amount| {
        let outbox = outbox.clone();
        tokio::spawn(async move { book(&outbox, "order-1", "charge", amount).await })
    });
    let mut results = Vec::new();
    for asker in askers.collect::<Vec<_>>() {
        results.push(asker.await.unwrap().unwrap());
    }
    assert_eq!(booked(&database).await, results[..1]);
    assert!(results.iter().all(|result| *result == results[0]), "{results:?}");
}

#[tokio::test]
async fn an_error_rolls_back_and_takes_no_key() {
    let (database, outbox) = ledger().await;
    let failing = async |connection: &mut Connection| {
        query("INSERT INTO ledger (amount) VALUES (1)").execute(connection).await?;
        Err::<i64, BoxError>("the bank said no".into())
    };
    let error = outbox.once("order-1", "charge", failing).await.unwrap_err();
    assert_eq!(error.to_string(), "the bank said no");
    assert!(booked(&database).await.is_empty());
    assert_eq!(book(&outbox, "order-1", "charge", 2).await.unwrap(), 2);
    assert_eq!(booked(&database).await, [2]);
}

#[tokio::test]
async fn an_attempt_that_is_given_up_midway_leaves_nothing() {
    let (database, outbox) = ledger().await;
    let (tell, told) = tokio::sync::oneshot::channel();
    let hanging = async |connection: &mut Connection| {
        query("INSERT INTO ledger (amount) VALUES (1)").execute(connection).await?;
        let _ = tell.send(());
        std::future::pending::<Result<i64, BoxError>>().await
    };
    tokio::select! {
        _ = outbox.once("order-1", "charge", hanging) => panic!("it hangs"),
        told = told => told.unwrap(),
    }
    let again = tokio::time::timeout(Duration::from_secs(20), book(&outbox, "order-1", "charge", 2)).await;
    assert_eq!(again.expect("no lock is left behind").unwrap(), 2);
    assert_eq!(booked(&database).await, [2]);
}

#[tokio::test]
async fn keys_that_are_old_enough_are_forgotten() {
    let (database, outbox) = ledger().await;
    book(&outbox, "order-1", "charge", 1).await.unwrap();
    assert_eq!(outbox.forget(Duration::from_secs(3600)).await.unwrap(), 0);
    assert_eq!(book(&outbox, "order-1", "charge", 2).await.unwrap(), 1);
    // A key of this very millisecond is not older than nothing.
    let forgotten = async {
        while outbox.forget(Duration::ZERO).await.unwrap() == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), forgotten).await.expect("it grows older");
    assert_eq!(book(&outbox, "order-1", "charge", 3).await.unwrap(), 3);
    assert_eq!(booked(&database).await, [1, 3]);
}

#[tokio::test]
async fn a_result_of_another_shape_is_said_with_the_effects_name() {
    let (_database, outbox) = ledger().await;
    book(&outbox, "order-1", "charge", 1).await.unwrap();
    let other = async |_connection: &mut Connection| Ok::<_, OutboxError>(String::new());
    let error = outbox.once("order-1", "charge", other).await.unwrap_err().to_string();
    assert!(
        error.starts_with("the kept result of effect charge is not JSON of its type: invalid type: integer"),
        "{error}"
    );
}
