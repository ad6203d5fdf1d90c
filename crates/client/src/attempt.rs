//! One attempt to connect: transport, TLS, the server's answer, and the namespace. It never takes longer than its limit.

use std::time::Duration;

use temporalio_client::request_extensions::RetryConfigForCall;
use temporalio_client::tonic::{Request, Status};
use temporalio_client::{Connection, ConnectionOptions, RetryOptions};
use temporalio_common::protos::temporal::api::workflowservice::v1::DescribeNamespaceRequest;

use crate::cause::Cause;

/// Connects and asks for the namespace, so that a wrong one, or a key that is no good, is found here and not by a poll.
pub(crate) async fn attempt(options: ConnectionOptions, namespace: &str, limit: Duration) -> Result<Connection, Cause> {
    let connected = tokio::time::timeout(limit, Connection::connect(options)).await;
    let connection = match connected {
        Ok(Ok(connection)) => connection,
        Ok(Err(error)) => return Err(Cause::of_connect(error)),
        Err(_) => return Err(Cause::of_silence("connecting", limit)),
    };
    let asked = tokio::time::timeout(limit, describe(&connection, namespace)).await;
    match asked {
        Ok(Ok(())) => Ok(connection),
        Ok(Err(status)) => Err(Cause::of_namespace(status)),
        Err(_) => Err(Cause::of_silence("asking for the namespace", limit)),
    }
}

async fn describe(connection: &Connection, namespace: &str) -> Result<(), Status> {
    let mut request = Request::new(DescribeNamespaceRequest { namespace: namespace.to_owned(), ..Default::default() });
    // The SDK would repeat the call for 10 s by itself; here one answer is one attempt.
    request.extensions_mut().insert(RetryConfigForCall(RetryOptions::no_retries()));
    connection.workflow_service().describe_namespace(request).await.map(drop)
}
