//! The servers beside Temporal that a test binary shares: each is started by the first test that asks, and goes with the
//! binary. What a test keeps there has a name of its own.

use mainspring_servers::{Kafka, Postgres, S3, ServersError};
use tokio::sync::OnceCell;

/// The PostgreSQL that this test binary shares. A database of one's own: `postgres().await?.database("orders").await?`.
///
/// # Errors
/// It is not installed, or could not be started.
pub async fn postgres() -> Result<&'static Postgres, ServersError> {
    static SHARED: OnceCell<Postgres> = OnceCell::const_new();
    SHARED.get_or_try_init(|| Postgres::builder().start()).await
}

/// The S3 server that this test binary shares. A bucket of one's own: `s3().await?.bucket("exports")?`.
///
/// # Errors
/// It could not be installed or started.
pub async fn s3() -> Result<&'static S3, ServersError> {
    static SHARED: OnceCell<S3> = OnceCell::const_new();
    SHARED.get_or_try_init(|| S3::builder().start()).await
}

/// The Kafka that this test binary shares. Topics and groups of one's own: `kafka().await?.topic_prefix("logs")`.
///
/// # Errors
/// It could not be installed or started.
pub async fn kafka() -> Result<&'static Kafka, ServersError> {
    static SHARED: OnceCell<Kafka> = OnceCell::const_new();
    SHARED.get_or_try_init(|| Kafka::builder().start()).await
}
