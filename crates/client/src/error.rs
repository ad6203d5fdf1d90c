//! What can go wrong between this process and Temporal. Every message says what was tried, how it ended, and what to check.

use std::path::PathBuf;
use std::time::Duration;

use crate::cause::{BoxError, Cause, Kind, TlsFault};
use crate::target::{Key, Target};

/// How a connection was tried.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Tried {
    /// Where it went, and with what.
    pub target: Target,
    /// Attempts made, at least one.
    pub attempts: u32,
    /// From the first attempt to the end of the last.
    pub elapsed: Duration,
    /// How the last attempt ended.
    pub cause: String,
    /// What to check; one or two sentences.
    pub check: String,
}

impl Tried {
    fn place(&self) -> String {
        format!("{} ({})", self.target.address(), self.target.manner())
    }

    fn effort(&self) -> String {
        let plural = if self.attempts == 1 { "" } else { "s" };
        format!("{} attempt{plural} in {:.1} s", self.attempts, self.elapsed.as_secs_f64())
    }
}

/// Why there is no connection, or why a payload could not be made or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The server was not reached, or not ready, until patience was spent.
    #[error("could not reach Temporal at {}: {}, the last: {}. {}", .tried.place(), .tried.effort(), .tried.cause, .tried.check)]
    Unreachable {
        /// What was tried.
        tried: Box<Tried>,
        /// The last attempt's error.
        source: BoxError,
    },
    /// The two sides do not agree on TLS, or one refuses the other's certificate.
    #[error("no TLS connection to Temporal at {}: {}. {}", .tried.place(), .tried.cause, .tried.check)]
    Tls {
        /// What was tried.
        tried: Box<Tried>,
        /// What TLS said.
        source: BoxError,
    },
    /// The server does not accept who we say we are.
    #[error("Temporal at {} does not know this client: {}. {}", .tried.place(), .tried.cause, .tried.check)]
    Unauthenticated {
        /// What was tried.
        tried: Box<Tried>,
        /// The server's answer.
        source: BoxError,
    },
    /// The server knows us and does not let us in.
    #[error("Temporal at {} denies this client access: {}. {}", .tried.place(), .tried.cause, .tried.check)]
    Denied {
        /// What was tried.
        tried: Box<Tried>,
        /// The server's answer.
        source: BoxError,
    },
    /// The server has no such namespace.
    #[error("Temporal at {} has no namespace {}. {}", .tried.place(), .tried.target.namespace(), .tried.check)]
    NamespaceNotFound {
        /// What was tried.
        tried: Box<Tried>,
        /// The server's answer.
        source: BoxError,
    },
    /// A certificate or private key cannot be used.
    #[error("{setting} {}cannot be used: {reason}", shown(.path.as_ref()))]
    BadCertificate {
        /// The setting that gave it.
        setting: &'static str,
        /// Its file, if it came from one.
        path: Option<PathBuf>,
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// An API key cannot be used.
    #[error("{setting} {}cannot be used: {reason}", shown(.path.as_ref()))]
    BadApiKey {
        /// The setting that gave it.
        setting: &'static str,
        /// Its file, if it came from one.
        path: Option<PathBuf>,
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// A setting cannot be used.
    #[error("{setting} {reason}")]
    BadSetting {
        /// The setting.
        setting: String,
        /// What is wrong, and what would be right; reads on from its name.
        reason: String,
    },
    /// A value did not become a payload.
    #[error("the value could not be written as a payload: {source}")]
    Encode {
        /// What the data converter said.
        source: BoxError,
    },
    /// A payload did not become a value.
    #[error("the payload ({encoding}, {bytes} bytes) could not be read: {source}")]
    Decode {
        /// Its encoding as it came from the server, such as `json/plain`.
        encoding: String,
        /// Its size as it came from the server.
        bytes: usize,
        /// What the data converter said.
        source: BoxError,
    },
    /// A failure that the server keeps did not become an error.
    #[error("the failure could not be read: {source}")]
    Failure {
        /// What the data converter said.
        source: BoxError,
    },
    /// A text that should be JSON is not.
    #[error("the text is not JSON: {source}. Write one JSON value, such as {{\"name\": 1}} or \"text\"")]
    NotJson {
        /// Where and why.
        source: BoxError,
    },
    /// The payload was read, but it holds no JSON.
    #[error("the payload holds {bytes} bytes of {encoding}, which has no form in JSON")]
    Binary {
        /// Its encoding after the codec, such as `binary/protobuf`.
        encoding: String,
        /// Its size after the codec.
        bytes: usize,
    },
}

fn shown(path: Option<&PathBuf>) -> String {
    path.map(|path| format!("({}) ", path.display())).unwrap_or_default()
}

impl ClientError {
    pub(crate) fn of_attempts(target: &Target, attempts: u32, elapsed: Duration, last: Cause) -> Self {
        let Cause { kind, text, source, .. } = last;
        let check = check(kind, target, &text);
        let tried = Box::new(Tried { target: target.clone(), attempts, elapsed, cause: text, check });
        match kind {
            Kind::Unreachable => Self::Unreachable { tried, source },
            Kind::Tls(_) => Self::Tls { tried, source },
            Kind::Unauthenticated => Self::Unauthenticated { tried, source },
            Kind::Denied => Self::Denied { tried, source },
            Kind::NamespaceNotFound => Self::NamespaceNotFound { tried, source },
        }
    }
}

fn check(kind: Kind, target: &Target, cause: &str) -> String {
    match kind {
        Kind::Unreachable => {
            let mut check = "Is the server up? TEMPORAL_ADDRESS says where it is.".to_owned();
            // A port that answers and breaks off is typical of a server that waits for TLS.
            if !target.has_tls() && !cause.contains("refused") {
                check.push_str(" If it wants TLS: TEMPORAL_TLS=true.");
            }
            // With TLS 1.3 a server judges our certificate after the handshake, and the SDK loses what it says.
            if target.has_tls() && cause.contains("closed") {
                check.push_str(if target.has_client_certificate() {
                    " A server that refuses the client certificate (TEMPORAL_TLS_CLIENT_CERT_PATH or _DATA) breaks off like this."
                } else {
                    " A server that wants a client certificate breaks off like this: TEMPORAL_TLS_CLIENT_CERT_PATH and \
                     TEMPORAL_TLS_CLIENT_KEY_PATH name one and its key."
                });
            }
            check
        }
        Kind::Tls(fault) => of_tls(fault, target),
        Kind::Unauthenticated => match target.key() {
            Key::None if target.has_client_certificate() => {
                "Is the client certificate the right one? Or does the server want an API key (TEMPORAL_API_KEY)?"
            }
            Key::None => "It wants credentials: TEMPORAL_API_KEY, or a file that MAINSPRING_API_KEY_FILE names.",
            Key::Value => "Is the API key in TEMPORAL_API_KEY expired, revoked, or for another account?",
            Key::File => "Is the API key in MAINSPRING_API_KEY_FILE expired, revoked, or for another account?",
        }
        .to_owned(),
        Kind::Denied => {
            format!("Its credentials need the right to use namespace {}: ask who grants it.", target.namespace())
        }
        Kind::NamespaceNotFound => {
            "TEMPORAL_NAMESPACE says which to use; `temporal operator namespace list` shows those that there are."
                .to_owned()
        }
    }
}

fn of_tls(fault: TlsFault, target: &Target) -> String {
    match fault {
        TlsFault::Issuer if target.has_own_authority() => {
            "Is the authority in TEMPORAL_TLS_SERVER_CA_CERT_PATH (or _DATA) the one that signed it?"
        }
        TlsFault::Issuer => {
            "It is not signed by an authority that this system trusts: TEMPORAL_TLS_SERVER_CA_CERT_PATH names another."
        }
        TlsFault::Name => "TEMPORAL_TLS_SERVER_NAME says which name to expect, if it is not the address's host.",
        TlsFault::Certificate => "The server needs a valid certificate; is this machine's clock right?",
        TlsFault::Client if target.has_client_certificate() => {
            "Is the client certificate of TEMPORAL_TLS_CLIENT_CERT_PATH (or _DATA) valid, and from an authority that the server trusts?"
        }
        TlsFault::Client => "TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH name one and its key.",
        TlsFault::Protocol => "Does the server speak TLS on this port? TEMPORAL_TLS=false turns it off.",
    }
    .to_owned()
}
