//! A topic read and written by Kafka's own programs for a terminal.

use std::process::{Child, ChildStdin, Stdio};

use mainspring_servers::Kafka;
use mainspring_testing::TestError;
use serde_json::Value;

/// The first records of a topic, by a consumer that has half a minute.
pub(crate) fn records(kafka: &Kafka, topic: &str, count: usize) -> Result<Vec<Value>, TestError> {
    let mut consumer = kafka.tool("org.apache.kafka.tools.consumer.ConsoleConsumer");
    consumer.args(["--bootstrap-server", &kafka.bootstrap_servers(), "--topic", topic, "--from-beginning"]);
    let output = consumer.args(["--max-messages", &count.to_string(), "--timeout-ms", "30000"]).output()?;
    let text = String::from_utf8(output.stdout)?;
    Ok(text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
}

/// A producer: each line that is written to it is a record. It ends when that is dropped.
pub(crate) fn producer(kafka: &Kafka, topic: &str) -> Result<(Child, ChildStdin), TestError> {
    let mut producer = kafka
        .tool("kafka.tools.ConsoleProducer")
        .args(["--bootstrap-server", &kafka.bootstrap_servers(), "--topic", topic, "--timeout", "20"])
        .args(["--request-timeout-ms", "30000"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let pipe = producer.stdin.take().ok_or("no stdin")?;
    Ok((producer, pipe))
}
