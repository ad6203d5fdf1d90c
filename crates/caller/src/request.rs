//! What starts a workflow, on the wire. The SDK's own start knows neither a delay nor a request id, so the message is
//! made here; every payload in it comes from [`mainspring_client::Payloads`].

use std::time::Duration;

use temporalio_client::{Client, NamespacedClient};
use temporalio_client::{WorkflowIdConflictPolicy, WorkflowIdReusePolicy};
use temporalio_common::protos::temporal::api::common::v1::{Payload, Payloads, WorkflowType};
use temporalio_common::protos::temporal::api::enums::v1 as wire;
use temporalio_common::protos::temporal::api::taskqueue::v1::TaskQueue;
use temporalio_common::protos::temporal::api::workflowservice::v1::{
    SignalWithStartWorkflowExecutionRequest, StartWorkflowExecutionRequest,
};

/// The longest duration that a message has room for: 10,000 years.
const LONGEST: Duration = Duration::from_secs(315_576_000_000);

/// What a caller may say of a start, beyond its input.
pub(crate) struct Options {
    pub(crate) workflow_id: Option<String>,
    pub(crate) task_queue: String,
    pub(crate) request_id: Option<String>,
    pub(crate) start_delay: Option<Duration>,
    pub(crate) execution_timeout: Option<Duration>,
    pub(crate) reuse: WorkflowIdReusePolicy,
    pub(crate) conflict: WorkflowIdConflictPolicy,
    pub(crate) customize: Option<Customize>,
}

/// A caller's last word on the message.
pub(crate) type Customize = Box<dyn FnOnce(&mut StartWorkflowExecutionRequest) + Send>;

impl Options {
    pub(crate) fn on(task_queue: &str) -> Self {
        Self {
            workflow_id: None,
            task_queue: task_queue.to_owned(),
            request_id: None,
            start_delay: None,
            execution_timeout: None,
            reuse: WorkflowIdReusePolicy::AllowDuplicateFailedOnly,
            conflict: WorkflowIdConflictPolicy::Unspecified,
            customize: None,
        }
    }

    /// The message, with whose ids each repetition is told from a second start.
    pub(crate) fn request(
        self,
        client: &Client,
        name: &str,
        workflow_id: String,
        input: Vec<Payload>,
    ) -> StartWorkflowExecutionRequest {
        let mut request = StartWorkflowExecutionRequest {
            namespace: client.namespace(),
            identity: client.identity(),
            workflow_id,
            workflow_type: Some(WorkflowType { name: name.to_owned() }),
            task_queue: Some(TaskQueue { name: self.task_queue, ..Default::default() }),
            input: some(input),
            request_id: self.request_id.unwrap_or_else(|| uuid::Uuid::new_v4().to_string()),
            workflow_id_reuse_policy: wire::WorkflowIdReusePolicy::from(self.reuse).into(),
            workflow_id_conflict_policy: wire::WorkflowIdConflictPolicy::from(self.conflict).into(),
            workflow_start_delay: self.start_delay.and_then(|delay| delay.min(LONGEST).try_into().ok()),
            workflow_execution_timeout: self.execution_timeout.and_then(|timeout| timeout.min(LONGEST).try_into().ok()),
            ..Default::default()
        };
        if let Some(customize) = self.customize {
            customize(&mut request);
        }
        request
    }
}

/// The same start with a signal that comes before the workflow's first task.
pub(crate) fn with_signal(
    start: StartWorkflowExecutionRequest,
    name: &str,
    input: Vec<Payload>,
) -> SignalWithStartWorkflowExecutionRequest {
    SignalWithStartWorkflowExecutionRequest {
        namespace: start.namespace,
        workflow_id: start.workflow_id,
        workflow_type: start.workflow_type,
        task_queue: start.task_queue,
        input: start.input,
        workflow_execution_timeout: start.workflow_execution_timeout,
        workflow_run_timeout: start.workflow_run_timeout,
        workflow_task_timeout: start.workflow_task_timeout,
        identity: start.identity,
        request_id: start.request_id,
        workflow_id_reuse_policy: start.workflow_id_reuse_policy,
        workflow_id_conflict_policy: start.workflow_id_conflict_policy,
        signal_name: name.to_owned(),
        signal_input: some(input),
        retry_policy: start.retry_policy,
        cron_schedule: start.cron_schedule,
        memo: start.memo,
        search_attributes: start.search_attributes,
        header: start.header,
        workflow_start_delay: start.workflow_start_delay,
        user_metadata: start.user_metadata,
        links: start.links,
        versioning_override: start.versioning_override,
        priority: start.priority,
        ..Default::default()
    }
}

pub(crate) fn some(payloads: Vec<Payload>) -> Option<Payloads> {
    (!payloads.is_empty()).then_some(Payloads { payloads })
}
