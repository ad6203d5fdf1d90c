//! The listener: `/livez`, `/readyz`, `/metrics`.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use serde::Serialize;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::Health;
use crate::metrics::Metrics;

/// Probes and scrapers need a handful; more is a mistake or an attack.
const CONNECTIONS: usize = 64;
/// How long a client may take over its request's head.
const HEAD: Duration = Duration::from_secs(5);
const THERE_IS: &str = "there is /livez, /readyz and /metrics\n";

/// The listener could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProbesError {
    /// The address cannot be listened on.
    #[error(
        "probes and metrics cannot listen on {addr}: {cause}. MAINSPRING_HTTP_ADDR says where; port 0 takes a free one"
    )]
    Bind {
        /// The address.
        addr: SocketAddr,
        /// What the operating system said.
        cause: String,
    },
}

/// A listener that does not answer yet.
#[derive(Debug)]
pub(crate) struct ProbeServer {
    listener: TcpListener,
    addr: SocketAddr,
}

/// A listener that answers, until it is dropped.
#[derive(Debug)]
pub(crate) struct RunningProbes {
    addr: SocketAddr,
    stop: CancellationToken,
}

#[derive(Clone)]
struct Told {
    health: Arc<Health>,
    metrics: Arc<Metrics>,
}

impl ProbeServer {
    pub(crate) fn bind(addr: SocketAddr) -> Result<Self, ProbesError> {
        let refused = |error: std::io::Error| ProbesError::Bind { addr, cause: error.to_string() };
        let listener = TcpListener::bind(addr).map_err(refused)?;
        listener.set_nonblocking(true).map_err(refused)?;
        let addr = listener.local_addr().map_err(refused)?;
        Ok(Self { listener, addr })
    }

    /// Answers from a thread of its own.
    pub(crate) fn serve(self, health: Arc<Health>, metrics: Arc<Metrics>) -> Result<RunningProbes, ProbesError> {
        let (addr, stop) = (self.addr, CancellationToken::new());
        let refused = |error: std::io::Error| ProbesError::Bind { addr, cause: error.to_string() };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(refused)?;
        let router = Router::new()
            .route("/livez", get(livez))
            .route("/readyz", get(readyz))
            .route("/metrics", get(exposition))
            .route("/", get(|| async { THERE_IS }))
            .fallback(|| async { (StatusCode::NOT_FOUND, THERE_IS) })
            .with_state(Told { health, metrics });
        let until = stop.clone();
        let answer = move || {
            runtime.block_on(until.run_until_cancelled(accept(self.listener, router)));
        };
        std::thread::Builder::new().name("probes".to_owned()).spawn(answer).map_err(refused)?;
        Ok(RunningProbes { addr, stop })
    }
}

impl RunningProbes {
    pub(crate) const fn local_addr(&self) -> SocketAddr {
        self.addr
    }
}

impl Drop for RunningProbes {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn accept(listener: TcpListener, router: Router) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { return };
        // Out of file descriptors, say: the next one may succeed.
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let service = TowerToHyperService::new(router.clone());
        tokio::spawn(async move {
            let _place = place;
            let connection = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD)
                .max_buf_size(16 * 1024)
                .serve_connection(TokioIo::new(stream), service);
            // A client that leaves in the middle is no event.
            let _ = connection.await;
        });
    }
}

async fn livez(State(told): State<Told>) -> Response {
    let liveness = told.health.liveness();
    json(liveness.alive, &liveness)
}

async fn readyz(State(told): State<Told>) -> Response {
    let readiness = told.health.readiness();
    json(readiness.ready, &readiness)
}

async fn exposition(State(told): State<Told>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], told.metrics.render().await).into_response()
}

fn json(good: bool, body: &impl Serialize) -> Response {
    let status = if good { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, axum::Json(body)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_says_which_and_what_to_do() {
        let first = ProbeServer::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let error = ProbeServer::bind(first.addr).unwrap_err().to_string();
        let expected = format!("probes and metrics cannot listen on {}: Address already in use", first.addr);
        assert!(error.starts_with(&expected), "{error}");
        assert!(error.ends_with("MAINSPRING_HTTP_ADDR says where; port 0 takes a free one"), "{error}");
    }
}
