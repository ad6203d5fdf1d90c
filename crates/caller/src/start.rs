//! A start, until it is awaited.

use std::fmt;
use std::future::IntoFuture;
use std::pin::Pin;
use std::time::Duration;

use mainspring_vocabulary::Contract;
use temporalio_client::grpc::WorkflowService;
use temporalio_client::tonic::{Code, Status as GrpcStatus};
use temporalio_client::{WorkflowIdConflictPolicy, WorkflowIdReusePolicy};
use temporalio_common::protos::temporal::api::errordetails::v1::WorkflowExecutionAlreadyStartedFailure;
use temporalio_common::protos::temporal::api::workflowservice::v1::StartWorkflowExecutionRequest;
use temporalio_common::protos::utilities::decode_status_detail;
use temporalio_common::{SignalDefinition, UpdateDefinition};

use crate::call::Call;
use crate::request::Options;
use crate::{Caller, CallerError, Run, StartWithSignal, StartWithUpdate};

/// A workflow about to be started; it starts when this is awaited.
///
/// Without anything else said: on the contract's queue, under the id that follows from the input, or a random one; a
/// running workflow of that id is [`CallerError::AlreadyRunning`], one that has completed [`CallerError::AlreadyClosed`],
/// and one that has failed, or was cancelled, terminated or timed out, is followed by a new run.
#[must_use = "a workflow starts when this is awaited"]
pub struct Start<W: Contract> {
    pub(crate) caller: Caller,
    pub(crate) input: W::Input,
    pub(crate) options: Options,
}

pub(crate) type Ending<T> = Pin<Box<dyn Future<Output = Result<T, CallerError>> + Send>>;

impl<W: Contract> Start<W> {
    pub(crate) fn new(caller: Caller, input: W::Input) -> Self {
        Self { caller, input, options: Options::on(W::TASK_QUEUE) }
    }

    /// Under this id, whatever the contract says.
    pub fn with_id(mut self, workflow_id: impl Into<String>) -> Self {
        self.options.workflow_id = Some(workflow_id.into());
        self
    }

    /// On this task queue in place of the contract's.
    pub fn task_queue(mut self, task_queue: impl Into<String>) -> Self {
        self.options.task_queue = task_queue.into();
        self
    }

    /// Whoever starts again under the same request id, whenever, from whatever process, gets the run that the first
    /// start made, for as long as Temporal keeps it. Without an id that follows from the input, the workflow's id follows from
    /// this one.
    pub fn request_id(mut self, request_id: impl Into<String>) -> Self {
        self.options.request_id = Some(request_id.into());
        self
    }

    /// Its first task comes after this time; a signal brings it at once.
    pub fn start_delay(mut self, delay: Duration) -> Self {
        self.options.start_delay = Some(delay);
        self
    }

    /// It must end within this time, all retries and runs included; no limit by default.
    pub fn execution_timeout(mut self, timeout: Duration) -> Self {
        self.options.execution_timeout = Some(timeout);
        self
    }

    /// After which ends of an earlier workflow of this id it may start; by default after all but a success.
    pub fn reuse_policy(mut self, policy: WorkflowIdReusePolicy) -> Self {
        self.options.reuse = policy;
        self
    }

    /// What happens if a workflow of this id is running: an error by default; with a signal or an update, it takes that one.
    pub fn conflict_policy(mut self, policy: WorkflowIdConflictPolicy) -> Self {
        self.options.conflict = policy;
        self
    }

    /// A last word on the message that starts it, for what has no method here: memo, search attributes, retry policy.
    /// Payloads come from [`Caller::payloads`].
    pub fn customize(mut self, customize: impl FnOnce(&mut StartWorkflowExecutionRequest) + Send + 'static) -> Self {
        self.options.customize = Some(Box::new(customize));
        self
    }

    /// Sends a signal with it, which the workflow gets before its first task; one that is running already gets it too.
    pub fn with_signal<S>(self, signal: S, input: S::Input) -> StartWithSignal<W, S>
    where
        S: SignalDefinition<Workflow = W>,
    {
        StartWithSignal { start: self, signal, input }
    }

    /// Sends an update with it and waits for its answer; one that is running already gets it too.
    pub fn with_update<U>(self, update: U, input: U::Input) -> StartWithUpdate<W, U>
    where
        U: UpdateDefinition<Workflow = W>,
    {
        StartWithUpdate { start: self, update, input }
    }
}

impl<W: Contract> Start<W>
where
    W::Input: Send,
{
    /// The message to send, and the call that it is.
    pub(crate) async fn prepare(self) -> Result<(Caller, Call, StartWorkflowExecutionRequest), CallerError> {
        let Self { caller, input, mut options } = self;
        let workflow = W::default();
        let name = workflow.name();
        let given = options.workflow_id.take().or_else(|| W::workflow_id(&input));
        let workflow_id = given.unwrap_or_else(|| match &options.request_id {
            Some(request_id) => format!("{name}-{request_id}"),
            None => format!("{name}-{}", uuid::Uuid::new_v4()),
        });
        let call = Call::new("start", &workflow_id, caller.limit());
        let arguments = caller.payloads().arguments(&input);
        drop(input);
        let arguments = arguments.await.map_err(|error| call.unreadable(error))?;
        let request = options.request(caller.link().client(), name, workflow_id, arguments);
        Ok((caller, Call { workflow_id: request.workflow_id.clone(), ..call }, request))
    }
}

impl<W: Contract> IntoFuture for Start<W>
where
    W::Input: Send,
{
    type Output = Result<Run<W>, CallerError>;
    type IntoFuture = Ending<Run<W>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let (caller, call, request) = self.prepare().await?;
            let starting = async {
                // The client repeats a call that did not arrive; its raw service would not.
                let mut service = caller.link().client().clone();
                match service.start_workflow_execution(call.request(request)).await {
                    Ok(started) => Ok(started.into_inner().run_id),
                    Err(status) => Err(not_started(&caller, &call, status).await),
                }
            };
            let run_id = call.within(starting).await?;
            Ok(Run::new(caller, call.workflow_id, Some(run_id)))
        })
    }
}

/// Why it did not start. That there is one of its id already is asked about once more: the server does not say whether that
/// one still runs.
pub(crate) async fn not_started(caller: &Caller, call: &Call, status: GrpcStatus) -> CallerError {
    if status.code() != Code::AlreadyExists {
        return call.failed(status);
    }
    let run_id = decode_status_detail::<WorkflowExecutionAlreadyStartedFailure>(status.details())
        .map(|started| started.run_id)
        .unwrap_or_default();
    let workflow_id = call.workflow_id.clone();
    match crate::run::describe(caller, call, &run_id).await {
        Ok(status) if status.is_closed() => CallerError::AlreadyClosed { workflow_id, run_id, status },
        Ok(_) => CallerError::AlreadyRunning { workflow_id, run_id },
        Err(error) => error,
    }
}

impl<W: Contract> fmt::Debug for Start<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut form = f.debug_struct("Start");
        form.field("workflow", &W::default().name()).field("id", &self.options.workflow_id);
        form.field("task_queue", &self.options.task_queue).finish_non_exhaustive()
    }
}
