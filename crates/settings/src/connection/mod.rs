//! Where Temporal is, and how this process proves who it is. Temporal's own names first, then those in common use.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::field::Got;
use crate::{Origin, Reader, Secret, Section};

mod address;
mod headers;
mod tls;

pub use headers::Headers;

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
    /// TEMPORAL_GRPC_META_*: headers of every call, by name. Their values do not show.
    pub grpc_meta: Headers,
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
        // The sources have read these two by now; here they get a line of their own in the report.
        reader
            .field("TEMPORAL_CONFIG_FILE")
            .doc("File of profiles; by default temporalio/temporal.toml in the user's configuration folder")
            .optional_path();
        reader.field("TEMPORAL_PROFILE").doc("Profile of that file").string("default");
        let place = address::read(reader);
        let namespace = reader
            .field("TEMPORAL_NAMESPACE")
            .doc("Temporal namespace, as Temporal's CLI names it; on Temporal Cloud NAME.ACCOUNT")
            .string("default");
        let api_key = api_key(reader);
        let tls = tls::read(reader, &place, api_key.as_ref().map(|(name, _)| name));
        Self {
            address: place.address,
            namespace,
            api_key: api_key.map(|(_, key)| key),
            tls,
            grpc_meta: headers::read(reader),
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

/// Whether a name belongs to one server: where it is, and what it wants to see of whoever calls. A program that takes
/// its settings to another server leaves these behind.
pub fn is_of_one_server(name: &str) -> bool {
    const FAMILIES: [&str; 7] = [
        "TEMPORAL_ADDRESS",
        "TEMPORAL_HOST",
        "TEMPORAL_PORT",
        "TEMPORAL_TLS",
        "TEMPORAL_CLIENT_",
        "TEMPORAL_API_KEY",
        headers::PREFIX,
    ];
    name == "MAINSPRING_API_KEY_FILE" || FAMILIES.iter().any(|family| name.starts_with(family))
}

/// The key, and the name by which it was given.
fn api_key(reader: &mut Reader<'_>) -> Option<(String, ApiKey)> {
    let value = reader.field("TEMPORAL_API_KEY").doc("API key of Temporal Cloud").got_secret();
    let file = reader
        .field("MAINSPRING_API_KEY_FILE")
        .alias("TEMPORAL_API_KEY_FILE")
        .doc("File that holds the API key; it is read again when it changes")
        .got_path();
    match one_of(reader, ["TEMPORAL_API_KEY", "MAINSPRING_API_KEY_FILE"], value, file) {
        (Some(value), _) => Some((value.name, ApiKey::Value(value.value))),
        (None, Some(file)) => Some((file.name, ApiKey::File(file.value))),
        (None, None) => None,
    }
}

/// Of two ways to give one thing, the one from the stronger source; a fault when both come from the same.
fn one_of<A, B>(
    reader: &mut Reader<'_>,
    names: [&'static str; 2],
    a: Option<Got<A>>,
    b: Option<Got<B>>,
) -> (Option<Got<A>>, Option<Got<B>>) {
    match (a, b) {
        (Some(a), Some(b)) if a.rank() == b.rank() => {
            reader.fault(&a.name, format!("and {} are both set: keep one", b.name));
            (Some(a), None)
        }
        (Some(a), Some(b)) => {
            let a_wins = a.rank() > b.rank();
            reader.settle(names[usize::from(a_wins)], None, Origin::Default);
            if a_wins { (Some(a), None) } else { (None, Some(b)) }
        }
        either => either,
    }
}
