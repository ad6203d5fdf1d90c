//! The management command over any registry: `mainspring_cli::main([products])` is the whole `main`.
//!
//! Data goes to stdout, talk to stderr. `-o json` is stable. Exit codes are those of [`ExitCode`](exit).

mod activity;
mod arguments;
mod binary;
mod chart;
mod config;
mod contracts;
mod dev;
pub mod exit;
mod generate;
mod lint;
#[cfg(feature = "logs")]
mod logs;
mod new;
mod patches;
mod products;
mod replay;
mod schedules;
mod search_attributes;
mod worker;
mod workflow;

use std::process::ExitCode;

use clap::Parser;
use mainspring_logs::{Destination, LogSettings};
use mainspring_settings::Sources;
use mainspring_worker::{Product, Registry};

use arguments::workflow::WorkflowVerb;
use arguments::{Arguments, Verb, WorkerVerb};
use exit::Failure;

/// Runs the command over these products.
pub fn main(products: impl IntoIterator<Item = Product>) -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // A closed pipe leaves nobody to tell.
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(exit::USAGE) } else { ExitCode::SUCCESS };
        }
    };
    match run(arguments, products) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever closed it knows: `head` has seen enough. Or it was said already.
        Err(failure @ (Failure::ClosedPipe | Failure::Said(_))) => ExitCode::from(failure.code()),
        Err(failure) => {
            say(&format!("error: {failure}"));
            ExitCode::from(failure.code())
        }
    }
}

fn run(arguments: Arguments, products: impl IntoIterator<Item = Product>) -> Result<(), Failure> {
    let registry = Registry::new(products).map_err(|error| Failure::Config(error.to_string()))?;
    let sources = arguments.connection.over(Sources::environment()).with_file()?;
    match arguments.verb {
        Verb::Generate { verb } => generate::run(&verb, &registry),
        Verb::New { verb } => new::run(&verb, &registry),
        Verb::Contracts { verb } => contracts::run(&verb, &registry),
        Verb::Lint(arguments) => lint::run(&arguments),
        Verb::Products { output } => products::run(&registry, output),
        Verb::Config { verb } => config::run(&verb, &sources, &registry),
        Verb::Worker { verb: WorkerVerb::Start(chosen) } | Verb::StartTemporalWorker(chosen) => {
            worker::start(&chosen, &registry, sources)
        }
        Verb::Dev(dev) => {
            let logs: LogSettings = mainspring_settings::load(&sources)?;
            let guard = mainspring_logs::install(&logs, Destination::Stderr);
            let _guard = guard.map_err(|error| Failure::Other(error.to_string()))?;
            block_on(dev::run(dev, registry, sources))
        }
        Verb::ExecuteTemporalWorkflow(start) => {
            block_on(workflow::run(WorkflowVerb::Execute(start), &registry, &sources))
        }
        Verb::StartTemporalWorkflow(start) => block_on(workflow::run(WorkflowVerb::Start(start), &registry, &sources)),
        Verb::Activity { verb } => activity::run(&verb, &registry, sources),
        #[cfg(feature = "logs")]
        Verb::Logs { verb } => logs::run(&verb, &sources),
        Verb::Patches(arguments) => block_on(patches::run(&arguments, &registry, &sources)),
        Verb::Replay { verb } => replay::run(&verb, &registry, &sources),
        Verb::Schedules { verb } => block_on(schedules::run(verb, &registry, &sources)),
        Verb::SearchAttributes { verb } => block_on(search_attributes::run(verb, &registry, &sources)),
        Verb::Workflow { verb } => block_on(workflow::run(verb, &registry, &sources)),
    }
}

fn block_on<T>(verb: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.map_err(|error| Failure::Other(error.to_string()))?;
    let outcome = runtime.block_on(verb);
    // A task that is stuck must not hold the command.
    runtime.shutdown_background();
    outcome
}

/// Data, on stdout. A closed pipe ends the command in silence, as `head` expects.
fn print(data: &str) -> Result<(), Failure> {
    use std::io::Write;
    match writeln!(std::io::stdout(), "{data}") {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Err(Failure::ClosedPipe),
        Err(error) => Err(Failure::Other(format!("stdout cannot be written: {error}"))),
        Ok(()) => Ok(()),
    }
}

/// Talk, on stderr.
fn say(talk: &str) {
    use std::io::Write;
    // Nobody listens, and nothing is lost.
    let _ = writeln!(std::io::stderr(), "{talk}");
}
