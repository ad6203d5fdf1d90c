//! SQLite, in a file.

use std::time::Duration;

use mainspring_outbox::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use mainspring_outbox::sqlx::{Sqlite, SqliteConnection, SqlitePool};
use tempfile::TempDir;

pub(crate) type Db = Sqlite;
pub(crate) type Connection = SqliteConnection;

/// A database of a test's own.
pub(crate) struct Database {
    pub(crate) pool: SqlitePool,
    _folder: TempDir,
}

pub(crate) async fn database() -> Database {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteConnectOptions::new()
        .filename(folder.path().join("app.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .busy_timeout(Duration::from_secs(30));
    Database { pool: SqlitePool::connect_with(options).await.unwrap(), _folder: folder }
}

#[path = "../suite/once.rs"]
mod once;
#[path = "../suite/starts.rs"]
mod starts;
#[path = "../suite/tables.rs"]
mod tables;
