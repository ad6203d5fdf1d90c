//! librdkafka's mock cluster: brokers that are slow, come and go, and answer with errors at will.

use mainspring_logs::Failed;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::types::{RDKafkaApiKey as Api, RDKafkaRespErr as Answer};

use super::*;

type Mock = MockCluster<'static, DefaultProducerContext>;

/// One broker, and a topic with one partition.
fn mock(topic: &str) -> (Mock, String) {
    let mock = MockCluster::new(1).unwrap();
    mock.create_topic(topic, 1, 1).unwrap();
    let brokers = mock.bootstrap_servers();
    (mock, brokers)
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_that_pass_cost_no_line() {
    let (mock, brokers) = mock("passing");
    mock.request_errors(
        Api::Produce,
        &[
            Answer::RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
            Answer::RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
            Answer::RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
            Answer::RD_KAFKA_RESP_ERR__TRANSPORT,
            Answer::RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
        ],
    );
    let producing = start(&brokers, "passing", |_| {});
    let (stats, mut numbered) = (producing.stats(), Numbered::new(&producing));
    numbered.offer(5_000);
    producing.drain(LIMIT);
    assert_eq!((stats.delivered(), stats.failed(), stats.dropped()), (5_000, 0, 0));
    assert_settled(&stats);
    assert!(numbers_of(&brokers, "passing") == numbered.taken);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_broker_shows_in_the_latencies_and_costs_nothing() {
    let (mock, brokers) = mock("slow");
    let producing = start(&brokers, "slow", |_| {});
    let (stats, mut numbered) = (producing.stats(), Numbered::new(&producing));
    numbered.offer(100);
    until("the first lines are delivered", || stats.delivered() == 100).await;
    mock.broker_round_trip_time(-1, Duration::from_millis(700)).unwrap();
    numbered.offer(3_000);
    numbered.assert_never_waited();
    producing.drain(LIMIT);
    assert_eq!(stats.delivered(), 3_100, "{stats:?}");
    assert_settled(&stats);
    let latencies = stats.latencies();
    let (_, quick) = latencies.at_most.iter().find(|(bound, _)| *bound == Duration::from_millis(500)).unwrap();
    assert!(*quick <= 100, "{latencies:?}");
    assert!(latencies.sum >= Duration::from_millis(700) * 3_000, "{latencies:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_comes_and_goes_costs_no_line_and_few_words() {
    let (mock, brokers) = mock("flapping");
    let producing = start(&brokers, "flapping", |_| {});
    let (stats, mut numbered) = (producing.stats(), Numbered::new(&producing));
    for round in 1..=6 {
        mock.broker_down(-1).unwrap();
        numbered.offer(1_000);
        mock.broker_up(-1).unwrap();
        until("the lines of the round are delivered", || stats.delivered() == round * 1_000).await;
    }
    numbered.assert_never_waited();
    producing.drain(LIMIT);
    assert_settled(&stats);
    assert!(numbers_of(&brokers, "flapping") == numbered.taken);
    let said = said("flapping", "unreachable");
    assert!(said.iter().filter(|line| line["level"] == "warn").count() <= 2, "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_with_a_fatal_error_is_replaced_and_its_unsent_lines_go_by_the_next() {
    let (mock, brokers) = mock("fatal");
    // Of an idempotent client's number the cluster may say that it is not for this login.
    mock.request_errors(Api::InitProducerId, &[Answer::RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED]);
    let producing = start(&brokers, "fatal", |_| {});
    let mut numbered = Numbered::new(&producing);
    numbered.offer(2_000);
    until("every line is delivered", || producing.stats().delivered() == 2_000).await;
    producing.drain(LIMIT);
    assert_settled(&producing.stats());
    assert!(numbers_of(&brokers, "fatal") == numbered.taken);
    let said = said("fatal", "client_given_up");
    assert_eq!(said[0]["msg"], "Kafka's client met an error that it cannot go on from: another takes over");
    assert!(said[0]["reason"].as_str().unwrap().contains("authorization failed"), "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_that_are_refused_for_good_are_counted_by_cause() {
    for (topic, answer, cause) in [
        ("forbidden", Answer::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, Failed::Unauthorized),
        ("odd", Answer::RD_KAFKA_RESP_ERR_INVALID_RECORD, Failed::Other),
    ] {
        let (mock, brokers) = mock(topic);
        mock.request_errors(Api::Produce, &[answer]);
        let producing = start(&brokers, topic, |_| {});
        let stats = producing.stats();
        offer(&producing, Level::INFO, "refused");
        until("the line is refused", || stats.failed() == 1).await;
        assert_eq!(stats.failed_for(cause), 1, "{stats:?}");
        assert_settled(&stats);
        until("it is said", || !said(topic, cause.as_str()).is_empty()).await;
        assert_eq!(said(topic, cause.as_str())[0]["lines"], 1);
    }
}
