//! The process that logs, for one part of the benchmark.

use std::fmt;
use std::time::{Duration, Instant};

use clap::ValueEnum;
use mainspring::context::{Activity, Scope};
use mainspring::logs::{Destination, KafkaSettings, LogGuard, LogRules, LogSettings, LogSource, Producing, SourceId};
use mainspring::settings::{Sources, load};
use mainspring_testing::TestError;

/// Lines at a stretch: they fit both buffers, so that none is refused, which would be cheaper.
const BATCH: usize = 2_000;
const BATCHES: usize = 100;
/// Until buffers have their size.
const WARM: usize = 10;
/// Events of a level that is off.
const OFF: u32 = 20_000_000;
const DELIVERED: u64 = 300_000;
const PATIENCE: Duration = Duration::from_secs(120);

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Part {
    /// A line, written and produced.
    Both,
    /// A line, written alone, and no Kafka configured.
    Written,
    /// An event whose level is off.
    Off,
    /// Lines a second, until Kafka has answered for each.
    Deliver,
    /// A queue that Kafka does not empty.
    Full,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format!("{self:?}").to_lowercase())
    }
}

pub(crate) fn run(part: Part, brokers: &str) -> Result<(), TestError> {
    let pairs = [
        ("MAINSPRING_LOG_KAFKA_BROKERS", brokers),
        ("MAINSPRING_LOG_KAFKA_TOPIC", "bench_log_entries"),
        ("TEMPORAL_LOG_LEVEL_PRODUCE", "info"),
    ];
    let sources = Sources::from_pairs(pairs);
    let settings: LogSettings = load(&sources)?;
    let producing = Producing::start(&load::<KafkaSettings>(&sources)?)?.ok_or("there is no broker in the settings")?;
    let logs = match part {
        Part::Written => mainspring::logs::install(&settings, Destination::Stdout)?,
        _ => {
            let exports = LogSource::new("batch_exports", SourceId::BeforeTime).of("s3-export");
            let rules = LogRules::default().with_crate("logs").with_source(&exports);
            mainspring::logs::install_producing(&settings, Destination::Stdout, &producing, rules)?
        }
    };
    let _scope = Scope::activity(Activity {
        namespace: "default".to_owned(),
        task_queue: "exports".to_owned(),
        workflow_id: Some("0190c5a1-aaaa-bbbb-cccc-1234567890ab-2026-11-21T01:00:00Z".to_owned()),
        workflow_run_id: Some("0190c5a2-aaaa-bbbb-cccc-1234567890ab".to_owned()),
        workflow_type: Some("s3-export".to_owned()),
        activity_id: "1".to_owned(),
        activity_type: "copy".to_owned(),
        attempt: 1,
        ..Activity::default()
    })
    .enter();
    let _span = tracing::info_span!("copy", team_id = 2).entered();
    let figures = match part {
        Part::Both | Part::Written => vec![line(&logs)?],
        Part::Off => vec![off()],
        Part::Deliver => vec![deliver()?],
        Part::Full => full()?,
    };
    let figures: Vec<String> = figures.iter().map(ToString::to_string).collect();
    eprintln!("figures {}", figures.join(" "));
    Ok(())
}

fn log(rows: u64) {
    tracing::info!(rows, bytes_exported = 1_234_567, "Finished exporting batch");
}

/// Microseconds a line, on the caller's side.
#[allow(clippy::cast_precision_loss)]
fn line(logs: &LogGuard) -> Result<f64, TestError> {
    let mut spent = Duration::ZERO;
    for batch in 0..WARM + BATCHES {
        let began = Instant::now();
        (0..BATCH as u64).for_each(log);
        if batch >= WARM {
            spent += began.elapsed();
        }
        settle(logs)?;
    }
    if logs.stats().lost() > 0 {
        return Err("lines were lost, which is cheaper than to write them".into());
    }
    Ok(spent.as_secs_f64() * 1e6 / (BATCH * BATCHES) as f64)
}

/// Waits until neither buffer holds a line.
fn settle(logs: &LogGuard) -> Result<(), TestError> {
    if !logs.flush(PATIENCE) {
        return Err("stdout did not take the lines".into());
    }
    let Some(stats) = mainspring::logs::produce_stats() else { return Ok(()) };
    let began = Instant::now();
    while stats.queue_lines() > 0 {
        if began.elapsed() > PATIENCE {
            return Err("Kafka did not take the lines".into());
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    if stats.dropped() + stats.failed() > 0 {
        return Err(format!("lines were lost: {stats:?}").into());
    }
    Ok(())
}

/// Nanoseconds an event.
fn off() -> f64 {
    let began = Instant::now();
    for rows in 0..OFF {
        tracing::debug!(rows, bytes_exported = 1_234_567, "Finished exporting batch");
        std::hint::black_box(rows);
    }
    began.elapsed().as_secs_f64() * 1e9 / f64::from(OFF)
}

/// Lines a second; the caller waits where it would overrun the queue.
#[allow(clippy::cast_precision_loss)]
fn deliver() -> Result<f64, TestError> {
    let stats = mainspring::logs::produce_stats().ok_or("nothing is produced")?;
    let began = Instant::now();
    for row in 0..DELIVERED {
        if row % 1000 == 0 {
            while stats.queue_lines() > 50_000 {
                std::thread::sleep(Duration::from_micros(200));
            }
        }
        log(row);
    }
    while stats.delivered() < DELIVERED {
        if stats.dropped() + stats.failed() > 0 || began.elapsed() > PATIENCE {
            return Err(format!("lines were lost: {stats:?}").into());
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(DELIVERED as f64 / began.elapsed().as_secs_f64())
}

/// Lines that a full queue holds, their MiB, and by how many MiB the process grew.
#[allow(clippy::cast_precision_loss)]
fn full() -> Result<Vec<f64>, TestError> {
    let stats = mainspring::logs::produce_stats().ok_or("nothing is produced")?;
    let before = resident()?;
    let mut rows = 0;
    while stats.dropped() == 0 {
        log(rows);
        rows += 1;
    }
    const MIB: f64 = 1024.0 * 1024.0;
    Ok(vec![stats.queue_lines() as f64, stats.queue_bytes() as f64 / MIB, (resident()? - before) / MIB])
}

/// Bytes of this process in memory.
fn resident() -> Result<f64, TestError> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let kib = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS in /proc/self/status")?;
    Ok(kib.trim().trim_end_matches(" kB").parse::<f64>()? * 1024.0)
}
