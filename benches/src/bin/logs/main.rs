//! `cargo xtask bench logs`: what a line costs its caller with both sinks on, what an event costs whose level is off, how
//! many lines a second reach Kafka, and what a full queue holds. Each is measured in a process of its own, which logs.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod logger;

use std::process::{Command, Stdio};

use clap::Parser;
use mainspring_benches::figures::{interval, locked, verdict};
use mainspring_benches::python::Python;
use mainspring_servers::Kafka;
use mainspring_testing::TestError;

use logger::Part;

/// What a line may cost its caller, in microseconds.
const BUDGET: f64 = 1.5;
/// What an event may cost whose level is off, in nanoseconds.
const BUDGET_OFF: f64 = 10.0;

/// What logs cost: a line with both sinks on, an event that is off, lines a second into Kafka, the bytes of a full queue
#[derive(Parser)]
#[command(after_help = "Example:\n  cargo xtask bench logs -- --rounds 3 --peers")]
struct Arguments {
    /// Rounds; in each, every contender has its turn
    #[arg(long, default_value_t = 12)]
    rounds: usize,
    /// structlog takes turns too; needs `python3`, and fetches its packages
    #[arg(long)]
    peers: bool,
    /// Used by the benchmark itself: the process that logs
    #[arg(long, hide = true, requires = "brokers")]
    logger: Option<Part>,
    #[arg(long, hide = true)]
    brokers: Option<String>,
}

fn main() -> Result<(), TestError> {
    let arguments = Arguments::parse();
    if let (Some(part), Some(brokers)) = (arguments.logger, &arguments.brokers) {
        return logger::run(part, brokers);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let kafka = runtime.block_on(Kafka::builder().start())?;
    let brokers = kafka.bootstrap_servers();
    let threads = std::thread::available_parallelism()?;
    println!(
        "mainspring {}, rdkafka {}, one Kafka node on this machine, {threads} cores",
        env!("CARGO_PKG_VERSION"),
        locked("rdkafka")
    );
    println!("{} rounds; a line has eight ids, a team and two fields; stdout is /dev/null\n", arguments.rounds);
    let python = if arguments.peers { Some(Python::install("requirements-logs.txt")?) } else { None };

    let (mut ours, mut written, mut off, mut theirs) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for round in 1..=arguments.rounds {
        eprintln!("round {round} of {}", arguments.rounds);
        ours.push(ask(Part::Both, &brokers)?[0]);
        written.push(ask(Part::Written, &brokers)?[0]);
        off.push(ask(Part::Off, &brokers)?[0]);
        if let Some(python) = &python {
            theirs.push(python.run("log_line.py", &["50000"])?.trim().parse()?);
        }
    }
    let (mean, half) = interval(&ours);
    println!(
        "a line, written and produced  {mean:.3} ± {half:.3} µs (95 %), budget {BUDGET}: {}",
        verdict(mean, half, BUDGET)
    );
    let (mean, half) = interval(&written);
    println!("a line, written alone         {mean:.3} ± {half:.3} µs");
    if !theirs.is_empty() {
        let (peer, half) = interval(&theirs);
        println!("structlog, written alone      {peer:.2} ± {half:.2} µs");
        let ratios: Vec<f64> = ours.iter().zip(&theirs).map(|(ours, theirs)| ours / theirs).collect();
        let (mean, half) = interval(&ratios);
        println!("mainspring, both / structlog, one sink  {mean:.3} ± {half:.3}");
    }
    let (mean, half) = interval(&off);
    println!(
        "an event whose level is off   {mean:.2} ± {half:.2} ns, budget {BUDGET_OFF}: {}",
        verdict(mean, half, BUDGET_OFF)
    );

    let mut rates = Vec::new();
    for _ in 0..arguments.rounds.min(5) {
        rates.push(ask(Part::Deliver, &brokers)?[0]);
    }
    let (mean, half) = interval(&rates);
    println!("\nfrom one thread into Kafka    {mean:.0} ± {half:.0} lines a second, until Kafka has answered for each");

    let full = ask(Part::Full, "127.0.0.1:1")?;
    println!(
        "a full queue                  {:.0} lines, {:.1} MiB by its own count (bound 64), RSS {:.1} MiB more than before",
        full[0], full[1], full[2]
    );
    Ok(())
}

/// What the process that logs says, on stderr, as numbers.
fn ask(part: Part, brokers: &str) -> Result<Vec<f64>, TestError> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["--brokers", brokers, "--logger"]).arg(part.to_string()).stdout(Stdio::null());
    let output = command.output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    let figures = said.lines().rev().find_map(|line| line.strip_prefix("figures "));
    match figures {
        Some(figures) if output.status.success() => Ok(figures.split(' ').map(str::parse).collect::<Result<_, _>>()?),
        _ => Err(format!("the process for {part} ended with {}: {said}", output.status).into()),
    }
}
