//! An example: a web backend in front of workflows. It knows their contracts, and no worker code.
//!
//! | request | answer |
//! |---|---|
//! | `POST /no-ops` with the workflow's input | 202, and where to ask after it |
//! | `GET /no-ops/ID` | how far it is, and its result or failure |
//! | `DELETE /no-ops/ID` | 202: it was asked to end |
//! | `POST /onboardings` | 202; 409 if this user's runs or is done |
//! | `GET /onboardings/ID` | the same, and what the workflow's query `status` says |
//! | `POST /onboardings/ID/cancel-follow-up` | 202: the signal has been sent |
//! | `GET /livez`, `GET /readyz` | whether this process, and Temporal, answers |
//!
//! It listens on WEB_ADDR (127.0.0.1:8080) and reads Temporal's own settings, TEMPORAL_ADDRESS and the rest.

mod answer;
mod no_ops;
mod onboardings;
mod server;

use std::process::ExitCode;

use mainspring_caller::Caller;
use mainspring_caller::settings::{Sources, load};

type AnyError = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), AnyError> {
    let caller = Caller::connect(load(&Sources::from_process()?)?).await?;
    let address = std::env::var("WEB_ADDR").unwrap_or_else(|_| "127.0.0.1:8080".to_owned());
    let listener = tokio::net::TcpListener::bind(&address)
        .await
        .map_err(|error| format!("WEB_ADDR is {address:?}, where this process cannot listen: {error}"))?;
    say(&format!("listening on http://{}", listener.local_addr()?));
    server::run(listener, caller).await?;
    say("drained");
    Ok(())
}

/// Talk goes to stderr.
#[allow(clippy::print_stderr)]
fn say(text: &str) {
    eprintln!("{text}");
}
