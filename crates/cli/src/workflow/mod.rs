//! `workflow …`: a file for each verb. They share `server` (calls), `input` and `check` (what is sent), `failure` (what
//! Temporal keeps of one), `pollers` (whether anybody works), `marks` (what a start carries beside its input), `batch` (many
//! at once).

mod batch;
pub(crate) mod check;
pub(crate) mod describe;
mod end;
pub(crate) mod failure;
mod input;
pub(crate) mod list;
mod marks;
pub(crate) mod pollers;
mod query;
mod reset;
mod result;
pub(crate) mod schema;
pub(crate) mod server;
mod signal;
mod start;
mod text;
pub(crate) mod times;
mod update;

use std::cell::RefCell;
use std::time::Duration;

use mainspring_settings::Sources;
use mainspring_settings::connection::ConnectionSettings;
use mainspring_traces::{TraceSettings, Traces};
use mainspring_worker::Registry;

use crate::arguments::workflow::WorkflowVerb;
use crate::exit::Failure;
use crate::worker::placed;
use end::How;
use server::Server;

/// How long the command waits at its end for a collector of spans.
const FLUSH: Duration = Duration::from_secs(2);

/// Runs the verb until it ends, or Ctrl-C. Then it says what goes on without it.
pub(crate) async fn run(verb: WorkflowVerb, registry: &Registry, sources: &Sources) -> Result<(), Failure> {
    let notice = Notice::default();
    let settings: TraceSettings = mainspring_settings::load(sources)?;
    let traces = Traces::start(&settings, "mainspring").map_err(|error| Failure::Config(error.to_string()))?;
    let outcome = tokio::select! {
        outcome = dispatch(verb, registry, sources, traces.as_ref(), &notice) => outcome,
        _ = tokio::signal::ctrl_c() => Err(Failure::Interrupted(notice.text())),
    };
    if let Some(traces) = traces {
        // It blocks, and the exporter needs this runtime's thread.
        let _ = tokio::task::spawn_blocking(move || traces.flush(FLUSH)).await;
    }
    outcome
}

async fn dispatch(
    verb: WorkflowVerb,
    registry: &Registry,
    sources: &Sources,
    traces: Option<&Traces>,
    notice: &Notice,
) -> Result<(), Failure> {
    let settings: ConnectionSettings = mainspring_settings::load(sources)?;
    let connect = || Server::connect(settings);
    // What can be refused without a server is refused before one is asked.
    match verb {
        WorkflowVerb::Execute(arguments) => {
            let request = start::Request::new(arguments.start, &placed(registry, sources)?).await?;
            Box::pin(start::execute(&connect().await?, &request, arguments.polled, traces, notice)).await
        }
        WorkflowVerb::Start(arguments) => {
            let request = start::Request::new(arguments, &placed(registry, sources)?).await?;
            Box::pin(start::start(&connect().await?, &request, traces, notice)).await
        }
        WorkflowVerb::Result(arguments) => Box::pin(result::run(&connect().await?, &arguments, notice)).await,
        WorkflowVerb::Signal(arguments) => {
            let inputs = input::read(None, arguments.input.clone()).await?;
            Box::pin(signal::run(&connect().await?, &arguments, &inputs, notice)).await
        }
        WorkflowVerb::Query(arguments) => {
            let inputs = input::read(None, arguments.input.clone()).await?;
            Box::pin(query::run(&connect().await?, &arguments, &inputs)).await
        }
        WorkflowVerb::Update(arguments) => {
            let inputs = input::read(None, arguments.input.clone()).await?;
            Box::pin(update::run(&connect().await?, &arguments, &inputs, notice)).await
        }
        WorkflowVerb::Describe(arguments) => Box::pin(describe::run(&connect().await?, &arguments)).await,
        WorkflowVerb::Cancel(arguments) => Box::pin(end::run(&connect().await?, How::Cancel, &arguments, notice)).await,
        WorkflowVerb::Terminate(arguments) => {
            Box::pin(end::run(&connect().await?, How::Terminate, &arguments, notice)).await
        }
        WorkflowVerb::List(arguments) => Box::pin(list::list(&connect().await?, &arguments)).await,
        WorkflowVerb::Count(arguments) => Box::pin(list::count(&connect().await?, &arguments)).await,
        WorkflowVerb::Reset(arguments) => Box::pin(reset::run(&connect().await?, &arguments, notice)).await,
    }
}

/// What is said when the command is interrupted: what goes on, and how to come back to it.
#[derive(Debug, Default)]
pub(crate) struct Notice(RefCell<Option<String>>);

impl Notice {
    /// From now on it is this.
    pub(crate) fn set(&self, text: String) {
        self.0.replace(Some(text));
    }

    pub(crate) fn text(&self) -> String {
        let text = self.0.borrow().clone();
        format!("interrupted. {}", text.as_deref().unwrap_or("Nothing was done"))
    }
}
