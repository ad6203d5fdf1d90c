//! `activity replay`: one attempt of a failed activity, run here as a worker would run it. `fetch` reads what it was given,
//! `fence` keeps it from the network, `attempt` runs it and tells how it ended. `finish` ends an activity from outside.

mod attempt;
mod fence;
mod fetch;
mod finish;

use std::io::{Read, Write};
use std::process::{Command, Stdio};

use mainspring_settings::Sources;
use mainspring_settings::connection::ConnectionSettings;
use mainspring_worker::Registry;
use prost::Message;
use temporalio_common::protos::temporal::api::workflowservice::v1::PollActivityTaskQueueResponse as Task;

use crate::arguments::Output;
use crate::arguments::activity::{ActivityVerb, ReplayArguments};
use crate::exit::Failure;
use crate::workflow::server::Server;
use crate::{block_on, say};

pub(crate) fn run(verb: &ActivityVerb, registry: &Registry, sources: Sources) -> Result<(), Failure> {
    match verb {
        ActivityVerb::Replay(arguments) => replay(arguments, registry, sources),
        ActivityVerb::Complete(arguments) => block_on(finish::complete(arguments, &sources)),
        ActivityVerb::Fail(arguments) => block_on(finish::fail(arguments, &sources)),
        ActivityVerb::Heartbeat(arguments) => block_on(finish::heartbeat(arguments, &sources)),
        ActivityVerb::Fenced { output } => {
            // Before anything else: a process of several threads cannot be moved.
            fence::enter()?;
            let mut bytes = Vec::new();
            let read = std::io::stdin().read_to_end(&mut bytes).map_err(|error| unreadable(&error));
            let task = read.and_then(|_| Task::decode(&bytes[..]).map_err(|error| unreadable(&error)))?;
            block_on(attempt::run(task, registry, sources, *output))
        }
    }
}

fn unreadable(error: &dyn std::fmt::Display) -> Failure {
    Failure::Usage(format!("stdin holds no activity task ({error}): this verb is for `activity replay` itself"))
}

fn replay(arguments: &ReplayArguments, registry: &Registry, sources: Sources) -> Result<(), Failure> {
    let settings: ConnectionSettings = mainspring_settings::load(&sources)?;
    let task = block_on(async { fetch::task(&Server::connect(settings).await?, arguments).await })?;
    // What can be refused is refused before a process is started.
    attempt::product_of(&task, registry)?;
    let name = task.activity_type.as_ref().map_or("", |kind| &kind.name);
    let fenced = if arguments.allow_effects { "with its effects" } else { "without a network" };
    say(&format!("activity {name} of workflow {}, attempt {}, {fenced}", arguments.workflow_id, task.attempt));
    if arguments.allow_effects {
        return block_on(attempt::run(task, registry, sources, arguments.output));
    }
    let code = in_a_process(&task, arguments.output).map_err(|error| {
        Failure::Other(format!("the process that is to run the activity without a network could not be run: {error}"))
    })?;
    match code {
        Some(0) => Ok(()),
        // It has said why.
        code => Err(Failure::Said(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(crate::exit::OTHER))),
    }
}

/// This same command again, fenced, with the task on its stdin. Gives its exit code.
fn in_a_process(task: &Task, output: Output) -> std::io::Result<Option<i32>> {
    let mut child = Command::new(std::env::current_exe()?);
    child.args(["activity", "fenced"]);
    if output == Output::Json {
        child.args(["-o", "json"]);
    }
    let mut child = child.stdin(Stdio::piped()).spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // A child that the fence has refused reads nothing, and its exit code says so.
        let _ = stdin.write_all(&task.encode_to_vec());
    }
    Ok(child.wait()?.code())
}
