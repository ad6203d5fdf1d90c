//! Connections to Temporal's dev server, most of them through the wire proxy, which has the TLS and the keys that the
//! dev server has not.

#![allow(clippy::unwrap_used, reason = "what a test's own parts cannot do fails the test")]

mod payloads;
mod reach;
mod rotation;
mod server;
mod tls;

use std::time::Duration;

use mainspring_client::{ClientError, Connector, Link};
use mainspring_servers::proxy::WireProxy;
use mainspring_settings::{Sources, load};

/// How long a test waits for what must happen.
const LIMIT: Duration = Duration::from_secs(30);

/// A connector of these settings, which looks for new credentials every 50 ms.
fn connector<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Connector {
    let settings = load(&Sources::from_pairs(pairs)).unwrap();
    Connector::new(settings).unwrap().with_rotation_interval(Duration::from_millis(50))
}

/// The error of a connection that must fail.
async fn refusal(connector: &Connector, patience: Duration) -> ClientError {
    connector.connect(patience).await.map(drop).expect_err("this connection must fail")
}

/// One call, whatever its answer.
async fn call(link: &Link) -> bool {
    link.answers().await.is_ok()
}

async fn proxy() -> (&'static server::Server, WireProxy) {
    let server = server::Server::shared().await;
    let proxy = WireProxy::builder(server.address).start().await.unwrap();
    (server, proxy)
}
