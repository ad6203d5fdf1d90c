//! Ports that can be had.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};

use crate::error::ServersError;

/// `port` if it can be had by that server, or, for `None`, a free one.
pub(crate) fn choose(
    server: &'static str,
    purpose: &'static str,
    ip: IpAddr,
    port: Option<u16>,
) -> Result<u16, ServersError> {
    let outcome = match port {
        Some(port) => TcpListener::bind((ip, port)).map(|_| port),
        None => free(ip),
    };
    let address = SocketAddr::new(ip, port.unwrap_or(0));
    outcome.map_err(|source| ServersError::Port { server, purpose, address, source })
}

/// A port of 127.0.0.1 that is free now, for a program of one's own to listen on, or for nobody. For the next minute the
/// kernel hands it to no other that asks for any port.
///
/// # Errors
/// None is free.
pub fn free_port() -> io::Result<u16> {
    free(Ipv4Addr::LOCALHOST.into())
}

/// The kernel does not hand out a port again while one of its connections lingers, and lets a server bind it all the
/// same. So a connection is left lingering: whoever closes first has it, here the accepted side, whose port it is.
fn free(ip: IpAddr) -> io::Result<u16> {
    let listener = TcpListener::bind((ip, 0))?;
    let port = listener.local_addr()?.port();
    let client = TcpStream::connect(reachable(ip, port))?;
    let (accepted, _) = listener.accept()?;
    drop(accepted);
    drop(client);
    Ok(port)
}

/// Where a server that listens there is reached: one on all addresses by the loopback one.
pub(crate) fn reachable(ip: IpAddr, port: u16) -> SocketAddr {
    let ip = match ip {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        other => other,
    };
    SocketAddr::new(ip, port)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_free_port_is_not_handed_out_twice_in_a_row_and_can_be_bound() {
        let localhost = Ipv4Addr::LOCALHOST.into();
        let ports: Vec<u16> = (0..500).map(|_| free(localhost).unwrap()).collect();
        assert_eq!(ports.iter().collect::<HashSet<_>>().len(), ports.len(), "{ports:?}");
        TcpListener::bind((localhost, ports[0])).unwrap();
    }
}
