//! The listener: one thread, one runtime of its own, and a bound on everything that a client can take.

use std::convert::Infallible;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinSet;

use super::answers::answer;
use super::{Health, ProbesError, log_levels};
use crate::metrics::Metrics;

/// Connections at once; the next wait in the kernel's queue.
const CONNECTIONS: usize = 64;
/// How long a request's head may take, and how long a connection may be idle between two requests.
const HEAD_TIME: Duration = Duration::from_secs(5);
/// How long a connection may live, so that one who reads slowly does not keep a place for ever.
const CONNECTION_TIME: Duration = Duration::from_secs(60);
/// The bytes that a request's head may have. (Hyper wants at least 8 KiB.)
const HEAD_BYTES: usize = 16 * 1024;
/// How long answers under way may still take at the end.
const LAST_ANSWERS: Duration = Duration::from_millis(250);
/// The wait after the kernel refused a connection, as when file descriptors run out.
const REFUSED: Duration = Duration::from_millis(100);

/// A listener that does not answer yet. Opening it first lets a taken port stop the start before anything else.
#[derive(Debug)]
pub(crate) struct ProbeServer {
    listener: TcpListener,
    addr: SocketAddr,
}

impl ProbeServer {
    /// Takes the address; port 0 takes any free port.
    ///
    /// # Errors
    /// The address is taken, is not this machine's, or is not permitted.
    pub(crate) fn bind(addr: SocketAddr) -> Result<Self, ProbesError> {
        let refused = |error| ProbesError::of(addr, error);
        let listener = TcpListener::bind(addr).map_err(refused)?;
        listener.set_nonblocking(true).map_err(refused)?;
        let addr = listener.local_addr().map_err(refused)?;
        Ok(Self { listener, addr })
    }

    /// Answers, on a thread of its own, until the returned handle is dropped.
    ///
    /// # Errors
    /// The operating system refuses a thread or a runtime.
    pub(crate) fn serve(self, health: Arc<Health>, metrics: Arc<Metrics>) -> Result<RunningProbes, ProbesError> {
        let Self { listener, addr } = self;
        let refused = |error| ProbesError::of(addr, error);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(refused)?;
        let listener = {
            let _entered = runtime.enter();
            tokio::net::TcpListener::from_std(listener).map_err(refused)?
        };
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("probes".to_owned())
            .spawn(move || runtime.block_on(serve(listener, health, metrics, stopped)))
            .map_err(refused)?;
        Ok(RunningProbes { addr, stop: Some(stop), thread: Some(thread) })
    }
}

/// Probes that answer. Dropping it closes the listener, and waits at most a quarter of a second for answers under way.
#[derive(Debug)]
pub(crate) struct RunningProbes {
    addr: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl RunningProbes {
    /// Where they listen; the port that was found when port 0 was asked for.
    pub(crate) const fn local_addr(&self) -> SocketAddr {
        self.addr
    }
}

impl Drop for RunningProbes {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has ended too.
            let _ = thread.join();
        }
    }
}

async fn serve(
    listener: tokio::net::TcpListener,
    health: Arc<Health>,
    metrics: Arc<Metrics>,
    mut stopped: oneshot::Receiver<()>,
) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    // Not the peer's address: what a proxy in the pod forwards comes from loopback too.
    let loopback = listener.local_addr().is_ok_and(|addr| addr.ip().is_loopback());
    let (close, closing) = tokio::sync::watch::channel(());
    let mut connections = JoinSet::new();
    let accept = async {
        loop {
            let Ok(place) = places.clone().acquire_owned().await else { return };
            match listener.accept().await {
                Ok((stream, _)) => {
                    let talk = talk(stream, loopback, (health.clone(), metrics.clone()), closing.clone());
                    connections.spawn(async move {
                        talk.await;
                        drop(place);
                    });
                    while connections.try_join_next().is_some() {}
                }
                Err(error) => {
                    tracing::warn!(error = %error, "the listener of probes and metrics cannot take a connection");
                    tokio::time::sleep(REFUSED).await;
                }
            }
        }
    };
    tokio::select! {
        _ = &mut stopped => {}
        () = accept => {}
    }
    drop(listener);
    drop(close);
    let answered = async { while connections.join_next().await.is_some() {} };
    // Whoever is not done by then is cut off with the runtime.
    let _ = tokio::time::timeout(LAST_ANSWERS, answered).await;
}

/// One connection, until its client leaves, its time is over, or the server closes.
async fn talk(
    stream: TcpStream,
    loopback: bool,
    (health, metrics): (Arc<Health>, Arc<Metrics>),
    mut closing: tokio::sync::watch::Receiver<()>,
) {
    let service = service_fn(move |request: Request<Incoming>| {
        let (health, metrics) = (health.clone(), metrics.clone());
        async move {
            Ok::<_, Infallible>(match log_levels::change(request, loopback).await {
                Ok(response) => response,
                Err(request) => answer(request.method(), request.uri().path(), &health, &metrics),
            })
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    // A client that leaves in the middle, or never sends a whole request, is no news.
    let ended = tokio::select! {
        _ = &mut connection => true,
        _ = closing.changed() => false,
        () = tokio::time::sleep(CONNECTION_TIME) => false,
    };
    if !ended {
        connection.as_mut().graceful_shutdown();
        let _ = tokio::time::timeout(LAST_ANSWERS, connection).await;
    }
}
