//! `workflow start` and `workflow execute`: what the registry knows is settled before anything is sent.

use mainspring_client::search_attributes::is_unknown;
use mainspring_traces::{StartSpan, Traces};
use mainspring_worker::{Registry, WorkflowEntry};
use serde_json::{Value, json};
use temporalio_client::tonic::Code;
use temporalio_common::protos::temporal::api::common::v1::{Payload, SearchAttributes, WorkflowType};
use temporalio_common::protos::temporal::api::enums::v1::{WorkflowIdConflictPolicy, WorkflowIdReusePolicy};
use temporalio_common::protos::temporal::api::errordetails::v1::WorkflowExecutionAlreadyStartedFailure;
use temporalio_common::protos::temporal::api::taskqueue::v1::TaskQueue;
use temporalio_common::protos::temporal::api::workflowservice::v1::StartWorkflowExecutionRequest;
use temporalio_common::protos::utilities::decode_status_detail;

use super::input::{self, Input};
use super::pollers::{Waiting, unpolled};
use super::server::{Refused, SHORT, Server};
use super::{Notice, check, describe, marks, result};
use crate::arguments::Output;
use crate::arguments::workflow::{ConflictPolicy, PolledArguments, ReusePolicy, StartArguments};
use crate::exit::Failure;
use crate::{print, say};

/// A workflow to be started, checked as far as can be without a server.
#[derive(Debug)]
pub(crate) struct Request {
    workflow: String,
    workflow_id: String,
    task_queue: String,
    inputs: Vec<Input>,
    product: Option<String>,
    arguments: StartArguments,
}

/// A run that answers to the id now.
struct Started {
    run_id: String,
    /// False for one that was running already, which `UseExisting` asks for.
    is_new: bool,
}

impl Request {
    pub(crate) async fn new(arguments: StartArguments, registry: &Registry) -> Result<Self, Failure> {
        let workflow = arguments.workflow.clone().or_else(|| arguments.r#type.clone()).unwrap_or_default();
        let task_queue = queue(&workflow, arguments.task_queue.as_deref(), registry)?;
        let inputs = input::read(arguments.json.clone(), arguments.input.clone()).await?;
        let entry = entry(&workflow, &task_queue, registry);
        if let Some(entry) = entry.filter(|_| !arguments.no_check) {
            check::check(entry, &inputs)?;
        }
        let workflow_id = match (&arguments.workflow_id, entry) {
            (Some(given), _) => given.clone(),
            (None, Some(entry)) if entry.derives_id() => derived_id(entry, &inputs)?,
            (None, _) => format!("{workflow}-{}", uuid::Uuid::new_v4()),
        };
        let product = entry.map(|entry| entry.product().name().to_owned());
        Ok(Self { workflow, workflow_id, task_queue, inputs, product, arguments })
    }

    async fn message(
        &self,
        server: &Server,
        span: Option<&StartSpan>,
    ) -> Result<StartWorkflowExecutionRequest, Failure> {
        let arguments = &self.arguments;
        let too_long = |_| Failure::Usage("a duration is too long: write 365d or less".to_owned());
        let mut memo = Vec::new();
        for (key, json) in &arguments.memo {
            let note = server.payloads.encode_json_text(json).await;
            memo.push((key.clone(), note.map_err(|error| Failure::Usage(format!("memo {key}: {error}")))?));
        }
        Ok(StartWorkflowExecutionRequest {
            namespace: server.namespace.clone(),
            workflow_id: self.workflow_id.clone(),
            workflow_type: Some(WorkflowType { name: self.workflow.clone() }),
            task_queue: Some(TaskQueue { name: self.task_queue.clone(), ..Default::default() }),
            input: input::encode(&self.inputs, &server.payloads).await?,
            identity: server.identity.clone(),
            // The same for each attempt: a start that got no answer is not done twice.
            request_id: uuid::Uuid::new_v4().to_string(),
            workflow_id_reuse_policy: reuse(arguments.id_reuse_policy).into(),
            workflow_id_conflict_policy: conflict(arguments.id_conflict_policy).into(),
            workflow_start_delay: arguments.start_delay.map(TryInto::try_into).transpose().map_err(too_long)?,
            workflow_execution_timeout: arguments
                .execution_timeout
                .map(TryInto::try_into)
                .transpose()
                .map_err(too_long)?,
            memo: (!memo.is_empty()).then(|| memo_of(memo)),
            search_attributes: self.search_attributes(server, true),
            header: marks::header(server, span).await?,
            ..Default::default()
        })
    }

    fn search_attributes(&self, server: &Server, with_standing: bool) -> Option<SearchAttributes> {
        let given = &self.arguments.search_attribute;
        marks::search_attributes(server, self.product.as_deref(), &self.inputs, given, with_standing)
    }

    /// Starts it, in a span of its own.
    async fn start(&self, server: &Server, traces: Option<&Traces>, notice: &Notice) -> Result<Started, Failure> {
        let span = traces.map(|traces| traces.starting(&self.workflow, &self.workflow_id));
        let started = self.send(server, span.as_ref(), notice).await;
        if let (Err(failure), Some(span)) = (&started, span) {
            span.failed(failure.to_string());
        }
        started
    }

    async fn send(&self, server: &Server, span: Option<&StartSpan>, notice: &Notice) -> Result<Started, Failure> {
        let mut message = self.message(server, span).await?;
        let request_id = message.request_id.clone();
        let id = &self.workflow_id;
        notice.set(format!(
            "Workflow {id} may have been started: look with `mainspring workflow describe --workflow-id {id}`"
        ));
        let call = |message| server.call(|service, request| service.start_workflow_execution(request), message, SHORT);
        let mut answer = call(message.clone()).await;
        if answer.as_ref().is_err_and(|refused| is_unknown(&refused.status)) {
            message.search_attributes = self.search_attributes(server, false);
            answer = call(message).await;
            if answer.is_ok() {
                say("warning: the namespace lacks Mainspring's search attributes, so the workflow bears none: \
                     `mainspring search-attributes register` adds them");
            }
        }
        match answer {
            Ok(answer) => Ok(Started { run_id: answer.run_id, is_new: answer.started }),
            Err(refused) if refused.is(Code::AlreadyExists) => self.conflict(server, &request_id, &refused).await,
            Err(refused) if refused.lost => Err(refused.failure(format_args!(
                "workflow {id} may have been started or not, look with `mainspring workflow describe --workflow-id {id}`"
            ))),
            Err(refused) => Err(refused.failure(format_args!("workflow {id} could not be started"))),
        }
    }

    async fn conflict(&self, server: &Server, request_id: &str, refused: &Refused) -> Result<Started, Failure> {
        let detail: Option<WorkflowExecutionAlreadyStartedFailure> = decode_status_detail(refused.status.details());
        let detail = detail.unwrap_or_default();
        if detail.start_request_id == request_id {
            // Our own attempt, whose answer was lost; it has even ended since.
            return Ok(Started { run_id: detail.run_id, is_new: true });
        }
        let (id, run_id) = (&self.workflow_id, &detail.run_id);
        if refused.lost
            && let Some(first) = first_run(server, id, run_id, request_id).await
        {
            return Ok(Started { run_id: first, is_new: true });
        }
        let status = describe::status(server, id, Some(run_id)).await;
        Err(Failure::Usage(match status.as_deref() {
            None => format!(
                "there is a run {run_id} of workflow {id} already, and its status could not be read: look with `mainspring \
                 workflow describe --workflow-id {id}`"
            ),
            Some("Running" | "Paused") => format!(
                "workflow {id} is already running: run {run_id}. Wait for it with `mainspring workflow result --workflow-id \
                 {id}`, or give another --workflow-id"
            ),
            Some(status) => format!(
                "workflow {id} has run before and ended as {status}: run {run_id}. --id-reuse-policy AllowDuplicate starts \
                 it again; or give another --workflow-id"
            ),
        }))
    }

    /// Says what was started.
    fn tell(&self, started: &Started) {
        let (id, run, queue) = (&self.workflow_id, &started.run_id, &self.task_queue);
        let how = if started.is_new { "started" } else { "was running already" };
        let delay = self.arguments.start_delay.filter(|_| started.is_new);
        let delay = delay.map(|delay| format!(", to begin in {}", humantime::format_duration(delay)));
        say(&format!("workflow {id} run {run} {how} on {queue}{}", delay.unwrap_or_default()));
    }
}

pub(crate) async fn start(
    server: &Server,
    request: &Request,
    traces: Option<&Traces>,
    notice: &Notice,
) -> Result<(), Failure> {
    let (started, nobody) =
        tokio::join!(request.start(server, traces, notice), unpolled(server, &request.task_queue, None));
    let started = started?;
    request.tell(&started);
    if let Some(nobody) = nobody {
        say(&format!("warning: {nobody}: workflow {} waits until a worker does", request.workflow_id));
    }
    match request.arguments.output {
        Output::Text => print(&format!("{} {}", request.workflow_id, started.run_id)),
        Output::Json => print(&json!({ "workflow_id": request.workflow_id, "run_id": started.run_id }).to_string()),
    }
}

pub(crate) async fn execute(
    server: &Server,
    request: &Request,
    polled: PolledArguments,
    traces: Option<&Traces>,
    notice: &Notice,
) -> Result<(), Failure> {
    let started = request.start(server, traces, notice).await?;
    request.tell(&started);
    let (workflow_id, run_id) = (request.workflow_id.as_str(), started.run_id.as_str());
    let task = Waiting { queue: &request.task_queue, workflow_id, run_id: Some(run_id), version: None };
    tokio::select! {
        outcome = result::wait(server, workflow_id, run_id, request.arguments.output, notice) => outcome,
        failure = task.give_up(server, polled.poller_wait) => Err(failure),
    }
}

/// The first run of the chain that this run belongs to, if the request started it: an attempt whose answer was lost may have
/// continued as new, or been tried again, since.
async fn first_run(server: &Server, workflow_id: &str, run_id: &str, request_id: &str) -> Option<String> {
    let now = describe::info(server, workflow_id, Some(run_id)).await.ok()?;
    let first = describe::fetch(server, workflow_id, Some(&now.first_run_id)).await.ok()?;
    let known = first.workflow_extended_info?.request_id_infos;
    known.contains_key(request_id).then_some(now.first_run_id)
}

/// The registry's queue, unless one is given; and that one must handle the workflow, as far as the registry knows it.
fn queue(workflow: &str, given: Option<&str>, registry: &Registry) -> Result<String, Failure> {
    let handling = registry.queues_of_workflow(workflow);
    match (given, handling.as_slice()) {
        (None, []) => {
            let known: Vec<&str> = registry.workflows().map(|entry| entry.name()).collect();
            Err(Failure::Usage(format!("no product has a workflow {workflow}: {}", check::offer(workflow, &known))))
        }
        (None, [queue]) => Ok((*queue).to_owned()),
        (None, several) => Err(Failure::Usage(format!(
            "workflow {workflow} is on {}: say which with --task-queue",
            several.join(", ")
        ))),
        (Some(given), queues) if !queues.contains(&given) && registry.queues().contains_key(given) => {
            let handled: Vec<&str> =
                registry.workflows().filter(|entry| entry.queue() == given).map(|entry| entry.name()).collect();
            Err(Failure::Usage(match queues {
                [] => format!("task queue {given} does not handle {workflow}: {}", check::offer(workflow, &handled)),
                [queue] => format!("task queue {given} does not handle {workflow}: {queue} does"),
                several => format!("task queue {given} does not handle {workflow}: {} do", several.join(", ")),
            }))
        }
        (Some(given), _) => Ok(given.to_owned()),
    }
}

/// What is known of the workflow; that of the queue first, if several have one of its name.
fn entry<'a>(workflow: &str, queue: &str, registry: &'a Registry) -> Option<WorkflowEntry<'a>> {
    let there = registry.workflows().find(|entry| entry.name() == workflow && entry.queue() == queue);
    there.or_else(|| registry.workflow(workflow))
}

fn derived_id(entry: WorkflowEntry<'_>, inputs: &[Input]) -> Result<String, Failure> {
    let input = inputs.first().map_or(&Value::Null, Input::value);
    entry.workflow_id(input).ok_or_else(|| {
        Failure::Usage(format!(
            "the id of {} follows from its input, and this one does not decode: give --workflow-id",
            entry.name()
        ))
    })
}

fn memo_of(fields: Vec<(String, Payload)>) -> temporalio_common::protos::temporal::api::common::v1::Memo {
    temporalio_common::protos::temporal::api::common::v1::Memo { fields: fields.into_iter().collect() }
}

const fn reuse(policy: ReusePolicy) -> WorkflowIdReusePolicy {
    match policy {
        ReusePolicy::Allow => WorkflowIdReusePolicy::AllowDuplicate,
        ReusePolicy::AllowFailedOnly => WorkflowIdReusePolicy::AllowDuplicateFailedOnly,
        ReusePolicy::Reject => WorkflowIdReusePolicy::RejectDuplicate,
    }
}

const fn conflict(policy: ConflictPolicy) -> WorkflowIdConflictPolicy {
    match policy {
        ConflictPolicy::Fail => WorkflowIdConflictPolicy::Fail,
        ConflictPolicy::UseExisting => WorkflowIdConflictPolicy::UseExisting,
        ConflictPolicy::TerminateExisting => WorkflowIdConflictPolicy::TerminateExisting,
    }
}
