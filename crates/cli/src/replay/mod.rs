//! `replay …`: histories against code.

mod capture;
mod check;
mod gate;
mod progress;

use mainspring_settings::Sources;
use mainspring_settings::connection::ConnectionSettings;
use mainspring_worker::{Registry, WorkerSettings};

use crate::arguments::replay::ReplayVerb;
use crate::exit::Failure;

pub(crate) fn run(verb: &ReplayVerb, registry: &Registry, sources: &Sources) -> Result<(), Failure> {
    let connection: ConnectionSettings = mainspring_settings::load(sources)?;
    let worker: WorkerSettings = mainspring_settings::load(sources)?;
    let moved = registry.moved(&worker.queues).map_err(|error| Failure::Config(error.to_string()))?;
    match verb {
        ReplayVerb::Check(arguments) => check::run(arguments, &moved, &connection),
        ReplayVerb::Gate(arguments) => crate::block_on(gate::run(arguments, connection)),
        ReplayVerb::Capture(arguments) => crate::block_on(capture::run(arguments, &moved, connection)),
    }
}
