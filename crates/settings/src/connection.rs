//! Where Temporal is, and how this process proves who it is. Temporal's own names first, then those in common use.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::{Reader, Secret, Section};

/// How to reach Temporal.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConnectionSettings {
    /// `host:port`, from TEMPORAL_ADDRESS, or TEMPORAL_HOST with TEMPORAL_PORT. Default 127.0.0.1:7233.
    pub address: String,
    /// TEMPORAL_NAMESPACE. Default `default`.
    pub namespace: String,
    /// TEMPORAL_API_KEY, or the file that MAINSPRING_API_KEY_FILE names.
    pub api_key: Option<ApiKey>,
    /// Whether the connection is encrypted, and with what.
    pub tls: Tls,
    /// TEMPORAL_GRPC_META_*: headers of every call, by name.
    pub grpc_meta: BTreeMap<String, String>,
    /// MAINSPRING_GRPC_COMPRESSION: default none.
    pub compression: Compression,
    /// TEMPORAL_IDENTITY: default process id and host name.
    pub identity: Option<String>,
    /// MAINSPRING_CONNECT_TIMEOUT: in place of 5 s for a command and 60 s for a worker.
    pub connect_timeout: Option<Duration>,
}

/// An API key, by value or by a file that is read again when it changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApiKey {
    /// The key.
    Value(Secret),
    /// The file that holds it.
    File(PathBuf),
}

/// Encryption of the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tls {
    /// Plain text.
    Off,
    /// Encrypted; the server is always verified.
    On(Box<TlsParts>),
}

/// What TLS is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsParts {
    /// Root certificates that the server's must come from; default the system's.
    pub ca: Option<Pem>,
    /// The name that the server's certificate must bear; default the host of the address.
    pub server_name: Option<String>,
    /// A client certificate with its key: mTLS.
    pub client: Option<ClientPair>,
}

/// A client certificate and its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientPair {
    /// The certificate chain.
    pub cert: Pem,
    /// Its private key.
    pub key: Pem,
}

/// PEM, by path or as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pem {
    /// A file; it is read again when it changes.
    Path(PathBuf),
    /// The text itself.
    Text(Secret),
}

/// Compression of gRPC messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// As they are. On a near network gzip costs a worker a quarter of its CPU and saves no time.
    None,
    /// Gzip, for a network that is paid by the byte.
    Gzip,
}

impl fmt::Display for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Off => "without TLS",
            Self::On(parts) if parts.client.is_some() => "with mTLS",
            Self::On(_) => "with TLS",
        })
    }
}

impl Section for ConnectionSettings {
    const NAME: &'static str = "temporal";

    fn read(reader: &mut Reader<'_>) -> Self {
        let address = address(reader);
        let namespace = reader
            .field("TEMPORAL_NAMESPACE")
            .doc("Temporal namespace, as Temporal's CLI names it; on Temporal Cloud NAME.ACCOUNT")
            .string("default");
        let api_key = api_key(reader);
        let tls = tls(reader, &address, api_key.is_some());
        Self {
            address,
            namespace,
            api_key,
            tls,
            grpc_meta: reader
                .family("TEMPORAL_GRPC_META_")
                .into_iter()
                .map(|(name, value)| (name.to_lowercase().replace('_', "-"), value))
                .collect(),
            compression: reader
                .field("MAINSPRING_GRPC_COMPRESSION")
                .doc("none or gzip; gzip costs a worker a quarter of its CPU, and pays only where bytes are dear")
                .choice(&[("none", Compression::None), ("gzip", Compression::Gzip)], Compression::None),
            identity: reader
                .field("TEMPORAL_IDENTITY")
                .doc("How this process appears in Temporal; by default its process id and host name")
                .optional_string(),
            connect_timeout: reader
                .field("MAINSPRING_CONNECT_TIMEOUT")
                .doc("How long to try to connect; by default 5 s for a command and 60 s for a worker")
                .optional_duration(),
        }
    }
}

fn address(reader: &mut Reader<'_>) -> String {
    let address = reader
        .field("TEMPORAL_ADDRESS")
        .doc("Where Temporal's frontend listens, HOST:PORT")
        .parse_optional(host_and_port);
    let port = reader
        .field("TEMPORAL_PORT")
        .doc("Port that goes with TEMPORAL_HOST")
        // Kubernetes sets TEMPORAL_PORT=tcp://… in a cluster with a service named temporal.
        .ignoring(|value| value.contains("://"))
        .parse_optional(|text| text.parse::<u16>().map_err(|_| "which is not a port from 1 to 65535".to_owned()));
    let host = reader.field("TEMPORAL_HOST").doc("Host, or HOST:PORT, in place of TEMPORAL_ADDRESS").optional_string();
    let from_host = host.and_then(|host| {
        let joined = if host.contains(':') { host } else { format!("{host}:{}", port.unwrap_or(7233)) };
        match host_and_port(&joined) {
            Ok(address) => Some(address),
            Err(why) => {
                reader.fault("TEMPORAL_HOST", format!("makes {joined:?}, {why}"));
                None
            }
        }
    });
    match (address, from_host) {
        (Some(address), Some(other)) if address != other => {
            let message = format!("and TEMPORAL_HOST are two names for one setting and differ ({address} and {other}): keep one");
            reader.fault("TEMPORAL_ADDRESS", message);
            address
        }
        (Some(address), _) | (None, Some(address)) => address,
        (None, None) => "127.0.0.1:7233".to_owned(),
    }
}

fn host_and_port(text: &str) -> Result<String, String> {
    let wrong = || "which is not an address: write HOST:PORT, such as 127.0.0.1:7233".to_owned();
    let text = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://")).unwrap_or(text).trim_end_matches('/');
    let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
    let host_fits = !host.is_empty() && !host.contains(|c: char| c.is_whitespace() || "/@?#".contains(c));
    let port_fits = port.parse::<u16>().is_ok_and(|port| port != 0);
    if host_fits && port_fits { Ok(text.to_owned()) } else { Err(wrong()) }
}

fn api_key(reader: &mut Reader<'_>) -> Option<ApiKey> {
    let value = reader.field("TEMPORAL_API_KEY").doc("API key of Temporal Cloud").secret();
    let file = reader
        .field("MAINSPRING_API_KEY_FILE")
        .alias("TEMPORAL_API_KEY_FILE")
        .doc("File that holds the API key; it is read again when it changes")
        .optional_path();
    match (value, file) {
        (Some(_), Some(_)) => {
            reader.fault("TEMPORAL_API_KEY", "and MAINSPRING_API_KEY_FILE are both set: keep one");
            None
        }
        (Some(value), None) => Some(ApiKey::Value(value)),
        (None, Some(path)) => Some(ApiKey::File(path)),
        (None, None) => None,
    }
}

fn tls(reader: &mut Reader<'_>, address: &str, has_key: bool) -> Tls {
    let wanted = reader
        .field("TEMPORAL_TLS")
        .doc("Whether to use TLS; by default when a part of it or an API key is set")
        .optional_flag();
    let ca = pem(
        reader,
        ["TEMPORAL_TLS_SERVER_CA_CERT_PATH", "TEMPORAL_TLS_CA"],
        ["TEMPORAL_TLS_SERVER_CA_CERT_DATA", "TEMPORAL_CLIENT_ROOT_CA"],
        "Root certificates that the server's must come from",
    );
    let cert = pem(
        reader,
        ["TEMPORAL_TLS_CLIENT_CERT_PATH", "TEMPORAL_TLS_CERT"],
        ["TEMPORAL_TLS_CLIENT_CERT_DATA", "TEMPORAL_CLIENT_CERT"],
        "Client certificate, for mTLS",
    );
    let key = pem(
        reader,
        ["TEMPORAL_TLS_CLIENT_KEY_PATH", "TEMPORAL_TLS_KEY"],
        ["TEMPORAL_TLS_CLIENT_KEY_DATA", "TEMPORAL_CLIENT_KEY"],
        "Private key of the client certificate",
    );
    let server_name = reader
        .field("TEMPORAL_TLS_SERVER_NAME")
        .doc("Name that the server's certificate must bear, in place of the address's host")
        .optional_string();
    let unverified = reader
        .field("TEMPORAL_TLS_DISABLE_HOST_VERIFICATION")
        .doc("Refused: the server is always verified")
        .flag(false);
    if unverified {
        let message = "is set, and refused: set TEMPORAL_TLS_SERVER_CA_CERT_PATH to the server's root certificate instead";
        reader.fault("TEMPORAL_TLS_DISABLE_HOST_VERIFICATION", message);
    }
    let client = match (cert, key) {
        (Some(cert), Some(key)) => Some(ClientPair { cert, key }),
        (Some(_), None) => {
            reader.fault("TEMPORAL_TLS_CLIENT_CERT_PATH", "is set without TEMPORAL_TLS_CLIENT_KEY_PATH: mTLS needs both");
            None
        }
        (None, Some(_)) => {
            reader.fault("TEMPORAL_TLS_CLIENT_KEY_PATH", "is set without TEMPORAL_TLS_CLIENT_CERT_PATH: mTLS needs both");
            None
        }
        (None, None) => None,
    };
    let parts = TlsParts { ca, server_name, client };
    let has_parts = parts != TlsParts::default();
    if wanted == Some(false) && has_parts {
        reader.fault("TEMPORAL_TLS", "is false, but certificates or a server name are set: drop one or the other");
    }
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    let near = host == "localhost" || host.trim_matches(['[', ']']).parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
    if wanted == Some(false) && has_key && !near {
        reader.fault("TEMPORAL_TLS", "is false, but an API key is set: it would cross the network in plain text");
    }
    if wanted.unwrap_or(has_parts || has_key) { Tls::On(Box::new(parts)) } else { Tls::Off }
}

fn pem(
    reader: &mut Reader<'_>,
    path_names: [&'static str; 2],
    text_names: [&'static str; 2],
    doc: &'static str,
) -> Option<Pem> {
    let path = reader.field(path_names[0]).alias(path_names[1]).doc(doc).optional_path();
    let text = reader.field(text_names[0]).alias(text_names[1]).doc(doc).secret();
    match (path, text) {
        (Some(_), Some(_)) => {
            reader.fault(path_names[0], format!("and {} are both set: keep one", text_names[0]));
            None
        }
        (Some(path), None) => Some(Pem::Path(path)),
        (None, Some(text)) => Some(Pem::Text(text)),
        (None, None) => None,
    }
}
