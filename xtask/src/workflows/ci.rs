//! `ci.yml`: each job is one verb that there is, and `all-green` is green when every one of them is.

use clap::Parser as _;

use super::*;
use crate::{Arguments, Verb, lint};

/// The verbs that a job's scripts run: what follows `cargo xtask`, up to a pipe.
fn verbs(job: &Value) -> Vec<Vec<String>> {
    let scripts = steps(job).filter_map(|step| step.get("run")?.as_str());
    scripts
        .flat_map(str::lines)
        .filter_map(|line| line.split("cargo xtask ").nth(1))
        .map(|line| line.split('|').next().unwrap_or_default().split_whitespace())
        .map(|words| words.map(|word| word.trim_matches('"').to_owned()).collect())
        .collect()
}

/// Whether xtask has that verb, and takes those arguments.
fn refused(verb: &[String]) -> Option<String> {
    let arguments = ["cargo xtask"].into_iter().chain(verb.iter().map(String::as_str));
    match Arguments::try_parse_from(arguments) {
        Err(error) => Some(error.to_string()),
        Ok(Arguments { verb: Some(Verb::Lint { steps, .. }) }) => {
            lint::known(&steps).err().map(|failure| failure.to_string())
        }
        Ok(_) => None,
    }
}

#[test]
fn each_job_is_one_verb_that_xtask_has() {
    let workflow = parsed(CI);
    for (name, job) in jobs(&workflow).iter().filter(|(name, _)| *name != "all-green") {
        let verbs = verbs(job);
        assert_eq!(verbs.len(), 1, "{name}: {verbs:?}");
        assert_eq!(refused(&verbs[0]), None, "{name}");
    }
    let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
    assert!(refused(&words("paint")).is_some_and(|why| why.contains("unrecognized subcommand 'paint'")));
    assert!(refused(&words("test --fully")).is_some());
    assert!(refused(&words("lint fmt dogs")).is_some_and(|why| why.starts_with("`dogs` is not a step of lint")));
}

#[test]
fn what_a_contributor_runs_is_what_ci_runs() {
    let workflow = parsed(CI);
    let run: Vec<Vec<String>> = jobs(&workflow).values().flat_map(verbs).collect();
    for step in ["fmt", "tidy", "clippy", "workflows", "doc"] {
        let runs = |verb: &Vec<String>| verb[0] == "lint" && verb.iter().any(|word| word == step);
        assert!(run.iter().any(runs), "no job runs `lint {step}`");
    }
    for line in ["deny", "msrv", "test", "test --full", "image --check", "changed"] {
        assert!(run.iter().any(|verb| verb.join(" ").starts_with(line)), "no job runs `{line}`");
    }
}

#[test]
fn all_green_needs_every_other_job() {
    let workflow = parsed(CI);
    let others: Vec<&str> = jobs(&workflow).keys().map(String::as_str).filter(|name| *name != "all-green").collect();
    let mut needs = texts(&workflow["jobs"]["all-green"]["needs"]);
    needs.sort_unstable();
    let mut sorted = others.clone();
    sorted.sort_unstable();
    assert_eq!(needs, sorted);
    // Without it the job is skipped when another failed, and a skipped one counts as passed.
    assert_eq!(workflow["jobs"]["all-green"]["if"], "always()");
}

#[test]
fn all_green_is_red_unless_every_job_succeeded() {
    let workflow = parsed(CI);
    let script = script(&workflow, "all-green", "Every job succeeded");
    let green = |results: &str| bash(&script).env("RESULTS", results).output().unwrap().status.success();
    assert!(green("success success"));
    for red in ["success failure", "cancelled success", "success skipped success"] {
        assert!(!green(red), "{red}");
    }
}

#[test]
fn jobs_build_with_the_rust_that_images_are_built_with() {
    let ours = parsed(PREPARE)["inputs"]["rust"]["default"].as_str().unwrap().to_owned();
    let told = text("Dockerfile");
    assert!(told.contains(&format!("FROM rust:{ours}-")), "not {ours}");
}
