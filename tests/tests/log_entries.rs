//! `mainspring logs consume`, killed again and again in the middle of 100,000 lines.
#![cfg(feature = "full")]

mod lab;

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use lab::Outcome;
use lab::topics::producer;
use mainspring_outbox::sqlx::{PgPool, query_scalar};
use mainspring_testing::{Process, TestError, kafka, postgres};
use nix::sys::signal::Signal;

const PROGRAM: &str = env!("CARGO_BIN_EXE_lab-worker");
const LINES: usize = 100_000;
const KILLS: usize = 20;
/// In so many parts, one after the other.
const FEEDS: usize = 500;
const FEED_EVERY: Duration = Duration::from_millis(40);
const PATIENCE: Duration = Duration::from_secs(60);

fn line(number: usize) -> String {
    format!(
        r#"{{"instance_id":"run-{}","level":"info","log_source":"batch_exports","log_source_id":"7","message":"line {number}","team_id":2,"timestamp":"2026-11-21 01:02:03.000004"}}"#,
        number % 7
    )
}

#[tokio::test]
async fn a_consumer_that_is_killed_in_the_middle_of_a_hundred_thousand_lines_writes_each_once() -> Outcome {
    let seed: u64 =
        std::env::var("LAB_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(|| fastrand::u64(..));
    let mut random = fastrand::Rng::with_seed(seed);
    let kafka = kafka().await?;
    let brokers = kafka.bootstrap_servers();
    let topic = kafka.topic_prefix("killed") + "lines";
    let made = kafka
        .tool("org.apache.kafka.tools.TopicCommand")
        .args(["--bootstrap-server", &brokers, "--create", "--topic", &topic, "--partitions", "3"])
        .output()?;
    assert!(made.status.success(), "{made:?}");
    let url = postgres().await?.database("killed").await?;
    let pool = PgPool::connect(&url).await?;

    let (mut producer, mut pipe) = producer(kafka, &topic)?;
    let settings = [
        ("MAINSPRING_LOG_KAFKA_BROKERS", brokers.as_str()),
        ("MAINSPRING_LOG_KAFKA_TOPIC", &topic),
        ("MAINSPRING_LOG_DATABASE_URL", &url),
    ];
    let rows = async || -> Result<i64, TestError> {
        let there: bool = query_scalar("SELECT to_regclass('log_entries') IS NOT NULL").fetch_one(&pool).await?;
        if !there {
            return Ok(0);
        }
        Ok(query_scalar("SELECT count(*) FROM log_entries").fetch_one(&pool).await?)
    };
    // Lines come all the while, so that there is always more to write.
    let fed = Arc::new(AtomicUsize::new(0));
    let feeding = tokio::task::spawn_blocking({
        let (fed, runtime) = (Arc::clone(&fed), tokio::runtime::Handle::current());
        move || -> std::io::Result<()> {
            let mut ticks = runtime.block_on(async { tokio::time::interval(FEED_EVERY) });
            for chunk in (0..LINES).collect::<Vec<_>>().chunks(LINES / FEEDS) {
                runtime.block_on(ticks.tick());
                let text: String = chunk.iter().map(|number| line(*number) + "\n").collect();
                pipe.write_all(text.as_bytes())?;
                pipe.flush()?;
                fed.fetch_add(chunk.len(), Ordering::Relaxed);
            }
            Ok(())
        }
    });
    let (mut hits, mut known, most) = (0, 0, i64::try_from(LINES)?);
    for kill in 0..KILLS {
        let mut consumer = Process::spawn(PROGRAM, &["logs", "consume"], settings)?;
        consumer.line("reading topic").await?;
        if kill % 2 == 0 {
            // Every other one has begun to write, however slow the machine is.
            let mut looks = tokio::time::interval(Duration::from_millis(20));
            let writes = async {
                while rows().await? == known && known < most {
                    looks.tick().await;
                }
                Ok::<_, TestError>(())
            };
            tokio::time::timeout(PATIENCE, writes).await??;
        }
        // sleep: the moment of the kill is what is random
        tokio::time::sleep(Duration::from_millis(random.u64(..700))).await;
        let killed = consumer.kill9().await?;
        assert_eq!(killed.code, 137, "seed {seed}: it was to be killed at work: {:?}", killed.lines);
        let now = rows().await?;
        hits += usize::from(now > known && usize::try_from(now)? < fed.load(Ordering::Relaxed));
        known = now;
    }
    feeding.await??;
    assert!(producer.wait()?.success());
    let last = Process::spawn(PROGRAM, &["logs", "consume", "--until-end", "-o", "json"], settings)?.end().await?;
    assert_eq!(last.code, 0, "seed {seed}: {:?}", last.lines);
    eprintln!("seed {seed}: {KILLS} kills, {hits} of them between lines that were written and lines that were not");
    assert!(hits > 0, "seed {seed}: nothing was hit");
    let different: i64 = query_scalar("SELECT count(DISTINCT message) FROM log_entries").fetch_one(&pool).await?;
    let rejects: i64 = query_scalar("SELECT count(*) FROM log_entries_rejects").fetch_one(&pool).await?;
    assert_eq!((rows().await?, different, rejects), (most, most, 0), "seed {seed}");
    Ok(())
}

#[tokio::test]
async fn sigterm_writes_what_is_in_hand_and_ends_with_success() -> Outcome {
    let kafka = kafka().await?;
    let topic = kafka.topic_prefix("term") + "lines";
    let (mut producer, mut pipe) = producer(kafka, &topic)?;
    pipe.write_all((0..10).map(|number| line(number) + "\n").collect::<String>().as_bytes())?;
    drop(pipe);
    assert!(producer.wait()?.success());
    let url = postgres().await?.database("term").await?;
    let settings = [
        ("MAINSPRING_LOG_KAFKA_BROKERS", kafka.bootstrap_servers()),
        ("MAINSPRING_LOG_KAFKA_TOPIC", topic),
        ("MAINSPRING_LOG_DATABASE_URL", url.clone()),
    ];
    let settings = settings.each_ref().map(|(name, value)| (*name, value.as_str()));
    let mut consumer = Process::spawn(PROGRAM, &["logs", "consume"], settings)?;
    consumer.line("reading topic").await?;
    let pool = PgPool::connect(&url).await?;
    let mut looks = tokio::time::interval(Duration::from_millis(50));
    let written = async {
        while query_scalar::<_, i64>("SELECT count(*) FROM log_entries").fetch_one(&pool).await? < 10 {
            looks.tick().await;
        }
        Ok::<_, TestError>(())
    };
    tokio::time::timeout(Duration::from_secs(30), written).await??;
    consumer.signal(Signal::SIGTERM);
    let exit = consumer.end().await?;
    assert_eq!(exit.code, 0, "{:?}", exit.lines);
    assert_eq!(exit.lines.last().map(String::as_str), Some("10 lines written, 0 records set aside"));
    Ok(())
}
