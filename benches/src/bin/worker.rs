//! `cargo xtask bench worker [ROUNDS] [WORKFLOWS]`: a worker's CPU and memory on Mainspring, against the bare SDK with its
//! defaults and against the bare SDK set up the same way. The three take turns against one dev server; each round gives
//! a ratio, and the table their mean with a 95 % interval. Then one long run for the memory's slope.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use futures::StreamExt;
use mainspring_servers::TemporalDevServer;
use mainspring_testing::{Env, TestError, Workflows};

/// Workflows that run at once, as the peers' load does.
const AT_ONCE: usize = 30;
/// Activities of one workflow.
const ACTIVITIES: usize = 5;

struct Contender {
    name: &'static str,
    program: String,
    setup: &'static str,
}

struct Run {
    cpu_per_1000: f64,
    idle_rss_mb: f64,
    first_answer: Duration,
    exit: Duration,
}

fn main() -> Result<(), TestError> {
    let numbers: Vec<usize> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let rounds = numbers.first().copied().unwrap_or(12);
    let workflows = numbers.get(1).copied().unwrap_or(300);
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?
        .block_on(bench(rounds, workflows))
}

async fn bench(rounds: usize, workflows: usize) -> Result<(), TestError> {
    let contenders = [
        Contender { name: "mainspring", program: example("mainspring-worker")?, setup: "" },
        Contender { name: "bare, defaults", program: example("bare-worker")?, setup: "defaults" },
        Contender { name: "bare, same setup", program: example("bare-worker")?, setup: "same" },
    ];
    let server = TemporalDevServer::builder().start().await?;
    let env = Env::at(server.address());
    println!(
        "{rounds} rounds of {workflows} workflows of {ACTIVITIES} activities, {AT_ONCE} at once, on {} cores",
        std::thread::available_parallelism()?
    );
    let mut runs: Vec<Vec<Run>> = contenders.iter().map(|_| Vec::new()).collect();
    for round in 0..rounds {
        for (contender, runs) in contenders.iter().zip(&mut runs) {
            let run = measure(contender, &env, workflows).await?;
            eprintln!("round {:2}  {:16}  {:.2} s CPU per 1,000", round + 1, contender.name, run.cpu_per_1000);
            runs.push(run);
        }
    }
    println!(
        "{:18} {:>16} {:>14} {:>18} {:>14}",
        "", "CPU s per 1,000", "idle RSS MB", "exec → first run", "SIGTERM → exit"
    );
    for (contender, runs) in contenders.iter().zip(&runs) {
        let mean = |of: fn(&Run) -> f64| interval(&runs.iter().map(of).collect::<Vec<_>>()).0;
        println!(
            "{:18} {:16.2} {:14.1} {:15.0} ms {:11.0} ms",
            contender.name,
            mean(|run| run.cpu_per_1000),
            mean(|run| run.idle_rss_mb),
            mean(|run| run.first_answer.as_secs_f64() * 1e3),
            mean(|run| run.exit.as_secs_f64() * 1e3),
        );
    }
    for (other, budget) in [(1, 0.75), (2, 1.03)] {
        let ratios: Vec<f64> =
            runs[0].iter().zip(&runs[other]).map(|(ours, theirs)| ours.cpu_per_1000 / theirs.cpu_per_1000).collect();
        let (mean, half) = interval(&ratios);
        let verdict = if mean - half > budget { "missed" } else { "kept" };
        println!("CPU against {:18} {mean:.3} ± {half:.3} (95 %), budget {budget}: {verdict}", contenders[other].name);
    }
    Ok(())
}

/// One worker's life: started, warmed up, loaded, stopped.
async fn measure(contender: &Contender, env: &Env, workflows: usize) -> Result<Run, TestError> {
    let queue = env.queue("bench");
    let from = Instant::now();
    let mut command = Command::new(&contender.program);
    command.env("TEMPORAL_ADDRESS", env.address()).env("BENCH_QUEUE", &queue).env("BENCH_SETUP", contender.setup);
    command.env("MAINSPRING_HTTP_ADDR", "127.0.0.1:0").env("GRACEFUL_SHUTDOWN_TIMEOUT_SECONDS", "10");
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let client = env.client().await?;
    let load = |n: usize| {
        futures::stream::iter(0..n)
            .map(|_| async {
                let id = env.id("bench");
                client.begin(&queue, &id, "bench", &"x".repeat(100)).await?;
                client.result::<String>(&id).await
            })
            .buffer_unordered(AT_ONCE)
            .collect::<Vec<_>>()
    };
    load(1).await.into_iter().collect::<Result<Vec<_>, _>>()?;
    let first_answer = from.elapsed();
    load(30).await.into_iter().collect::<Result<Vec<_>, _>>()?;
    let idle_rss_mb = rss_mb(&child)?;
    let before = cpu(&child)?;
    load(workflows).await.into_iter().collect::<Result<Vec<_>, _>>()?;
    #[allow(clippy::cast_precision_loss)]
    let cpu_per_1000 = (cpu(&child)? - before) * 1000.0 / workflows as f64;
    let stopping = Instant::now();
    Command::new("kill").args(["-TERM", &child.id().to_string()]).status()?;
    child.wait()?;
    Ok(Run { cpu_per_1000, idle_rss_mb, first_answer, exit: stopping.elapsed() })
}

/// Seconds of user and system time; the kernel counts in hundredths.
fn cpu(child: &Child) -> Result<f64, TestError> {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id()))?;
    let fields: Vec<f64> = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .skip(1)
        .filter_map(|field| field.parse().ok())
        .collect();
    Ok((fields.get(10).ok_or("no CPU time")? + fields.get(11).ok_or("no CPU time")?) / 100.0)
}

fn rss_mb(child: &Child) -> Result<f64, TestError> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id()))?;
    let line = status.lines().find(|line| line.starts_with("VmRSS")).ok_or("no VmRSS")?;
    Ok(line.split_whitespace().nth(1).ok_or("no VmRSS")?.parse::<f64>()? / 1024.0)
}

/// Mean, and half of its 95 % interval: Student's t, whose factor for 11 degrees of freedom is 2.2 and never less than 1.96.
fn interval(values: &[f64]) -> (f64, f64) {
    #[allow(clippy::cast_precision_loss)]
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
    let t = if n >= 12.0 { 2.2 } else { 2.2 + 12.0 / n };
    (mean, t * (variance / n).sqrt())
}

/// Builds an example with the profile of this program, and gives its path.
fn example(name: &str) -> Result<String, TestError> {
    let built = Command::new(env!("CARGO"))
        .args([
            "build",
            "--release",
            "--quiet",
            "--package",
            "mainspring-benches",
            "--example",
            name,
            "--message-format",
            "json",
        ])
        .stderr(Stdio::inherit())
        .output()?;
    let messages = String::from_utf8(built.stdout)?;
    let found = messages.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let path = found.filter_map(|message| message["executable"].as_str().map(str::to_owned)).next_back();
    path.ok_or_else(|| format!("{name} was not built").into())
}
