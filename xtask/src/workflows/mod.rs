//! Tests of `.github/workflows`: no run of them can be seen here, so what they say is held against what there is.

mod ci;
mod delivery;
mod rules;

use std::{path::PathBuf, process::Command};

use mainspring_servers::tools::{Progress, Tool, Toolbox};
use serde_json::{Map, Value};

use crate::repository::Repository;

const CI: &str = ".github/workflows/ci.yml";
const CD: &str = ".github/workflows/container-images-cd.yml";
/// The step of every job that builds.
const PREPARE: &str = ".github/actions/prepare/action.yml";

fn root() -> PathBuf {
    Repository::find().unwrap().root().to_owned()
}

fn text(path: &str) -> String {
    String::from_utf8(Repository::find().unwrap().read(path).unwrap()).unwrap()
}

fn parsed(path: &str) -> Value {
    serde_saphyr::from_str(&text(path)).unwrap()
}

fn jobs(workflow: &Value) -> &Map<String, Value> {
    workflow["jobs"].as_object().unwrap()
}

fn steps(job: &Value) -> impl Iterator<Item = &Map<String, Value>> {
    job["steps"].as_array().unwrap().iter().map(|step| step.as_object().unwrap())
}

/// The script of a job's step with this name or id.
fn script(workflow: &Value, job: &str, step: &str) -> String {
    let of_step =
        |found: &&Map<String, Value>| ["name", "id"].iter().any(|key| found.get(*key).is_some_and(|it| it == step));
    let step = steps(&workflow["jobs"][job]).find(of_step).unwrap();
    step["run"].as_str().unwrap().to_owned()
}

/// bash, as a runner calls it.
fn bash(script: &str) -> Command {
    let mut bash = Command::new("bash");
    bash.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script]);
    bash
}

fn texts(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
}

fn actionlint() -> PathBuf {
    Toolbox::from_env().unwrap().provide(&Tool::actionlint(), &Progress::stderr()).unwrap().path
}
