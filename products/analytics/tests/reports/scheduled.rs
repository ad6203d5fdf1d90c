//! Reports by their schedule: a trigger, a backfill and a second backfill leave one row a day.

use std::collections::BTreeSet;
use std::time::SystemTime;

use analytics::contract::{DayReport, RevenueReport};
use analytics::{on_weekdays, product};
use mainspring::client::Connector;
use mainspring::schedules::calls::{Paced, Range, Triggered};
use mainspring::schedules::{Owner, Planner, Schedules, Scope};
use mainspring::settings::{Sources, load};
use mainspring_testing::{Env, TestError, Workflows};

use crate::Outcome;
use crate::shop::Shop;

fn time(text: &str) -> Result<SystemTime, TestError> {
    Ok(text.parse::<jiff::Timestamp>()?.into())
}

#[tokio::test]
async fn a_trigger_and_two_backfills_leave_one_row_a_day() -> Outcome {
    let (env, shop) = (Env::shared().await?, Shop::sqlite().await?);
    let worker = env.worker([product()]).setting("ANALYTICS_DATABASE_URL", &shop.url).start().await?;
    let connector = Connector::new(load(&Sources::from_pairs([("TEMPORAL_ADDRESS", env.address())]))?)?;
    let client = env.client().await?;
    let (planner, schedules) =
        (Planner::new(&client, "default", connector.payloads()), Schedules::new(&client, "default"));
    let id = env.id("daily-revenue-report");
    let schedule =
        on_weekdays(&id).owner(Owner::application("reports")?).task_queue(worker.queue_of::<RevenueReport>()?);
    let plan = planner.plan(std::slice::from_ref(&schedule), &Scope::default(), &|_, _| {}).await?;
    assert_eq!(planner.apply(plan, &|_, _| {}).await.failures().count(), 0);
    assert_eq!(planner.plan(std::slice::from_ref(&schedule), &Scope::default(), &|_, _| {}).await?.pending(), 0);

    let Triggered::Started { workflow_id, .. } = schedules.trigger(&id, None).await? else {
        return Err("it started nothing".into());
    };
    let triggered: Vec<DayReport> = client.result(&workflow_id).await?;

    // Monday the 9th to Monday the 16th: six times, which are about Friday the 6th to Sunday the 15th.
    let range = || -> Result<Range, TestError> {
        Ok(Range { from: time("2026-11-09T00:00:00Z")?, to: time("2026-11-16T23:59:59Z")? })
    };
    for _ in 0..2 {
        let pace = schedules.backfill_paced(&id, Paced { range: range()?, at_most: 3 }, |_| {}).await?;
        assert_eq!((pace.times, pace.ended), (6, 6), "{pace:?}");
    }
    let days: Vec<String> = shop.rows().await?.into_iter().map(|(day, ..)| day).collect();
    let backfilled = (6..=15).map(|day| format!("2026-11-{day:02}"));
    let wanted: BTreeSet<String> = backfilled.chain(triggered.into_iter().map(|report| report.day)).collect();
    assert_eq!(days, wanted.into_iter().collect::<Vec<_>>());
    schedules.delete(&id).await?;
    worker.stop().await?;
    Ok(())
}
