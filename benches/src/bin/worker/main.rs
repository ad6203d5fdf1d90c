//! `cargo xtask bench worker`: a worker on Mainspring against what a user would have instead, on one dev server, in turns.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod contender;
mod cpu;
mod heartbeat;
mod memory;
mod start;

use clap::{Parser, ValueEnum};
use mainspring_servers::TemporalDevServer;
use mainspring_servers::tools::Tool;
use mainspring_testing::{Env, TestError};

/// A worker's CPU, memory, start, end and heartbeats: Mainspring against the bare SDK, and against Go and Python if asked
#[derive(Parser)]
#[command(after_help = "Example:\n  cargo xtask bench worker -- --only cpu --rounds 4")]
struct Arguments {
    /// Rounds; in each, every contender has its turn
    #[arg(long, default_value_t = 12)]
    rounds: usize,
    /// Workflows of five activities that each turn runs for its CPU time
    #[arg(long, default_value_t = 300)]
    workflows: usize,
    /// Activities over which memory is watched
    #[arg(long, default_value_t = 50_000)]
    activities: usize,
    /// Only these parts, separated by commas
    #[arg(long, value_delimiter = ',')]
    only: Vec<Part>,
    /// Go's and Python's SDK take turns too; needs `go` and `python3`, and fetches their packages
    #[arg(long)]
    peers: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    Cpu,
    Start,
    Heartbeat,
    Memory,
}

fn main() -> Result<(), TestError> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(bench(&arguments))
}

async fn bench(arguments: &Arguments) -> Result<(), TestError> {
    let ours = contender::ours()?;
    let server = TemporalDevServer::builder().start().await?;
    let env = Env::at(server.address());
    println!(
        "mainspring {}, temporalio-sdk {}, dev server of Temporal's CLI {} or newer, {} cores",
        env!("CARGO_PKG_VERSION"),
        mainspring_benches::figures::locked("temporalio-sdk"),
        Tool::temporal_cli().version(),
        std::thread::available_parallelism()?
    );
    let wanted = |part| arguments.only.is_empty() || arguments.only.contains(&part);
    if wanted(Part::Cpu) {
        let peers = if arguments.peers { contender::peers()? } else { Vec::new() };
        cpu::bench(&env, &ours, &peers, arguments.rounds, arguments.workflows).await?;
    }
    if wanted(Part::Start) {
        start::bench(&env, &ours, arguments.rounds).await?;
    }
    if wanted(Part::Heartbeat) {
        heartbeat::bench(&env, &ours).await?;
    }
    if wanted(Part::Memory) {
        memory::bench(&env, &ours, arguments.activities).await?;
    }
    Ok(())
}
