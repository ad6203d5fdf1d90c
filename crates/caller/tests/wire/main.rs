//! Callers and Temporal's dev server, most of them through the wire proxy, without any worker. What needs a worker is in
//! `tests/tests/calling.rs`.

#![allow(clippy::unwrap_used, reason = "what a test's own parts cannot do fails the test")]

mod codec;
mod conflicts;
mod faults;
mod invoice;
mod starts;

use std::net::SocketAddr;
use std::time::Duration;

use mainspring_caller::settings::{Sources, load};
use mainspring_caller::{CALL_LIMIT, Caller, CallerError, Run};
use mainspring_servers::TemporalDevServer;
use mainspring_servers::proxy::WireProxy;
use temporalio_client::WorkflowCountOptions;
use tokio::sync::OnceCell;

use invoice::Invoice;

/// The dev server that all tests share.
async fn server() -> SocketAddr {
    static SHARED: OnceCell<TemporalDevServer> = OnceCell::const_new();
    let server = SHARED.get_or_init(|| async { TemporalDevServer::builder().start().await.unwrap() });
    server.await.socket_address()
}

async fn caller_at(address: &str) -> Caller {
    Caller::connect(load(&Sources::from_pairs([("TEMPORAL_ADDRESS", address)])).unwrap()).await.unwrap()
}

async fn caller() -> Caller {
    caller_at(&server().await.to_string()).await
}

/// A caller behind a proxy that can hurt it.
async fn proxied() -> (WireProxy, Caller) {
    let proxy = WireProxy::builder(server().await).start().await.unwrap();
    let caller = caller_at(&proxy.address()).await;
    (proxy, caller)
}

/// A number that no other test has; the id `invoice-NUMBER` follows from it.
fn number() -> u64 {
    uuid::Uuid::new_v4().as_u64_pair().0
}

/// Waits until Temporal has listed a workflow of this id, and gives how many runs of it there are.
async fn runs(run: &Run<Invoice>, caller: &Caller) -> usize {
    let query = format!("WorkflowId = '{}'", run.workflow_id());
    let listed = async {
        loop {
            match caller.link().count_workflows(query.as_str(), WorkflowCountOptions::default()).await.unwrap().count()
            {
                0 => tokio::task::yield_now().await,
                count => return count,
            }
        }
    };
    tokio::time::timeout(CALL_LIMIT, listed).await.unwrap()
}

/// The error of a call that must fail.
fn refusal<T>(outcome: Result<T, CallerError>) -> CallerError {
    outcome.map(drop).expect_err("this call must fail")
}

const SHORT: Duration = Duration::from_secs(2);
