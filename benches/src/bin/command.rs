//! `cargo xtask bench command`: what the management command costs by itself: its start, and `workflow execute` beside a
//! bare client that does the same, in turns.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use clap::Parser;
use mainspring_benches::figures::{interval, locked, percentile, verdict};
use mainspring_benches::programs::{binary, example};
use mainspring_servers::TemporalDevServer;
use mainspring_servers::tools::Tool;
use mainspring_testing::{Process, TestError};

/// Milliseconds for `--help`.
const HELP_BUDGET: f64 = 20.0;
/// Milliseconds that `workflow execute` may take beyond a bare client.
const EXECUTE_BUDGET: f64 = 10.0;

const INPUT: &str = r#"{"arg": "1", "batch_export_id": "bench", "team_id": 2}"#;

/// The management command's own time: `--help`, and `workflow execute` against a bare client's start-and-wait
#[derive(Parser)]
#[command(after_help = "Example:\n  cargo xtask bench command -- --rounds 12")]
struct Arguments {
    /// Rounds; in each, every contender has its turn
    #[arg(long, default_value_t = 30)]
    rounds: usize,
}

fn main() -> Result<(), TestError> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(bench(arguments.rounds))
}

async fn bench(rounds: usize) -> Result<(), TestError> {
    let command = binary("mainspring-command", "mainspring")?;
    let bare = example("bare-client")?;
    let server = TemporalDevServer::builder().start().await?;
    let address = server.address();
    println!(
        "mainspring {}, temporalio-sdk {}, dev server of Temporal's CLI {} or newer, {} cores, {rounds} rounds",
        env!("CARGO_PKG_VERSION"),
        locked("temporalio-sdk"),
        Tool::temporal_cli().version(),
        std::thread::available_parallelism()?
    );
    let settings = [("TEMPORAL_ADDRESS", address.as_str()), ("MAINSPRING_HTTP_ADDR", "127.0.0.1:0")];
    let start = ["worker", "start", "--product", "general-purpose"];
    let mut worker = Process::spawn(&command, &start, settings)?;
    worker.line("polling").await?;
    let register = ["--address", &address, "search-attributes", "register"];
    milliseconds(Command::new(&command).args(register))?;

    let execute = ["--address", &address, "workflow", "execute", "no-op", INPUT];
    let (mut help, mut ours, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    // The first turn warms the worker and the files.
    for round in 0..=rounds {
        let taken = [
            milliseconds(Command::new(&command).arg("--help"))?,
            milliseconds(Command::new(&command).args(execute))?,
            milliseconds(Command::new(&bare).arg(INPUT).env("TEMPORAL_ADDRESS", &address))?,
        ];
        eprintln!(
            "round {round:2} of {rounds}  help {:.1}  execute {:.1}  bare client {:.1} ms",
            taken[0], taken[1], taken[2]
        );
        if round > 0 {
            help.push(taken[0]);
            ours.push(taken[1]);
            theirs.push(taken[2]);
        }
    }
    worker.signal(nix::sys::signal::Signal::SIGTERM);
    worker.end().await?;

    let differences: Vec<f64> = ours.iter().zip(&theirs).map(|(ours, theirs)| ours - theirs).collect();
    for (name, times) in [("--help", &mut help), ("workflow execute", &mut ours), ("bare client", &mut theirs)] {
        let (mean, half) = interval(times);
        let (median, most) = (percentile(times, 0.5), percentile(times, 1.0));
        println!("{name:22} {mean:.1} ± {half:.1} ms, median {median:.1}, max {most:.1}");
    }
    let (mean, half) = interval(&help);
    println!("--help {mean:.1} ± {half:.1} ms, budget {HELP_BUDGET}: {}", verdict(mean, half, HELP_BUDGET));
    let (mean, half) = interval(&differences);
    println!(
        "execute − bare client  {mean:.1} ± {half:.1} ms (95 %), budget {EXECUTE_BUDGET}: {}",
        verdict(mean, half, EXECUTE_BUDGET)
    );
    Ok(())
}

/// From exec to exit.
fn milliseconds(command: &mut Command) -> Result<f64, TestError> {
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("MAINSPRING_") || name.starts_with("OTEL_")) {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let from = Instant::now();
    let output = command.output()?;
    let taken = from.elapsed().as_secs_f64() * 1e3;
    if output.status.success() {
        return Ok(taken);
    }
    let name = Path::new(command.get_program()).display().to_string();
    Err(format!("{name} ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr)).into())
}
