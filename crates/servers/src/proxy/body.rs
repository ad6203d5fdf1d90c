//! The two bodies of an exchange, passed on frame by frame so that flow control reaches from end to end.
//! Neither states its length: what passes gets no header that its sender did not write.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Response};
use hyper::body::{Body, Frame, Incoming};

use super::record::Entry;

/// gRPC's status for a server that cannot be reached: a client may try again.
pub(crate) const UNAVAILABLE: i32 = 14;
/// gRPC's status for a missing or wrong token.
pub(crate) const UNAUTHENTICATED: i32 = 16;

/// A request's body on its way to the server.
pub(crate) enum Outgoing {
    Streamed { body: Incoming, bytes: Arc<AtomicU64> },
    Read { data: Option<Bytes>, trailers: Option<HeaderMap> },
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
        match self.get_mut() {
            Self::Streamed { body, bytes } => {
                let frame = ready!(Pin::new(body).poll_frame(context));
                if let Some(data) = frame.as_ref().and_then(|frame| frame.as_ref().ok()).and_then(Frame::data_ref) {
                    bytes.fetch_add(data.len() as u64, Ordering::Relaxed);
                }
                Poll::Ready(frame)
            }
            Self::Read { data, trailers } => {
                let frame = data.take().map(Frame::data).or_else(|| trailers.take().map(Frame::trailers));
                Poll::Ready(frame.map(Ok))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Streamed { body, .. } => body.is_end_stream(),
            Self::Read { data, trailers } => data.is_none() && trailers.is_none(),
        }
    }
}

/// An answer's body on its way to the client. Its end, by whatever cause, finishes the record.
pub(crate) struct Answer {
    /// None once it has ended, and in an answer of headers alone.
    body: Option<Incoming>,
    entry: Entry,
}

impl Answer {
    /// The server's own answer.
    pub(crate) fn passed(response: Response<Incoming>, mut entry: Entry) -> Response<Self> {
        entry.read_status(response.headers());
        response.map(|body| Self { body: Some(body), entry })
    }

    /// An answer of the proxy: gRPC's "trailers only".
    pub(crate) fn status(code: i32, message: &str, mut entry: Entry) -> Response<Self> {
        let headers = status_headers(code, message);
        entry.read_status(&headers);
        let mut response = Response::new(Self { body: None, entry });
        *response.headers_mut() = headers;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        response
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let frame = match ready!(Pin::new(body).poll_frame(context)) {
            Some(Ok(frame)) => frame,
            // The server died in the middle: its client is told so as by any other gRPC server.
            Some(Err(error)) => {
                self.body = None;
                let message = format!("the server behind the wire proxy broke off its answer: {error}");
                Frame::trailers(status_headers(UNAVAILABLE, &message))
            }
            None => {
                self.body = None;
                return Poll::Ready(None);
            }
        };
        if let Some(data) = frame.data_ref() {
            self.entry.response_bytes += data.len() as u64;
        } else if let Some(trailers) = frame.trailers_ref() {
            self.entry.read_status(trailers);
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }
}

fn status_headers(code: i32, message: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("grpc-status", HeaderValue::from(code));
    if let Ok(message) = HeaderValue::try_from(percent_encoded(message)) {
        headers.insert("grpc-message", message);
    }
    headers
}

/// gRPC's encoding of `grpc-message`: printable ASCII but for the percent sign stays, each other byte becomes `%XX`.
fn percent_encoded(message: &str) -> String {
    let mut encoded = String::with_capacity(message.len());
    for byte in message.bytes() {
        match byte {
            b' '..=b'~' if byte != b'%' => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_of_any_text_fits_a_header() {
        assert_eq!(percent_encoded("50 % ü\n"), "50 %25 %C3%BC%0A");
    }
}
