//! Reports on both databases: one row a day, whatever runs twice.

use analytics::contract::{Activities, Day, DayReport, Period, ReportError, RevenueReport};
use analytics::product;
use jiff::{Timestamp, ToSpan};
use mainspring::vocabulary::FailureType;
use mainspring_testing::{Env, NotDone};

use crate::Outcome;
use crate::shop::Shop;

/// Payments at the edges of two days. 6,100 cents are of the 19th.
const PAYMENTS: &str = "INSERT INTO payments (paid_at, cents) VALUES
    ('2026-11-18T23:59:59Z', 1), ('2026-11-19T00:00:00Z', 5000), ('2026-11-19T12:00:00Z', -900),
    ('2026-11-19T23:59:59.9Z', 2000), ('2026-11-20T00:00:00Z', 7)";

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
