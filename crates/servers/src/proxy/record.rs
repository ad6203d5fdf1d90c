//! What the proxy saw: requests and connections. Never a secret: of a token, only that there was one.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use parking_lot::Mutex;

use super::error::ProxyError;
use super::log::Log;

/// A request that came to the proxy.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Record {
    /// Counts requests from 0.
    pub number: u64,
    /// The [`Connection`] on which it came.
    pub connection: u64,
    /// Fingerprint of the certificate that the client of this connection showed.
    pub client: Option<Fingerprint>,
    /// When its headers were read.
    pub at: Instant,
    /// The whole path, as in `/temporal.api.workflowservice.v1.WorkflowService/RecordActivityTaskHeartbeat`.
    pub method: Arc<str>,
    /// When its answer had passed, or it was given up: by its client, by a cut, or by the end of the proxy.
    pub finished: Option<Instant>,
    /// The gRPC status of the answer; none while there is no answer, or when the request was given up before it.
    pub grpc_status: Option<i32>,
    /// True once it was sent to the server behind the proxy.
    pub forwarded: bool,
    /// Bytes of the request's body on the wire, with gRPC's frame of 5 bytes a message; final when it has finished.
    pub request_bytes: u64,
    /// Bytes of the answer's body on the wire; final when it has finished.
    pub response_bytes: u64,
    /// The request's body as on the wire, for the methods to be captured.
    pub body: Option<Bytes>,
    /// True if it carried an `authorization` header.
    pub has_authorization: bool,
    /// Its `grpc-encoding` header: none if the client does not compress.
    pub grpc_encoding: Option<String>,
}

impl Record {
    /// True if this is the method of this name (`RecordActivityTaskHeartbeat`), with or without its service.
    pub fn is(&self, method: &str) -> bool {
        method_is(&self.method, method)
    }
}

/// A TCP connection that the proxy accepted.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Connection {
    /// Counts connections from 0.
    pub number: u64,
    /// When it was accepted.
    pub at: Instant,
    /// When it ended.
    pub closed: Option<Instant>,
    /// Fingerprint of the certificate that the client showed.
    pub client: Option<Fingerprint>,
    /// Why the TLS handshake failed, if it did.
    pub refused: Option<String>,
}

/// SHA-256 of a certificate's DER form, in lower-case hex.
pub type Fingerprint = Arc<str>;

/// True if `name` is `path`, or its last parts: `B` and `s/B` are `/s/B`, but `B` is not `/s/AB`.
pub(crate) fn method_is(path: &str, name: &str) -> bool {
    let name = name.strip_prefix('/').unwrap_or(name);
    path.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
}

/// The requests of a proxy: the newest of them in full, and how many there were of each method.
pub(crate) struct Records {
    log: Log<Record>,
    counts: Mutex<HashMap<Arc<str>, u64>>,
}

impl Records {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { log: Log::new(capacity), counts: Mutex::default() }
    }

    pub(crate) fn log(&self) -> &Log<Record> {
        &self.log
    }

    /// Writes down a request that has just come.
    pub(crate) fn open(self: &Arc<Self>, connection: u64, client: Option<Fingerprint>, request: Head<'_>) -> Entry {
        let method = self.count_one(request.path);
        let encoding = request.headers.get("grpc-encoding");
        let number = self.log.push(|number| Record {
            number,
            connection,
            client,
            at: Instant::now(),
            method,
            finished: None,
            grpc_status: None,
            forwarded: false,
            request_bytes: 0,
            response_bytes: 0,
            body: None,
            has_authorization: request.headers.contains_key(AUTHORIZATION),
            grpc_encoding: encoding.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()),
        });
        let request_bytes = Arc::default();
        Entry { records: Arc::clone(self), number, request_bytes, response_bytes: 0, grpc_status: None }
    }

    /// Counts a request, and shares the text of its path with every other of its method.
    fn count_one(&self, path: &str) -> Arc<str> {
        let mut counts = self.counts.lock();
        let method = counts.get_key_value(path).map_or_else(|| Arc::from(path), |(method, _)| Arc::clone(method));
        *counts.entry(Arc::clone(&method)).or_default() += 1;
        method
    }

    pub(crate) fn count(&self, method: &str) -> u64 {
        self.counts.lock().iter().filter(|(path, _)| method_is(path, method)).map(|(_, count)| count).sum()
    }

    pub(crate) async fn wait_for(
        &self,
        wanted: impl FnMut(&Record) -> bool,
        limit: Duration,
    ) -> Result<Record, ProxyError> {
        let found = self.log.wait_for(wanted, limit).await;
        found.ok_or_else(|| self.timeout("the awaited request".to_owned(), limit))
    }

    pub(crate) async fn wait_for_count(&self, method: &str, count: u64, limit: Duration) -> Result<(), ProxyError> {
        if self.count(method) >= count {
            return Ok(());
        }
        // A request is counted before it is written down, so every change comes after its count.
        let enough = self.log.wait_for(|_| self.count(method) >= count, limit).await;
        if enough.is_some() {
            return Ok(());
        }
        Err(self.timeout(format!("{count} × {method}"), limit))
    }

    fn timeout(&self, awaited: String, limit: Duration) -> ProxyError {
        let mut seen: Vec<String> =
            self.counts.lock().iter().map(|(method, count)| format!("{count} × {method}")).collect();
        seen.sort();
        let seen = if seen.is_empty() { "no request at all".to_owned() } else { seen.join(", ") };
        ProxyError::Timeout { awaited, limit, seen }
    }
}

/// The part of a request that is written down when it comes.
#[derive(Clone, Copy)]
pub(crate) struct Head<'a> {
    pub(crate) path: &'a str,
    pub(crate) headers: &'a HeaderMap<HeaderValue>,
}

/// A request on its way. Dropping it is what finishes its record, so no path can forget to.
pub(crate) struct Entry {
    records: Arc<Records>,
    number: u64,
    /// Shared with the request's body, which may still stream while the answer does.
    pub(crate) request_bytes: Arc<AtomicU64>,
    pub(crate) response_bytes: u64,
    grpc_status: Option<i32>,
}

impl Entry {
    /// Reads the status from an answer's headers or trailers, if they have one.
    pub(crate) fn read_status(&mut self, headers: &HeaderMap<HeaderValue>) {
        if let Some(status) = headers.get("grpc-status") {
            self.grpc_status = status.to_str().ok().and_then(|status| status.parse().ok());
        }
    }

    pub(crate) fn forwarded(&self) {
        self.records.log.update(self.number, |record| record.forwarded = true);
    }

    /// The whole body of the request; `keep` puts it into the record.
    pub(crate) fn body(&self, body: &Bytes, keep: bool) {
        self.request_bytes.store(body.len() as u64, Ordering::Relaxed);
        self.records.log.update(self.number, |record| {
            record.request_bytes = body.len() as u64;
            record.body = keep.then(|| body.clone());
        });
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.records.log.update(self.number, |record| {
            record.finished = Some(Instant::now());
            record.grpc_status = self.grpc_status;
            record.request_bytes = self.request_bytes.load(Ordering::Relaxed);
            record.response_bytes = self.response_bytes;
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_is_named_by_its_last_parts_and_never_by_half_a_word() {
        let path = "/temporal.api.workflowservice.v1.WorkflowService/StartWorkflowExecution";
        assert!(method_is(path, "StartWorkflowExecution"));
        assert!(method_is(path, "temporal.api.workflowservice.v1.WorkflowService/StartWorkflowExecution"));
        assert!(method_is(path, path));
        assert!(!method_is("/s/SignalWithStartWorkflowExecution", "StartWorkflowExecution"));
        assert!(!method_is("/s/RespondActivityTaskCompletedById", "RespondActivityTaskCompleted"));
    }
}
