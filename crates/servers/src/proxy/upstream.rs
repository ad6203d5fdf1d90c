//! The connection to the server behind the proxy: one for each client connection, opened at its first request and
//! again after it was lost, so that the server sees as many connections as the proxy does.

use std::error::Error;
use std::io;
use std::net::SocketAddr;

use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Request, Response, Uri, Version};
use hyper::body::Incoming;
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::sync::Mutex;

use super::body::Outgoing;
use super::record::Entry;

/// HTTP/2 windows of a stream and of a connection, in bytes: wide enough that a request which nobody reads does not
/// hold up the others of its connection.
pub(crate) const STREAM_WINDOW: u32 = 1 << 20;
pub(crate) const CONNECTION_WINDOW: u32 = 64 << 20;
/// Bytes of headers or trailers: a failure's details travel there.
pub(crate) const HEADERS: u32 = 1 << 20;

pub(crate) struct Upstream {
    address: SocketAddr,
    connection: Mutex<Option<SendRequest<Outgoing>>>,
}

impl Upstream {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address, connection: Mutex::new(None) }
    }

    /// Sends a request, and notes in its entry that it has gone; the error is a sentence for the client.
    pub(crate) async fn send(&self, request: Request<Outgoing>, entry: &Entry) -> Result<Response<Incoming>, String> {
        let mut request = self.redirected(request);
        let mut again = true;
        loop {
            let mut connection = self.connected().await.map_err(|error| self.lost("cannot be reached", &*error))?;
            entry.forwarded();
            let mut failure = match connection.try_send_request(request).await {
                Ok(response) => return Ok(response),
                Err(failure) => failure,
            };
            // A request comes back whole if the connection was closing: the server has not seen it.
            match failure.take_message() {
                Some(unsent) if again => request = unsent,
                _ => return Err(self.lost("did not answer", &failure.into_error())),
            }
            again = false;
        }
    }

    async fn connected(&self) -> Result<SendRequest<Outgoing>, Box<dyn Error + Send + Sync>> {
        let mut connection = self.connection.lock().await;
        if let Some(open) = &mut *connection
            && open.ready().await.is_ok()
        {
            return Ok(open.clone());
        }
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        let (sender, driver) = http2::Builder::new(TokioExecutor::new())
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_header_list_size(HEADERS)
            .max_local_error_reset_streams(None)
            .handshake(TokioIo::new(stream))
            .await?;
        // Ends when the last sender is dropped: with the client's connection.
        tokio::spawn(driver);
        Ok(connection.insert(sender).clone())
    }

    /// The same request, addressed to the server.
    fn redirected(&self, request: Request<Outgoing>) -> Request<Outgoing> {
        let (mut head, body) = request.into_parts();
        let path = head.uri.path_and_query().cloned().unwrap_or(PathAndQuery::from_static("/"));
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(Scheme::HTTP);
        parts.authority = Authority::try_from(self.address.to_string()).ok();
        parts.path_and_query = Some(path);
        head.uri = Uri::from_parts(parts).unwrap_or_default();
        head.version = Version::HTTP_2;
        Request::from_parts(head, body)
    }

    fn lost(&self, what: &str, error: &(dyn Error + 'static)) -> String {
        let mut text = format!("the server behind the wire proxy, {}, {what}: {error}", self.address);
        let mut cause = error.source();
        while let Some(error) = cause {
            text.push_str(&format!(": {error}"));
            cause = error.source();
        }
        text
    }
}

/// Marks a socket to be reset, not closed in good order, when it is dropped: what a cut is to its client.
pub(crate) fn reset_on_drop(stream: &TcpStream) -> io::Result<()> {
    stream.set_zero_linger()
}
