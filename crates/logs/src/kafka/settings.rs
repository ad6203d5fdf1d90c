//! Where Kafka is, how to get in, and how much may wait. Always compiled: `config show` lists it in every binary, and one
//! that was built without Kafka can say so.

use std::fmt;
use std::path::PathBuf;

use mainspring_settings::{Reader, Secret, Section};

const BROKERS: &str = "MAINSPRING_LOG_KAFKA_BROKERS";
const PROTOCOL: &str = "MAINSPRING_LOG_KAFKA_SECURITY_PROTOCOL";
const MECHANISM: &str = "MAINSPRING_LOG_KAFKA_SASL_MECHANISM";
const USERNAME: &str = "MAINSPRING_LOG_KAFKA_SASL_USERNAME";
const PASSWORD: &str = "MAINSPRING_LOG_KAFKA_SASL_PASSWORD";
const CA: &str = "MAINSPRING_LOG_KAFKA_CA";
const CERT: &str = "MAINSPRING_LOG_KAFKA_CERT";
const KEY: &str = "MAINSPRING_LOG_KAFKA_KEY";

const QUEUE_LINES: usize = 100_000;
const QUEUE_BYTES: usize = 64 * 1024 * 1024;

/// How a connection is secured, by Kafka's own names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecurityProtocol {
    /// Neither TLS nor a login.
    #[default]
    Plaintext,
    /// TLS.
    Ssl,
    /// A login, without TLS.
    SaslPlaintext,
    /// A login over TLS.
    SaslSsl,
}

impl SecurityProtocol {
    /// As Kafka's clients write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Plaintext => "plaintext",
            Self::Ssl => "ssl",
            Self::SaslPlaintext => "sasl_plaintext",
            Self::SaslSsl => "sasl_ssl",
        }
    }

    const fn has_login(self) -> bool {
        matches!(self, Self::SaslPlaintext | Self::SaslSsl)
    }

    const fn has_tls(self) -> bool {
        matches!(self, Self::Ssl | Self::SaslSsl)
    }
}

/// How a login is proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SaslMechanism {
    /// The password itself.
    Plain,
    /// SCRAM with SHA-256.
    ScramSha256,
    /// SCRAM with SHA-512.
    ScramSha512,
}

impl SaslMechanism {
    /// As Kafka's clients write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        let known = [Self::Plain, Self::ScramSha256, Self::ScramSha512];
        known
            .into_iter()
            .find(|mechanism| mechanism.as_str().eq_ignore_ascii_case(text))
            .ok_or_else(|| "which is not one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512".to_owned())
    }
}

impl fmt::Display for SaslMechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where log lines are produced to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KafkaSettings {
    /// `host:port` of some brokers, separated by commas. `None`: no line is produced.
    pub brokers: Option<String>,
    /// The topic. Default: `log_entries`.
    pub topic: String,
    /// How the connection is secured. Default: [`SecurityProtocol::Plaintext`].
    pub security_protocol: SecurityProtocol,
    /// How the login is proved; with a `sasl_` protocol only.
    pub sasl_mechanism: Option<SaslMechanism>,
    /// Who logs in.
    pub sasl_username: Option<String>,
    /// With which password.
    pub sasl_password: Option<Secret>,
    /// A file of root certificates (PEM). Default: the system's.
    pub ca: Option<PathBuf>,
    /// A file with the client's certificate (PEM).
    pub cert: Option<PathBuf>,
    /// A file with its private key (PEM).
    pub key: Option<PathBuf>,
    /// The most lines that wait for Kafka or for its answer. Default: 100,000.
    pub queue_lines: usize,
    /// The most bytes of them. Default: 64 MiB.
    pub queue_bytes: usize,
}

impl Default for KafkaSettings {
    fn default() -> Self {
        Self {
            brokers: None,
            topic: "log_entries".to_owned(),
            security_protocol: SecurityProtocol::default(),
            sasl_mechanism: None,
            sasl_username: None,
            sasl_password: None,
            ca: None,
            cert: None,
            key: None,
            queue_lines: QUEUE_LINES,
            queue_bytes: QUEUE_BYTES,
        }
    }
}

impl Section for KafkaSettings {
    const NAME: &'static str = "kafka";

    fn read(reader: &mut Reader<'_>) -> Self {
        use SecurityProtocol as P;
        let protocols =
            [P::Plaintext, P::Ssl, P::SaslPlaintext, P::SaslSsl].map(|protocol| (protocol.as_str(), protocol));
        let settings = Self {
            brokers: reader
                .field(BROKERS)
                .alias("KAFKA_HOSTS")
                .doc("Kafka's brokers for log lines, host:port,host:port; without it no line is produced")
                .parse_optional(brokers),
            topic: reader
                .field("MAINSPRING_LOG_KAFKA_TOPIC")
                .doc("Topic of the log lines")
                .parse("log_entries".to_owned(), topic),
            security_protocol: reader
                .field(PROTOCOL)
                .alias("KAFKA_SECURITY_PROTOCOL")
                .doc("How Kafka's connection is secured: plaintext, ssl, sasl_plaintext or sasl_ssl")
                .choice(&protocols, P::Plaintext),
            sasl_mechanism: reader
                .field(MECHANISM)
                .alias("KAFKA_SASL_MECHANISM")
                .doc("How the login at Kafka is proved: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512")
                .parse_optional(SaslMechanism::parse),
            sasl_username: reader
                .field(USERNAME)
                .alias("KAFKA_SASL_USER")
                .doc("Who logs in at Kafka")
                .optional_string(),
            sasl_password: reader
                .field(PASSWORD)
                .alias("KAFKA_SASL_PASSWORD")
                .doc("Password of the login at Kafka")
                .secret(),
            ca: reader
                .field(CA)
                .doc("File of root certificates that Kafka's must come from (PEM); by default the system's")
                .optional_path(),
            cert: reader.field(CERT).doc("File with the client certificate for Kafka (PEM)").optional_path(),
            key: reader.field(KEY).doc("File with the private key of the client certificate (PEM)").optional_path(),
            queue_lines: reader
                .field("MAINSPRING_LOG_QUEUE_LINES")
                .doc("Most log lines that wait for Kafka; debug is refused above 70 % of it, info above 90 %")
                .count(QUEUE_LINES, 100..=10_000_000),
            queue_bytes: reader
                .field("MAINSPRING_LOG_QUEUE_BYTES")
                .doc("Most bytes of log lines that wait for Kafka, with the same shares")
                .count(QUEUE_BYTES, 1024 * 1024..=4 * 1024 * 1024 * 1024),
        };
        // The familiar names may be there for somebody else: without brokers they mean nothing here.
        if settings.brokers.is_some() {
            settings.refuse_what_does_not_fit(reader);
        }
        settings
    }
}

impl KafkaSettings {
    fn refuse_what_does_not_fit(&self, reader: &mut Reader<'_>) {
        let protocol = self.security_protocol;
        let said = format!("{PROTOCOL} is {}", protocol.as_str());
        let login = [
            (MECHANISM, "KAFKA_SASL_MECHANISM", self.sasl_mechanism.is_some(), "PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"),
            (USERNAME, "KAFKA_SASL_USER", self.sasl_username.is_some(), "who logs in"),
            (PASSWORD, "KAFKA_SASL_PASSWORD", self.sasl_password.is_some(), "the password"),
        ];
        for (name, alias, is_set, what) in login {
            // What is there and wrong has been named already.
            if protocol.has_login() && !is_set && !reader.is_set(name) && !reader.is_set(alias) {
                reader.fault(name, format!("is missing, and {said}: write {what}, or a protocol without a login"));
            } else if !protocol.has_login() && is_set {
                let right = if protocol.has_tls() { "sasl_ssl" } else { "sasl_ssl, or sasl_plaintext" };
                reader.fault(name, format!("is set, but {said}, which has no login: write {right} there, or drop it"));
            }
        }
        let files = [(CA, self.ca.is_some()), (CERT, self.cert.is_some()), (KEY, self.key.is_some())];
        for (name, _) in files.iter().filter(|(_, is_set)| *is_set && !protocol.has_tls()) {
            let right = if protocol.has_login() { "sasl_ssl" } else { "ssl" };
            reader.fault(*name, format!("is set, but {said}, which has no TLS: write {right} there, or drop it"));
        }
        match (self.cert.is_some(), self.key.is_some()) {
            (true, false) => reader.fault(KEY, format!("is missing, and {CERT} is set: a certificate needs its key")),
            (false, true) => reader.fault(CERT, format!("is missing, and {KEY} is set: a key needs its certificate")),
            _ => {}
        }
    }
}

/// `host:port`, separated by commas; spaces around them go.
fn brokers(text: &str) -> Result<String, String> {
    let brokers: Vec<&str> = text.split(',').map(str::trim).filter(|broker| !broker.is_empty()).collect();
    let fits = |broker: &&str| {
        let port = broker.rsplit_once(':').map(|(host, port)| (host, port.parse::<u16>()));
        matches!(port, Some((host, Ok(1..))) if !host.is_empty() && !host.contains(['/', ' ']))
    };
    match brokers.iter().find(|broker| !fits(broker)) {
        None if !brokers.is_empty() => Ok(brokers.join(",")),
        None => Err("which names no broker: write host:port, or host:port,host:port".to_owned()),
        Some(wrong) => Err(format!("of which {wrong:?} is not understood: write host:port, such as kafka:9092")),
    }
}

/// What Kafka takes for a topic's name.
fn topic(text: &str) -> Result<String, String> {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || ['.', '_', '-'].contains(&letter);
    let fits = (1..=249).contains(&text.len()) && text.chars().all(plain) && ![".", ".."].contains(&text);
    let right = "which is not a topic's name: write letters, digits, dots, underscores and dashes, 249 at most";
    fits.then(|| text.to_owned()).ok_or_else(|| right.to_owned())
}

#[cfg(test)]
mod tests {
    use mainspring_settings::{Report, Sources, load};

    use super::*;

    fn faults(pairs: &[(&'static str, &'static str)]) -> String {
        let sources = Sources::from_pairs(pairs.iter().copied());
        load::<KafkaSettings>(&sources).unwrap_err().to_string()
    }

    #[test]
    fn nothing_set_produces_nothing() {
        assert_eq!(load::<KafkaSettings>(&Sources::default()).unwrap(), KafkaSettings::default());
    }

    #[test]
    fn every_setting_is_read_and_the_password_shows_nowhere() {
        let sources = Sources::from_pairs([
            ("MAINSPRING_LOG_KAFKA_BROKERS", "a:9092, [::1]:9093"),
            ("MAINSPRING_LOG_KAFKA_TOPIC", "lines"),
            ("MAINSPRING_LOG_KAFKA_SECURITY_PROTOCOL", "SASL_SSL"),
            ("MAINSPRING_LOG_KAFKA_SASL_MECHANISM", "scram-sha-512"),
            ("MAINSPRING_LOG_KAFKA_SASL_USERNAME", "worker"),
            ("MAINSPRING_LOG_KAFKA_SASL_PASSWORD", "hunter2"),
            ("MAINSPRING_LOG_KAFKA_CA", "/ca.pem"),
            ("MAINSPRING_LOG_KAFKA_CERT", "/cert.pem"),
            ("MAINSPRING_LOG_KAFKA_KEY", "/key.pem"),
            ("MAINSPRING_LOG_QUEUE_LINES", "1000"),
            ("MAINSPRING_LOG_QUEUE_BYTES", "2000000"),
        ]);
        let expected = KafkaSettings {
            brokers: Some("a:9092,[::1]:9093".to_owned()),
            topic: "lines".to_owned(),
            security_protocol: SecurityProtocol::SaslSsl,
            sasl_mechanism: Some(SaslMechanism::ScramSha512),
            sasl_username: Some("worker".to_owned()),
            sasl_password: Some(Secret::new("hunter2".to_owned())),
            ca: Some("/ca.pem".into()),
            cert: Some("/cert.pem".into()),
            key: Some("/key.pem".into()),
            queue_lines: 1000,
            queue_bytes: 2_000_000,
        };
        let settings = load::<KafkaSettings>(&sources).unwrap();
        assert_eq!(settings, expected);
        let shown = Report::new(&sources).section::<KafkaSettings>(&sources).to_table();
        assert!(!format!("{settings:?} {shown}").contains("hunter2"), "{shown}");
        assert!(shown.contains("SCRAM-SHA-512"), "{shown}");
    }

    #[test]
    fn the_names_of_an_existing_manifest_are_taken() {
        let sources = Sources::from_pairs([
            ("KAFKA_HOSTS", "kafka:9092"),
            ("KAFKA_SECURITY_PROTOCOL", "SASL_PLAINTEXT"),
            ("KAFKA_SASL_MECHANISM", "PLAIN"),
            ("KAFKA_SASL_USER", "worker"),
            ("KAFKA_SASL_PASSWORD", "hunter2"),
        ]);
        let settings = load::<KafkaSettings>(&sources).unwrap();
        assert_eq!(settings.brokers.as_deref(), Some("kafka:9092"));
        assert_eq!(settings.security_protocol, SecurityProtocol::SaslPlaintext);
        assert_eq!(settings.sasl_username.as_deref(), Some("worker"));
        // They may be there for somebody else.
        let without_brokers = Sources::from_pairs([("KAFKA_SASL_USER", "other"), ("MAINSPRING_LOG_KAFKA_KEY", "/k")]);
        assert_eq!(load::<KafkaSettings>(&without_brokers).unwrap().brokers, None);
    }

    #[test]
    fn what_does_not_parse_is_named_with_what_would_be_right() {
        insta::assert_snapshot!(faults(&[
            ("MAINSPRING_LOG_KAFKA_BROKERS", "kafka"),
            ("MAINSPRING_LOG_KAFKA_TOPIC", "log entries"),
            ("MAINSPRING_LOG_KAFKA_SECURITY_PROTOCOL", "tls"),
            ("MAINSPRING_LOG_KAFKA_SASL_MECHANISM", "GSSAPI"),
            ("MAINSPRING_LOG_QUEUE_LINES", "1"),
        ]), @r#"
        MAINSPRING_LOG_KAFKA_BROKERS is "kafka", of which "kafka" is not understood: write host:port, such as kafka:9092
        MAINSPRING_LOG_KAFKA_TOPIC is "log entries", which is not a topic's name: write letters, digits, dots, underscores and dashes, 249 at most
        MAINSPRING_LOG_KAFKA_SECURITY_PROTOCOL is "tls", which is not one of plaintext, ssl, sasl_plaintext, sasl_ssl
        MAINSPRING_LOG_KAFKA_SASL_MECHANISM is "GSSAPI", which is not one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512
        MAINSPRING_LOG_QUEUE_LINES is "1", which is not a number from 100 to 10000000
        "#);
        insta::assert_snapshot!(faults(&[("KAFKA_HOSTS", "a:9092,http://b:9092")]), @r#"KAFKA_HOSTS is "a:9092,http://b:9092", of which "http://b:9092" is not understood: write host:port, such as kafka:9092"#);
        insta::assert_snapshot!(faults(&[("KAFKA_HOSTS", " , ")]), @r#"KAFKA_HOSTS is ",", which names no broker: write host:port, or host:port,host:port"#);
    }

    #[test]
    fn a_login_that_is_not_whole_is_refused() {
        insta::assert_snapshot!(faults(&[
            ("KAFKA_HOSTS", "kafka:9092"),
            ("KAFKA_SECURITY_PROTOCOL", "sasl_ssl"),
            ("KAFKA_SASL_PASSWORD", "hunter2"),
        ]), @r"
        MAINSPRING_LOG_KAFKA_SASL_MECHANISM is missing, and MAINSPRING_LOG_KAFKA_SECURITY_PROTOCOL is sasl_ssl: write PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512, or a protocol without a login
        MAINSPRING_LOG_KAFKA_SASL_USERNAME is missing, and MAINSPRING_LOG_KAFKA_SECURITY_PROTOCOL is sasl_ssl: write who logs in, or a protocol without a login
        ");
        insta::assert_snapshot!(faults(&[
            ("KAFKA_HOSTS", "kafka:9092"),
            ("KAFKA_SECURITY_PROTOCOL", "ssl"),
            ("KAFKA_SASL_USER", "worker"),
        ]), @"MAINSPRING_LOG_KAFKA_SASL_USERNAME is set, but MAINSPRING_LOG_KAFKA_SECURITY_PROTOCOL is ssl, which has no login: write sasl_ssl there, or drop it");
    }

    #[test]
    fn tls_that_is_not_whole_is_refused() {
        insta::assert_snapshot!(faults(&[
            ("KAFKA_HOSTS", "kafka:9092"),
            ("MAINSPRING_LOG_KAFKA_CA", "/ca.pem"),
        ]), @"MAINSPRING_LOG_KAFKA_CA is set, but MAINSPRING_LOG_KAFKA_SECURITY_PROTOCOL is plaintext, which has no TLS: write ssl there, or drop it");
        insta::assert_snapshot!(faults(&[
            ("KAFKA_HOSTS", "kafka:9092"),
            ("KAFKA_SECURITY_PROTOCOL", "ssl"),
            ("MAINSPRING_LOG_KAFKA_CERT", "/cert.pem"),
        ]), @"MAINSPRING_LOG_KAFKA_KEY is missing, and MAINSPRING_LOG_KAFKA_CERT is set: a certificate needs its key");
    }
}
