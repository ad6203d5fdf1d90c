//! What can go wrong between an application's database and Temporal.

use std::error::Error;

type BoxError = Box<dyn Error + Send + Sync>;

/// Why a row was not written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutboxError {
    /// The database refused, or cannot be reached. The transaction is of no more use.
    #[error("the outbox could not {what}: {source}")]
    Database {
        /// What was tried.
        what: &'static str,
        /// What sqlx said.
        source: BoxError,
    },
    /// There are no tables.
    #[error(
        "the outbox could not {what}: {source}. Are there tables {tables}_effects and {tables}_starts? Outbox::migrate makes them"
    )]
    NoTables {
        /// What was tried.
        what: &'static str,
        /// The name that the tables begin with.
        tables: String,
        /// What sqlx said.
        source: BoxError,
    },
    /// A name that cannot be put into a statement.
    #[error(
        "{name:?} is no name for the outbox's tables: take 1 to 40 of a-z, 0-9 and _, and a letter first; a schema may stand before it, with a dot"
    )]
    BadName {
        /// As given.
        name: String,
    },
    /// A result, or an input, that JSON cannot hold; or a stored result of another shape.
    #[error("{what} is not JSON of its type: {source}")]
    Json {
        /// Which value.
        what: String,
        /// What serde said.
        source: serde_json::Error,
    },
    /// Temporal would refuse it, later and out of sight.
    #[error(
        "the input of workflow {workflow_type} takes {bytes} bytes, and Temporal takes {limit}: keep it elsewhere, and start the workflow with where"
    )]
    TooLarge {
        /// Its type.
        workflow_type: String,
        /// As JSON.
        bytes: usize,
        /// [`MAX_INPUT_BYTES`](crate::MAX_INPUT_BYTES).
        limit: usize,
    },
    /// Temporal would refuse it, later and out of sight.
    #[error(
        "workflow id {workflow_id:?} is empty or longer than 1000 bytes, which Temporal refuses: take a shorter one"
    )]
    BadId {
        /// As given, or as it follows from the input.
        workflow_id: String,
    },
}

impl OutboxError {
    pub(crate) fn of(what: &'static str, tables: &str, error: sqlx::Error) -> Self {
        // PostgreSQL's undefined_table; SQLite has one code for everything that is wrong with a statement.
        let missing = error.as_database_error().is_some_and(|database| {
            database.code().as_deref() == Some("42P01") || database.message().starts_with("no such table")
        });
        let source = Box::new(error);
        if missing {
            Self::NoTables { what, tables: tables.to_owned(), source }
        } else {
            Self::Database { what, source }
        }
    }
}
