//! Whether a Temporal server answers: each namespace is known, and its history service finds out that a workflow does
//! not exist. A port that is open, and even a healthy frontend, come before that.

use std::net::SocketAddr;

use crate::grpc::{expect, field};

const SERVICE: &str = "temporal.api.workflowservice.v1.WorkflowService";
const OK: u32 = 0;
const NOT_FOUND: u32 = 5;

/// Asks for each namespace; says what was not as it will be.
pub(super) async fn ask(address: SocketAddr, namespaces: &[&str]) -> Result<(), String> {
    for namespace in namespaces {
        ask_for(address, namespace).await?;
        let name = field(1, namespace.as_bytes());
        let execution = field(2, &field(1, b"mainspring-is-the-server-ready"));
        expect(address, (SERVICE, "DescribeWorkflowExecution"), &[name, execution].concat(), NOT_FOUND).await?;
    }
    Ok(())
}

/// Asks for one namespace, which the server reads from its database each time.
pub(super) async fn ask_for(address: SocketAddr, namespace: &str) -> Result<(), String> {
    expect(address, (SERVICE, "DescribeNamespace"), &field(1, namespace.as_bytes()), OK).await
}
