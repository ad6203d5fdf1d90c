//! A wire proxy for gRPC: between a client and a server it records, delays, hangs, refuses and cuts, speaks TLS and
//! mTLS, and wants a bearer token. It knows HTTP/2 and gRPC's framing and status, and nothing of any SDK.
//! Requests are passed on frame by frame; one that is captured or hit by a fault is first read whole into memory.

mod authority;
mod body;
mod error;
mod exchange;
mod fault;
mod log;
mod record;
mod server;
mod tls;
mod upstream;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

pub use authority::{TestAuthority, TestCertificate};
pub use error::ProxyError;
pub use fault::{Fault, Match};
pub use record::{Connection, Fingerprint, Record};
pub use tls::ServerTls;

use exchange::{Rules, Tokens};
use fault::Faults;
use log::Log;
use record::Records;
use server::{Gate, Server, Thread};

/// Records kept unless [`WireProxyBuilder::keep`] says otherwise.
const KEPT: usize = 10_000;
/// Connections kept.
const KEPT_CONNECTIONS: usize = 1_000;

/// A running proxy, on a thread and runtime of its own. Dropping it closes its port and every connection before `drop` returns.
pub struct WireProxy {
    server: Arc<Server>,
    address: SocketAddr,
    _thread: Thread,
}

impl fmt::Debug for WireProxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("WireProxy")
            .field("url", &self.url())
            .field("upstream", &self.server.upstream)
            .finish_non_exhaustive()
    }
}

/// How a proxy is to start.
#[derive(Debug)]
pub struct WireProxyBuilder {
    upstream: SocketAddr,
    tls: Option<ServerTls>,
    tokens: Option<Tokens>,
    captured: Vec<String>,
    kept: usize,
}

impl WireProxyBuilder {
    /// Serves TLS; plain HTTP/2 without it.
    #[must_use]
    pub fn tls(self, tls: ServerTls) -> Self {
        Self { tls: Some(tls), ..self }
    }

    /// Answers a request without `authorization: Bearer <token>` with gRPC's status 16, `Request unauthorized.`.
    #[must_use]
    pub fn require_token(self, token: impl Into<String>) -> Self {
        let tokens = Tokens::default();
        tokens.set(vec![token.into()]);
        Self { tokens: Some(tokens), ..self }
    }

    /// Keeps the request bodies of this method (`RecordActivityTaskHeartbeat`) in its records.
    #[must_use]
    pub fn capture(mut self, method: impl Into<String>) -> Self {
        self.captured.push(method.into());
        self
    }

    /// Keeps this many records, the newest; 10,000 unless set, one at least. A record is about 200 bytes and what is captured.
    #[must_use]
    pub fn keep(self, records: usize) -> Self {
        Self { kept: records, ..self }
    }

    /// Listens on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// [`ProxyError::Tls`] if the certificates are not usable, [`ProxyError::Start`] if there is no port or thread.
    pub async fn start(self) -> Result<WireProxy, ProxyError> {
        let tls = self.tls.as_ref().map(ServerTls::acceptor).transpose()?;
        let rules = Rules {
            records: Arc::new(Records::new(self.kept)),
            faults: Faults::default(),
            tokens: self.tokens.unwrap_or_default(),
            captured: self.captured,
        };
        let server = Arc::new(Server {
            upstream: self.upstream,
            rules: Arc::new(rules),
            connections: Log::new(KEPT_CONNECTIONS),
            gate: Gate::default(),
            tls,
        });
        let (thread, address) = Thread::start(Arc::clone(&server)).await?;
        Ok(WireProxy { server, address, _thread: thread })
    }
}

impl WireProxy {
    /// A proxy to the server at this address, which speaks HTTP/2 without TLS.
    pub fn builder(upstream: SocketAddr) -> WireProxyBuilder {
        WireProxyBuilder { upstream, tls: None, tokens: None, captured: Vec::new(), kept: KEPT }
    }

    /// `127.0.0.1:PORT`.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// `http://127.0.0.1:PORT`, or `https://…` with TLS.
    pub fn url(&self) -> String {
        let scheme = if self.server.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// From now on this is the only valid token.
    pub fn set_token(&self, token: impl Into<String>) {
        self.set_tokens([token]);
    }

    /// From now on these are the valid tokens; with none of them, every request is refused.
    pub fn set_tokens<T: Into<String>>(&self, tokens: impl IntoIterator<Item = T>) {
        self.server.rules.tokens.set(tokens.into_iter().map(Into::into).collect());
    }

    /// The newest requests, oldest first.
    pub fn records(&self) -> Vec<Record> {
        self.server.rules.records.log().all()
    }

    /// The newest requests of this method (`RecordActivityTaskHeartbeat`), oldest first.
    pub fn records_of(&self, method: &str) -> Vec<Record> {
        self.server.rules.records.log().filtered(|record| record.is(method))
    }

    /// How many requests of this method came since the start, those no longer kept included.
    pub fn count_of(&self, method: &str) -> u64 {
        self.server.rules.records.count(method)
    }

    /// How many requests came since the start.
    pub fn total(&self) -> u64 {
        self.server.rules.records.log().total()
    }

    /// How many records are no longer kept.
    pub fn dropped(&self) -> u64 {
        self.server.rules.records.log().dropped()
    }

    /// The first request, past or to come, for which `wanted` is true. It is asked again whenever a request changes, so
    /// it may wait for an answer as well as for an arrival.
    ///
    /// # Errors
    /// [`ProxyError::Timeout`] with what was seen instead.
    pub async fn wait_for(&self, wanted: impl FnMut(&Record) -> bool, limit: Duration) -> Result<Record, ProxyError> {
        self.server.rules.records.wait_for(wanted, limit).await
    }

    /// Waits until `count` requests of this method have come since the start.
    ///
    /// # Errors
    /// [`ProxyError::Timeout`] with what was seen instead.
    pub async fn wait_for_count(&self, method: &str, count: u64, limit: Duration) -> Result<(), ProxyError> {
        self.server.rules.records.wait_for_count(method, count, limit).await
    }

    /// The newest 1,000 connections, oldest first.
    pub fn connections(&self) -> Vec<Connection> {
        self.server.connections.all()
    }

    /// The first connection, past or to come, for which `wanted` is true; as [`Self::wait_for`].
    ///
    /// # Errors
    /// [`ProxyError::Timeout`] with how many connections there were.
    pub async fn wait_for_connection(
        &self,
        wanted: impl FnMut(&Connection) -> bool,
        limit: Duration,
    ) -> Result<Connection, ProxyError> {
        let found = self.server.connections.wait_for(wanted, limit).await;
        found.ok_or_else(|| ProxyError::Timeout {
            awaited: "the awaited connection".to_owned(),
            limit,
            seen: format!("{} connections", self.server.connections.total()),
        })
    }

    /// Adds a fault for requests that come from now on. The first fault that matches applies; one that is
    /// used up lets the next have its turn.
    pub fn fault(&self, which: Match, fault: Fault) {
        self.server.rules.faults.add(which, fault);
    }

    /// Forgets every fault, and forwards the requests that are held by one.
    pub fn clear_faults(&self) {
        self.server.rules.faults.clear();
    }

    /// Resets every open connection, and gives up its requests at the server.
    pub fn cut_all(&self) {
        self.server.gate.cut();
    }

    /// From now on a new connection is reset as soon as it is made; open ones stay. With [`Self::cut_all`]: the network is gone.
    pub fn pause_accepting(&self) {
        self.server.gate.pause(true);
    }

    /// Ends [`Self::pause_accepting`].
    pub fn resume_accepting(&self) {
        self.server.gate.pause(false);
    }

    /// Stops the proxy; the same as dropping it.
    pub fn stop(self) {}
}
