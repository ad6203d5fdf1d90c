//! A database with payments, of each kind.

use std::time::Duration;

use analytics::activities::Reporter;
use analytics::contract::{Day, DayReport};
use analytics::{AnalyticsSettings, Database};
use mainspring::settings::{Sources, load};
use mainspring_testing::{ActivityRun, NotDone, TestError, postgres};
use sqlx::Executor;
use sqlx::sqlite::SqliteConnectOptions;

use crate::Outcome;

/// A database of its own with these payments, and its URL.
pub(crate) struct Shop {
    pub(crate) url: String,
    database: Database,
    _folder: tempfile::TempDir,
}

impl Shop {
    pub(crate) async fn sqlite() -> Result<Self, TestError> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("shop.db");
        let pool =
            sqlx::SqlitePool::connect_with(SqliteConnectOptions::new().filename(&path).create_if_missing(true)).await?;
        pool.execute(include_str!("../../schema/sqlite.sql")).await?;
        pool.close().await;
        Self::at(format!("sqlite:{}", path.display()), folder)
    }

    pub(crate) async fn postgres() -> Result<Self, TestError> {
        let url = postgres().await?.database("analytics").await?;
        let pool = sqlx::PgPool::connect(&url).await?;
        pool.execute(include_str!("../../schema/postgres.sql")).await?;
        pool.close().await;
        Self::at(url, tempfile::tempdir()?)
    }

    pub(crate) fn at(url: String, folder: tempfile::TempDir) -> Result<Self, TestError> {
        let settings: AnalyticsSettings = load(&Sources::from_pairs([("ANALYTICS_DATABASE_URL", url.as_str())]))?;
        let database = Database::connect(&settings).map_err(|error| error.to_string())?;
        Ok(Self { url, database, _folder: folder })
    }

    pub(crate) async fn execute(&self, statement: &str) -> Outcome {
        match &self.database {
            Database::Postgres(pool) => pool.execute(statement).await.map(|_| ())?,
            Database::Sqlite(pool) => pool.execute(statement).await.map(|_| ())?,
        }
        Ok(())
    }

    /// The rows, oldest first: day, payments, cents.
    pub(crate) async fn rows(&self) -> Result<Vec<(String, i64, i64)>, TestError> {
        const ROWS: &str = "SELECT CAST(day AS text), payments, cents FROM revenue_reports ORDER BY day";
        Ok(match &self.database {
            Database::Postgres(pool) => sqlx::query_as(ROWS).fetch_all(pool).await?,
            Database::Sqlite(pool) => sqlx::query_as(ROWS).fetch_all(pool).await?,
        })
    }

    pub(crate) async fn report(&self, day: &str) -> Result<DayReport, NotDone> {
        let day = Day { day: day.to_owned() };
        let run = ActivityRun::new(Reporter::report_day, day).heartbeat_timeout(Duration::from_secs(10));
        run.on(Reporter::new(self.database.clone())).await.result
    }
}
