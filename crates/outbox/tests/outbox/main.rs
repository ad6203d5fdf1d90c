//! One suite on both databases, and on Temporal's dev server. What is killed is in `tests/tests/outbox.rs`.

#![allow(clippy::unwrap_used, reason = "what a test's own parts cannot do fails the test")]
#![allow(clippy::duplicate_mod, reason = "each database runs the whole suite")]

mod postgres;
mod sqlite;

use std::time::Duration;

use mainspring_client::Connector;
use mainspring_outbox::{Contract, Outbox, Store};
use mainspring_servers::TemporalDevServer;
use mainspring_settings::{Sources, load};
use temporalio_client::WorkflowCountOptions;
use temporalio_common::WorkflowDefinition;
use tokio::sync::OnceCell;

/// The longest that a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(60);

/// No worker polls its queue: all it does is to be started.
#[derive(Clone, Copy, Debug, Default)]
struct Invoice;

impl WorkflowDefinition for Invoice {
    type Input = u64;
    type Output = ();

    fn name(&self) -> &'static str {
        "invoice"
    }
}

impl Contract for Invoice {
    const TASK_QUEUE: &'static str = "invoices-without-a-worker";
    const WORKFLOW_ID: Option<fn(&u64) -> String> = Some(|number| format!("invoice-{number}"));
}

/// Without an id that follows from its input.
#[derive(Clone, Copy, Debug, Default)]
struct Letter;

impl WorkflowDefinition for Letter {
    type Input = String;
    type Output = ();

    fn name(&self) -> &'static str {
        "letter"
    }
}

impl Contract for Letter {
    const TASK_QUEUE: &'static str = "letters-without-a-worker";
}

/// The dev server that all tests share.
async fn temporal() -> Connector {
    static SHARED: OnceCell<TemporalDevServer> = OnceCell::const_new();
    let server = SHARED.get_or_init(|| async { TemporalDevServer::builder().start().await.unwrap() });
    connector(&server.await.address())
}

fn connector(address: &str) -> Connector {
    Connector::new(load(&Sources::from_pairs([("TEMPORAL_ADDRESS", address)])).unwrap()).unwrap()
}

/// A number that no other test has.
fn number() -> u64 {
    uuid::Uuid::new_v4().as_u64_pair().0 >> 12
}

fn queue() -> String {
    format!("outbox-{}", uuid::Uuid::new_v4().simple())
}

/// Waits until Temporal has listed so many of that query, and gives the number that it listed then.
async fn listed(connector: &Connector, query: &str, at_least: usize) -> usize {
    let link = connector.connect(PATIENCE).await.unwrap();
    let counted = async {
        let mut looks = tokio::time::interval(Duration::from_millis(100));
        loop {
            looks.tick().await;
            let counted = link.count_workflows(query, WorkflowCountOptions::default()).await;
            if let Ok(count) = counted.map(|counted| counted.count())
                && count >= at_least
            {
                return count;
            }
        }
    };
    tokio::time::timeout(PATIENCE, counted).await.expect("Temporal lists them")
}

/// Runs a relay until nothing waits.
async fn relay<DB: Store>(outbox: &Outbox<DB>, connector: &Connector) {
    let relay = outbox.relay(connector.clone()).every(Duration::from_millis(50)).attempts(2);
    let done = tokio::time::timeout(PATIENCE, relay.run(nothing_waits(outbox))).await;
    done.expect("the relay ends when nothing waits");
}

async fn nothing_waits<DB: Store>(outbox: &Outbox<DB>) {
    let mut looks = tokio::time::interval(Duration::from_millis(50));
    loop {
        looks.tick().await;
        if outbox.backlog().await.is_ok_and(|backlog| backlog.waiting == 0) {
            return;
        }
    }
}
