//! `generate`: files that are derived from the registry and from the arguments, so that they cannot drift from them.

use std::fmt::Write as _;
use std::path::Path;

use clap::CommandFactory;
use mainspring_settings::Sources;
use mainspring_worker::{Product, Registry};

use crate::arguments::{Arguments, GenerateVerb};
use crate::exit::Failure;
use crate::{chart, print, say};

/// The first of the probes' ports; the dev server's own end below it.
const FIRST_PROBE: u16 = 9090;

pub(crate) fn run(verb: &GenerateVerb, registry: &Registry) -> Result<(), Failure> {
    match verb {
        GenerateVerb::Mprocs { command } => print(mprocs_with(registry, None, command).trim_end()),
        GenerateVerb::ChartValues { task_queue, env } => print(chart::values(registry, task_queue, env)?.trim_end()),
        GenerateVerb::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Arguments::command(), "mainspring", &mut script);
            print(String::from_utf8_lossy(&script).trim_end())
        }
        GenerateVerb::Man { folder } => man(folder),
    }
}

/// The process manager's file; with one queue more, which lacks no setting, if one is to be.
pub(crate) fn mprocs_with(registry: &Registry, more: Option<&str>, command: &str) -> String {
    let mut queues = queues(registry);
    if let Some(more) = more.filter(|more| queues.iter().all(|(queue, _)| queue != more)) {
        queues.push((more, true));
        queues.sort_unstable();
    }
    mprocs(&queues, command)
}

/// Each queue, and whether its workers start without a setting of a product's own.
fn queues(registry: &Registry) -> Vec<(&str, bool)> {
    let bare = Sources::default();
    let complete = |product: &&Product| product.check_settings(&bare).is_ok();
    registry.queues().into_iter().map(|(queue, products)| (queue, products.iter().all(complete))).collect()
}

/// The dev server, and one process a task queue, each with a port of its own for its probes.
///
/// Each depends on the one before it. mprocs 0.9.6 opens terminals side by side, and two that are opened in the same moment
/// may stay open in each other's process: then it never sees the end of a process, and does not bring it back. It also brings
/// nothing back while what it depends on is down, so queues that lack a setting of theirs come last.
fn mprocs(queues: &[(&str, bool)], command: &str) -> String {
    let mut text = format!(
        "# Temporal's dev server, and a process for each task queue. Made by `mainspring generate mprocs`: change the registry\n\
         # and make it again. Run it with `mprocs --config bin/mprocs.yaml`; q quits and stops all.\n\
         procs:\n  temporal:\n    shell: \"exec {command} dev --no-workers\"\n    stop: SIGINT\n"
    );
    let (first, last): (Vec<_>, Vec<_>) = queues.iter().partition(|(_, complete)| *complete);
    let mut before = "temporal";
    for (n, (queue, _)) in first.into_iter().chain(last).enumerate() {
        let port = FIRST_PROBE + u16::try_from(n).unwrap_or_default();
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "  {queue}:\n    shell: \"exec {command} worker start --task-queue {queue}\"\n    env:\n      TEMPORAL_ADDRESS: \"127.0.0.1:7233\"\n      \
             MAINSPRING_HTTP_ADDR: \"127.0.0.1:{port}\"\n    stop: SIGTERM\n    autorestart: true\n    \
             deps: [\"{before}\"]\n"
        );
        before = queue;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_process_waits_for_the_one_before_and_what_lacks_a_setting_comes_last() {
        let text = mprocs(&[("billing", false), ("exports", true), ("imports", true)], "ours");
        let seen: Vec<&str> = text
            .lines()
            .map(str::trim)
            .filter(|line| {
                line.starts_with("deps")
                    || line.contains("task-queue ")
                    || line.contains("ADDR:")
                    || line.contains("TEMPORAL")
            })
            .collect();
        assert_eq!(
            seen,
            [
                r#"shell: "exec ours worker start --task-queue exports""#,
                r#"TEMPORAL_ADDRESS: "127.0.0.1:7233""#,
                r#"MAINSPRING_HTTP_ADDR: "127.0.0.1:9090""#,
                r#"deps: ["temporal"]"#,
                r#"shell: "exec ours worker start --task-queue imports""#,
                r#"TEMPORAL_ADDRESS: "127.0.0.1:7233""#,
                r#"MAINSPRING_HTTP_ADDR: "127.0.0.1:9091""#,
                r#"deps: ["exports"]"#,
                r#"shell: "exec ours worker start --task-queue billing""#,
                r#"TEMPORAL_ADDRESS: "127.0.0.1:7233""#,
                r#"MAINSPRING_HTTP_ADDR: "127.0.0.1:9092""#,
                r#"deps: ["imports"]"#,
            ]
        );
    }
}
