//! `config check --chart-values`: a queue that no product has, a binary of another queue, a setting that the worker does not
//! know, one whose value does not parse, one that it needs and nobody gives.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use mainspring_settings::Sources;
use mainspring_worker::{Product, Registry};
use serde::Serialize;
use serde_json::{Value, json};

use super::worker::{self, Worker};
use crate::arguments::Output;
use crate::config::of_a_worker;
use crate::exit::Failure;
use crate::print;

/// Something that is wrong in a file.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    file: String,
    /// Where in the file, such as `workers.orders.env.ORDERS_URL`; empty for the whole of it.
    path: String,
    /// What is wrong and what would be right; reads on from the path.
    message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let between = if self.path.is_empty() { "" } else { " " };
        write!(f, "{}: {}{between}{}", self.file, self.path, self.message)
    }
}

/// What was found in one file.
#[derive(Debug)]
pub(super) struct Findings {
    file: String,
    pub(super) found: Vec<Finding>,
}

impl Findings {
    /// Once, also where several workers share what is wrong.
    pub(super) fn add(&mut self, path: impl Into<String>, message: impl Into<String>) {
        let finding = Finding { file: self.file.clone(), path: path.into(), message: message.into() };
        if !self.found.contains(&finding) {
            self.found.push(finding);
        }
    }
}

pub(crate) fn check(files: &[PathBuf], output: Output, registry: &Registry) -> Result<(), Failure> {
    let mut found = Vec::new();
    for file in files {
        found.extend(check_file(file, registry)?);
    }
    match output {
        Output::Json => print(&json!({ "findings": found }).to_string())?,
        Output::Text if found.is_empty() => print("the values fit the products")?,
        Output::Text => {}
    }
    if found.is_empty() {
        return Ok(());
    }
    Err(Failure::Config(found.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")))
}

fn check_file(file: &Path, registry: &Registry) -> Result<Vec<Finding>, Failure> {
    let shown = file.display().to_string();
    let text = fs::read_to_string(file).map_err(|error| Failure::Usage(format!("{shown} cannot be read: {error}")))?;
    Ok(check_text(shown, &text, registry))
}

fn check_text(file: String, text: &str, registry: &Registry) -> Vec<Finding> {
    let mut findings = Findings { file, found: Vec::new() };
    match serde_saphyr::from_str::<Value>(text) {
        Ok(values) => check_values(&values, registry, &mut findings),
        Err(error) => findings.add("", format!("this is no YAML: {error}")),
    }
    findings.found
}

fn check_values(values: &Value, registry: &Registry, findings: &mut Findings) {
    let Some(workers) = values["workers"].as_object().filter(|workers| !workers.is_empty()) else {
        findings.add("workers", "names no worker: there is nothing to check");
        return;
    };
    let mut products: Vec<Product> = Vec::new();
    let mut complete = true;
    // An overlay's null takes a worker away.
    for (name, given) in workers.iter().filter(|(_, given)| !given.is_null()) {
        match Worker::new(name, given, values).check(registry, findings) {
            Some(of) => products.extend(of),
            None => complete = false,
        }
    }
    // Which products there are has to be known first: one fault is enough.
    if complete {
        check_shared(values, &products, registry, findings);
    }
}

/// What workers share is known to one of them at least.
fn check_shared(values: &Value, products: &[Product], registry: &Registry, findings: &mut Findings) {
    let report = of_a_worker(&Sources::default(), products);
    for (at, group) in [
        ("config", &values["config"]),
        ("secrets", &values["secrets"]),
        ("defaults.env", &values["defaults"]["env"]),
        ("defaults.secretEnv", &values["defaults"]["secretEnv"]),
    ] {
        for name in group.as_object().into_iter().flat_map(|group| group.keys()).filter(|name| !report.knows(name)) {
            let hint = worker::hint(name, &report, registry);
            findings
                .add(format!("{at}.{name}"), format!("is not a setting that a worker of this release knows: {hint}"));
        }
    }
    if values["connection"]["keyring"]["secret"].as_str().is_some_and(|secret| !secret.is_empty())
        && !report.knows("TEMPORAL_SECRET_KEY")
    {
        let message = "is set, and workers of this version read no TEMPORAL_SECRET_KEY: their payloads would stay as they are. Leave it out";
        findings.add("connection.keyring.secret", message);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::tests::registry;

    fn said(text: &str) -> Vec<String> {
        check_text("values.yaml".to_owned(), text, &registry()).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn values_that_fit_pass() {
        let none = Vec::<String>::new();
        assert_eq!(said("workers: {orders: {binary: orders-worker, taskQueues: [orders-task-queue]}}"), none);
        assert_eq!(
            said("workers: {a: {binary: warehouse-worker, taskQueues: [warehouse], env: {STOCK_LIMIT: 7}}}"),
            none
        );
        assert_eq!(
            said(
                "workers: {a: {binary: warehouse-worker, taskQueues: [warehouse], secretEnv: {STOCK_LIMIT: {secret: s, key: k}}}}"
            ),
            none
        );
        assert_eq!(
            said(
                "workers: {a: {image: {repository: ours}, taskQueues: [orders-task-queue], grace: 10, env: {TEMPORAL_GRPC_META_TEAM: a}}}"
            ),
            none
        );
        let moved = "workers: {a: {binary: orders-worker, taskQueues: [blue], env: {MAINSPRING_QUEUES: orders=blue}}}";
        assert_eq!(said(moved), none);
        let without = "workers: {gone: null, orders: {binary: orders-worker, taskQueues: [orders-task-queue]}}";
        assert_eq!(said(without), none, "an overlay takes a worker away");
    }

    #[test]
    fn a_queue_or_binary_that_is_not_there_is_named_with_the_nearest() {
        assert_eq!(
            said("workers: {orders: {binary: orders-worker, taskQueues: [order-task-queue]}}"),
            [
                "values.yaml: workers.orders.taskQueues names order-task-queue, which no product has: did you mean orders-task-queue?"
            ]
        );
        assert_eq!(
            said("workers: {orders: {binary: orders-worker, taskQueues: [zzz]}}"),
            [
                "values.yaml: workers.orders.taskQueues names zzz, which no product has: there is orders-task-queue, warehouse"
            ]
        );
        assert_eq!(
            said("workers: {orders: {binary: ordres-worker, taskQueues: [orders-task-queue]}}"),
            [
                "values.yaml: workers.orders.binary is ordres-worker, and no task queue has a worker binary of that name: did you mean \
              orders-worker? Name an image of your own by image.repository"
            ]
        );
        assert_eq!(
            said("workers: {orders: {binary: warehouse-worker, taskQueues: [orders-task-queue]}}"),
            [
                "values.yaml: workers.orders.binary is warehouse-worker, the worker binary of task queue warehouse, and taskQueues names \
              orders-task-queue: write orders-worker, or taskQueues: [warehouse]"
            ]
        );
    }

    #[test]
    fn a_setting_that_the_worker_does_not_know_is_named_with_where_it_belongs() {
        let orders = |more: &str| {
            said(&format!("workers: {{orders: {{binary: orders-worker, taskQueues: [orders-task-queue], {more}}}}}"))
        };
        assert_eq!(
            orders("env: {MAINSPRING_CRASH_BUDGETS: 3}"),
            [
                "values.yaml: workers.orders.env.MAINSPRING_CRASH_BUDGETS is not a setting that the worker of orders-task-queue knows: did you mean \
              MAINSPRING_CRASH_BUDGET?"
            ]
        );
        assert_eq!(
            orders("env: {STOCK_LIMIT: 3}"),
            [
                "values.yaml: workers.orders.env.STOCK_LIMIT is not a setting that the worker of orders-task-queue knows: product stock has it, on task \
              queue warehouse"
            ]
        );
        assert_eq!(
            orders("secretEnv: {AWS_REGION: {secret: a, key: b}}"),
            [
                "values.yaml: workers.orders.secretEnv.AWS_REGION is not a setting that the worker of orders-task-queue knows: if it is another program's, \
              put it under extraEnv"
            ]
        );
        assert_eq!(
            orders("extraEnv: [{name: MAINSPRING_CRASH_BUDGET, value: '1'}]"),
            [
                "values.yaml: workers.orders.extraEnv has MAINSPRING_CRASH_BUDGET, a setting of the worker: put it under env or secretEnv"
            ]
        );
        let shared = "config: {TEMPORAL_LOG_LVEL: info}\ndefaults: {env: {STOCK_LIMIT: 7}}\nworkers: {orders: {binary: orders-worker, taskQueues: [orders-task-queue]}}";
        assert_eq!(
            said(shared),
            [
                "values.yaml: config.TEMPORAL_LOG_LVEL is not a setting that a worker of this release knows: did you mean TEMPORAL_LOG_LEVEL?",
                "values.yaml: defaults.env.STOCK_LIMIT is not a setting that a worker of this release knows: product stock has it, on task queue warehouse",
            ]
        );
        let keyring = "connection: {keyring: {secret: keys}}\nworkers: {orders: {binary: orders-worker, taskQueues: [orders-task-queue]}}";
        assert_eq!(
            said(keyring),
            [
                "values.yaml: connection.keyring.secret is set, and workers of this version read no TEMPORAL_SECRET_KEY: their payloads would stay as \
              they are. Leave it out"
            ]
        );
    }

    #[test]
    fn a_value_that_does_not_parse_or_is_missing_is_named_with_its_place() {
        assert_eq!(
            said("workers: {stock: {binary: warehouse-worker, taskQueues: [warehouse]}}"),
            [
                "values.yaml: workers.stock.env.STOCK_LIMIT is missing, and has no default: How much may be ordered at once"
            ]
        );
        let orders = |more: &str| {
            said(&format!("{more}\nworkers: {{orders: {{binary: orders-worker, taskQueues: [orders-task-queue]}}}}"))
        };
        assert_eq!(
            orders("config: {MAINSPRING_CRASH_BUDGET: many}"),
            ["values.yaml: config.MAINSPRING_CRASH_BUDGET is \"many\", which is not a number from 0 to 1000"]
        );
        assert_eq!(
            orders("defaults: {slots: {activities: 200000}}"),
            ["values.yaml: defaults.slots.activities is \"200000\", which is not a number from 1 to 100000"]
        );
        assert_eq!(
            orders("defaults: {grace: 60, terminationGracePeriodSeconds: 60}"),
            [
                "values.yaml: defaults.terminationGracePeriodSeconds is 60, and a worker whose grace is 60 s needs 65: leave it out, or write that or more"
            ]
        );
        assert_eq!(said("workers: {}"), ["values.yaml: workers names no worker: there is nothing to check"]);
        assert!(said("workers: {a: [}")[0].starts_with("values.yaml: this is no YAML: "));
    }
}
