//! The settings as librdkafka's.

use rdkafka::ClientConfig;

use super::KafkaSettings;
use super::producer::WINDOW_LINES;

/// Lines of a batch come before a topic's `max.message.bytes` does, 1 MiB by default: a batch that is too large is refused
/// with every line in it, and so a line that is too large must be alone in its batch.
const BATCH_BYTES: usize = 128 * 1024;

pub(super) fn config(settings: &KafkaSettings, brokers: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", brokers)
        .set("client.id", "mainspring-logs")
        .set("security.protocol", settings.security_protocol.as_str())
        // Each line is in the topic once, in every replica that is in sync, whatever is sent again.
        .set("enable.idempotence", "true")
        .set("acks", "all")
        // Lines wait for as long as the broker is away: the queue's bounds say how many, and no time does.
        .set("message.timeout.ms", "0")
        .set("compression.codec", "lz4")
        .set("batch.size", BATCH_BYTES.to_string())
        .set("linger.ms", "5")
        .set("queue.buffering.max.messages", (2 * WINDOW_LINES).to_string())
        // A broker that is back is found within seconds, and a topic that was made late within a minute.
        .set("reconnect.backoff.max.ms", "3000")
        .set("topic.metadata.refresh.interval.ms", "60000")
        // A topic that was made just now may be unknown to some brokers.
        .set("topic.metadata.propagation.max.ms", "10000")
        .set("socket.keepalive.enable", "true")
        .set("log.connection.close", "false");
    let texts = [
        ("sasl.mechanism", settings.sasl_mechanism.map(super::SaslMechanism::as_str)),
        ("sasl.username", settings.sasl_username.as_deref()),
        ("sasl.password", settings.sasl_password.as_ref().map(|password| password.expose().as_str())),
    ];
    let files = [
        ("ssl.ca.location", &settings.ca),
        ("ssl.certificate.location", &settings.cert),
        ("ssl.key.location", &settings.key),
    ];
    for (name, value) in texts.into_iter().filter_map(|(name, value)| Some((name, value?))) {
        config.set(name, value);
    }
    for (name, path) in files.into_iter().filter_map(|(name, path)| Some((name, path.as_ref()?))) {
        config.set(name, path.to_string_lossy());
    }
    config
}
