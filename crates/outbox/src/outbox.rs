//! The tables of one application, and what a person asks of them.

use std::fmt;
use std::time::Duration;

use mainspring_client::Connector;
use sqlx::Pool;

use crate::store::{StartRow, Value};
use crate::tables::Tables;
use crate::{Intent, OutboxError, Relay, Store};

/// The name that tables begin with, unless said otherwise.
const TABLES: &str = "mainspring";

/// Two tables in an application's database: keys of effects, and intents to start workflows. Cheap to clone.
pub struct Outbox<DB: Store> {
    pub(crate) pool: Pool<DB>,
    pub(crate) tables: Tables,
}

/// What waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Intents that have not started.
    pub waiting: u64,
    /// For how long the oldest of them has waited.
    pub oldest: Duration,
    /// Intents that a person has to look at.
    pub set_aside: u64,
}

/// An intent that Temporal refused for good, or too often.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SetAside {
    /// For [`Outbox::try_again`] and [`Outbox::discard`].
    pub id: String,
    /// What it would start.
    pub workflow_type: String,
    /// Under which id.
    pub workflow_id: String,
    /// Where.
    pub task_queue: String,
    /// With what, as JSON.
    pub input: String,
    /// How often it was tried.
    pub attempts: u32,
    /// Why the last time was the last.
    pub reason: String,
}

impl<DB: Store> Outbox<DB> {
    /// In this database, in tables `mainspring_effects` and `mainspring_starts`.
    pub fn new(pool: Pool<DB>) -> Self {
        Self { pool, tables: Tables::of_default(TABLES) }
    }

    /// In tables whose names begin so: `billing` gives `billing_effects` and `billing_starts`. On PostgreSQL a schema may stand
    /// before it, as in `jobs.billing`.
    ///
    /// # Errors
    /// [`OutboxError::BadName`].
    pub fn tables(self, name: &str) -> Result<Self, OutboxError> {
        Ok(Self { tables: Tables::new(name)?, ..self })
    }

    /// The statements that make the tables, for migrations of one's own. Each may be run again.
    pub fn schema(&self) -> Vec<String> {
        self.tables.schema()
    }

    /// Makes the tables that are not there. Any number of processes may call it at once.
    ///
    /// # Errors
    /// [`OutboxError::Database`].
    pub async fn migrate(&self) -> Result<(), OutboxError> {
        const WHAT: &str = "make its tables";
        let mut transaction = self.pool.begin().await.map_err(|error| self.failed(WHAT, error))?;
        let alone = DB::WORDS.alone.map(str::to_owned);
        for statement in alone.into_iter().chain(self.schema()) {
            let made = DB::execute(&mut transaction, &statement, &[]).await;
            made.map_err(|error| self.failed(WHAT, error))?;
        }
        transaction.commit().await.map_err(|error| self.failed(WHAT, error))
    }

    /// Writes down, in the application's own transaction, that a workflow is to start. Gives the id that it will have.
    ///
    /// # Errors
    /// [`OutboxError::BadId`], and the database's: then the transaction is of no more use.
    pub async fn start(&self, transaction: &mut DB::Connection, intent: Intent) -> Result<String, OutboxError> {
        intent.check()?;
        let Intent { id, workflow_type, workflow_id, task_queue, input } = &intent;
        let values = [id, workflow_type, workflow_id, task_queue, input].map(|text| Value::Text(text));
        let written = DB::execute(transaction, &self.tables.write(DB::WORDS), &values).await;
        written.map_err(|error| self.failed("write down a start", error))?;
        Ok(intent.workflow_id)
    }

    /// What starts the workflows, through connections of this connector. Several may run at once, anywhere.
    pub fn relay(&self, connector: Connector) -> Relay<DB> {
        Relay::new(self.clone(), connector)
    }

    /// What waits, and for how long.
    ///
    /// # Errors
    /// The database's.
    pub async fn backlog(&self) -> Result<Backlog, OutboxError> {
        const WHAT: &str = "count what waits";
        let mut connection = self.pool.acquire().await.map_err(|error| self.failed(WHAT, error))?;
        let counted = DB::numbers(&mut connection, &self.tables.backlog(DB::WORDS)).await;
        let (waiting, oldest, set_aside) = counted.map_err(|error| self.failed(WHAT, error))?;
        let count = |number: i64| u64::try_from(number).unwrap_or_default();
        Ok(Backlog {
            waiting: count(waiting),
            oldest: Duration::from_millis(count(oldest)),
            set_aside: count(set_aside),
        })
    }

    /// Intents that were set aside, with the reason; the first first, `limit` at most.
    ///
    /// # Errors
    /// The database's.
    pub async fn set_aside(&self, limit: u32) -> Result<Vec<SetAside>, OutboxError> {
        const WHAT: &str = "list what was set aside";
        let mut connection = self.pool.acquire().await.map_err(|error| self.failed(WHAT, error))?;
        let values = [Value::Number(limit.into())];
        let rows = DB::starts(&mut connection, &self.tables.list_set_aside(), &values).await;
        Ok(rows.map_err(|error| self.failed(WHAT, error))?.into_iter().map(SetAside::from).collect())
    }

    /// Hands an intent that was set aside to the relays again. False if there is none of that id.
    ///
    /// # Errors
    /// The database's.
    pub async fn try_again(&self, id: &str) -> Result<bool, OutboxError> {
        let values = [Value::Text(id)];
        Ok(self.execute("try an intent again", &self.tables.try_again(DB::WORDS), &values).await? > 0)
    }

    /// Deletes an intent that was set aside: its workflow never starts. False if there is none of that id.
    ///
    /// # Errors
    /// The database's.
    pub async fn discard(&self, id: &str) -> Result<bool, OutboxError> {
        Ok(self.execute("discard an intent", &self.tables.discard(), &[Value::Text(id)]).await? > 0)
    }

    /// Deletes keys of effects that were done longer ago than this, and gives how many: so an effect may happen again. Take
    /// longer than any workflow that asks for one may run.
    ///
    /// # Errors
    /// The database's.
    pub async fn forget(&self, older_than: Duration) -> Result<u64, OutboxError> {
        let millis = i64::try_from(older_than.as_millis()).unwrap_or(i64::MAX / 2);
        self.execute("forget old keys", &self.tables.forget(DB::WORDS), &[Value::Number(millis)]).await
    }

    pub(crate) async fn execute(
        &self,
        what: &'static str,
        statement: &str,
        values: &[Value<'_>],
    ) -> Result<u64, OutboxError> {
        let mut connection = self.pool.acquire().await.map_err(|error| self.failed(what, error))?;
        DB::execute(&mut connection, statement, values).await.map_err(|error| self.failed(what, error))
    }

    pub(crate) fn failed(&self, what: &'static str, error: sqlx::Error) -> OutboxError {
        OutboxError::of(what, self.tables.name(), error)
    }
}

impl From<StartRow> for SetAside {
    fn from((id, workflow_type, workflow_id, task_queue, input, attempts, reason): StartRow) -> Self {
        let (attempts, reason) = (u32::try_from(attempts).unwrap_or(u32::MAX), reason.unwrap_or_default());
        Self { id, workflow_type, workflow_id, task_queue, input, attempts, reason }
    }
}

impl<DB: Store> Clone for Outbox<DB> {
    fn clone(&self) -> Self {
        Self { pool: self.pool.clone(), tables: self.tables.clone() }
    }
}

impl<DB: Store> fmt::Debug for Outbox<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox").field("tables", &self.tables.name()).finish_non_exhaustive()
    }
}
