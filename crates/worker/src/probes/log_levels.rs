//! The levels of the process's log, shown to whoever may ask and changed by those on this machine alone.

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::ORIGIN;
use hyper::{Method, Request, Response, StatusCode};
use mainspring_logs::{Levels, LiveLevels};
use serde::Serialize;

use super::answers::{json, text};

/// The bytes that levels may have.
const MAX_BYTES: usize = 4096;

/// Which sink's levels are changed.
#[derive(Clone, Copy)]
enum Sink {
    Written,
    Produced,
}

#[derive(Serialize)]
struct Shown {
    written: Option<String>,
    produced: Option<String>,
}

/// What is logged now. Nulls: a program with a log of its own, or one that produces nothing.
pub(super) fn shown() -> Response<Full<Bytes>> {
    let levels = mainspring_logs::levels();
    json(
        true,
        &Shown {
            written: levels.as_ref().map(|levels| levels.written().to_string()),
            produced: levels.as_ref().and_then(LiveLevels::produced).map(|levels| levels.to_string()),
        },
    )
}

/// The answer to a request that would change levels; `None` when it is another request.
pub(super) async fn change(
    request: Request<Incoming>,
    loopback: bool,
) -> Result<Response<Full<Bytes>>, Request<Incoming>> {
    let sink = match request.uri().path() {
        "/log-levels/written" => Sink::Written,
        "/log-levels/produced" => Sink::Produced,
        _ => return Err(request),
    };
    if request.method() != Method::PUT {
        return Err(request);
    }
    Ok(answer(request, sink, loopback).await)
}

async fn answer(request: Request<Incoming>, sink: Sink, loopback: bool) -> Response<Full<Bytes>> {
    let refused = |why: &str| text(StatusCode::FORBIDDEN, format!("{why}\n"));
    if !loopback {
        return refused(
            "log levels are changed on loopback alone, and this listener is open to a network: set \
             MAINSPRING_CONTROL_ADDR=127.0.0.1:9091 for a second one (kubectl port-forward reaches it)",
        );
    }
    // A page in a browser on this machine reaches loopback too, and says where it is from.
    if request.headers().contains_key(ORIGIN) {
        return refused("log levels are not changed from a browser");
    }
    let Some(levels) = mainspring_logs::levels() else {
        return text(
            StatusCode::CONFLICT,
            "this program has a log of its own, whose levels are not known here\n".to_owned(),
        );
    };
    let wrong = |why: &str| text(StatusCode::BAD_REQUEST, format!("{why}\n"));
    let body = match Limited::new(request.into_body(), MAX_BYTES).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => {
            return text(StatusCode::PAYLOAD_TOO_LARGE, format!("levels have at most {MAX_BYTES} bytes\n"));
        }
        Err(_) => return wrong("the request ended in the middle"),
    };
    let Ok(said) = std::str::from_utf8(&body) else { return wrong("levels are text: info,my_product=debug") };
    let said = said.trim();
    if said.is_empty() {
        return wrong("no levels were given: send them as the body, such as info,my_product=debug");
    }
    let new = match Levels::parse(said) {
        Ok(new) => new,
        Err(fault) => return wrong(&format!("{said:?} was given, {fault}")),
    };
    match sink {
        Sink::Written => {
            let before = levels.written();
            // Said while the old levels or the new ones let it through.
            tracing::warn!(%before, now = %new, "the levels of written lines are changed until the process ends");
            levels.write(new);
        }
        Sink::Produced => {
            let Some(before) = levels.produced() else {
                return text(
                    StatusCode::CONFLICT,
                    "nothing is produced here: set MAINSPRING_LOG_KAFKA_BROKERS\n".to_owned(),
                );
            };
            tracing::warn!(%before, now = %new, "the levels of produced lines are changed until the process ends");
            levels.produce(new);
        }
    }
    shown()
}
