//! An application, a relay, and a user of `once`, each a process that a test kills. What it is comes from the environment.
#![allow(missing_docs, missing_debug_implementations, unreachable_pub)]

use std::future::pending;
use std::io::Write;
use std::time::Duration;

use mainspring_client::Connector;
use mainspring_outbox::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use mainspring_outbox::sqlx::{
    Connection, PgConnection, PgPool, Postgres, Sqlite, SqliteConnection, SqlitePool, query,
};
use mainspring_outbox::{Contract, Intent, Outbox};
use mainspring_settings::{Sources, load};
use temporalio_common::WorkflowDefinition;

type Outcome = Result<(), Box<dyn std::error::Error + Send + Sync>>;

#[derive(Clone, Copy, Debug, Default)]
struct Order;

impl WorkflowDefinition for Order {
    type Input = String;
    type Output = ();

    fn name(&self) -> &'static str {
        "order"
    }
}

impl Contract for Order {
    const TASK_QUEUE: &'static str = "orders-without-a-worker";
    const WORKFLOW_ID: Option<fn(&String) -> String> = Some(Clone::clone);
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let (role, database) = (std::env::var("LAB_ROLE")?, std::env::var("LAB_DATABASE")?);
    match database.strip_prefix("sqlite:") {
        None => postgres::run(&role, PgPool::connect(&database).await?).await,
        Some(file) => {
            let options = SqliteConnectOptions::new().filename(file).journal_mode(SqliteJournalMode::Wal);
            sqlite::run(&role, SqlitePool::connect_with(options.busy_timeout(Duration::from_secs(30))).await?).await
        }
    }
}

fn say(text: &str) -> Outcome {
    let mut out = std::io::stdout();
    Ok(writeln!(out, "{text}").and_then(|()| out.flush())?)
}

macro_rules! roles {
    ($name:ident, $database:ty, $connection:ty, $pool:ty) => {
        mod $name {
            use super::*;

            pub(super) async fn run(role: &str, pool: $pool) -> Outcome {
                let outbox: Outbox<$database> = Outbox::new(pool.clone());
                match role {
                    "app" => app(&outbox, &pool).await,
                    "once" => once(&outbox).await,
                    _ => relay(&outbox).await,
                }
            }

            /// Takes orders for ever; every third is withdrawn.
            async fn app(outbox: &Outbox<$database>, pool: &$pool) -> Outcome {
                let (queue, process) = (std::env::var("LAB_QUEUE")?, std::process::id());
                let mut pace = tokio::time::interval(Duration::from_millis(4));
                for number in 0_u64.. {
                    pace.tick().await;
                    let order = format!("{queue}-{process}-{number}");
                    let mut transaction = pool.begin().await?;
                    let book = query("INSERT INTO orders (id) VALUES ($1)").bind(&order);
                    book.execute(&mut *transaction).await?;
                    let intent = Intent::new(Order, &order)?.task_queue(&queue);
                    outbox.start(&mut transaction, intent).await?;
                    if number % 3 == 2 {
                        transaction.rollback().await?;
                    } else {
                        transaction.commit().await?;
                        say("took an order")?;
                    }
                }
                Ok(())
            }

            async fn relay(outbox: &Outbox<$database>) -> Outcome {
                let connector = Connector::new(load(&Sources::from_process()?)?)?;
                say("relaying")?;
                outbox.relay(connector).every(Duration::from_millis(20)).run(pending()).await;
                Ok(())
            }

            /// Books each number, as an activity that is tried again and again would.
            async fn once(outbox: &Outbox<$database>) -> Outcome {
                for number in 0..3000_i64 {
                    let booking =
                        async |connection: &mut $connection| -> Result<i64, Box<dyn std::error::Error + Send + Sync>> {
                            // Within the transaction already: a statement that is rolled back on its own must not end it.
                            let mut inner = connection.begin().await?;
                            query("INSERT INTO ledger (number) VALUES ($1)").bind(number).execute(&mut *inner).await?;
                            inner.commit().await?;
                            Ok(number)
                        };
                    let booked: i64 = outbox.once(number, "book", booking).await?;
                    assert_eq!(booked, number, "the result of the first");
                    say(&format!("booked {number}."))?;
                }
                say("all is booked")
            }
        }
    };
}

roles!(postgres, Postgres, PgConnection, PgPool);
roles!(sqlite, Sqlite, SqliteConnection, SqlitePool);
