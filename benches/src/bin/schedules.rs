//! `cargo xtask bench schedules`: a plan of many schedules against nothing but a describe of each, in turns, right after they were applied.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use clap::Parser;
use futures::{StreamExt, stream};
use mainspring::client::{Connector, Link};
use mainspring::schedules::{Orphans, Owner, Planner, Schedule, Scope};
use mainspring::settings::{Sources, load};
use mainspring_benches::figures::{interval, verdict};
use mainspring_servers::TemporalDevServer;
use mainspring_testing::TestError;
use temporalio_client::tonic::Request;
use temporalio_common::protos::temporal::api::workflowservice::v1::DescribeScheduleRequest;

/// What a plan may cost over the describes that it cannot do without.
const BUDGET: f64 = 1.2;
/// As a plan has under way.
const AT_ONCE: usize = 16;

/// A plan of many schedules, against nothing but a describe of each
#[derive(Parser)]
#[command(after_help = "Example:\n  cargo xtask bench schedules -- --schedules 200 --rounds 3")]
struct Arguments {
    /// So many schedules
    #[arg(long, default_value = "1000")]
    schedules: NonZeroUsize,
    /// Rounds; in each, both have their turn
    #[arg(long, default_value_t = 8)]
    rounds: usize,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), TestError> {
    let arguments = Arguments::parse();
    let server = TemporalDevServer::builder().start().await?;
    let settings = load(&Sources::from_pairs([("TEMPORAL_ADDRESS", server.address().as_str())]))?;
    let connector = Connector::new(settings)?;
    let link = connector.connect(Duration::from_secs(30)).await?;
    let planner = Planner::new(&link, "default", connector.payloads());
    let owner = Owner::product("bench");
    let schedules: Vec<Schedule> = (0..arguments.schedules.get()).map(|number| schedule(number, &owner)).collect();
    let scope = Scope { owners: [owner].into(), orphans: Orphans::Show, ..Scope::default() };
    let begun = Instant::now();
    let plan = Box::pin(planner.plan(&schedules, &scope, &|_, _| {})).await?;
    let applied = Box::pin(planner.apply(plan, &|_, _| {})).await;
    println!("{} schedules applied in {:.1} s", applied.steps.len(), begun.elapsed().as_secs_f64());
    if let Some((step, error)) = applied.failures().next() {
        return Err(format!("{}: {error}", step.id).into());
    }
    let mut ratios = Vec::new();
    for round in 0..=arguments.rounds {
        let begun = Instant::now();
        let plan = Box::pin(planner.plan(&schedules, &scope, &|_, _| {})).await?;
        let planned = begun.elapsed();
        if plan.pending() > 0 {
            return Err(format!("{} schedules are not as they were applied", plan.pending()).into());
        }
        let begun = Instant::now();
        describe(&link, &schedules).await?;
        let described = begun.elapsed();
        // The first one warms both up.
        if round > 0 {
            ratios.push(planned.as_secs_f64() / described.as_secs_f64());
            println!("plan {:.3} s, describes {:.3} s", planned.as_secs_f64(), described.as_secs_f64());
        }
    }
    let (mean, half) = interval(&ratios);
    let kept = verdict(mean, half, BUDGET);
    println!("\nplan / describes: {mean:.3} ± {half:.3}, budget {BUDGET}: {kept}");
    if kept == "kept" { Ok(()) } else { Err("the budget was missed".into()) }
}

fn schedule(number: usize, owner: &Owner) -> Schedule {
    let input =
        serde_json::json!({ "team_id": number, "interval": "hour", "batch_export_id": format!("export-{number}") });
    Schedule::untyped(format!("bench-{number:05}"), "export", [input])
        .cron(format!("{} 9 * * 1-5", number % 60))
        .jitter(Duration::from_secs(300))
        .task_queue("bench")
        .owner(owner.clone())
        .paused()
}

/// What no plan can do without.
async fn describe(link: &Link, schedules: &[Schedule]) -> Result<(), TestError> {
    let mut describes = Vec::new();
    for schedule in schedules {
        let request =
            DescribeScheduleRequest { namespace: "default".to_owned(), schedule_id: schedule.id().to_owned() };
        let mut service = link.connection().workflow_service();
        describes.push(async move { service.describe_schedule(Request::new(request)).await.map(drop) });
    }
    let all: Vec<Result<(), _>> = stream::iter(describes).buffer_unordered(AT_ONCE).collect().await;
    Ok(all.into_iter().collect::<Result<(), _>>()?)
}
