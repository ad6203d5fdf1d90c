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
    let connection = || mainspring_settings::load::<ConnectionSettings>(sources);
    let worker: WorkerSettings = mainspring_settings::load(sources)?;
    let moved = registry.moved(&worker.queues).map_err(|error| Failure::Config(error.to_string()))?;
    match verb {
        ReplayVerb::Check(arguments) => {
            // It asks no server, so settings for one need not be there, nor right.
            let namespace = connection().map_or_else(|_| "default".to_owned(), |connection| connection.namespace);
            check::run(arguments, &moved, &namespace)
        }
        ReplayVerb::Gate(arguments) => crate::block_on(gate::run(arguments, connection()?)),
        ReplayVerb::Capture(arguments) => crate::block_on(capture::run(arguments, &moved, connection()?)),
    }
}
