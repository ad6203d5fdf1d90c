//! `cargo xtask bench replay`: one long history on Mainspring's gate and on the SDK's own replayer, in turns; and a corpus of
//! them on one core and on all.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod contender;
mod work;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Parser;
use mainspring_benches::figures::{interval, locked, verdict};
use mainspring_benches::python::Python;
use mainspring_replay::{Code, History, on_every_core};
use mainspring_servers::TemporalDevServer;
use mainspring_servers::tools::Tool;
use mainspring_testing::{Env, TestError};

/// What the gate may cost over the SDK's replayer on one history.
const BUDGET: f64 = 1.05;

/// Replays of a long history: Mainspring's gate, the SDK's own replayer, and Python's if asked
#[derive(Parser)]
#[command(after_help = "Example:\n  cargo xtask bench replay -- --rounds 3 --activities 200")]
struct Arguments {
    /// Rounds; in each, every contender has its turn
    #[arg(long, default_value_t = 12)]
    rounds: usize,
    /// Echo activities in the history: six events each, and five more
    #[arg(long, default_value_t = 1_660)]
    activities: u32,
    /// How often the history is in the corpus
    #[arg(long, default_value_t = 4)]
    corpus: usize,
    /// Python's replayer takes turns too; needs `python3`, and fetches its packages
    #[arg(long)]
    peers: bool,
}

fn main() -> Result<(), TestError> {
    let arguments = Arguments::parse();
    let folder = tempfile::tempdir()?;
    let (ours, theirs) = (folder.path().join("saved.json"), folder.path().join("sdk.json"));
    let events = make(&arguments, &ours, &theirs)?;
    let threads = std::thread::available_parallelism()?;
    println!(
        "mainspring {}, temporalio-sdk {}, history made on the dev server of Temporal's CLI {} or newer, {threads} cores",
        env!("CARGO_PKG_VERSION"),
        locked("temporalio-sdk"),
        Tool::temporal_cli().version(),
    );
    println!("{events} events, {} rounds\n", arguments.rounds);
    let python = if arguments.peers { Some(Python::install("requirements.txt")?) } else { None };
    let code = work::code()?;
    one_history(&arguments, events, &code, &ours, &theirs, python.as_ref())?;
    corpus(&arguments, events, &code, &ours, threads)
}

/// Runs the workflow once, and saves its history in our form and in the SDK's. Gives the number of events.
fn make(arguments: &Arguments, ours: &Path, theirs: &Path) -> Result<usize, TestError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(async {
        eprintln!("making a history of {} activities …", arguments.activities);
        let server = TemporalDevServer::builder().start().await?;
        let history = work::history(&Env::at(server.address()), arguments.activities).await?;
        std::fs::write(ours, history.to_json()?)?;
        let events = history.events().len();
        std::fs::write(theirs, contender::sdk_json(history)?)?;
        Ok(events)
    })
}

/// Seconds of each contender in each round.
fn one_history(
    arguments: &Arguments,
    events: usize,
    code: &Code,
    ours: &Path,
    theirs: &Path,
    python: Option<&Python>,
) -> Result<(), TestError> {
    let mut names = vec!["mainspring", "SDK, one thread", "SDK, #[tokio::main]"];
    if python.is_some() {
        names.extend(["Python, as it comes", "Python, no sandbox"]);
    }
    let mut times: Vec<Vec<f64>> = names.iter().map(|_| Vec::new()).collect();
    let mut bare = Vec::new();
    let (saved, sdk) = (std::fs::read(ours)?, std::fs::read(theirs)?);
    // The first turn warms the allocator and the descriptors.
    for round in 0..=arguments.rounds {
        let rust = [contender::ours(code, &saved)?, contender::sdk(&sdk, false)?, contender::sdk(&sdk, true)?];
        let mut taken: Vec<f64> = rust.iter().map(contender::Taken::whole).collect();
        if let Some(python) = python {
            let replayed = |how| -> Result<f64, TestError> {
                Ok(python.run("replay.py", &[&ours.to_string_lossy(), how])?.trim().parse()?)
            };
            // Seconds that it measured itself, without the start of the interpreter.
            taken.extend([replayed("sandbox")?, replayed("plain")?]);
        }
        eprintln!("round {round:2} of {}  {}", arguments.rounds, shown(&names, &taken));
        if round > 0 {
            times.iter_mut().zip(taken).for_each(|(times, taken)| times.push(taken));
            bare.push(rust[0].replaying / rust[1].replaying);
        }
    }
    println!("one history, read from its file and replayed, one core");
    for (name, times) in names.iter().zip(&times) {
        let (seconds, half) = interval(times);
        println!(
            "{name:22} {:>8} s  {:>7.0} events/s",
            format!("{seconds:.3} ± {half:.3}"),
            per_second(events, seconds)
        );
    }
    for (name, theirs) in names.iter().zip(&times).skip(1) {
        let ratios: Vec<f64> = times[0].iter().zip(theirs).map(|(ours, theirs)| ours / theirs).collect();
        let (ratio, half) = interval(&ratios);
        let said = if name.starts_with("SDK") { verdict(ratio, half, BUDGET) } else { "" };
        let budget = if name.starts_with("SDK") { format!(", budget {BUDGET}: ") } else { String::new() };
        println!("mainspring / {name:20} {ratio:.3} ± {half:.3} (95 %){budget}{said}");
    }
    let (ratio, half) = interval(&bare);
    println!(
        "the same without reading, as in the gate of a worker: mainspring / SDK, one thread  {ratio:.3} ± {half:.3} (95 %), budget {BUDGET}: {}",
        verdict(ratio, half, BUDGET)
    );
    Ok(())
}

fn corpus(
    arguments: &Arguments,
    events: usize,
    code: &Code,
    file: &Path,
    cores: NonZeroUsize,
) -> Result<(), TestError> {
    println!("\na corpus of {} of these", arguments.corpus);
    let mut ratios = Vec::new();
    let (mut alone, mut together) = (Vec::new(), Vec::new());
    for _ in 0..arguments.rounds {
        let one = all(arguments.corpus, code, file, NonZeroUsize::MIN)?;
        let every = all(arguments.corpus, code, file, cores)?;
        ratios.push(every / one);
        alone.push(one);
        together.push(every);
    }
    for (name, times) in [("on one core", &alone), ("on every core", &together)] {
        let (seconds, half) = interval(times);
        let rate = per_second(events * arguments.corpus, seconds);
        println!("{name:22} {:>8} s  {rate:>7.0} events/s", format!("{seconds:.3} ± {half:.3}"));
    }
    let (ratio, half) = interval(&ratios);
    println!("every core / one core  {ratio:.3} ± {half:.3} (95 %), {cores} cores");
    Ok(())
}

fn all(count: usize, code: &Code, file: &Path, threads: NonZeroUsize) -> Result<f64, TestError> {
    let files: Vec<PathBuf> = std::iter::repeat_with(|| file.to_owned()).take(count).collect();
    let from = Instant::now();
    let work = |file: PathBuf| History::from_file(&file).and_then(|history| code.replay(&history));
    for replayed in on_every_core(files, threads, work, |_| {}) {
        let verdict = replayed?.verdict;
        if !verdict.is_good() {
            return Err(format!("it did not replay: {verdict}").into());
        }
    }
    Ok(from.elapsed().as_secs_f64())
}

fn shown(names: &[&str], taken: &[f64]) -> String {
    names.iter().zip(taken).map(|(name, taken)| format!("{name} {taken:.2} s")).collect::<Vec<_>>().join("  ")
}

#[allow(clippy::cast_precision_loss)]
fn per_second(events: usize, seconds: f64) -> f64 {
    events as f64 / seconds
}
