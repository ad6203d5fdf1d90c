//! A Kafka that is not there, and settings that Kafka's client refuses.

use mainspring_logs::Dropped;
use mainspring_settings::Secret;

use super::*;

/// Nobody listens at the port of discard.
const NOBODY: &str = "127.0.0.1:9";

#[tokio::test(flavor = "multi_thread")]
async fn a_kafka_that_is_not_there_is_named_and_lines_wait_within_their_bounds() {
    let producing = start(NOBODY, "away", |settings| settings.queue_lines = 1000);
    let (stats, mut numbered) = (producing.stats(), Numbered::new(&producing));
    until("that it is away is said", || !said("away", "unreachable").is_empty()).await;
    numbered.offer(4_000);
    numbered.assert_never_waited();
    assert_eq!(stats.queue_lines(), 1000);
    until("that lines are dropped is said", || !said("away", "queue_full").is_empty()).await;
    let (unreachable, full) = (said("away", "unreachable"), said("away", "queue_full"));
    assert_eq!((unreachable.len(), full.len()), (1, 1), "{unreachable:?} {full:?}");
    assert_eq!(
        unreachable[0]["msg"],
        "log lines wait in memory: no Kafka broker can be reached; see whether MAINSPRING_LOG_KAFKA_BROKERS names them, \
         and whether they run"
    );
    assert!(unreachable[0]["reason"].as_str().unwrap().contains("Connection refused"), "{unreachable:?}");
    // It is said at the first of them.
    assert!((1..=3_000).contains(&full[0]["lines"].as_u64().unwrap()), "{full:?}");
    assert_eq!(stats.dropped(), 3_000, "{stats:?}");

    let begin = Instant::now();
    let drained = producing.drain(Duration::from_millis(500));
    assert!(begin.elapsed() < LIMIT / 4, "{:?}", begin.elapsed());
    assert_eq!((drained.delivered, drained.dropped, drained.failed), (0, 1000, 0));
    assert_eq!(stats.dropped_for(Dropped::Shutdown), 1000, "they were never sent");
    assert_settled(&stats);
    let again = producing.drain(LIMIT);
    assert_eq!((again.delivered, again.dropped, again.failed), (0, 0, 0), "a second drain has nothing to do");
}

#[test]
fn nothing_is_produced_without_brokers() {
    assert!(Producing::start(&KafkaSettings::default()).unwrap().is_none());
}

#[test]
fn a_certificate_that_cannot_be_read_stops_the_start_and_no_password_is_said() {
    let mut settings = KafkaSettings::default();
    settings.brokers = Some(NOBODY.to_owned());
    settings.security_protocol = mainspring_logs::SecurityProtocol::SaslSsl;
    settings.sasl_mechanism = Some(mainspring_logs::SaslMechanism::ScramSha512);
    settings.sasl_username = Some("worker".to_owned());
    settings.sasl_password = Some(Secret::new("hunter2".to_owned()));
    settings.ca = Some("/nowhere/ca.pem".into());
    let error = Producing::start(&settings).unwrap_err().to_string();
    let expected =
        "log lines cannot be produced: Kafka's client refuses the MAINSPRING_LOG_KAFKA_ settings: ssl.ca.location";
    assert!(error.starts_with(expected) && !error.contains("hunter2"), "{error}");
    settings.ca = None;
    assert!(Producing::start(&settings).unwrap().is_some(), "SCRAM and TLS are built in");
}
