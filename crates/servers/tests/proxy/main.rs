//! The wire proxy between a real HTTP/2 client and a real HTTP/2 server: every promise of its documentation.

#![allow(clippy::unwrap_used, reason = "a test's own server and client fail their test")]

mod client;
mod faults;
mod passing;
mod records;
mod tls;
mod token;
mod upstream;

use std::time::Duration;

use mainspring_servers::proxy::WireProxy;
use upstream::Upstream;

/// A bound on each wait, never a pause.
const LIMIT: Duration = Duration::from_secs(20);

/// A server, and a plain proxy before it.
async fn proxied() -> (Upstream, WireProxy) {
    let upstream = Upstream::start().await;
    let proxy = WireProxy::builder(upstream.address).start().await.unwrap();
    (upstream, proxy)
}

/// Bounds a wait that has no bound of its own.
async fn soon<T>(wait: impl Future<Output = T>) -> T {
    tokio::time::timeout(LIMIT, wait).await.expect("it should have come long before")
}
