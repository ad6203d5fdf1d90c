//! One request: written down, hit by a fault or not, checked for its token, forwarded, answered.

use std::convert::Infallible;
use std::fmt;
use std::future::pending;
use std::sync::Arc;

use http::header::AUTHORIZATION;
use http::{HeaderMap, Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use parking_lot::RwLock;
use tokio_util::sync::CancellationToken;

use super::body::{Answer, Outgoing, UNAUTHENTICATED, UNAVAILABLE};
use super::fault::{Fault, Faults};
use super::record::{Entry, Fingerprint, Head, Records, method_is};
use super::upstream::Upstream;

/// What every request of a proxy is measured against.
pub(crate) struct Rules {
    pub(crate) records: Arc<Records>,
    pub(crate) faults: Faults,
    pub(crate) tokens: Tokens,
    /// Methods whose bodies are kept.
    pub(crate) captured: Vec<String>,
}

/// Bearer tokens that are valid now; none at all means that nobody is asked for one.
#[derive(Default)]
pub(crate) struct Tokens(RwLock<Option<Vec<String>>>);

impl fmt::Debug for Tokens {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Tokens(…)")
    }
}

impl Tokens {
    pub(crate) fn set(&self, tokens: Vec<String>) {
        *self.0.write() = Some(tokens);
    }

    fn admit(&self, headers: &HeaderMap) -> bool {
        let tokens = self.0.read();
        let Some(tokens) = &*tokens else { return true };
        let shown = headers.get(AUTHORIZATION).and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
        shown.is_some_and(|shown| tokens.iter().any(|token| token.as_bytes() == shown))
    }
}

/// The requests of one client connection.
pub(crate) struct Exchange {
    pub(crate) rules: Arc<Rules>,
    pub(crate) connection: u64,
    pub(crate) client: Option<Fingerprint>,
    pub(crate) upstream: Upstream,
    /// Resets the client connection.
    pub(crate) cut: CancellationToken,
}

impl Exchange {
    pub(crate) async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Result<Response<Answer>, Infallible> {
        let path = request.uri().path();
        let head = Head { path, headers: request.headers() };
        let entry = self.rules.records.open(self.connection, self.client.clone(), head);
        let capture = self.rules.captured.iter().any(|name| method_is(path, name));
        let fault = self.rules.faults.take(path);

        let (head, body) = request.into_parts();
        if fault.is_none() && !capture {
            let body = Outgoing::Streamed { body, bytes: Arc::clone(&entry.request_bytes) };
            return Ok(self.forward(Request::from_parts(head, body), entry).await);
        }
        let body = match body.collect().await {
            Ok(body) => body,
            // Its client gave up; whatever is answered, nobody hears it.
            Err(error) => return Ok(Answer::status(UNAVAILABLE, &error.to_string(), entry)),
        };
        let trailers = body.trailers().cloned();
        let data = body.to_bytes();
        entry.body(&data, capture);
        let request = Request::from_parts(head, Outgoing::Read { data: Some(data), trailers });

        let Some((fault, cleared)) = fault else { return Ok(self.forward(request, entry).await) };
        match fault {
            Fault::Delay(time) => drop(tokio::time::timeout(time, cleared.cancelled()).await),
            Fault::Hang => cleared.cancelled().await,
            Fault::Status(code, message) => return Ok(Answer::status(code, &message, entry)),
            Fault::Cut => return self.reset(entry).await,
            Fault::CutAfterForward => {
                let mut answer = self.forward(request, entry).await;
                while let Some(Ok(_)) = answer.body_mut().frame().await {}
                return self.reset(answer).await;
            }
        }
        Ok(self.forward(request, entry).await)
    }

    async fn forward(&self, request: Request<Outgoing>, entry: Entry) -> Response<Answer> {
        if !self.rules.tokens.admit(request.headers()) {
            // Read to its end, for a client may take an answer in the middle of its request for a broken stream.
            let mut body = request.into_body();
            while let Some(Ok(_)) = body.frame().await {}
            return Answer::status(UNAUTHENTICATED, "Request unauthorized.", entry);
        }
        match self.upstream.send(request, &entry).await {
            Ok(response) => Answer::passed(response, entry),
            Err(message) => Answer::status(UNAVAILABLE, &message, entry),
        }
    }

    /// Finishes what is `held`, then resets the connection; this task goes with it.
    async fn reset<T, N>(&self, held: T) -> N {
        drop(held);
        self.cut.cancel();
        pending().await
    }
}
