//! A connection to Postgres: how it is opened, and which of its errors pass by themselves.

use std::time::Duration;

use mainspring_settings::Secret;
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection as _, Executor as _, PgConnection};

use crate::{LogEntriesError, POSTGRES_SCHEMA};

const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// A backend whose client's machine is gone lets go of its locks within half a minute, and not after two hours.
const KEEPALIVE: &str = "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3";
const TABLES: [&str; 3] = ["log_entries", "log_entries_rejects", "log_entries_offsets"];

/// What of a URL can be said to be wrong without a server.
pub(crate) fn options(url: &Secret) -> Result<PgConnectOptions, LogEntriesError> {
    let text = url.expose();
    if !["postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme)) {
        return Err(LogEntriesError::BadUrl);
    }
    let options: PgConnectOptions = text.parse().map_err(|_| LogEntriesError::BadUrl)?;
    Ok(options.application_name("mainspring logs"))
}

pub(crate) async fn connect(options: &PgConnectOptions) -> Result<PgConnection, LogEntriesError> {
    const WHAT: &str = "be connected to";
    let connecting = async {
        let mut connection = PgConnection::connect_with(options).await.map_err(|error| failed(WHAT, error))?;
        connection.execute(KEEPALIVE).await.map_err(|error| failed(WHAT, error))?;
        Ok(connection)
    };
    within(CONNECT_LIMIT, "answer", connecting).await
}

/// Runs it for so long at most. A connection on which something was cut off is of no more use.
pub(crate) async fn within<T>(
    limit: Duration,
    what: &'static str,
    work: impl Future<Output = Result<T, LogEntriesError>>,
) -> Result<T, LogEntriesError> {
    let slow = |_| LogEntriesError::PostgresSlow { what, seconds: limit.as_secs() };
    tokio::time::timeout(limit, work).await.map_err(slow)?
}

/// Makes the tables if none is there. Whoever may only read and write may start it, too.
pub(crate) async fn make_tables(connection: &mut PgConnection) -> Result<(), LogEntriesError> {
    match missing(connection).await?.as_slice() {
        [] => Ok(()),
        // The first part of a schema would fail on what is there.
        [table, ..] if missing(connection).await?.len() < TABLES.len() => Err(LogEntriesError::NoTable { table }),
        _ => {
            let made = connection.execute(POSTGRES_SCHEMA).await;
            made.map(drop).map_err(|error| failed("make the tables", error))
        }
    }
}

/// Those of our tables that are not there.
pub(crate) async fn missing(connection: &mut PgConnection) -> Result<Vec<&'static str>, LogEntriesError> {
    let mut missing = Vec::new();
    for table in TABLES {
        let there = sqlx::query_scalar::<_, bool>("SELECT to_regclass($1) IS NOT NULL").bind(table);
        let there = there.fetch_one(&mut *connection).await;
        if !there.map_err(|error| failed("be asked for its tables", error))? {
            missing.push(table);
        }
    }
    Ok(missing)
}

pub(crate) fn failed(what: &'static str, error: sqlx::Error) -> LogEntriesError {
    let passing = passes(&error);
    LogEntriesError::Postgres { what, source: Box::new(error), passing }
}

/// Whether Postgres, or the network before it, may answer otherwise the next time.
fn passes(error: &sqlx::Error) -> bool {
    /// No connection, a transaction that lost, no resources, in a standby, going down, the system's faults.
    const CODES: [&str; 8] = ["08", "40", "53", "55P03", "25006", "57P", "57014", "58"];
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(error) => {
            error.code().is_some_and(|code| CODES.iter().any(|begin| code.starts_with(begin)))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_of_something_else_is_refused_and_not_shown() {
        for url in ["mysql://me:hunter2@db/logs", "hunter2", "postgres://me:hunter2@db:port/logs", ""] {
            let said = options(&Secret::new(url.to_owned())).unwrap_err().to_string();
            assert_eq!(
                said,
                "the database's URL is not one of Postgres: write postgres://USER:PASSWORD@HOST:5432/DATABASE"
            );
        }
        assert!(options(&Secret::new("postgresql://db/logs".to_owned())).is_ok());
    }

    #[test]
    fn a_network_that_broke_may_come_back_and_a_wrong_column_does_not() {
        assert!(failed("x", sqlx::Error::Io(std::io::ErrorKind::ConnectionRefused.into())).may_pass());
        assert!(!failed("x", sqlx::Error::ColumnNotFound("y".to_owned())).may_pass());
    }
}
