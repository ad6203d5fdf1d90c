//! A workflow that was started, by this process or another.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use mainspring_vocabulary::Contract;
use temporalio_client::errors::{
    WorkflowGetResultError, WorkflowInteractionError, WorkflowQueryError, WorkflowUpdateError,
};
use temporalio_client::{
    Client, NamespacedClient, UntypedQuery, WorkflowCancelOptions, WorkflowDescribeOptions,
    WorkflowExecuteUpdateOptions, WorkflowExecutionInfo, WorkflowGetResultOptions, WorkflowHandle,
    WorkflowQueryOptions, WorkflowSignalOptions, WorkflowTerminateOptions,
};
use temporalio_common::data_converters::{
    GenericPayloadConverter, RawValue, SerializationContext, SerializationContextData, WorkflowSerializationContext,
};
use temporalio_common::{QueryDefinition, SignalDefinition, UpdateDefinition};

use crate::call::Call;
use crate::definition::Marked;
use crate::{Caller, CallerError, Status, WorkflowFailure};

/// A workflow, typed by its contract. Its result is that of the run which was started, and of those in which it
/// continued; all else goes to the newest run of its id.
pub struct Run<W: Contract> {
    caller: Caller,
    workflow_id: String,
    run_id: Option<String>,
    _workflow: PhantomData<fn() -> W>,
}

impl<W: Contract> Run<W> {
    pub(crate) const fn new(caller: Caller, workflow_id: String, run_id: Option<String>) -> Self {
        Self { caller, workflow_id, run_id, _workflow: PhantomData }
    }

    /// Its id.
    pub fn workflow_id(&self) -> &str {
        &self.workflow_id
    }

    /// The run that was started; none if it was found by its id.
    pub fn run_id(&self) -> Option<&str> {
        self.run_id.as_deref()
    }

    /// Waits for its result, for as long as it takes.
    ///
    /// # Errors
    /// How it ended, if without a result; [`CallerError::NotFound`], or [`CallerError::Unavailable`] if Temporal was away
    /// for half a minute.
    pub async fn result(&self) -> Result<W::Output, CallerError> {
        let call = self.call("read the result of");
        let handle = handle::<W>(&self.caller, &self.workflow_id, self.run_id.as_deref());
        let options = WorkflowGetResultOptions::builder().rpc_options(Call::patient()).build();
        handle.get_result(options).await.map_err(|error| self.unsuccessful(&call, error))
    }

    /// Waits for its result, at most for this time.
    ///
    /// # Errors
    /// As [`Self::result`]; and [`CallerError::StillRunning`], if there is none yet.
    pub async fn result_within(&self, wait: Duration) -> Result<W::Output, CallerError> {
        match tokio::time::timeout(wait, self.result()).await {
            Ok(result) => result,
            Err(_) => Err(CallerError::StillRunning { workflow_id: self.workflow_id.clone(), waited: wait }),
        }
    }

    /// How far it is.
    ///
    /// # Errors
    /// [`CallerError::NotFound`], or Temporal did not answer.
    pub async fn status(&self) -> Result<Status, CallerError> {
        let call = self.call("describe");
        call.within(describe(&self.caller, &call, "")).await
    }

    /// Sends a signal. It is there once this returns, and is delivered once however often it was sent, unless the workflow
    /// continues as new between two attempts: Temporal knows a repeated one by its run.
    ///
    /// # Errors
    /// [`CallerError::NotFound`] if it does not run, or Temporal did not answer.
    pub async fn signal<S>(&self, signal: S, input: S::Input) -> Result<(), CallerError>
    where
        S: SignalDefinition<Workflow = W>,
        S::Input: Send,
    {
        let call = self.call(&format!("send signal {} to", signal.name()));
        let options = WorkflowSignalOptions::builder().rpc_options(call.rpc()).build();
        let handle = self.newest();
        call.within(async { handle.signal(signal, input, options).await.map_err(|error| said(&call, error)) }).await
    }

    /// Asks a query, which a worker answers, also of a workflow that has ended. It is asked again when half of the limit has
    /// passed without an answer.
    ///
    /// # Errors
    /// [`CallerError::Refused`] with what its handler said, [`CallerError::NotFound`], or no answer: is a worker polling?
    pub async fn query<Q>(&self, query: Q, input: Q::Input) -> Result<Q::Output, CallerError>
    where
        Q: QueryDefinition<Workflow = W>,
        Q::Input: Send,
    {
        let name = query.name().to_owned();
        let call = self.call(&format!("query {name} of"));
        let handle = self.newest();
        let converter = self.caller.link().client().data_converter().payload_converter();
        let data = SerializationContextData::Workflow(WorkflowSerializationContext::new());
        let context = SerializationContext::new(&data, converter);
        let payloads = converter.to_payloads(&context, &input);
        drop((query, input));
        let input = payloads.map_err(|error| call.unreadable(error))?;
        let asking = || async {
            let query = UntypedQuery::<W>::new(&name);
            let options = WorkflowQueryOptions::builder().rpc_options(call.rpc()).build();
            handle.query(query, RawValue::new(input.clone()), options).await.map_err(|error| match error {
                WorkflowQueryError::NotFound(status) | WorkflowQueryError::Rpc(status) => call.failed(status),
                other => call.unreadable(other),
            })
        };
        let answer = call.twice_within(asking).await?;
        converter.from_payloads(&context, answer.payloads).map_err(|error| call.unreadable(error))
    }

    /// Sends an update and waits for its answer, within the limit of a call.
    ///
    /// # Errors
    /// [`CallerError::UpdateFailed`] if the workflow refused it, [`CallerError::NotFound`], or no answer: is a worker polling?
    pub async fn update<U>(&self, update: U, input: U::Input) -> Result<U::Output, CallerError>
    where
        U: UpdateDefinition<Workflow = W>,
        U::Input: Send,
    {
        self.update_as(update, input, uuid::Uuid::new_v4().to_string()).await
    }

    /// The same under an id of one's own: whoever sends it again under this id gets the answer of the first.
    ///
    /// # Errors
    /// As [`Self::update`].
    pub async fn update_as<U>(
        &self,
        update: U,
        input: U::Input,
        update_id: impl Into<String>,
    ) -> Result<U::Output, CallerError>
    where
        U: UpdateDefinition<Workflow = W>,
        U::Input: Send,
    {
        let name = update.name().to_owned();
        let call = self.call(&format!("send update {name} to"));
        let options =
            WorkflowExecuteUpdateOptions::builder().update_id(update_id.into()).rpc_options(call.rpc()).build();
        let handle = self.newest();
        let updating = async {
            match handle.execute_update(update, input, options).await {
                Ok(answer) => Ok(answer),
                Err(error) => Err(self.not_updated(&call, &name, error).await),
            }
        };
        call.within(updating).await
    }

    /// The answer of an update that has been accepted.
    pub(crate) async fn answer<U>(&self, update: U, update_id: &str) -> Result<U::Output, CallerError>
    where
        U: UpdateDefinition<Workflow = W>,
    {
        let name = update.name().to_owned();
        let call = self.call(&format!("send update {name} to"));
        let handle = handle::<W>(&self.caller, &self.workflow_id, self.run_id.as_deref());
        match handle.get_update_handle(update, update_id).get_result(call.rpc()).await {
            Ok(answer) => Ok(answer),
            Err(error) => Err(self.not_updated(&call, &name, error).await),
        }
    }

    /// Asks it to end. It may take its time, and may refuse.
    ///
    /// # Errors
    /// [`CallerError::NotFound`] if it does not run, or Temporal did not answer.
    pub async fn cancel(&self, reason: impl Into<String>) -> Result<(), CallerError> {
        let call = self.call("cancel");
        let options = WorkflowCancelOptions::builder().reason(reason).rpc_options(call.rpc()).build();
        let handle = self.newest();
        call.within(async { handle.cancel(options).await.map_err(|error| said(&call, error)) }).await
    }

    /// Ends it by force: it gets no chance to clean up.
    ///
    /// # Errors
    /// As [`Self::cancel`].
    pub async fn terminate(&self, reason: impl Into<String>) -> Result<(), CallerError> {
        let call = self.call("terminate");
        let options = WorkflowTerminateOptions::builder().reason(reason).rpc_options(call.rpc()).build();
        let handle = self.newest();
        call.within(async { handle.terminate(options).await.map_err(|error| said(&call, error)) }).await
    }

    fn call(&self, verb: &str) -> Call {
        Call::new(verb, &self.workflow_id, self.caller.limit())
    }

    fn newest(&self) -> WorkflowHandle<Client, Marked<W>> {
        handle(&self.caller, &self.workflow_id, None)
    }

    fn unsuccessful(&self, call: &Call, error: WorkflowGetResultError) -> CallerError {
        let workflow_id = self.workflow_id.clone();
        match error {
            WorkflowGetResultError::Failed(failure) => {
                CallerError::Failed { workflow_id, failure: WorkflowFailure::of(&failure) }
            }
            WorkflowGetResultError::Cancelled { .. } => CallerError::Canceled { workflow_id },
            WorkflowGetResultError::Terminated { .. } => CallerError::Terminated { workflow_id },
            WorkflowGetResultError::TimedOut => CallerError::TimedOut { workflow_id },
            WorkflowGetResultError::NotFound(status) | WorkflowGetResultError::Rpc(status) => call.failed(status),
            other => call.unreadable(other),
        }
    }

    async fn not_updated(&self, call: &Call, update: &str, error: WorkflowUpdateError) -> CallerError {
        match error {
            // The SDK gives it as it came, before the codec.
            WorkflowUpdateError::Failed(failure) => match self.caller.payloads().failure(*failure).await {
                Ok(error) => CallerError::UpdateFailed {
                    workflow_id: self.workflow_id.clone(),
                    update: update.to_owned(),
                    failure: WorkflowFailure::of(&error),
                },
                Err(error) => call.unreadable(error),
            },
            WorkflowUpdateError::NotFound(status) | WorkflowUpdateError::Rpc(status) => call.failed(status),
            other => call.unreadable(other),
        }
    }
}

/// How far that run is, or the newest one of its id without a run.
pub(crate) async fn describe(caller: &Caller, call: &Call, run_id: &str) -> Result<Status, CallerError> {
    let run_id = (!run_id.is_empty()).then_some(run_id);
    let client = caller.link().client().clone();
    let info = execution(&client, &call.workflow_id, run_id).bind_untyped(client);
    let options = WorkflowDescribeOptions::builder().rpc_options(call.rpc()).build();
    let described = info.describe(options).await.map_err(|error| said(call, error))?;
    Ok(Status::of(described.status()))
}

fn execution(client: &Client, workflow_id: &str, run_id: Option<&str>) -> WorkflowExecutionInfo {
    let info = WorkflowExecutionInfo::builder().namespace(client.namespace()).workflow_id(workflow_id);
    info.maybe_run_id(run_id).build()
}

fn handle<W: Contract>(caller: &Caller, workflow_id: &str, run_id: Option<&str>) -> WorkflowHandle<Client, Marked<W>> {
    let client = caller.link().client().clone();
    WorkflowHandle::new(client.clone(), execution(&client, workflow_id, run_id))
}

fn said(call: &Call, error: WorkflowInteractionError) -> CallerError {
    match error {
        WorkflowInteractionError::NotFound(status) | WorkflowInteractionError::Rpc(status) => call.failed(status),
        other => call.unreadable(other),
    }
}

impl<W: Contract> Clone for Run<W> {
    fn clone(&self) -> Self {
        Self::new(self.caller.clone(), self.workflow_id.clone(), self.run_id.clone())
    }
}

impl<W: Contract> fmt::Debug for Run<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut form = f.debug_struct("Run");
        form.field("workflow_id", &self.workflow_id).field("run_id", &self.run_id).finish_non_exhaustive()
    }
}
