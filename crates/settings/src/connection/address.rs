//! Where Temporal listens: one address, or a host with a port. Of two sources the stronger one counts; within one, both
//! must say the same.

use std::fmt;

use crate::Reader;
use crate::field::Got;

const DEFAULT: &str = "127.0.0.1:7233";
const DEFAULT_PORT: u16 = 7233;
const WRONG: &str = "which is not an address: write HOST:PORT, such as 127.0.0.1:7233";
const WRONG_HOST: &str = "which is not a host: write HOST or HOST:PORT, an IPv6 address in brackets";

pub(super) struct Place {
    /// `HOST:PORT`.
    pub(super) address: String,
    /// Whether the address begins with `https://` (true) or `http://` (false).
    pub(super) scheme: Option<Got<bool>>,
}

impl Place {
    /// Whether what goes there stays on this machine.
    pub(super) fn is_loopback(&self) -> bool {
        let host = self.address.rsplit_once(':').map_or(self.address.as_str(), |(host, _)| host);
        let ip = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
        host.eq_ignore_ascii_case("localhost") || ip.is_ok_and(|ip| ip.is_loopback())
    }
}

/// A host with what was written around it. Two are the same when they lead to the same place.
#[derive(Clone)]
struct Host {
    host: String,
    port: Option<u16>,
    scheme: Option<bool>,
}

impl Host {
    fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = match text.split_once("://") {
            None => (None, text),
            Some(("https", rest)) => (Some(true), rest),
            Some(("http", rest)) => (Some(false), rest),
            Some(_) => return None,
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let bracketed = rest.strip_prefix('[').and_then(|rest| rest.split_once(']'));
        let (host, port) = match bracketed {
            Some((ip, port)) => {
                ip.parse::<std::net::Ipv6Addr>().ok()?;
                (format!("[{ip}]"), if port.is_empty() { None } else { Some(port.strip_prefix(':')?) })
            }
            None => match rest.rsplit_once(':') {
                Some((host, port)) => (host.to_owned(), Some(port)),
                None => (rest.to_owned(), None),
            },
        };
        let stray = |c: char| c.is_whitespace() || "/@?#[]".contains(c);
        if host.is_empty() || (bracketed.is_none() && host.contains(stray)) {
            return None;
        }
        let port = port.map(|port| self::port(port).ok_or(())).transpose().ok()?;
        Some(Self { host, port, scheme })
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(f, "{}:{port}", self.host),
            None => f.write_str(&self.host),
        }
    }
}

impl PartialEq for Host {
    fn eq(&self, other: &Self) -> bool {
        (&self.host, self.port) == (&other.host, other.port)
    }
}

fn port(text: &str) -> Option<u16> {
    text.parse::<u16>().ok().filter(|port| *port != 0)
}

pub(super) fn read(reader: &mut Reader<'_>) -> Place {
    let address = reader
        .field("TEMPORAL_ADDRESS")
        .doc("Where Temporal's frontend listens, HOST:PORT; https:// before it turns TLS on")
        .got(Some(DEFAULT.to_owned()), |text| {
            Host::parse(text).filter(|host| host.port.is_some()).ok_or_else(|| WRONG.to_owned())
        });
    let host =
        reader.field("TEMPORAL_HOST").doc("Host, or HOST:PORT, in place of TEMPORAL_ADDRESS").got(None, |text| {
            let is_plain = |host: &Host| host.host.starts_with('[') || !host.host.contains(':');
            Host::parse(text).filter(is_plain).ok_or_else(|| WRONG_HOST.to_owned())
        });
    let port = reader
        .field("TEMPORAL_PORT")
        .doc("Port that goes with TEMPORAL_HOST")
        .got(None, |text| port(text).ok_or_else(|| "which is not a port from 1 to 65535".to_owned()));
    let port = port.filter(|port| address.as_ref().is_none_or(|address| port.rank() >= address.rank()));
    let from_host = host.map(|host| joined(reader, host, port.clone()));
    let winner = match (address, from_host) {
        (Some(address), Some(host)) if address.rank() == host.rank() => {
            if address.value != host.value {
                differ(reader, &address, &host);
            }
            Some(address)
        }
        (Some(address), Some(host)) => Some(if address.rank() > host.rank() { address } else { host }),
        (Some(address), None) => {
            if let Some(port) = port.filter(|port| address.value.port != Some(port.value)) {
                differ(reader, &address, &port);
            }
            Some(address)
        }
        (None, Some(host)) => Some(host),
        (None, None) => port.map(|Got { value, name, origin }| {
            let value = Host { host: "127.0.0.1".to_owned(), port: Some(value), scheme: None };
            Got { value, name, origin }
        }),
    };
    let Some(Got { value, name, origin }) = winner else {
        return Place { address: DEFAULT.to_owned(), scheme: None };
    };
    let address = value.to_string();
    reader.settle("TEMPORAL_ADDRESS", Some(address.clone()), origin.clone());
    Place { address, scheme: value.scheme.map(|value| Got { value, name, origin }) }
}

/// TEMPORAL_HOST with TEMPORAL_PORT.
fn joined(reader: &mut Reader<'_>, mut host: Got<Host>, port: Option<Got<u16>>) -> Got<Host> {
    if let Some(port) = port {
        let differs = host.value.port.is_some_and(|own| own != port.value);
        if differs && host.rank() == port.rank() {
            differ(reader, &host, &port);
        } else if host.value.port.is_none() || port.rank() > host.rank() {
            host.value.port = Some(port.value);
        }
    }
    host.value.port = host.value.port.or(Some(DEFAULT_PORT));
    host
}

fn differ(reader: &mut Reader<'_>, one: &Got<Host>, other: &Got<impl fmt::Display>) {
    let message = format!(
        "and {} are two names for one setting and differ ({} and {}): keep one",
        other.name, one.value, other.value
    );
    reader.fault(&one.name, message);
}
