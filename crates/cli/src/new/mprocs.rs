//! The process manager's file: it is derived from the registry, so it is made again with one queue more.

use std::path::Path;

use mainspring_worker::Registry;

use super::plan::Plan;
use crate::exit::Failure;
use crate::generate;

const FILE: &str = "bin/mprocs.yaml";

/// Plans the file; or says what is left to a person, who has made it their own.
pub(super) fn plan(
    plan: &mut Plan,
    registry: &Registry,
    queue: &str,
    command: &str,
) -> Result<Option<String>, Failure> {
    let file = Path::new(FILE);
    if !plan.has(file) {
        plan.add(FILE, generate::mprocs_with(registry, Some(queue), command))?;
        return Ok(None);
    }
    let there = plan.read(file)?;
    let command = command_in(&there).unwrap_or(command).to_owned();
    if there.trim_end() != generate::mprocs_with(registry, None, &command).trim_end() {
        return Ok(Some(format!(
            "note: {FILE} is another than `generate mprocs` makes, and was left as it is: add a process for task queue {queue} to it"
        )));
    }
    let made = generate::mprocs_with(registry, Some(queue), &command);
    if made.trim_end() != there.trim_end() {
        plan.edit(file, made);
    }
    Ok(None)
}

/// How the file runs the command.
fn command_in(text: &str) -> Option<&str> {
    let (_, from) = text.split_once("shell: \"exec ")?;
    from.split_once(" dev --no-workers\"").map(|(command, _)| command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_is_the_files_own() {
        let text = "procs:\n  temporal:\n    shell: \"exec cargo run --bin manage -- dev --no-workers\"\n";
        assert_eq!(command_in(text), Some("cargo run --bin manage --"));
        assert_eq!(command_in("procs: {}\n"), None);
    }
}
