//! Starts.

use std::time::Duration;

use mainspring_caller::Caller;
use mainspring_outbox::sqlx::query;
use mainspring_outbox::{Intent, Outbox};
use mainspring_servers::TemporalDevServer;

use super::{Database, Db, database};
use crate::{Invoice, Letter, connector, listed, nothing_waits, number, queue, relay, temporal};

async fn empty() -> (Database, Outbox<Db>) {
    let database = database().await;
    let outbox = Outbox::new(database.pool.clone());
    outbox.migrate().await.unwrap();
    (database, outbox)
}

/// Writes an intent in a transaction of its own.
async fn write(database: &Database, outbox: &Outbox<Db>, intent: Intent) -> String {
    let mut transaction = database.pool.begin().await.unwrap();
    let id = outbox.start(&mut transaction, intent).await.unwrap();
    transaction.commit().await.unwrap();
    id
}

#[tokio::test]
async fn a_committed_intent_starts_and_one_that_was_rolled_back_never_does() {
    let (database, outbox) = empty().await;
    let (temporal, queue) = (temporal().await, queue());
    query("CREATE TABLE orders (number BIGINT)").execute(&database.pool).await.unwrap();
    let mut ids = Vec::new();
    for commits in [true, false, true] {
        let mut transaction = database.pool.begin().await.unwrap();
        query("INSERT INTO orders (number) VALUES (1)").execute(&mut *transaction).await.unwrap();
        let intent = Intent::new(Invoice, &number()).unwrap().task_queue(&queue);
        let id = outbox.start(&mut transaction, intent).await.unwrap();
        if commits {
            transaction.commit().await.unwrap();
            ids.push(id);
        } else {
            transaction.rollback().await.unwrap();
        }
    }
    assert_eq!(outbox.backlog().await.unwrap().waiting, 2);
    relay(&outbox, &temporal).await;
    assert_eq!(listed(&temporal, &format!("TaskQueue = '{queue}'"), 2).await, 2);
    let caller = Caller::through(&temporal).await.unwrap();
    for id in ids {
        assert!(!caller.workflow(Invoice, id).status().await.unwrap().is_closed());
    }
}

#[tokio::test]
async fn a_relay_that_died_before_it_could_note_a_start_makes_no_second_run() {
    let (database, outbox) = empty().await;
    let (temporal, queue) = (temporal().await, queue());
    let intent = Intent::new(Letter, &"dear".to_owned()).unwrap().task_queue(&queue);
    let id = write(&database, &outbox, intent.clone()).await;
    relay(&outbox, &temporal).await;
    // Its run has even failed since, after which a workflow id is free; and the row is there as if it had not been noted.
    let caller = Caller::through(&temporal).await.unwrap();
    caller.workflow(Letter, &id).terminate("on purpose").await.unwrap();
    write(&database, &outbox, intent).await;
    relay(&outbox, &temporal).await;
    assert!(caller.workflow(Letter, &id).status().await.unwrap().is_closed(), "no run has followed");
    // Another intent for the same id is another wish.
    let other = Intent::new(Letter, &"again".to_owned()).unwrap().task_queue(&queue).with_id(&id);
    write(&database, &outbox, other).await;
    relay(&outbox, &temporal).await;
    assert!(!caller.workflow(Letter, &id).status().await.unwrap().is_closed());
    assert_eq!(listed(&temporal, &format!("TaskQueue = '{queue}'"), 2).await, 2);
}

#[tokio::test]
async fn a_workflow_that_is_there_already_counts_as_started() {
    let (database, outbox) = empty().await;
    let (temporal, queue, number) = (temporal().await, queue(), number());
    let caller = Caller::through(&temporal).await.unwrap();
    let run = caller.start(Invoice, number).task_queue(&queue).await.unwrap();
    write(&database, &outbox, Intent::new(Invoice, &number).unwrap().task_queue(&queue)).await;
    relay(&outbox, &temporal).await;
    let backlog = outbox.backlog().await.unwrap();
    assert_eq!((backlog.waiting, backlog.set_aside), (0, 0));
    assert!(!run.status().await.unwrap().is_closed());
    assert_eq!(listed(&temporal, &format!("TaskQueue = '{queue}'"), 1).await, 1);
}

#[tokio::test]
async fn what_temporal_refuses_is_set_aside_with_the_reason_and_holds_nobody_up() {
    let (database, outbox) = empty().await;
    let (temporal, queue) = (temporal().await, queue());
    let poison = Intent::new(Letter, &"poison".to_owned()).unwrap().task_queue("");
    let poisoned = write(&database, &outbox, poison).await;
    write(&database, &outbox, Intent::new(Letter, &"well".to_owned()).unwrap().task_queue(&queue)).await;
    relay(&outbox, &temporal).await;
    assert_eq!(listed(&temporal, &format!("TaskQueue = '{queue}'"), 1).await, 1);
    let aside = outbox.set_aside(10).await.unwrap();
    assert_eq!(aside.len(), 1, "{aside:?}");
    let one = &aside[0];
    assert_eq!(
        (one.workflow_id.as_str(), one.workflow_type.as_str(), one.input.as_str(), one.attempts),
        (poisoned.as_str(), "letter", "\"poison\"", 1)
    );
    assert!(one.reason.starts_with(&format!("could not start workflow {poisoned}: ")), "{}", one.reason);
    assert!(one.reason.to_lowercase().contains("taskqueue") || one.reason.contains("task queue"), "{}", one.reason);
    // A person decides.
    assert!(outbox.try_again(&one.id).await.unwrap() && !outbox.try_again(&one.id).await.unwrap());
    assert_eq!(outbox.backlog().await.unwrap().waiting, 1);
    relay(&outbox, &temporal).await;
    assert_eq!(outbox.backlog().await.unwrap().set_aside, 1);
    assert!(outbox.discard(&one.id).await.unwrap() && !outbox.discard(&one.id).await.unwrap());
    assert!(outbox.set_aside(10).await.unwrap().is_empty());
}

#[tokio::test]
async fn while_temporal_is_away_intents_wait_and_count_no_attempt() {
    let (database, outbox) = empty().await;
    let folder = tempfile::tempdir().unwrap();
    let mut server = TemporalDevServer::builder().db_file(folder.path().join("temporal.db")).start().await.unwrap();
    let temporal = connector(&server.address());
    let queue = queue();
    write(&database, &outbox, Intent::new(Letter, &"before".to_owned()).unwrap().task_queue(&queue)).await;
    relay(&outbox, &temporal).await;
    server.kill().await;
    for n in 0..30 {
        write(&database, &outbox, Intent::new(Letter, &n.to_string()).unwrap().task_queue(&queue)).await;
    }
    // One that has a connection, and one that never had.
    let relays = [outbox.relay(temporal.clone()), outbox.relay(temporal.clone())];
    let relays: Vec<_> = relays
        .into_iter()
        .map(|relay| {
            let (relay, outbox) = (relay.every(Duration::from_millis(50)).attempts(1), outbox.clone());
            tokio::spawn(async move { relay.run(nothing_waits(&outbox)).await })
        })
        .collect();
    // They have looked, and looked again.
    let mut looks = tokio::time::interval(Duration::from_millis(100));
    let backlog = loop {
        looks.tick().await;
        let backlog = outbox.backlog().await.unwrap();
        if backlog.oldest >= Duration::from_secs(4) {
            break backlog;
        }
    };
    assert_eq!((backlog.waiting, backlog.set_aside), (30, 0));
    server.restart().await.unwrap();
    for relay in relays {
        tokio::time::timeout(crate::PATIENCE, relay).await.expect("they go on").unwrap();
    }
    assert_eq!(outbox.backlog().await.unwrap().set_aside, 0);
    assert_eq!(listed(&temporal, &format!("TaskQueue = '{queue}'"), 31).await, 31);
}

#[tokio::test]
async fn several_relays_at_once_start_each_intent_once() {
    let (database, outbox) = empty().await;
    let (temporal, queue) = (temporal().await, queue());
    for n in 0..200 {
        write(&database, &outbox, Intent::new(Letter, &n.to_string()).unwrap().task_queue(&queue)).await;
    }
    tokio::join!(
        relay(&outbox, &temporal),
        relay(&outbox, &temporal),
        relay(&outbox, &temporal),
        relay(&outbox, &temporal)
    );
    assert_eq!(listed(&temporal, &format!("TaskQueue = '{queue}'"), 200).await, 200);
    let backlog = outbox.backlog().await.unwrap();
    assert_eq!((backlog.waiting, backlog.set_aside), (0, 0));
}
