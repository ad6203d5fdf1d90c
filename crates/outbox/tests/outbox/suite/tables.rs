//! The tables themselves.

use std::time::Duration;

use mainspring_outbox::{Backlog, Intent, Outbox, OutboxError};

use super::{Connection, Db, database};
use crate::{Invoice, Letter, PATIENCE, nothing_waits, number, temporal};

#[tokio::test]
async fn without_tables_it_is_said_what_makes_them() {
    let database = database().await;
    let outbox: Outbox<Db> = Outbox::new(database.pool.clone()).tables("billing").unwrap();
    let nothing = async |_connection: &mut Connection| Ok::<_, OutboxError>(());
    let error = outbox.once("order-1", "charge", nothing).await.unwrap_err().to_string();
    assert!(error.starts_with("the outbox could not do an effect: "), "{error}");
    let wanted = ". Are there tables billing_effects and billing_starts? Outbox::migrate makes them";
    assert!(error.ends_with(wanted), "{error}");
}

#[tokio::test]
async fn processes_that_start_at_once_make_the_tables_once() {
    let database = database().await;
    let outbox: Outbox<Db> = Outbox::new(database.pool.clone());
    let makers: Vec<_> = (0..8)
        .map(|_| {
            let outbox = outbox.clone();
            tokio::spawn(async move { outbox.migrate().await })
        })
        .collect();
    for maker in makers {
        maker.await.unwrap().unwrap();
    }
    assert_eq!(outbox.backlog().await.unwrap(), Backlog::default());
}

#[tokio::test]
async fn two_outboxes_in_one_database_do_not_see_each_other() {
    let database = database().await;
    let (one, two): (Outbox<Db>, _) = (Outbox::new(database.pool.clone()), Outbox::new(database.pool.clone()));
    let two = two.tables("billing").unwrap();
    one.migrate().await.unwrap();
    two.migrate().await.unwrap();
    let mut connection = database.pool.acquire().await.unwrap();
    one.start(&mut connection, Intent::new(Invoice, &number()).unwrap()).await.unwrap();
    assert_eq!((one.backlog().await.unwrap().waiting, two.backlog().await.unwrap().waiting), (1, 0));
}

#[tokio::test]
async fn what_temporal_would_refuse_is_refused_where_it_is_written() {
    let database = database().await;
    let outbox: Outbox<Db> = Outbox::new(database.pool.clone());
    outbox.migrate().await.unwrap();
    let error = Intent::new(Letter, &"x".repeat(2 << 20)).unwrap_err().to_string();
    assert!(
        error.starts_with("the input of workflow letter takes 2097154 bytes, and Temporal takes 2031616"),
        "{error}"
    );
    let mut connection = database.pool.acquire().await.unwrap();
    for id in [String::new(), "i".repeat(1001)] {
        let intent = Intent::new(Invoice, &1).unwrap().with_id(&id);
        let error = outbox.start(&mut connection, intent).await.unwrap_err().to_string();
        assert!(error.contains("is empty or longer than 1000 bytes"), "{error}");
    }
    assert_eq!(outbox.backlog().await.unwrap().waiting, 0);
}

#[tokio::test]
async fn a_relay_waits_for_its_tables() {
    let database = database().await;
    let outbox: Outbox<Db> = Outbox::new(database.pool.clone());
    let temporal = temporal().await;
    let number = number();
    // The relay asks whether it is to stop after its first round, which has found no tables.
    let made_and_started = async {
        outbox.migrate().await.unwrap();
        let mut connection = database.pool.acquire().await.unwrap();
        outbox.start(&mut connection, Intent::new(Invoice, &number).unwrap()).await.unwrap();
        drop(connection);
        nothing_waits(&outbox).await;
    };
    assert!(outbox.backlog().await.is_err(), "there are no tables yet");
    let relay = outbox.relay(temporal.clone()).every(Duration::from_millis(50));
    tokio::time::timeout(PATIENCE, relay.run(made_and_started)).await.expect("the relay goes on");
    assert_eq!(crate::listed(&temporal, &format!("WorkflowId = 'invoice-{number}'"), 1).await, 1);
}
