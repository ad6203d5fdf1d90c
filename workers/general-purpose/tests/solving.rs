//! `travelling-salesman` while its worker is killed: the best tour survives, and the search ends as if nothing had been.
#![cfg(feature = "full")]

use std::time::Duration;

use mainspring_servers::proxy::WireProxy;
use mainspring_testing::{ActivityRun, Env, Process, TestError, Workflows};
use nix::sys::signal::Signal;
use serde_json::Value;
use travelling_salesman_solver::activities::Solver;
use travelling_salesman_solver::contract::{SolveInput, Tour};

const BEAT: &str = "RecordActivityTaskHeartbeat";

fn worker(address: &str, queue: &str) -> Result<Process, TestError> {
    let queues = format!("general-purpose={queue},travelling-salesman-solver={queue}");
    let settings = [
        ("TEMPORAL_ADDRESS", address),
        ("MAINSPRING_QUEUES", &queues),
        ("MAINSPRING_HTTP_ADDR", "127.0.0.1:0"),
        ("MAINSPRING_LOG_FORMAT", "json"),
        ("MAINSPRING_HEARTBEAT_THROTTLE", "0.1"),
    ];
    Process::spawn(env!("CARGO_BIN_EXE_general-purpose-worker"), &[], settings)
}

/// Where an attempt began.
async fn round(worker: &mut Process) -> Result<u64, TestError> {
    let line: Value = serde_json::from_str(&worker.line("\"msg\":\"searching\"").await?)?;
    Ok(line["round"].as_u64().ok_or("the line has its round")?)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_search_goes_on_after_kill_9_and_finds_the_tour_that_it_would_have_found() -> Result<(), TestError> {
    let instance = include_str!("../../../products/travelling-salesman-solver/tests/berlin52.tsp");
    let input = SolveInput { rounds: 20, tries_per_round: 10_000, ..SolveInput::new(instance) };
    let env = Env::shared().await?;
    let proxy = WireProxy::builder(env.address().parse()?).start().await?;
    let (queue, id, client) = (env.queue("solving"), env.id("solving"), env.client().await?);
    let mut first = worker(&proxy.address(), &queue)?;
    first.line("\"msg\":\"polling\"").await?;
    client.begin(&queue, &id, "travelling-salesman", &input).await?;
    assert_eq!(round(&mut first).await?, 0);
    // The first beat has no tour yet; the third has one that is some seconds old.
    proxy.wait_for_count(BEAT, 3, Duration::from_secs(60)).await?;
    first.signal(Signal::SIGKILL);
    let exit = first.end().await?;
    assert_eq!(exit.logged("found").len(), 0, "the search was over before the kill: it needs more rounds");

    let mut second = worker(env.address(), &queue)?;
    let resumed = round(&mut second).await?;
    assert!((1..20).contains(&resumed), "it went on at round {resumed}");
    let tour: Tour = client.result(&id).await?;
    let undisturbed = ActivityRun::new(Solver::improve_tour, input).heartbeat_timeout(Duration::from_secs(10));
    assert_eq!(tour, undisturbed.on(Solver).await.result?);
    Ok(())
}
