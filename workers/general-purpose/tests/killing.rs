//! `process-large-dataset` while its worker is killed thirty times, at random moments: each row is in the output once.
#![cfg(feature = "full")]

#[path = "../../../products/general-purpose/tests/dataset/parquet_files.rs"]
mod parquet_files;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use aws_sdk_s3::config::{BehaviorVersion, Builder, Credentials, Region};
use mainspring_testing::{Env, Process, TestError, Workflows, s3};
use nix::sys::signal::Signal;
use parquet::basic::Compression;
use serde_json::{Value, json};

type Outcome = Result<(), TestError>;

const KILLS: usize = 30;
const BATCH: u64 = 10_000;
/// The most batches that a worker lives for: thirty of them do not see the end.
const LONGEST_LIFE: usize = 4;
/// Files whose ends are not those of batches.
const FILES: u64 = 10;
const ROWS_A_FILE: u64 = 150_017;
const TOTAL: u64 = FILES * ROWS_A_FILE;

/// What the activity logs, as its worker's process writes it.
struct Line {
    message: String,
    offset: u64,
}

impl Line {
    fn read(line: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(line).ok()?;
        let ours = value["logger"].as_str().is_some_and(|logger| logger.starts_with("general_purpose::activities"));
        let message = value["msg"].as_str().filter(|_| ours)?.to_owned();
        Some(Self { message, offset: value["offset"].as_u64().unwrap_or_default() })
    }

    fn is_phase(&self) -> bool {
        matches!(self.message.as_str(), "reading" | "transforming" | "writing")
    }
}

/// The next line of the activity.
async fn next(worker: &mut Process) -> Result<Line, TestError> {
    loop {
        if let Some(line) = Line::read(&worker.line("general_purpose::activities").await?) {
            return Ok(line);
        }
    }
}

/// The worker binary, polling.
async fn worker(settings: Vec<(String, String)>) -> Result<Process, TestError> {
    let settings = settings.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let mut worker = Process::spawn(env!("CARGO_BIN_EXE_general-purpose-worker"), &[], settings)?;
    worker.line("\"msg\":\"polling\"").await?;
    Ok(worker)
}

/// The source, on S3: two threads make its files.
async fn source(endpoint: &str, secret_key: &str, bucket: &str) -> Outcome {
    let config = Builder::new()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(endpoint)
        .force_path_style(true)
        .credentials_provider(Credentials::new("mainspring", secret_key, None, None, "tests"))
        .http_client(aws_smithy_http_client::Builder::new().build_http());
    let client = aws_sdk_s3::Client::from_conf(config.build());
    let mut files = tokio::task::JoinSet::new();
    for file in 0..FILES {
        let numbers = file * ROWS_A_FILE..(file + 1) * ROWS_A_FILE;
        files.spawn_blocking(move || (file, parquet_files::rows(numbers, 40_000, Compression::SNAPPY)));
    }
    while let Some(made) = files.join_next().await {
        let (file, content) = made?;
        client.put_object().bucket(bucket).key(format!("events/{file:03}.parquet")).body(content.into()).send().await?;
    }
    Ok(())
}

/// The first row that is in no part yet.
fn written(output: &Path) -> u64 {
    let parts = std::fs::read_dir(output).into_iter().flatten().flatten();
    let offsets = parts.filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        name.strip_prefix("part-")?.strip_suffix(".jsonl")?.parse::<u64>().ok()
    });
    offsets.max().map_or(0, |last| last + BATCH)
}

/// Every good row is there once, as it was made, and nothing else is.
fn check(output: &Path) -> Outcome {
    let mut seen = vec![false; usize::try_from(TOTAL)?];
    for entry in std::fs::read_dir(output)? {
        let path = entry?.path();
        for line in std::fs::read_to_string(&path)?.lines() {
            let id = line.strip_prefix("{\"id\":").and_then(|rest| rest.split_once(','));
            let id: u64 =
                id.and_then(|(id, _)| id.parse().ok()).ok_or_else(|| format!("{}: {line}", path.display()))?;
            let as_made = id < TOTAL && parquet_files::is_good(id) && line == parquet_files::line(id);
            assert!(as_made, "{}: {line}", path.display());
            assert!(!std::mem::replace(&mut seen[usize::try_from(id)?], true), "row {id} is there twice");
        }
    }
    let missing = (0..TOTAL).zip(&seen).find(|(number, seen)| !**seen && parquet_files::is_good(*number));
    assert_eq!(missing, None, "a row is missing");
    Ok(())
}

/// Where a kill fell, and how many rows were in whole parts then.
struct Kill {
    signal: Signal,
    phase: String,
    written: u64,
}

/// Lets the activity of this worker go on for so many phases, and kills the worker in one of them.
async fn kill(mut worker: Process, output: &Path, random: &mut fastrand::Rng) -> Result<Kill, TestError> {
    let (steps, pause) = (random.usize(1..=LONGEST_LIFE * 3), random.u64(0..40));
    let signal = if random.bool() { Signal::SIGKILL } else { Signal::SIGTERM };
    let mut last = next(&mut worker).await?;
    for _ in 1..steps {
        last = next(&mut worker).await?;
        assert_ne!(last.message, "processed", "the run has ended before its kills: it needs more rows");
    }
    // sleep: a kill is to fall anywhere within a phase, and not always at its beginning
    tokio::time::sleep(Duration::from_millis(pause)).await;
    worker.signal(signal);
    let exit = worker.end().await?;
    let later: Vec<Line> = exit.lines.iter().filter_map(|line| Line::read(line)).collect();
    assert!(later.iter().all(|line| line.message != "processed"), "the run has ended before its kills");
    if signal == Signal::SIGKILL {
        let phase = later.iter().rfind(|line| line.is_phase()).unwrap_or(&last).message.clone();
        return Ok(Kill { signal, phase, written: written(output) });
    }
    // By its own words, all of which it has said: the next worker may have begun to write.
    assert_eq!(exit.code, 0, "{:?}", exit.lines);
    let parts = later.iter().chain([&last]).filter(|line| line.message == "writing").map(|line| line.offset + BATCH);
    let written = parts.max().unwrap_or(last.offset);
    Ok(Kill { signal, phase: last.message, written })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thirty_kills_leave_each_row_once() -> Outcome {
    let seed = match std::env::var("MAINSPRING_SEED") {
        Ok(seed) => seed.parse()?,
        Err(_) => fastrand::u64(..),
    };
    println!("seed {seed}: MAINSPRING_SEED={seed} draws the same kills");
    let mut random = fastrand::Rng::with_seed(seed);
    let begun = Instant::now();
    let (env, s3, output) = (Env::shared().await?, s3().await?, tempfile::tempdir()?);
    let bucket = s3.bucket("kills")?;
    source(&s3.endpoint(), s3.secret_key(), &bucket).await?;
    println!("{TOTAL} rows in {FILES} files after {:?}", begun.elapsed());

    let (queue, id, client) = (env.queue("kills"), env.id("kills"), env.client().await?);
    let settings = [
        ("TEMPORAL_ADDRESS", env.address()),
        ("MAINSPRING_QUEUES", &format!("general-purpose={queue},travelling-salesman-solver={queue}")),
        ("MAINSPRING_HTTP_ADDR", "127.0.0.1:0"),
        ("MAINSPRING_LOG_FORMAT", "json"),
        ("TEMPORAL_LOG_LEVEL", "info,general_purpose=debug"),
        ("GRACEFUL_SHUTDOWN_TIMEOUT_SECONDS", "60"),
        ("MAINSPRING_HEARTBEAT_THROTTLE", "0.1"),
        ("AWS_ENDPOINT_URL_S3", &s3.endpoint()),
        ("AWS_REGION", s3.region()),
        ("AWS_ACCESS_KEY_ID", s3.access_key()),
        ("AWS_SECRET_ACCESS_KEY", s3.secret_key()),
    ];
    let settings: Vec<_> = settings.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let mut alive = worker(settings.clone()).await?;
    let input = json!({
        "source": format!("s3://{bucket}/events"),
        "output": output.path(),
        "heartbeat_timeout_seconds": 2,
    });
    client.begin(&queue, &id, "process-large-dataset", &input).await?;
    let first = next(&mut alive).await?;
    assert_eq!(first.message, "started");

    let (mut signals, mut phases) = (BTreeMap::<_, usize>::new(), BTreeMap::<_, usize>::new());
    for number in 1..=KILLS {
        // The next worker comes up meanwhile.
        let successor = tokio::spawn(worker(settings.clone()));
        let Kill { signal, phase, written } = kill(alive, output.path(), &mut random).await?;
        alive = successor.await??;
        let first = next(&mut alive).await?;
        assert!(matches!(first.message.as_str(), "started" | "resumed"), "{}", first.message);
        // Parts that were whole when the kill fell, and that no heartbeat had told of.
        let repeated = written.saturating_sub(first.offset);
        println!(
            "kill {number}: {signal} while {phase}, {written} rows written; {} at {}, {repeated} rows again",
            first.message, first.offset
        );
        assert!(first.offset <= written, "it resumes at {} of {written}: rows are skipped", first.offset);
        if signal == Signal::SIGTERM {
            assert_eq!(repeated, 0, "a worker that is asked to leave tells how far it is");
        }
        *signals.entry(signal.as_str()).or_default() += 1;
        *phases.entry(phase).or_default() += 1;
    }
    println!("kills by signal: {signals:?}; by phase: {phases:?}; after {:?}", begun.elapsed());
    let hits: usize = ["reading", "transforming", "writing"].iter().filter_map(|phase| phases.get(*phase)).sum();
    assert!(hits > 0, "no kill fell into the activity");

    let errors = parquet_files::bad(TOTAL);
    let result: Value = client.result(&id).await?;
    assert_eq!(result, json!({ "processed": TOTAL - errors, "errors": errors, "total": TOTAL }));
    check(output.path())?;
    println!("{TOTAL} rows, each of the good ones once, after {:?}", begun.elapsed());
    Ok(())
}
