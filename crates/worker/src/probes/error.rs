//! Why probes cannot be served.

use std::io;
use std::net::SocketAddr;

/// The listener of probes and metrics cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProbesError {
    /// Somebody listens there already.
    #[error(
        "probes and metrics cannot listen on {addr}: the port is taken; stop what listens there, or set \
         MAINSPRING_HTTP_ADDR to a free address (port 0 takes any free port)"
    )]
    Taken {
        /// The address as set.
        addr: SocketAddr,
    },
    /// The machine has no such address.
    #[error(
        "probes and metrics cannot listen on {addr}: this machine does not have that address; set MAINSPRING_HTTP_ADDR \
         to one that it has, or to 0.0.0.0:{port} for all of them", port = addr.port()
    )]
    NotHere {
        /// The address as set.
        addr: SocketAddr,
    },
    /// The process may not listen there.
    #[error(
        "probes and metrics cannot listen on {addr}: the operating system does not permit it; set MAINSPRING_HTTP_ADDR \
         to a port of 1024 or above"
    )]
    NotPermitted {
        /// The address as set.
        addr: SocketAddr,
    },
    /// Anything else that the operating system refuses.
    #[error("probes and metrics cannot be served on {addr} (set by MAINSPRING_HTTP_ADDR): {source}")]
    Refused {
        /// The address as set.
        addr: SocketAddr,
        /// What the operating system said.
        source: io::Error,
    },
}

impl ProbesError {
    pub(super) fn of(addr: SocketAddr, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::AddrInUse => Self::Taken { addr },
            io::ErrorKind::AddrNotAvailable => Self::NotHere { addr },
            io::ErrorKind::PermissionDenied => Self::NotPermitted { addr },
            _ => Self::Refused { addr, source },
        }
    }
}
