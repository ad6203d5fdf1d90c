//! What is said to which request.

use std::time::Instant;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Response, StatusCode};
use serde::Serialize;

use super::{Health, log_levels};
use crate::metrics::Metrics;

const PAGES: &str = "\
/livez       do the workers' threads answer? 200 or 503, JSON
/readyz      are all queues polled, and no drain under way? 200 or 503, JSON by queue
/metrics     the SDK's metrics, the products' and the process's, for Prometheus
/log-levels  which lines are written, and produced, JSON; on loopback PUT of levels, such as info,my_product=debug,
             to /log-levels/written or /log-levels/produced changes them until the process ends
";
const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";
/// Prometheus refuses a scrape without a type that it knows.
const EXPOSITION: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Hyper itself leaves the body out of an answer to HEAD.
pub(super) fn answer(method: &Method, path: &str, health: &Health, metrics: &Metrics) -> Response<Full<Bytes>> {
    if method != Method::GET && method != Method::HEAD {
        let mut refusal = text(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD are answered here\n".to_owned());
        refusal.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return refusal;
    }
    if let Some(levels) = path.strip_prefix("/log-levels") {
        return match levels {
            "" => log_levels::shown(),
            "/written" | "/produced" => text(StatusCode::NOT_FOUND, "GET /log-levels shows both\n".to_owned()),
            _ => text(StatusCode::NOT_FOUND, format!("there is no such page; there are:\n{PAGES}")),
        };
    }
    match path {
        "/livez" => {
            let liveness = health.liveness(Instant::now());
            json(liveness.alive, &liveness)
        }
        "/readyz" => {
            let readiness = health.readiness();
            json(readiness.ready, &readiness)
        }
        "/metrics" => page(StatusCode::OK, EXPOSITION, metrics.render()),
        "/" => text(StatusCode::OK, PAGES.to_owned()),
        _ => text(StatusCode::NOT_FOUND, format!("there is no such page; there are:\n{PAGES}")),
    }
}

pub(super) fn json(good: bool, state: &impl Serialize) -> Response<Full<Bytes>> {
    let status = if good { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    // The states hold nothing that JSON cannot say.
    page(status, JSON, serde_json::to_string(state).unwrap_or_default())
}

pub(super) fn text(status: StatusCode, body: String) -> Response<Full<Bytes>> {
    page(status, TEXT, body)
}

fn page(status: StatusCode, content_type: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
