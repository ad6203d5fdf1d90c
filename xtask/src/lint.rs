//! `lint`: every check that needs no server. All steps run; every failure is repeated at the end, with the one line
//! that runs its step again.

use std::process::Command;
use std::time::{Duration, Instant};

use mainspring_servers::process::forget_variables;

use crate::{
    deny,
    failure::Failure,
    repository::{Repository, line, succeeds},
    tidy,
};

struct Step {
    name: &'static str,
    run: fn(&Repository) -> Result<bool, Failure>,
    /// Only with `--full`, or by name.
    full: bool,
}

const STEPS: [Step; 6] = [
    Step { name: "fmt", run: fmt, full: false },
    Step { name: "tidy", run: tidy::run, full: false },
    Step { name: "clippy", run: clippy, full: false },
    Step { name: "workflows", run: workflows, full: false },
    Step { name: "doc", run: doc, full: false },
    // Its first run builds cargo-deny, and it only says something new when the lockfile changes.
    Step { name: "deny", run: deny::run, full: true },
];

struct Outcome {
    name: &'static str,
    took: Duration,
    fault: Option<String>,
}

/// Runs the steps, or those that are named.
pub(crate) fn run(repository: &Repository, only: &[String], full: bool) -> Result<bool, Failure> {
    known(only)?;
    let chosen = STEPS
        .iter()
        .filter(|step| if only.is_empty() { full || !step.full } else { only.iter().any(|name| name == step.name) });
    let mut outcomes = Vec::new();
    for step in chosen {
        println!("── {}", step.name);
        let start = Instant::now();
        // A step that cannot even start is a failure like another: the steps after it still run.
        let fault = match (step.run)(repository) {
            Ok(true) => None,
            Ok(false) => Some("its findings are above".to_owned()),
            Err(failure) => Some(failure.to_string()),
        };
        outcomes.push(Outcome { name: step.name, took: start.elapsed(), fault });
    }
    print!("{}", report(&outcomes));
    Ok(outcomes.iter().all(|outcome| outcome.fault.is_none()))
}

/// Refuses a step that there is not.
pub(crate) fn known(names: &[String]) -> Result<(), Failure> {
    match names.iter().find(|name| !STEPS.iter().any(|step| step.name == **name)) {
        Some(given) => {
            let known = STEPS.map(|step| step.name).join(", ");
            Err(Failure::UnknownStep { given: given.clone(), known })
        }
        None => Ok(()),
    }
}

fn report(outcomes: &[Outcome]) -> String {
    let mut report = "── lint\n".to_owned();
    for Outcome { name, took, fault } in outcomes {
        let verdict = fault.as_ref().map_or_else(|| "ok".to_owned(), |fault| format!("FAILED: {fault}"));
        report += &format!("{name:<9} {:>6.1} s  {verdict}\n", took.as_secs_f64());
    }
    for outcome in outcomes.iter().filter(|outcome| outcome.fault.is_some()) {
        report += &format!("again: cargo xtask lint {}\n", outcome.name);
    }
    report
}

fn fmt(repository: &Repository) -> Result<bool, Failure> {
    let well = succeeds(&mut repository.cargo(["fmt", "--all", "--check"]))?;
    if !well {
        println!("`cargo fmt --all` puts it right.");
    }
    Ok(well)
}

fn clippy(repository: &Repository) -> Result<bool, Failure> {
    // With all features, for the slow tests live behind one.
    let arguments =
        ["clippy", "--workspace", "--all-targets", "--all-features", "--keep-going", "--", "-D", "warnings"];
    show_and_run(repository, &arguments, None)
}

/// The management command has the list: users' workspaces lint by it too. It is built as the tests build it: for
/// `--package` alone, dependencies have other features, and the whole SDK would be compiled a second time.
fn workflows(repository: &Repository) -> Result<bool, Failure> {
    if !show_and_run(repository, &["build", "--quiet", "--workspace", "--bin", "mainspring"], None)? {
        return Ok(false);
    }
    let mut lint = Command::new(repository.target()?.join("debug/mainspring"));
    forget_variables(&mut lint, &["CARGO_PKG_", "CARGO_MANIFEST_"]);
    println!("mainspring lint");
    succeeds(lint.arg("lint").current_dir(repository.root()))
}

fn doc(repository: &Repository) -> Result<bool, Failure> {
    show_and_run(repository, &["doc", "--workspace", "--no-deps"], Some(("RUSTDOCFLAGS", "-D warnings")))
}

fn show_and_run(repository: &Repository, arguments: &[&str], env: Option<(&str, &str)>) -> Result<bool, Failure> {
    let mut command = repository.cargo(arguments);
    let set = env.map_or_else(String::new, |(name, value)| format!("{name}='{value}' "));
    println!("{set}{}", line(&command));
    command.envs(env);
    succeeds(&mut command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_is_repeated_with_the_line_that_runs_its_step_again() {
        let outcome = |name, fault: Option<&str>| Outcome {
            name,
            took: Duration::from_millis(1250),
            fault: fault.map(str::to_owned),
        };
        let outcomes =
            [outcome("fmt", Some("its findings are above")), outcome("tidy", None), outcome("doc", Some("no cargo"))];
        assert_eq!(
            report(&outcomes),
            "── lint\n\
             fmt          1.2 s  FAILED: its findings are above\n\
             tidy         1.2 s  ok\n\
             doc          1.2 s  FAILED: no cargo\n\
             again: cargo xtask lint fmt\n\
             again: cargo xtask lint doc\n"
        );
    }

    #[test]
    fn an_unknown_step_is_refused_with_the_known_ones() {
        let repository = Repository::find().unwrap();
        let message = run(&repository, &["fmt".to_owned(), "format".to_owned()], false).unwrap_err().to_string();
        assert_eq!(message, "`format` is not a step of lint; the steps are fmt, tidy, clippy, workflows, doc, deny");
    }
}
