//! The real Kafka, asked by its own tools.

use std::io::Write as _;
use std::process::Stdio;

use mainspring_servers::Kafka;

use crate::ending::{assert_the_server_dies_with, is_gone, is_to_be_killed, wait_to_be_killed};

/// Sends lines to a topic, by the producer for a terminal.
fn send(server: &Kafka, topic: &str, lines: &str) {
    let mut command = server.tool("kafka.tools.ConsoleProducer");
    command.args(["--bootstrap-server", &server.bootstrap_servers(), "--topic", topic]);
    command.args(["--request-timeout-ms", "30000"]).stdin(Stdio::piped());
    let mut producer = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    producer.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    assert!(producer.wait().unwrap().success());
}

/// The first lines of a topic, by the consumer for a terminal, which has half a minute.
fn received(server: &Kafka, topic: &str, count: u32) -> String {
    let mut command = server.tool("org.apache.kafka.tools.consumer.ConsoleConsumer");
    command.args(["--bootstrap-server", &server.bootstrap_servers(), "--topic", topic, "--from-beginning"]);
    command.args(["--max-messages", &count.to_string(), "--timeout-ms", "30000"]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn messages_go_through_kafka_on_topics_of_each_tests_own_and_stopped_it_is_gone() {
    let mut server = Kafka::builder().start().await.unwrap();
    let (one, two) = (server.topic_prefix("Logs & more"), server.topic_prefix("Logs & more"));
    assert_ne!(one, two);
    assert!(one.starts_with("Logs___more-"), "{one}");
    let [one, two] = [one, two].map(|prefix| format!("{prefix}lines"));
    send(&server, &one, "a\nb\n");
    send(&server, &two, "c\n");
    assert_eq!((received(&server, &one, 2), received(&server, &two, 1)), ("a\nb\n".to_owned(), "c\n".to_owned()));
    let pid = server.pid().unwrap();
    server.stop().await;
    assert!(is_gone(pid) && server.pid().is_none(), "{server:?}");
}

/// What the tool for topics says of that topic.
fn asked(server: &Kafka, arguments: &[&str]) -> (bool, String) {
    let mut command = server.tool("org.apache.kafka.tools.TopicCommand");
    let output = command.args(["--bootstrap-server", &server.bootstrap_servers()]).args(arguments).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

#[tokio::test]
async fn a_killed_kafka_starts_again_on_its_port_with_its_lines() {
    let mut server = Kafka::builder().start().await.unwrap();
    let (address, topic) = (server.socket_address(), format!("{}lines", server.topic_prefix("again")));
    send(&server, &topic, "before\n");
    let killed = server.pid().unwrap();
    server.kill().await;
    assert!(is_gone(killed) && server.pid().is_none(), "{server:?}");
    server.start_again().await.unwrap();
    assert_eq!(server.socket_address(), address);
    assert_ne!(server.pid(), Some(killed));
    send(&server, &topic, "after\n");
    assert_eq!(received(&server, &topic, 2), "before\nafter\n");
}

#[tokio::test]
async fn a_topic_that_nobody_created_is_not_there_when_kafka_is_told_so() {
    let server = Kafka::builder().without_creating_topics().start().await.unwrap();
    let (made, said) = asked(&server, &["--create", "--topic", "created"]);
    assert!(made, "{said}");
    send(&server, "created", "a\n");
    assert_eq!(received(&server, "created", 1), "a\n");
    let (_, topics) = asked(&server, &["--list"]);
    assert!(topics.contains("created"), "{topics}");
    let (there, said) = asked(&server, &["--describe", "--topic", "named"]);
    assert!(!there && said.contains("does not exist"), "{said}");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn kafka_dies_when_its_parent_is_killed() {
    if is_to_be_killed() {
        let server = Kafka::builder().start().await.unwrap();
        wait_to_be_killed(&server.bootstrap_servers()).await;
    }
    assert_the_server_dies_with("kafka::kafka_dies_when_its_parent_is_killed");
}
