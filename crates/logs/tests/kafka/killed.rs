//! The real Kafka, killed and stopped in the middle of lines.
//!
//! Lines wait for as long as a broker is away, and the client is idempotent: so what was sent before the kill, and had no
//! answer yet, is sent again and is in the topic once. Only a drain that runs out of time leaves lines that may be in the
//! topic or not; they are counted as unanswered, and the recount is exact up to them.

use mainspring_logs::{Dropped, Failed};
use mainspring_servers::Kafka;
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;

use super::broker::create;
use super::*;

/// Stops the broker, and returns when each of its threads has stopped.
fn stop(kafka: &Kafka) -> Pid {
    let pid = Pid::from_raw(kafka.pid().unwrap().cast_signed());
    kill(pid, Signal::SIGSTOP).unwrap();
    while waitid(Id::Pid(pid), WaitPidFlag::WSTOPPED | WaitPidFlag::WNOWAIT) == Err(Errno::EINTR) {}
    pid
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_killed_and_back_in_the_middle_of_100_000_lines_leaves_each_counted_to_the_line() {
    let mut kafka = Kafka::builder().start().await.unwrap();
    let brokers = kafka.bootstrap_servers();
    let topic = format!("{}lines", kafka.topic_prefix("killed"));
    let producing = start(&brokers, &topic, |settings| settings.queue_lines = 20_000);
    let begin = Instant::now();
    let (stats, mut numbered) = (producing.stats(), Numbered::new(&producing));
    numbered.offer(10_000);
    until("lines are delivered", || stats.delivered() > 0).await;
    numbered.offer(9_000);
    // So that there are lines without an answer when it is killed.
    stop(&kafka);
    numbered.offer(1_000);
    kafka.kill().await;
    let before = stats.delivered();
    assert!(stats.queue_lines() > 0, "nothing was on its way when the broker was killed");
    numbered.offer(50_000);
    let away = [Dropped::Debug, Dropped::Info, Dropped::Full].map(|cause| stats.dropped_for(cause));
    assert!(away.iter().all(|lines| *lines > 0), "the queue was never full: {away:?}");
    kafka.start_again().await.unwrap();
    until("there is room again", || stats.queue_lines() < 2_000).await;
    let mut bursts = tokio::time::interval(Duration::from_millis(10));
    for _ in 0..30 {
        bursts.tick().await;
        numbered.offer(1000);
    }
    numbered.assert_never_waited();
    producing.drain(LIMIT);

    assert_eq!((stats.produced(), stats.failed()), (100_000, 0), "{stats:?}");
    assert_settled(&stats);
    assert!(stats.delivered() > before, "nothing was delivered after the kill");
    let numbers = numbers_of(&brokers, &topic);
    assert_eq!(numbers.len() as u64, stats.delivered());
    assert!(numbers == numbered.taken, "{} lines are there, {} were taken", numbers.len(), numbered.taken.len());
    let full = said(&topic, "queue_full");
    let minutes = begin.elapsed().as_secs() / 60 + 1;
    assert!(
        (1..=2 * minutes).contains(&(full.len() as u64)),
        "said when it begins and when it is over, each once a minute: {full:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_while_the_broker_is_away_ends_in_time_and_counts_every_line() {
    let mut kafka = Kafka::builder().start().await.unwrap();
    let brokers = kafka.bootstrap_servers();
    let topic = format!("{}lines", kafka.topic_prefix("drained"));
    let producing = start(&brokers, &topic, |_| {});
    let (stats, mut numbered) = (producing.stats(), Numbered::new(&producing));
    numbered.offer(1000);
    until("lines are delivered", || stats.delivered() == 1000).await;
    kafka.kill().await;
    numbered.offer(30_000);
    let begin = Instant::now();
    let drained = producing.drain(Duration::from_secs(2));
    let took = begin.elapsed();
    assert!((Duration::from_millis(1500)..LIMIT / 4).contains(&took), "{took:?}");
    assert_eq!((drained.delivered, drained.failed + drained.dropped), (0, 30_000), "{drained:?}");
    assert_settled(&stats);

    kafka.start_again().await.unwrap();
    let numbers = numbers_of(&brokers, &topic);
    assert_eq!(numbers, numbered.taken[..1000], "what was given up stays away");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_hangs_holds_nobody_up_and_is_named() {
    let kafka = Kafka::builder().start().await.unwrap();
    let brokers = kafka.bootstrap_servers();
    let topic = format!("{}lines", kafka.topic_prefix("stopped"));
    let producing = start(&brokers, &topic, |_| {});
    let (stats, mut numbered) = (producing.stats(), Numbered::new(&producing));
    numbered.offer(1000);
    until("lines are delivered", || stats.delivered() == 1000).await;
    let pid = stop(&kafka);
    numbered.offer(30_000);
    numbered.assert_never_waited();
    until("it is said", || !said(&topic, "silent").is_empty()).await;
    assert_eq!(said(&topic, "silent")[0]["msg"], "log lines wait in memory: Kafka has answered nothing for a while");
    let begin = Instant::now();
    let drained = producing.drain(Duration::from_secs(2));
    let took = begin.elapsed();
    assert!(took < LIMIT / 4, "{took:?}");
    assert_eq!((drained.delivered, drained.failed + drained.dropped), (0, 30_000), "{drained:?}");
    assert_eq!(stats.failed_for(Failed::Unanswered), drained.failed);
    assert_settled(&stats);

    kill(pid, Signal::SIGCONT).unwrap();
    let there = numbers_of(&brokers, &topic).len() as u64;
    assert!((1000..=1000 + drained.failed).contains(&there), "{there} lines are there, {drained:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_to_a_broker_that_died_before_it_answered_is_not_said_to_have_stayed_here() {
    let mut kafka = Kafka::builder().start().await.unwrap();
    let brokers = kafka.bootstrap_servers();
    let topic = format!("{}lines", kafka.topic_prefix("sent"));
    let producing = start(&brokers, &topic, |_| {});
    let (stats, mut numbered) = (producing.stats(), Numbered::new(&producing));
    numbered.offer(1000);
    until("lines are delivered", || stats.delivered() == 1000).await;
    stop(&kafka);
    numbered.offer(500);
    // By then they are in the hands of the broker's machine, or of the broker.
    until("it is said", || !said(&topic, "silent").is_empty()).await;
    kafka.kill().await;
    until("it is said", || !said(&topic, "unreachable").is_empty()).await;
    let drained = producing.drain(Duration::from_secs(2));
    assert_eq!((drained.delivered, drained.failed, drained.dropped), (0, 500, 0), "{drained:?}");
    assert_eq!(stats.failed_for(Failed::Unanswered), 500);
    assert_settled(&stats);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_is_created_late_is_found() {
    let kafka = Kafka::builder().without_creating_topics().start().await.unwrap();
    let brokers = kafka.bootstrap_servers();
    let producing = start(&brokers, "late", |_| {});
    let stats = producing.stats();
    offer(&producing, Level::INFO, "too early");
    until("the topic is known not to exist", || stats.failed_for(Failed::UnknownTopic) == 1).await;
    create(&kafka, "late", "max.message.bytes=300000");
    // The client looks once a minute.
    let mut tries = tokio::time::interval(Duration::from_secs(1));
    let begin = Instant::now();
    while stats.delivered() == 0 {
        assert!(begin.elapsed() < 2 * LIMIT, "{stats:?}");
        tries.tick().await;
        offer(&producing, Level::INFO, "is it there?");
    }
    producing.drain(LIMIT);
    assert_settled(&stats);
    assert_eq!(lines_of(&brokers, "late").len() as u64, stats.delivered());
}
