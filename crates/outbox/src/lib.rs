//! Effects and workflow starts that happen once, by a row in the application's own transaction.
//!
//! [`Outbox::once`] does what an activity does to this database once, however many attempts there are.
//! [`Outbox::start`] writes down, beside the application's own rows, that a workflow is to start; a [`Relay`] starts it.
//!
//! ```no_run
//! use mainspring_outbox::{Contract, Intent, Outbox, sqlx};
//! # async fn example<W: Contract<Input = u64>>(invoice: W, pool: sqlx::PgPool, key: String)
//! # -> Result<(), Box<dyn std::error::Error>> {
//!
//! let outbox = Outbox::new(pool.clone());
//! outbox.migrate().await?; // or Outbox::schema into migrations of one's own
//!
//! // The order and the workflow that it needs: both, or neither.
//! let mut transaction = pool.begin().await?;
//! sqlx::query("INSERT INTO orders (number) VALUES (17)").execute(&mut *transaction).await?;
//! outbox.start(&mut transaction, Intent::new(invoice, &17)?).await?;
//! transaction.commit().await?;
//!
//! // In an activity: the row is there once, whichever attempt wrote it.
//! let rows: u64 = outbox
//!     .once(key, "book", async |connection: &mut sqlx::PgConnection| {
//!         let booked = sqlx::query("INSERT INTO ledger (number) VALUES (17)").execute(connection).await?;
//!         Ok::<_, Box<dyn std::error::Error>>(booked.rows_affected())
//!     })
//!     .await?;
//! # Ok(())
//! # }
//! ```
//!
//! # What it guarantees
//!
//! - An effect and its key commit together: however often it is asked for, at once or later, on whichever machine, it is done
//!   once, and each asker gets the result of that one time.
//! - Every committed intent is handed to Temporal until it has started, over outages of whatever length and processes that are
//!   killed at any moment; one that was rolled back is never seen. Temporal knows a repeated start by the intent's id, so an
//!   intent makes one run.
//!
//! # What it cannot
//!
//! - An effect outside of that database is not within the transaction: give the other system an idempotency key.
//! - Temporal forgets. A relay that was away for longer than the namespace keeps closed workflows may start an intent again that
//!   it had started just before it died. The same holds if, between that start and its repetition, the run failed
//!   and somebody else started and failed another one under the same workflow id.
//! - An intent whose workflow id is taken, by a run that is not its own, counts as started: choose ids that say what they stand for.
//! - There is no order between intents.
//! - What Temporal refuses for good is set aside with the reason ([`Outbox::set_aside`]); a person decides.
//! - SQLite's file must be on one machine.

mod error;
mod intent;
mod once;
mod outbox;
mod outlook;
mod relay;
mod store;
mod tables;

pub use error::OutboxError;
pub use intent::{Intent, MAX_INPUT_BYTES};
pub use mainspring_caller::Contract;
pub use outbox::{Backlog, Outbox, SetAside};
pub use outlook::outlook;
pub use relay::Relay;
pub use sqlx;
pub use store::Store;
