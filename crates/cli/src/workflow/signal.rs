//! `workflow signal`: one workflow, or all that match a query.

use serde_json::json;
use temporalio_common::protos::temporal::api::batch::v1::BatchOperationSignal;
use temporalio_common::protos::temporal::api::workflowservice::v1::SignalWorkflowExecutionRequest;
use temporalio_common::protos::temporal::api::workflowservice::v1::start_batch_operation_request::Operation;

use super::batch::{self, Job};
use super::server::{SHORT, Server, execution};
use super::{Notice, input};
use crate::arguments::Output;
use crate::arguments::workflow::SignalArguments;
use crate::exit::Failure;
use crate::{print, say};

pub(crate) async fn run(
    server: &Server,
    arguments: &SignalArguments,
    inputs: &[input::Input],
    notice: &Notice,
) -> Result<(), Failure> {
    let input = input::encode(inputs, &server.payloads).await?;
    let (targets, name) = (&arguments.targets, &arguments.name);
    let Some(id) = &targets.workflow_id else {
        let operation = BatchOperationSignal {
            signal: name.clone(),
            input,
            identity: server.identity.clone(),
            ..Default::default()
        };
        let job = Job {
            verb: "signal",
            targets,
            reason: arguments.reason.as_deref(),
            operation: Operation::SignalOperation(operation),
            output: arguments.output,
        };
        return batch::run(server, &job, notice).await;
    };
    let request = SignalWorkflowExecutionRequest {
        namespace: server.namespace.clone(),
        workflow_execution: execution(id, targets.run_id.as_deref()),
        signal_name: name.clone(),
        input,
        identity: server.identity.clone(),
        // The same for each attempt: the workflow gets the signal once.
        request_id: uuid::Uuid::new_v4().to_string(),
        ..Default::default()
    };
    notice.set(format!("Signal {name} may have reached workflow {id}"));
    let sent = server.call(|service, request| service.signal_workflow_execution(request), request, SHORT).await;
    sent.map_err(|refused| refused.failure(format_args!("signal {name} could not be sent to workflow {id}")))?;
    say(&format!("signal {name} sent to workflow {id}"));
    match arguments.output {
        Output::Text => Ok(()),
        Output::Json => print(&json!({ "workflow_id": id, "signal": name }).to_string()),
    }
}
