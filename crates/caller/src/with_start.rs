//! A start together with a signal or an update, as one operation: either both take place or none.

use std::fmt;
use std::future::IntoFuture;

use mainspring_vocabulary::Contract;
use temporalio_client::WorkflowIdConflictPolicy;
use temporalio_client::grpc::WorkflowService;
use temporalio_client::tonic::{Code, Status as GrpcStatus};
use temporalio_common::protos::google::rpc::Status as RpcStatus;
use temporalio_common::protos::temporal::api::common::v1::WorkflowExecution;
use temporalio_common::protos::temporal::api::enums::v1::UpdateWorkflowExecutionLifecycleStage as Stage;
use temporalio_common::protos::temporal::api::errordetails::v1::MultiOperationExecutionFailure;
use temporalio_common::protos::temporal::api::update::v1::{Input, Meta, Request as Update, WaitPolicy};
use temporalio_common::protos::temporal::api::workflowservice::v1::execute_multi_operation_request::Operation;
use temporalio_common::protos::temporal::api::workflowservice::v1::execute_multi_operation_request::operation::Operation as Sent;
use temporalio_common::protos::temporal::api::workflowservice::v1::execute_multi_operation_response::response::Response as Answer;
use temporalio_common::protos::temporal::api::workflowservice::v1::{
    ExecuteMultiOperationRequest, ExecuteMultiOperationResponse, StartWorkflowExecutionRequest,
    UpdateWorkflowExecutionRequest,
};
use temporalio_common::protos::utilities::{decode_status_detail, encode_status_details};
use temporalio_common::{SignalDefinition, UpdateDefinition};

use crate::call::Call;
use crate::request::{some, with_signal};
use crate::start::{Ending, not_started};
use crate::{Caller, CallerError, Run, Start};

/// A start with a signal; both happen when this is awaited.
#[must_use = "nothing happens until this is awaited"]
pub struct StartWithSignal<W: Contract, S: SignalDefinition> {
    pub(crate) start: Start<W>,
    pub(crate) signal: S,
    pub(crate) input: S::Input,
}

/// A start with an update; both happen when this is awaited, which gives the run and the update's answer.
#[must_use = "nothing happens until this is awaited"]
pub struct StartWithUpdate<W: Contract, U: UpdateDefinition> {
    pub(crate) start: Start<W>,
    pub(crate) update: U,
    pub(crate) input: U::Input,
}

impl<W, S> IntoFuture for StartWithSignal<W, S>
where
    W: Contract,
    W::Input: Send,
    S: SignalDefinition<Workflow = W> + Send + 'static,
    S::Input: Send,
{
    type Output = Result<Run<W>, CallerError>;
    type IntoFuture = Ending<Run<W>>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { start, signal, input } = self;
        let name = signal.name().to_owned();
        Box::pin(async move {
            let arguments = start.caller.payloads().arguments(&input);
            drop(input);
            let (caller, call, request) = joining(start).prepare().await?;
            let arguments = arguments.await.map_err(|error| call.unreadable(error))?;
            let request = with_signal(request, &name, arguments);
            let starting = async {
                let mut service = caller.link().client().clone();
                match service.signal_with_start_workflow_execution(call.request(request)).await {
                    Ok(started) => Ok(started.into_inner().run_id),
                    Err(status) => Err(not_started(&caller, &call, status).await),
                }
            };
            let run_id = call.within(starting).await?;
            Ok(Run::new(caller, call.workflow_id, Some(run_id)))
        })
    }
}

impl<W, U> IntoFuture for StartWithUpdate<W, U>
where
    W: Contract,
    W::Input: Send,
    U: UpdateDefinition<Workflow = W> + Send + Sync + 'static,
    U::Input: Send,
    U::Output: Send + Sync,
{
    type Output = Result<(Run<W>, U::Output), CallerError>;
    type IntoFuture = Ending<(Run<W>, U::Output)>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { start, update, input } = self;
        let name = update.name().to_owned();
        Box::pin(async move {
            let arguments = start.caller.payloads().arguments(&input);
            drop(input);
            let (caller, call, request) = joining(start).prepare().await?;
            let arguments = arguments.await.map_err(|error| call.unreadable(error))?;
            // Whoever repeats the start repeats the update: one id tells both from a second one.
            let update_id = request.request_id.clone();
            let meta = Meta { update_id: update_id.clone(), identity: request.identity.clone() };
            let input = Input { name, args: some(arguments), ..Default::default() };
            let both = both(request, Update { meta: Some(meta), input: Some(input), ..Default::default() });
            let updating = async {
                let run_id = accept(&caller, &call, both).await?;
                let run = Run::new(caller.clone(), call.workflow_id.clone(), Some(run_id));
                let answer = run.answer(update, &update_id).await?;
                Ok((run, answer))
            };
            call.within(updating).await
        })
    }
}

/// Takes a running workflow of its id, unless its caller said otherwise.
fn joining<W: Contract>(mut start: Start<W>) -> Start<W> {
    if start.options.conflict == WorkflowIdConflictPolicy::Unspecified {
        start.options.conflict = WorkflowIdConflictPolicy::UseExisting;
    }
    start
}

fn both(start: StartWorkflowExecutionRequest, update: Update) -> ExecuteMultiOperationRequest {
    let update = UpdateWorkflowExecutionRequest {
        namespace: start.namespace.clone(),
        workflow_execution: Some(WorkflowExecution { workflow_id: start.workflow_id.clone(), ..Default::default() }),
        wait_policy: Some(WaitPolicy { lifecycle_stage: Stage::Accepted.into() }),
        request: Some(update),
        ..Default::default()
    };
    let operation = |sent| Operation { operation: Some(sent) };
    ExecuteMultiOperationRequest {
        namespace: start.namespace.clone(),
        resource_id: start.workflow_id.clone(),
        operations: vec![operation(Sent::StartWorkflow(start)), operation(Sent::UpdateWorkflow(update))],
    }
}

/// Sends both until a worker has accepted the update: the server answers without that after a while. Gives the run.
async fn accept(caller: &Caller, call: &Call, both: ExecuteMultiOperationRequest) -> Result<String, CallerError> {
    let mut service = caller.link().client().clone();
    loop {
        match service.execute_multi_operation(call.request(both.clone())).await {
            Ok(answers) => {
                if let Some(run_id) = accepted(answers.into_inner()) {
                    return Ok(run_id);
                }
            }
            Err(status) => return Err(not_started(caller, call, culprit(status)).await),
        }
    }
}

fn accepted(answers: ExecuteMultiOperationResponse) -> Option<String> {
    let mut run_id = None;
    let mut stage = 0;
    for answer in answers.responses {
        match answer.response {
            Some(Answer::StartWorkflow(started)) => run_id = Some(started.run_id),
            Some(Answer::UpdateWorkflow(updated)) => stage = updated.stage,
            None => {}
        }
    }
    run_id.filter(|_| stage >= i32::from(Stage::Accepted))
}

/// The status of the operation that failed: the other one only says that it was given up for it.
fn culprit(status: GrpcStatus) -> GrpcStatus {
    let failed = decode_status_detail::<MultiOperationExecutionFailure>(status.details());
    let mut operations = failed.map(|failed| failed.statuses).unwrap_or_default().into_iter();
    let culprit = operations.find(|operation| ![Code::Ok, Code::Aborted].contains(&Code::from(operation.code)));
    let Some(culprit) = culprit else { return status };
    let (code, message) = (culprit.code, culprit.message);
    let details = RpcStatus { code, message: message.clone(), details: culprit.details };
    GrpcStatus::with_details(Code::from(code), message, encode_status_details(&details).into())
}

impl<W: Contract, S: SignalDefinition> fmt::Debug for StartWithSignal<W, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StartWithSignal")
            .field("start", &self.start)
            .field("signal", &self.signal.name())
            .finish_non_exhaustive()
    }
}

impl<W: Contract, U: UpdateDefinition> fmt::Debug for StartWithUpdate<W, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StartWithUpdate")
            .field("start", &self.start)
            .field("update", &self.update.name())
            .finish_non_exhaustive()
    }
}
