//! Why an attempt to connect failed: one sentence for the operator, and whether another attempt may help.
//! Transport errors hide their reason deep in their chain of sources, so the whole chain is walked.

use std::error::Error;
use std::io;
use std::time::Duration;

use rustls::{AlertDescription, CertificateError};
use temporalio_client::errors::ClientConnectError;
use temporalio_client::tonic::{Code, Status};

/// An error whose type is not part of our API.
pub(crate) type BoxError = Box<dyn Error + Send + Sync>;

/// What kind of failure it is. Only [`Kind::Unreachable`] is worth another attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Unreachable,
    Tls(TlsFault),
    Unauthenticated,
    Denied,
    NamespaceNotFound,
}

/// Which side of TLS is at fault; it decides what there is to check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TlsFault {
    /// The server's certificate comes from somebody we do not trust.
    Issuer,
    /// The server's certificate is for another name.
    Name,
    /// The server's certificate is expired, not valid yet, revoked or malformed.
    Certificate,
    /// The server refused our side, for want of a client certificate or for the one it was shown.
    Client,
    /// The peer speaks no TLS, or none that we speak.
    Protocol,
}

/// Why one attempt failed.
#[derive(Debug)]
pub(crate) struct Cause {
    pub(crate) kind: Kind,
    pub(crate) text: String,
    pub(crate) source: BoxError,
    /// The connection ended, or was never there, while a call waited for its answer.
    pub(crate) broke_off: bool,
}

impl Cause {
    /// The connection could not be made, or the first call on it failed.
    pub(crate) fn of_connect(error: ClientConnectError) -> Self {
        match error {
            ClientConnectError::SystemInfoCallError(status) => Self::of_status(status),
            other => Self::of_chain(other),
        }
    }

    /// The server, or the transport below it, answered a call with this status.
    pub(crate) fn of_status(status: Status) -> Self {
        if status.source().is_some() {
            // The transport's own: a call was under way.
            let cause = Self::of_chain(status);
            return Self { broke_off: cause.kind == Kind::Unreachable, ..cause };
        }
        let kind = match status.code() {
            Code::Unauthenticated => Kind::Unauthenticated,
            Code::PermissionDenied => Kind::Denied,
            _ => Kind::Unreachable,
        };
        Self { kind, text: status_text(&status), source: Box::new(status), broke_off: false }
    }

    /// The namespace was asked for, and the answer was this status.
    pub(crate) fn of_namespace(status: Status) -> Self {
        let not_found = status.code() == Code::NotFound;
        let cause = Self::of_status(status);
        if not_found { Self { kind: Kind::NamespaceNotFound, ..cause } } else { cause }
    }

    /// No answer to this step within the time of one attempt.
    pub(crate) fn of_silence(step: &str, limit: Duration) -> Self {
        let text = format!("{step} took more than {:.1} s", limit.as_secs_f64());
        Self { kind: Kind::Unreachable, source: text.clone().into(), text, broke_off: false }
    }

    fn of_chain(error: impl Error + Send + Sync + 'static) -> Self {
        let (kind, text) = read_chain(&error);
        Self { kind, text, broke_off: false, source: Box::new(error) }
    }

    /// What TLS said, if it said anything.
    pub(crate) fn of_tls(error: io::Error) -> Option<Self> {
        let cause = Self::of_chain(error);
        matches!(cause.kind, Kind::Tls(_)).then_some(cause)
    }
}

fn status_text(status: &Status) -> String {
    match status.message() {
        "" => format!("{:?}", status.code()),
        message => format!("{message} ({:?})", status.code()),
    }
}

/// The error's own reason: what TLS or the network said if they are in the chain, else the last link.
fn read_chain(error: &(dyn Error + 'static)) -> (Kind, String) {
    let mut link = error;
    loop {
        if let Some(tls) = link.downcast_ref::<rustls::Error>() {
            return match tls_fault(tls) {
                Some(fault) => (Kind::Tls(fault), tls_text(tls)),
                None => (Kind::Unreachable, tls.to_string()),
            };
        }
        match next_link(link) {
            Some(next) => link = next,
            None => return of_last(link),
        }
    }
}

/// `source()` skips what an I/O error wraps, and h2's errors have none; so both are opened by hand.
fn next_link<'a>(link: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    if let Some(io) = link.downcast_ref::<io::Error>() {
        return io.get_ref().map(|inner| inner as &(dyn Error + 'static));
    }
    if let Some(h2) = link.downcast_ref::<h2::Error>() {
        return h2.get_io().map(|inner| inner as &(dyn Error + 'static));
    }
    link.source()
}

/// Alerts by which a server refuses a client certificate, or asks for one.
const REFUSALS: [AlertDescription; 10] = [
    AlertDescription::CertificateRequired,
    AlertDescription::NoCertificate,
    AlertDescription::BadCertificate,
    AlertDescription::UnsupportedCertificate,
    AlertDescription::CertificateRevoked,
    AlertDescription::CertificateExpired,
    AlertDescription::CertificateUnknown,
    AlertDescription::UnknownCA,
    AlertDescription::AccessDenied,
    AlertDescription::DecryptError,
];

/// With TLS 1.3 the server judges our certificate after the handshake; h2 keeps the text of its alert and drops the type.
fn of_last(link: &(dyn Error + 'static)) -> (Kind, String) {
    let text = link.to_string();
    let alerts = REFUSALS.map(rustls::Error::AlertReceived);
    match alerts.iter().find(|alert| text.ends_with(&alert.to_string())) {
        Some(alert) => (Kind::Tls(TlsFault::Client), tls_text(alert)),
        None => (Kind::Unreachable, last_text(link)),
    }
}

fn last_text(link: &(dyn Error + 'static)) -> String {
    match link.downcast_ref::<io::Error>().map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionRefused) => "connection refused".to_owned(),
        Some(io::ErrorKind::ConnectionReset) => "the connection was reset".to_owned(),
        Some(io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof) => "the connection was closed".to_owned(),
        _ => link.to_string(),
    }
}

/// None for what may pass by itself, such as a server that is going down.
fn tls_fault(error: &rustls::Error) -> Option<TlsFault> {
    use AlertDescription as Alert;
    match error {
        rustls::Error::InvalidCertificate(reason) => Some(match reason {
            CertificateError::UnknownIssuer | CertificateError::BadSignature => TlsFault::Issuer,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => TlsFault::Name,
            _ => TlsFault::Certificate,
        }),
        rustls::Error::NoCertificatesPresented => Some(TlsFault::Certificate),
        rustls::Error::InvalidMessage(_)
        | rustls::Error::PeerIncompatible(_)
        | rustls::Error::NoApplicationProtocol
        | rustls::Error::InappropriateMessage { .. }
        | rustls::Error::InappropriateHandshakeMessage { .. } => Some(TlsFault::Protocol),
        rustls::Error::AlertReceived(alert) => match alert {
            refusal if REFUSALS.contains(refusal) => Some(TlsFault::Client),
            Alert::HandshakeFailure
            | Alert::ProtocolVersion
            | Alert::InsufficientSecurity
            | Alert::NoApplicationProtocol => Some(TlsFault::Protocol),
            Alert::UnrecognisedName => Some(TlsFault::Name),
            _ => None,
        },
        _ => None,
    }
}

fn tls_text(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InvalidCertificate(reason) => match reason {
            CertificateError::UnknownIssuer => "the server's certificate is from an unknown issuer".to_owned(),
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                format!("the server's certificate has expired ({reason})")
            }
            _ => format!("the server's certificate is not acceptable ({reason})"),
        },
        rustls::Error::AlertReceived(alert) => match alert {
            AlertDescription::CertificateRequired | AlertDescription::NoCertificate => {
                format!("the server wants a client certificate (its TLS alert: {alert:?})")
            }
            _ => format!("the server refused the handshake (its TLS alert: {alert:?})"),
        },
        rustls::Error::InvalidMessage(_) => format!("the answer is not TLS ({error})"),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(error: rustls::Error) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, error)
    }

    #[test]
    fn finds_what_tls_said_inside_an_io_error() {
        let (kind, text) = read_chain(&wrapped(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer)));
        assert_eq!(kind, Kind::Tls(TlsFault::Issuer));
        assert_eq!(text, "the server's certificate is from an unknown issuer");
    }

    #[test]
    fn a_server_that_goes_down_in_the_handshake_is_tried_again() {
        let (kind, _) = read_chain(&wrapped(rustls::Error::AlertReceived(AlertDescription::InternalError)));
        assert_eq!(kind, Kind::Unreachable);
        let (kind, _) = read_chain(&wrapped(rustls::Error::AlertReceived(AlertDescription::CertificateExpired)));
        assert_eq!(kind, Kind::Tls(TlsFault::Client));
    }

    #[test]
    fn an_alert_that_is_only_text_is_understood() {
        let text = rustls::Error::AlertReceived(AlertDescription::CertificateRequired).to_string();
        let (kind, text) = read_chain(&io::Error::other(text));
        assert_eq!(kind, Kind::Tls(TlsFault::Client));
        assert_eq!(text, "the server wants a client certificate (its TLS alert: CertificateRequired)");
    }

    #[test]
    fn a_refused_connection_reads_as_one() {
        let (kind, text) = read_chain(&io::Error::from(io::ErrorKind::ConnectionRefused));
        assert_eq!((kind, text.as_str()), (Kind::Unreachable, "connection refused"));
    }

    #[test]
    fn a_namespace_is_missing_only_when_it_was_asked_for() {
        assert_eq!(Cause::of_status(Status::not_found("no such thing")).kind, Kind::Unreachable);
        assert_eq!(Cause::of_namespace(Status::not_found("no such thing")).kind, Kind::NamespaceNotFound);
        let busy = Cause::of_namespace(Status::resource_exhausted("slow down"));
        assert_eq!((busy.kind, busy.text.as_str()), (Kind::Unreachable, "slow down (ResourceExhausted)"));
    }
}
