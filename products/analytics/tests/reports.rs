//! Reports on both databases: one row a day, whatever runs twice.

use std::time::Duration;

use analytics::activities::Reporter;
use analytics::contract::{Activities, Day, DayReport, Period, ReportError, RevenueReport};
use analytics::{AnalyticsSettings, Database, product};
use jiff::{Timestamp, ToSpan};
use mainspring::settings::{Sources, load};
use mainspring::vocabulary::FailureType;
use mainspring_testing::{ActivityRun, Env, NotDone, TestError, postgres};
use sqlx::Executor;
use sqlx::sqlite::SqliteConnectOptions;

type Outcome = Result<(), TestError>;

/// Payments at the edges of two days. 6,100 cents are of the 19th.
const PAYMENTS: &str = "INSERT INTO payments (paid_at, cents) VALUES
    ('2026-11-18T23:59:59Z', 1), ('2026-11-19T00:00:00Z', 5000), ('2026-11-19T12:00:00Z', -900),
    ('2026-11-19T23:59:59.9Z', 2000), ('2026-11-20T00:00:00Z', 7)";

/// A database of its own with these payments, and its URL.
struct Shop {
    url: String,
    database: Database,
    _folder: tempfile::TempDir,
}

impl Shop {
    async fn sqlite() -> Result<Self, TestError> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("shop.db");
        let pool =
            sqlx::SqlitePool::connect_with(SqliteConnectOptions::new().filename(&path).create_if_missing(true)).await?;
        pool.execute(include_str!("../schema/sqlite.sql")).await?;
        pool.close().await;
        Self::at(format!("sqlite:{}", path.display()), folder)
    }

    async fn postgres() -> Result<Self, TestError> {
        let url = postgres().await?.database("analytics").await?;
        let pool = sqlx::PgPool::connect(&url).await?;
        pool.execute(include_str!("../schema/postgres.sql")).await?;
        pool.close().await;
        Self::at(url, tempfile::tempdir()?)
    }

    fn at(url: String, folder: tempfile::TempDir) -> Result<Self, TestError> {
        let settings: AnalyticsSettings = load(&Sources::from_pairs([("ANALYTICS_DATABASE_URL", url.as_str())]))?;
        let database = Database::connect(&settings).map_err(|error| error.to_string())?;
        Ok(Self { url, database, _folder: folder })
    }

    async fn execute(&self, statement: &str) -> Outcome {
        match &self.database {
            Database::Postgres(pool) => drop(pool.execute(statement).await?),
            Database::Sqlite(pool) => drop(pool.execute(statement).await?),
        }
        Ok(())
    }

    /// The rows, oldest first: day, payments, cents.
    async fn rows(&self) -> Result<Vec<(String, i64, i64)>, TestError> {
        const ROWS: &str = "SELECT CAST(day AS text), payments, cents FROM revenue_reports ORDER BY day";
        Ok(match &self.database {
            Database::Postgres(pool) => sqlx::query_as(ROWS).fetch_all(pool).await?,
            Database::Sqlite(pool) => sqlx::query_as(ROWS).fetch_all(pool).await?,
        })
    }

    async fn report(&self, day: &str) -> Result<DayReport, NotDone> {
        let day = Day { day: day.to_owned() };
        let run = ActivityRun::new(Reporter::report_day, day).heartbeat_timeout(Duration::from_secs(10));
        run.on(Reporter::new(self.database.clone())).await.result
    }
}

fn is(error: &NotDone, class: FailureType) -> bool {
    error.failure().is_some_and(|failure| failure.type_name == class.name())
}

async fn a_day_is_one_row(shop: Shop) -> Outcome {
    shop.execute(PAYMENTS).await?;
    let report = |payments, cents| DayReport { day: "2026-11-19".to_owned(), payments, cents };
    assert_eq!(shop.report("2026-11-19").await?, report(3, 6100));
    assert_eq!(shop.report("2026-11-19").await?, report(3, 6100));
    // A payment that comes late is in the next report of its day.
    shop.execute("INSERT INTO payments (paid_at, cents) VALUES ('2026-11-19T08:00:00Z', 100)").await?;
    let (one, other) = futures::try_join!(shop.report("2026-11-19"), shop.report("2026-11-19"))?;
    assert_eq!((one, other), (report(4, 6200), report(4, 6200)));
    let nothing = DayReport { day: "2026-11-17".to_owned(), payments: 0, cents: 0 };
    assert_eq!(shop.report("2026-11-17").await?, nothing);
    assert_eq!(shop.rows().await?, [("2026-11-17".to_owned(), 0, 0), ("2026-11-19".to_owned(), 4, 6200)]);
    let refused = shop.report("19.11.2026").await.err().ok_or("it took a day that is none")?;
    assert!(is(&refused, ReportError::NO_DAY), "{refused}");

    shop.execute("DROP TABLE revenue_reports").await?;
    let refused = shop.report("2026-11-19").await.err().ok_or("it wrote to a table that is not there")?;
    assert!(is(&refused, ReportError::REFUSED), "{refused}");
    assert!(refused.to_string().contains("products/analytics/schema says which tables it needs"), "{refused}");
    Ok(())
}

#[tokio::test]
async fn a_day_is_one_row_in_postgres() -> Outcome {
    a_day_is_one_row(Shop::postgres().await?).await
}

#[tokio::test]
async fn a_day_is_one_row_in_sqlite() -> Outcome {
    a_day_is_one_row(Shop::sqlite().await?).await
}

#[tokio::test]
async fn a_database_that_is_away_is_asked_again() -> Outcome {
    let shop = Shop::at("postgres://nobody@127.0.0.1:9/shop".to_owned(), tempfile::tempdir()?)?;
    let away = shop.report("2026-11-19").await.err().ok_or("nobody is there")?;
    assert!(is(&away, ReportError::UNAVAILABLE), "{away}");
    Ok(())
}

#[tokio::test]
async fn a_run_without_a_schedule_reports_the_days_before_its_start() -> Outcome {
    let (env, shop) = (Env::shared().await?, Shop::sqlite().await?);
    let worker = env.worker([product()]).setting("ANALYTICS_DATABASE_URL", &shop.url).start().await?;
    let before = Timestamp::now();
    let reports = worker.start::<RevenueReport>(Period::Daily).await?.result().await?;
    let yesterday = |now: Timestamp| now.checked_sub(24.hours()).map(|time| time.strftime("%Y-%m-%d").to_string());
    let last = reports.last().map(|report| report.day.clone()).ok_or("it reported nothing")?;
    assert!([yesterday(before)?, yesterday(Timestamp::now())?].contains(&last), "{reports:?}");
    assert_eq!(shop.rows().await?.len(), reports.len());
    worker.stop().await?;

    let mocked = |day: Day| async move { Ok(DayReport { day: day.day, payments: 1, cents: 2 }) };
    let worker = env.worker([product()]).mock(Activities::report_day, mocked).start().await?;
    let reports = worker.start::<RevenueReport>(Period::Daily).await?.result().await?;
    assert!(reports.iter().all(|report| report.cents == 2), "{reports:?}");
    Ok(worker.stop().await?)
}
