//! `generate`: files that are derived from the registry and from the arguments, so that they cannot drift from them.

use std::fmt::Write as _;
use std::path::Path;

use clap::CommandFactory;
use mainspring_worker::Registry;

use crate::arguments::{Arguments, GenerateVerb};
use crate::exit::Failure;
use crate::{print, say};

/// The first of the probes' ports; the dev server's own end below it.
const FIRST_PROBE: u16 = 9090;

pub(crate) fn run(verb: &GenerateVerb, registry: &Registry) -> Result<(), Failure> {
    match verb {
        GenerateVerb::Mprocs { command } => print(mprocs(registry, command).trim_end()),
        GenerateVerb::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Arguments::command(), "mainspring", &mut script);
            print(String::from_utf8_lossy(&script).trim_end())
        }
        GenerateVerb::Man { folder } => man(folder),
    }
}

/// The dev server, and one process a task queue, each with a port of its own for its probes.
fn mprocs(registry: &Registry, command: &str) -> String {
    let mut text = format!(
        "# Temporal's dev server, and a process for each task queue. Made by `mainspring generate mprocs`: change the registry\n\
         # and make it again. Run it with `mprocs --config bin/mprocs.yaml`; q quits and stops all.\n\
         procs:\n  temporal:\n    shell: \"exec {command} dev --no-workers\"\n    stop: SIGINT\n"
    );
    for (n, queue) in registry.queues().into_keys().enumerate() {
        let port = FIRST_PROBE + u16::try_from(n).unwrap_or_default();
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "  {queue}:\n    shell: \"exec {command} worker start --task-queue {queue}\"\n    env:\n      \
             MAINSPRING_HTTP_ADDR: \"127.0.0.1:{port}\"\n    stop: SIGTERM\n    autorestart: true\n"
        );
    }
    text
}

/// One page a verb, as packagers want them.
fn man(folder: &Path) -> Result<(), Failure> {
    let written = std::fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(Arguments::command(), folder));
    written.map_err(|error| Failure::Usage(format!("{} cannot be written: {error}", folder.display())))?;
    say(&format!("the pages are in {}", folder.display()));
    Ok(())
}
