//! A Temporal dev server for the tests of this binary.

use std::net::{Ipv4Addr, SocketAddr};

use mainspring_servers::{TemporalDevServer, TemporalDevServerBuilder, free_port};
use tokio::sync::OnceCell;

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    _running: TemporalDevServer,
}

impl Server {
    pub(crate) async fn shared() -> &'static Self {
        static SHARED: OnceCell<Server> = OnceCell::const_new();
        SHARED.get_or_init(|| Self::start(TemporalDevServer::builder())).await
    }

    async fn start(builder: TemporalDevServerBuilder) -> Self {
        let running = builder.start().await.unwrap();
        Self { address: running.socket_address(), _running: running }
    }

    /// Starts it there.
    pub(crate) async fn start_at(address: SocketAddr) -> Self {
        Self::start(TemporalDevServer::builder().port(address.port())).await
    }
}

/// An address of this machine on which nobody listens.
pub(crate) fn free_address() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, free_port().unwrap()))
}
