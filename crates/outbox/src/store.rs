//! The two databases. Each sends the same statements; sqlx's types stay in here.

use futures::future::BoxFuture;
use sqlx::{Database, Error};

use crate::tables::Words;

/// A parameter of a statement.
#[derive(Clone, Copy, Debug)]
pub enum Value<'a> {
    /// A text.
    Text(&'a str),
    /// A number.
    Number(i64),
}

/// A row of the starts: id, workflow type, workflow id, task queue, input, attempts, last error.
pub(crate) type StartRow = (String, String, String, String, String, i64, Option<String>);

/// A database that can hold an outbox: [`sqlx::Postgres`] or [`sqlx::Sqlite`]. Nobody else implements it.
pub trait Store: Database + sealed::Sealed {
    #[doc(hidden)]
    const WORDS: Words;

    /// Runs a statement; gives how many rows it changed.
    #[doc(hidden)]
    fn execute<'c>(
        connection: &'c mut Self::Connection,
        statement: &'c str,
        values: &'c [Value<'c>],
    ) -> BoxFuture<'c, Result<u64, Error>>;

    /// Rows of the starts.
    #[doc(hidden)]
    fn starts<'c>(
        connection: &'c mut Self::Connection,
        statement: &'c str,
        values: &'c [Value<'c>],
    ) -> BoxFuture<'c, Result<Vec<StartRow>, Error>>;

    /// One text, if there is a row.
    #[doc(hidden)]
    fn text<'c>(
        connection: &'c mut Self::Connection,
        statement: &'c str,
        values: &'c [Value<'c>],
    ) -> BoxFuture<'c, Result<Option<String>, Error>>;

    /// Three numbers.
    #[doc(hidden)]
    fn numbers<'c>(
        connection: &'c mut Self::Connection,
        statement: &'c str,
    ) -> BoxFuture<'c, Result<(i64, i64, i64), Error>>;
}

mod sealed {
    pub trait Sealed {}
}

#[cfg(any(feature = "postgres", feature = "sqlite"))]
macro_rules! store {
    ($database:ty, $words:expr) => {
        impl sealed::Sealed for $database {}

        impl Store for $database {
            const WORDS: Words = $words;

            fn execute<'c>(
                connection: &'c mut Self::Connection,
                statement: &'c str,
                values: &'c [Value<'c>],
            ) -> BoxFuture<'c, Result<u64, Error>> {
                let query = values.iter().fold(sqlx::query::<$database>(statement), |query, value| match *value {
                    Value::Text(text) => query.bind(text),
                    Value::Number(number) => query.bind(number),
                });
                Box::pin(async move { Ok(query.execute(connection).await?.rows_affected()) })
            }

            fn starts<'c>(
                connection: &'c mut Self::Connection,
                statement: &'c str,
                values: &'c [Value<'c>],
            ) -> BoxFuture<'c, Result<Vec<StartRow>, Error>> {
                let query =
                    values.iter().fold(sqlx::query_as::<$database, StartRow>(statement), |query, value| match *value {
                        Value::Text(text) => query.bind(text),
                        Value::Number(number) => query.bind(number),
                    });
                Box::pin(query.fetch_all(connection))
            }

            fn text<'c>(
                connection: &'c mut Self::Connection,
                statement: &'c str,
                values: &'c [Value<'c>],
            ) -> BoxFuture<'c, Result<Option<String>, Error>> {
                let query =
                    values.iter().fold(
                        sqlx::query_scalar::<$database, String>(statement),
                        |query, value| match *value {
                            Value::Text(text) => query.bind(text),
                            Value::Number(number) => query.bind(number),
                        },
                    );
                Box::pin(query.fetch_optional(connection))
            }

            fn numbers<'c>(
                connection: &'c mut Self::Connection,
                statement: &'c str,
            ) -> BoxFuture<'c, Result<(i64, i64, i64), Error>> {
                Box::pin(sqlx::query_as::<$database, (i64, i64, i64)>(statement).fetch_one(connection))
            }
        }
    };
}

#[cfg(feature = "postgres")]
store!(
    sqlx::Postgres,
    Words {
        // Stable within a statement, so an index serves the comparison.
        now: "(extract(epoch FROM statement_timestamp()) * 1000)::bigint",
        skip_locked: "FOR UPDATE SKIP LOCKED",
        // The number is arbitrary, and the same in every process. `IF NOT EXISTS` alone fails when two look at once.
        alone: Some("SELECT pg_advisory_xact_lock(7310584402871)"),
    }
);

#[cfg(feature = "sqlite")]
store!(
    sqlx::Sqlite,
    // It has one writer at a time.
    Words { now: "CAST(unixepoch('subsec') * 1000 AS INTEGER)", skip_locked: "", alone: None }
);
