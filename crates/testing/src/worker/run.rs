//! A workflow on a test's worker. Its failed tasks fail the test at once: Temporal would try them for ever.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::{FuturesUnordered, StreamExt};
use mainspring_caller::{Contract, Run};
use temporalio_client::tonic::Request;
use temporalio_client::{Client, NamespacedClient};
use temporalio_common::protos::temporal::api::common::v1::WorkflowExecution;
use temporalio_common::protos::temporal::api::enums::v1::WorkflowTaskFailedCause as Cause;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use temporalio_common::protos::temporal::api::workflowservice::v1::{
    DescribeWorkflowExecutionRequest, GetWorkflowExecutionHistoryRequest, GetWorkflowExecutionHistoryResponse,
};

use super::RunError;
use crate::Env;
use crate::clock::Clock;
use crate::worker::shared;

/// How long it is until a history that was not given is asked for again.
const AGAIN: Duration = Duration::from_millis(100);

/// A workflow that a test started. What [`Run`] has, it has: `signal`, `query`, `update`, `status`, `cancel`.
pub struct TestRun<W: Contract> {
    run: Run<W>,
    env: Env,
    patience: Duration,
}

impl<W: Contract> TestRun<W> {
    pub(super) const fn new(run: Run<W>, env: Env, patience: Duration) -> Self {
        Self { run, env, patience }
    }

    /// That of a time-skipping server.
    pub(crate) fn clock(&self) -> Option<Arc<Clock>> {
        self.env.skipper()
    }

    pub(crate) fn address(&self) -> &str {
        self.env.address()
    }

    /// Waits for its result. On a time-skipping server, time is skipped meanwhile.
    ///
    /// # Errors
    /// How it ended otherwise; [`RunError::TaskFailed`] as soon as one of its tasks fails, or of a
    /// child's; [`RunError::Stuck`].
    pub async fn result(&self) -> Result<W::Output, RunError> {
        let result = self.result_in_real_time();
        self.env.skip_while(result).await.map_err(|error| RunError::Clock { reason: error.to_string() })?
    }

    /// The same, and skips no time.
    pub(crate) async fn result_in_real_time(&self) -> Result<W::Output, RunError> {
        tokio::select! {
            result = self.run.result() => Ok(result?),
            failed = self.failed_task() => Err(failed),
            () = tokio::time::sleep(self.patience) => Err(self.stuck().await),
        }
    }

    /// Ends when a workflow task fails, its own or one of a child's, and else never: what keeps the server from telling, the
    /// result will say as well.
    async fn failed_task(&self) -> RunError {
        match self.watch().await {
            Some(failed) => failed,
            None => std::future::pending().await,
        }
    }

    fn execution(&self) -> WorkflowExecution {
        let run_id = self.run.run_id().unwrap_or_default().to_owned();
        WorkflowExecution { workflow_id: self.run.workflow_id().to_owned(), run_id }
    }

    /// Reads the histories of the workflow, of its children, of theirs, and of the runs that they go on as.
    async fn watch(&self) -> Option<RunError> {
        let caller = shared::caller(self.env.address()).await.ok()?;
        let client = caller.link().client();
        let mut pages = FuturesUnordered::from_iter([page_of(client, self.execution(), Vec::new())]);
        while let Some((execution, page)) = pages.next().await {
            for event in page.history.into_iter().flat_map(|history| history.events) {
                let next = match event.attributes {
                    Some(Attributes::WorkflowTaskFailedEventAttributes(failed)) if !is_usual(failed.cause()) => {
                        let cause = failed.cause().as_str_name();
                        let said = failed.failure.map(|failure| failure.message).unwrap_or_default();
                        let workflow_id = execution.workflow_id;
                        return Some(RunError::TaskFailed { workflow_id, message: format!("{said} ({cause})") });
                    }
                    Some(Attributes::ChildWorkflowExecutionStartedEventAttributes(child)) => child.workflow_execution,
                    Some(Attributes::WorkflowExecutionContinuedAsNewEventAttributes(next)) => {
                        Some(WorkflowExecution { run_id: next.new_execution_run_id, ..execution.clone() })
                    }
                    _ => None,
                };
                pages.extend(next.map(|next| page_of(client, next, Vec::new())));
            }
            if !page.next_page_token.is_empty() {
                pages.push(page_of(client, execution, page.next_page_token));
            }
        }
        None
    }

    async fn stuck(&self) -> RunError {
        let pending = self.pending().await.unwrap_or_else(|error| format!("the server does not tell why: {error}"));
        RunError::Stuck { workflow_id: self.run.workflow_id().to_owned(), waited: self.patience, pending }
    }

    /// What it waits for.
    async fn pending(&self) -> Result<String, RunError> {
        let caller = shared::caller(self.env.address()).await?;
        let client = caller.link().client();
        let request =
            DescribeWorkflowExecutionRequest { namespace: client.namespace(), execution: Some(self.execution()) };
        let described = client.connection().workflow_service().describe_workflow_execution(Request::new(request)).await;
        let described = match described {
            Ok(described) => described.into_inner(),
            Err(status) => return Ok(status.message().to_owned()),
        };
        let mut said: Vec<String> = Vec::new();
        for activity in described.pending_activities {
            let name = activity.activity_type.map(|activity| activity.name).unwrap_or_default();
            let last = activity.last_failure.map(|failure| format!(", last: {}", failure.message)).unwrap_or_default();
            said.push(format!("activity {name} is pending in attempt {}{last}", activity.attempt));
        }
        if let Some(task) = described.pending_workflow_task {
            said.push(format!("a workflow task is pending in attempt {}", task.attempt));
        }
        if said.is_empty() {
            said.push("it waits for a timer, a signal or a child".to_owned());
        }
        Ok(said.join("; "))
    }
}

/// Some more of a history, as soon as there is more.
/// The next events, however often they have to be asked for.
async fn page_of(
    client: &Client,
    execution: WorkflowExecution,
    next_page_token: Vec<u8>,
) -> (WorkflowExecution, GetWorkflowExecutionHistoryResponse) {
    let request = GetWorkflowExecutionHistoryRequest {
        namespace: client.namespace(),
        execution: Some(execution.clone()),
        wait_new_event: true,
        next_page_token,
        ..Default::default()
    };
    loop {
        let request = Request::new(request.clone());
        match client.connection().workflow_service().get_workflow_execution_history(request).await {
            Ok(page) => return (execution, page.into_inner()),
            Err(_) => tokio::time::sleep(AGAIN).await,
        }
    }
}

/// Tasks that fail in the usual course of things, and go well at the next attempt.
const fn is_usual(cause: Cause) -> bool {
    matches!(
        cause,
        Cause::UnhandledCommand | Cause::ResetWorkflow | Cause::ForceCloseCommand | Cause::ResetStickyTaskQueue
    )
}

impl<W: Contract> Deref for TestRun<W> {
    type Target = Run<W>;

    fn deref(&self) -> &Run<W> {
        &self.run
    }
}

impl<W: Contract> fmt::Debug for TestRun<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestRun").field("run", &self.run).finish_non_exhaustive()
    }
}
