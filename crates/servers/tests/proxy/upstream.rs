//! A server that answers as a gRPC server does, and tells what reached it.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

type AnyError = Box<dyn std::error::Error + Send + Sync>;
type Body = UnsyncBoxBody<Bytes, AnyError>;

/// What reached the server.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// Paths of the requests, in order.
    pub(crate) calls: Vec<String>,
    /// Connections that ended.
    pub(crate) ended: usize,
    /// Requests to `Park` that were given up.
    pub(crate) given_up: usize,
}

pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    seen: Arc<watch::Sender<Seen>>,
    open: Arc<watch::Sender<bool>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Upstream {
    pub(crate) async fn start() -> Self {
        Self::listen("127.0.0.1:0".parse().unwrap()).await
    }

    pub(crate) async fn listen(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(watch::channel(Seen::default()).0);
        let open = Arc::new(watch::channel(false).0);
        let task = tokio::spawn(serve(listener, Arc::clone(&seen), Arc::clone(&open)));
        Self { address, seen, open, task }
    }

    /// Lets every request to `Park` and `Unread` go on.
    pub(crate) fn release(&self) {
        self.open.send_replace(true);
    }

    pub(crate) fn seen(&self) -> Seen {
        self.seen.borrow().clone()
    }

    pub(crate) async fn saw(&self, wanted: impl FnMut(&Seen) -> bool) -> Seen {
        crate::soon(self.seen.subscribe().wait_for(wanted)).await.unwrap().clone()
    }

    /// Dies with all its connections, and waits until it has.
    pub(crate) async fn kill(mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
    }
}

async fn serve(listener: TcpListener, seen: Arc<watch::Sender<Seen>>, open: Arc<watch::Sender<bool>>) {
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (seen, open) = (Arc::clone(&seen), Arc::clone(&open));
        connections.spawn(async move {
            let service = service_fn(|request| answer(request, Arc::clone(&seen), open.subscribe()));
            let mut builder = http2::Builder::new(TokioExecutor::new());
            // Wide enough that one stream which is not read leaves room for the others of its connection.
            builder.max_concurrent_streams(None).initial_connection_window_size(16 << 20);
            let _ = builder.serve_connection(TokioIo::new(stream), service).await;
            seen.send_modify(|seen| seen.ended += 1);
        });
    }
}

/// Counts a request that nobody waits for any more.
struct Parked(Option<Arc<watch::Sender<Seen>>>);

impl Drop for Parked {
    fn drop(&mut self) {
        if let Some(seen) = &self.0 {
            seen.send_modify(|seen| seen.given_up += 1);
        }
    }
}

async fn answer(
    request: Request<Incoming>,
    seen: Arc<watch::Sender<Seen>>,
    mut open: watch::Receiver<bool>,
) -> Result<Response<Body>, AnyError> {
    let path = request.uri().path().to_owned();
    seen.send_modify(|seen| seen.calls.push(path.clone()));
    let echoed = request.headers().get("x-echo").cloned();
    let method = path.rsplit('/').next().unwrap_or_default();
    let body = match method {
        "Park" | "Unread" => {
            let mut parked = Parked(Some(seen));
            open.wait_for(|open| *open).await?;
            parked.0 = None;
            echo(request.into_body())
        }
        // An answer of headers alone.
        "Missing" => {
            let mut response = Response::new(Empty::new().map_err(|never| match never {}).boxed_unsync());
            response.headers_mut().extend(status("5"));
            response.headers_mut().insert("grpc-message", HeaderValue::from_static("no such thing"));
            return Ok(response);
        }
        // An answer that breaks off once its first bytes were read.
        "Break" => {
            let part = futures::stream::once(async { Ok(Frame::data(Bytes::from_static(b"part"))) });
            let broken = futures::stream::once(async move {
                open.wait_for(|open| *open).await?;
                Err(AnyError::from("broken"))
            });
            StreamBody::new(part.chain(broken)).boxed_unsync()
        }
        _ => echo(request.into_body()),
    };
    let mut response = Response::new(body);
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/grpc"));
    response.headers_mut().extend(echoed.map(|value| (HeaderName::from_static("x-echoed"), value)));
    Ok(response)
}

fn echo(body: Incoming) -> Body {
    let trailers = async {
        let mut trailers = status("0");
        trailers.insert("x-trail", HeaderValue::from_static("kept"));
        Some(Ok(trailers))
    };
    body.map_err(AnyError::from).with_trailers(trailers).boxed_unsync()
}

fn status(code: &'static str) -> HeaderMap {
    HeaderMap::from_iter([("grpc-status".parse().unwrap(), HeaderValue::from_static(code))])
}
