//! The two databases that payments can be in, and the one statement that is asked of them.

use std::str::FromStr;
use std::time::Duration;

use analytics_contract::{DayReport, ReportError};
use mainspring::SetupError;
use mainspring::vocabulary::outside::Outlook;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};

use crate::AnalyticsSettings;
use crate::settings::SQLITE;

/// How long a connection is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// Reports come one a day.
const CONNECTIONS: u32 = 4;

/// The sum and the row in one statement: it happens or it does not, however often it is sent.
const REPORT_POSTGRES: &str = "INSERT INTO revenue_reports (day, payments, cents, reported_at)
    SELECT $1::text::date, count(*), coalesce(sum(cents), 0)::bigint, now() FROM payments
    WHERE paid_at >= ($1::text::date)::timestamp AT TIME ZONE 'UTC'
      AND paid_at < ($1::text::date + 1)::timestamp AT TIME ZONE 'UTC'
    ON CONFLICT (day) DO UPDATE
      SET payments = excluded.payments, cents = excluded.cents, reported_at = excluded.reported_at
    RETURNING payments, cents";
const REPORT_SQLITE: &str = "INSERT INTO revenue_reports (day, payments, cents, reported_at)
    SELECT ?1, count(*), coalesce(sum(cents), 0), strftime('%Y-%m-%dT%H:%M:%SZ', 'now') FROM payments
    WHERE paid_at >= ?1 AND paid_at < date(?1, '+1 day')
    ON CONFLICT (day) DO UPDATE
      SET payments = excluded.payments, cents = excluded.cents, reported_at = excluded.reported_at
    RETURNING payments, cents";

/// A database of payments. Connections are made when they are needed, so that a worker starts while it is away.
#[derive(Clone, Debug)]
pub enum Database {
    /// PostgreSQL.
    Postgres(PgPool),
    /// SQLite, a file.
    Sqlite(SqlitePool),
}

impl Database {
    /// The one that the settings name.
    ///
    /// # Errors
    /// The URL does not parse.
    pub fn connect(settings: &AnalyticsSettings) -> Result<Self, SetupError> {
        let url = settings.database_url.expose();
        // What sqlx says of a URL that does not parse may have a part of it.
        let wrong =
            |_| SetupError::from("ANALYTICS_DATABASE_URL cannot be read: see that its parts are percent-encoded");
        if url.starts_with(SQLITE) {
            let options = SqliteConnectOptions::from_str(url).map_err(wrong)?.busy_timeout(PATIENCE);
            let pool = SqlitePoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(PATIENCE);
            return Ok(Self::Sqlite(pool.connect_lazy_with(options)));
        }
        let options = PgConnectOptions::from_str(url).map_err(wrong)?.application_name("analytics");
        let pool = PgPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(PATIENCE);
        Ok(Self::Postgres(pool.connect_lazy_with(options)))
    }

    /// Sums the payments of a day, `2026-11-20`, into its row, and gives what the row says.
    ///
    /// # Errors
    /// [`ReportError::Unavailable`] or [`ReportError::Refused`], with what the database told.
    pub async fn report(&self, day: &str) -> Result<DayReport, ReportError> {
        let row: Result<(i64, i64), sqlx::Error> = match self {
            Self::Postgres(pool) => sqlx::query_as(REPORT_POSTGRES).bind(day).fetch_one(pool).await,
            Self::Sqlite(pool) => sqlx::query_as(REPORT_SQLITE).bind(day).fetch_one(pool).await,
        };
        match row {
            Ok((payments, cents)) => Ok(DayReport { day: day.to_owned(), payments: payments.unsigned_abs(), cents }),
            Err(error) => {
                let (day, told) = (day.to_owned(), error.to_string());
                Err(match mainspring_outbox::outlook(&error) {
                    Outlook::Denied | Outlook::Refused => ReportError::Refused { day, told },
                    _ => ReportError::Unavailable { day, told },
                })
            }
        }
    }
}
