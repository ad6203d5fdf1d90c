//! The proxy's own thread: it accepts connections and serves them until it is told to stop.
//! A thread with a runtime of its own, for two reasons: what it sees is timed by a runtime that no test can block,
//! and the end of that runtime is the end of every task and socket.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::error::ProxyError;
use super::exchange::{Exchange, Rules};
use super::log::Log;
use super::record::{Connection, Fingerprint};
use super::tls::fingerprint;
use super::upstream::{CONNECTION_WINDOW, HEADERS, STREAM_WINDOW, Upstream, reset_on_drop};

/// Pause after a failed accept, most likely for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);
/// Calls that clients may have given up before the proxy has looked at them. A worker that stops gives up all its
/// polls at once; HTTP/2 libraries take more than a few for an attack.
const GIVEN_UP: usize = 100_000;

/// What the thread serves.
pub(crate) struct Server {
    pub(crate) upstream: SocketAddr,
    pub(crate) rules: Arc<Rules>,
    pub(crate) connections: Log<Connection>,
    pub(crate) gate: Gate,
    pub(crate) tls: Option<TlsAcceptor>,
}

/// Who may come in, and what throws out who is in.
#[derive(Default)]
pub(crate) struct Gate(Mutex<(bool, CancellationToken)>);

impl Gate {
    pub(crate) fn pause(&self, paused: bool) {
        self.0.lock().0 = paused;
    }

    /// Cuts everything that came in until now.
    pub(crate) fn cut(&self) {
        let open = std::mem::take(&mut self.0.lock().1);
        open.cancel();
    }

    /// One lock for both, so that no connection slips in between a pause and a cut.
    fn admit(&self) -> Option<CancellationToken> {
        let gate = self.0.lock();
        (!gate.0).then(|| gate.1.child_token())
    }
}

/// The running thread; dropping it waits for its end.
pub(crate) struct Thread {
    stop: CancellationToken,
    handle: Option<JoinHandle<()>>,
}

impl Thread {
    /// Starts the thread and gives the address that it listens on.
    pub(crate) async fn start(server: Arc<Server>) -> Result<(Self, SocketAddr), ProxyError> {
        let upstream = server.upstream;
        let failed = |step| move |source| ProxyError::Start { upstream, step, source };
        let (ready, is_ready) = oneshot::channel();
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let handle = std::thread::Builder::new()
            .name("wire-proxy".to_owned())
            .spawn(move || run(&server, &stopped, ready))
            .map_err(failed("start its thread"))?;
        let thread = Self { stop, handle: Some(handle) };
        let address = is_ready
            .await
            .map_err(|_| failed("keep its thread")(io::Error::other("the thread ended at once")))?
            .map_err(failed("listen on 127.0.0.1"))?;
        Ok((thread, address))
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(handle) = self.handle.take() {
            // Fails only if the thread panicked, and that has been reported where it happened.
            let _ = handle.join();
        }
    }
}

fn run(server: &Arc<Server>, stop: &CancellationToken, ready: oneshot::Sender<io::Result<SocketAddr>>) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return drop(ready.send(Err(error))),
    };
    runtime.block_on(stop.run_until_cancelled(async {
        let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        match bound.and_then(|listener| Ok((listener.local_addr()?, listener))) {
            Err(error) => drop(ready.send(Err(error))),
            Ok((address, listener)) => {
                drop(ready.send(Ok(address)));
                accept(&listener, server).await;
            }
        }
    }));
}

async fn accept(listener: &TcpListener, server: &Arc<Server>) {
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "the wire proxy could not accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        match server.gate.admit() {
            Some(cut) => drop(tokio::spawn(serve(stream, cut, Arc::clone(server)))),
            None => drop(reset_on_drop(&stream)),
        }
    }
}

async fn serve(stream: TcpStream, cut: CancellationToken, server: Arc<Server>) {
    let at = Instant::now();
    let number = server.connections.push(|number| Connection { number, at, closed: None, client: None, refused: None });
    // The cut first: dropping the socket is what the client shall see, and no word of HTTP/2 before it. What the
    // connection started, its requests and its connection to the server, ends with it.
    tokio::select! {
        biased;
        () = cut.cancelled() => {}
        spoken = converse(stream, &cut, &server, number) => {
            if let Err(refused) = spoken {
                server.connections.update(number, |connection| connection.refused = Some(refused));
            }
        }
    }
    server.connections.update(number, |connection| connection.closed = Some(Instant::now()));
}

/// Serves a connection to its end; the error is why the TLS handshake failed.
async fn converse(stream: TcpStream, cut: &CancellationToken, server: &Arc<Server>, number: u64) -> Result<(), String> {
    let text = |error: io::Error| error.to_string();
    stream.set_nodelay(true).map_err(text)?;
    let Some(tls) = &server.tls else {
        reset_on_drop(&stream).map_err(text)?;
        speak(stream, cut, server, number, None).await;
        return Ok(());
    };
    let stream = tls.accept(stream).await.map_err(text)?;
    // Not before: a client that is refused should read why.
    reset_on_drop(stream.get_ref().0).map_err(text)?;
    let client = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first()).map(fingerprint);
    server.connections.update(number, |connection| connection.client.clone_from(&client));
    speak(stream, cut, server, number, client).await;
    Ok(())
}

async fn speak<S>(stream: S, cut: &CancellationToken, server: &Arc<Server>, number: u64, client: Option<Fingerprint>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let exchange = Arc::new(Exchange {
        rules: Arc::clone(&server.rules),
        connection: number,
        client,
        upstream: Upstream::new(server.upstream),
        cut: cut.clone(),
    });
    let service = service_fn(move |request| Arc::clone(&exchange).answer(request));
    let served = http2::Builder::new(TokioExecutor::new())
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_header_list_size(HEADERS)
        .max_concurrent_streams(None)
        .max_pending_accept_reset_streams(GIVEN_UP)
        .max_local_error_reset_streams(None)
        .auto_date_header(false)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, connection = number, "a connection through the wire proxy broke");
    }
}
