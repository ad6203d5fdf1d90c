//! PostgreSQL.

use mainspring_outbox::sqlx::{PgConnection, PgPool, Postgres};
use mainspring_servers::Postgres as Server;
use tokio::sync::OnceCell;

pub(crate) type Db = Postgres;
pub(crate) type Connection = PgConnection;

/// A database of a test's own.
pub(crate) struct Database {
    pub(crate) pool: PgPool,
}

pub(crate) async fn database() -> Database {
    static SHARED: OnceCell<Server> = OnceCell::const_new();
    let server = SHARED.get_or_init(|| async { Server::builder().start().await.unwrap() }).await;
    let url = server.database("outbox").await.unwrap();
    Database { pool: PgPool::connect(&url).await.unwrap() }
}

mod outlook;

#[path = "../suite/once.rs"]
mod once;
#[path = "../suite/starts.rs"]
mod starts;
#[path = "../suite/tables.rs"]
mod tables;
