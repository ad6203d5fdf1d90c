//! `workflow execute|start|result`.

use std::io::Read;

use mainspring_client::{Connector, Link, PATIENCE_COMMAND, Payloads, with_causes};
use mainspring_settings::Sources;
use mainspring_settings::connection::ConnectionSettings;
use mainspring_worker::Registry;
use serde_json::{Value, json};
use temporalio_client::errors::{WorkflowGetResultError, WorkflowStartError};
use temporalio_client::{NamespacedClient, WorkflowExecutionInfo, WorkflowIdReusePolicy, WorkflowStartOptions};
use temporalio_common::UntypedWorkflow;
use temporalio_common::data_converters::{PayloadConverter, RawValue};

use crate::arguments::{Output, ResultArguments, StartArguments, WorkflowVerb};
use crate::exit::Failure;
use crate::{print, say};

/// Temporal refuses a payload over 2 MiB; more than this is not read at all.
const LARGEST_INPUT: u64 = 16 << 20;

pub(crate) async fn run(verb: WorkflowVerb, registry: &Registry, sources: &Sources) -> Result<(), Failure> {
    let settings: ConnectionSettings = mainspring_settings::load(sources)?;
    match verb {
        WorkflowVerb::Execute(arguments) => {
            let request = Request::new(arguments, registry)?;
            let (link, payloads) = connect(settings).await?;
            let started = request.start(&link).await?;
            say(&format!("workflow {} run {} started on {}", request.workflow_id, started.run_id, request.task_queue));
            wait(&link, &payloads, &request.workflow_id, Some(&started.run_id), request.output).await
        }
        WorkflowVerb::Start(arguments) => {
            let request = Request::new(arguments, registry)?;
            let (link, _) = connect(settings).await?;
            let started = request.start(&link).await?;
            match request.output {
                Output::Text => print(&format!("{} {}", request.workflow_id, started.run_id)),
                Output::Json => {
                    print(&json!({ "workflow_id": request.workflow_id, "run_id": started.run_id }).to_string())
                }
            }
        }
        WorkflowVerb::Result(ResultArguments { workflow_id, run_id, output }) => {
            let (link, payloads) = connect(settings).await?;
            wait(&link, &payloads, &workflow_id, run_id.as_deref(), output).await
        }
    }
}

async fn connect(settings: ConnectionSettings) -> Result<(Link, Payloads), Failure> {
    let connector = Connector::new(settings)?;
    Ok((connector.connect(PATIENCE_COMMAND).await?, connector.payloads()))
}

/// A workflow to be started, checked as far as can be without a server.
struct Request {
    workflow: String,
    workflow_id: String,
    task_queue: String,
    input: Option<Value>,
    output: Output,
}

struct Started {
    run_id: String,
}

impl Request {
    fn new(arguments: StartArguments, registry: &Registry) -> Result<Self, Failure> {
        let task_queue = queue(&arguments.workflow, arguments.task_queue.as_deref(), registry)?;
        let input = input(&arguments)?;
        let random = || format!("{}-{}", arguments.workflow, uuid::Uuid::new_v4());
        let workflow_id = arguments.workflow_id.clone().unwrap_or_else(random);
        Ok(Self { workflow: arguments.workflow, workflow_id, task_queue, input, output: arguments.output })
    }

    async fn start(&self, link: &Link) -> Result<Started, Failure> {
        let options = WorkflowStartOptions::new(self.task_queue.clone(), self.workflow_id.clone())
            .id_reuse_policy(WorkflowIdReusePolicy::AllowDuplicateFailedOnly)
            .build();
        let converter = PayloadConverter::default();
        let input = self.input.as_ref().map(|input| RawValue::from_value(input, &converter));
        let input = input.unwrap_or(RawValue { payloads: Vec::new() });
        match link.start_workflow(UntypedWorkflow::new(self.workflow.clone()), input, options).await {
            Ok(handle) => Ok(Started { run_id: handle.info().run_id.clone().unwrap_or_default() }),
            Err(WorkflowStartError::AlreadyStarted { run_id, .. }) => Err(Failure::Usage(format!(
                "workflow {} is already running or has completed: run {}. Give another --workflow-id",
                self.workflow_id,
                run_id.unwrap_or_default()
            ))),
            Err(error) => Err(Failure::Other(format!("workflow {} could not be started: {error}", self.workflow_id))),
        }
    }
}

/// The registry's queue, unless one is given; and that one must handle the workflow, as far as the registry knows it.
fn queue(workflow: &str, given: Option<&str>, registry: &Registry) -> Result<String, Failure> {
    let handling = registry.queues_of_workflow(workflow);
    match (given, handling.as_slice()) {
        (None, []) => {
            let known: Vec<&str> =
                registry.products().iter().flat_map(mainspring_worker::Product::workflow_names).collect();
            Err(Failure::Usage(format!("no product has a workflow {workflow}: there is {}", known.join(", "))))
        }
        (None, [queue]) => Ok((*queue).to_owned()),
        (None, several) => Err(Failure::Usage(format!(
            "workflow {workflow} is on {}: say which with --task-queue",
            several.join(", ")
        ))),
        (Some(given), queues) if !queues.contains(&given) && registry.queues().contains_key(given) => {
            Err(Failure::Usage(format!("{given} does not handle {workflow}: {} does", queues.join(", "))))
        }
        (Some(given), _) => Ok(given.to_owned()),
    }
}

fn input(arguments: &StartArguments) -> Result<Option<Value>, Failure> {
    let (text, from) = match (&arguments.input, &arguments.input_file) {
        (None, None) => return Ok(None),
        (Some(dash), _) if dash == "-" => (read(std::io::stdin())?, "stdin".to_owned()),
        (Some(text), _) => (text.clone(), "the input".to_owned()),
        (None, Some(path)) => {
            let from = path.display().to_string();
            let file =
                std::fs::File::open(path).map_err(|error| Failure::Usage(format!("{from} cannot be read: {error}")))?;
            (read(file)?, from)
        }
    };
    let value = serde_json::from_str(&text).map_err(|error| {
        Failure::Usage(format!("{from} is not JSON: {error}. Write it as one argument, in single quotes"))
    })?;
    Ok(Some(value))
}

fn read(from: impl Read) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let wrong = |cause: String| Failure::Usage(format!("the input cannot be read: {cause}"));
    from.take(LARGEST_INPUT).read_to_end(&mut bytes).map_err(|error| wrong(error.to_string()))?;
    String::from_utf8(bytes)
        .map_err(|error| wrong(format!("it is not UTF-8 at byte {}", error.utf8_error().valid_up_to())))
}

async fn wait(
    link: &Link,
    payloads: &Payloads,
    workflow_id: &str,
    run_id: Option<&str>,
    output: Output,
) -> Result<(), Failure> {
    let info = WorkflowExecutionInfo::builder()
        .namespace(link.client().namespace())
        .workflow_id(workflow_id)
        .maybe_run_id(run_id)
        .build();
    let handle = info.bind_untyped(link.client().clone());
    let result = tokio::select! {
        result = handle.get_result(Default::default()) => result,
        _ = tokio::signal::ctrl_c() => return Err(Failure::Interrupted(format!(
            "interrupted. The workflow goes on: mainspring workflow result --workflow-id {workflow_id}"
        ))),
    };
    let value = match result {
        Ok(raw) => match raw.payloads.into_iter().next() {
            // The client has been through the codec already; a payload without a mark passes it unchanged.
            Some(payload) => payloads.decode_json(&payload).await.map_err(|error| Failure::Other(error.to_string()))?,
            None => Value::Null,
        },
        Err(error) => return Err(failed(workflow_id, &error)),
    };
    match output {
        Output::Json => print(&json!({ "workflow_id": workflow_id, "result": value }).to_string()),
        Output::Text => print(&serde_json::to_string_pretty(&value).unwrap_or_default()),
    }
}

fn failed(workflow_id: &str, error: &WorkflowGetResultError) -> Failure {
    let text = with_causes(error);
    match error {
        WorkflowGetResultError::NotFound(_) => Failure::NotFound(format!("there is no workflow {workflow_id}: {text}")),
        WorkflowGetResultError::Rpc(_) => {
            Failure::Unavailable(format!("the result of {workflow_id} could not be read: {text}"))
        }
        _ => Failure::WorkflowFailed(format!("workflow {workflow_id}: {text}")),
    }
}
