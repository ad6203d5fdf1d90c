//! `generate chart-values`: the values of one task queue's worker, with every setting that it needs and has no default for.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use mainspring_settings::{Report, Sources};
use mainspring_worker::{Product, Registry};
use serde_json::Value;

use super::binary;
use crate::binary::WORKER;
use crate::config::of_a_worker;
use crate::exit::Failure;
use crate::workflow::check::offer;

/// The least that activities are given to be where they were, in seconds.
const RESUME: u64 = 60;
/// The most that the chart takes, and an autoscaler waits.
const LONGEST: u64 = 3600;

pub(crate) fn values(registry: &Registry, queue: &str, env: &[String]) -> Result<String, Failure> {
    let queues = registry.queues();
    let Some(products) = queues.get(queue) else {
        let near = offer(queue, &queues.keys().copied().collect::<Vec<_>>());
        return Err(Failure::Usage(format!("no product has the task queue {queue}: {near}")));
    };
    let given = settings(env)?;
    let report = of_a_worker(&Sources::default(), products.iter().copied());
    for name in given.keys() {
        if !report.knows(name) {
            let near = report.nearest(name).map_or(String::new(), |near| format!(": did you mean {near}?"));
            return Err(Failure::Usage(format!("--env {name}: the worker of {queue} knows no such setting{near}")));
        }
        if is_secret(name, products) {
            return Err(Failure::Usage(format!(
                "--env {name}: it is a secret, which belongs neither on a command line nor in values; they refer to a secret of Kubernetes"
            )));
        }
    }
    Ok(text(queue, products, &report, &given, env))
}

fn settings(env: &[String]) -> Result<BTreeMap<String, String>, Failure> {
    let pair = |text: &String| {
        let (name, value) = text.split_once('=')?;
        Some((name.to_owned(), value.to_owned()))
    };
    let pairs: Option<BTreeMap<_, _>> = env.iter().map(pair).collect();
    pairs.ok_or_else(|| Failure::Usage("--env takes NAME=VALUE".to_owned()))
}

fn text(
    queue: &str,
    products: &[&Product],
    report: &Report,
    given: &BTreeMap<String, String>,
    env: &[String],
) -> String {
    let binary = binary(queue, products);
    let name = worker_name(binary.strip_suffix(WORKER).unwrap_or(&binary));
    let given_too: String = env.iter().map(|env| format!(" \\\n#     --env {env}")).collect();
    let resume =
        products.iter().flat_map(|product| product.activity_entries()).filter_map(|entry| entry.timeouts()?.heartbeat);
    let resume = longest_resume(resume.max());
    let mut text = format!(
        "# The worker of the task queue {queue}. Made by\n#   mainspring generate chart-values --task-queue {queue}{given_too}\n# Deploy it with the release that the dispatch names: --set image.tag=RELEASE\n\
         connection: {{address: \"temporal-frontend.temporal:7233\"}}\nworkers:\n  {name}:\n    binary: {binary}\n    taskQueues: [{}]\n    \
         autoscaling:\n      # Twice the longest heartbeat timeout of its activities, between a minute and an hour.\n      longestResumeSeconds: {resume}\n",
        Value::from(queue)
    );
    let missing = report.faults().iter().filter(|fault| !given.contains_key(&fault.name));
    let (secret, plain): (Vec<&str>, Vec<&str>) =
        missing.map(|fault| fault.name.as_str()).partition(|name| is_secret(name, products));
    let doc = |name: &str| {
        let entry = report.settings().iter().find(|entry| entry.name == name);
        entry.map_or(String::new(), |entry| format!("      # {}\n", entry.doc))
    };
    // Writing to a String cannot fail.
    if !plain.is_empty() || !given.is_empty() {
        text.push_str("    env:\n");
        for (name, value) in given {
            let _ = writeln!(text, "{}      {name}: {}", doc(name), Value::from(value.as_str()));
        }
        for name in plain {
            let _ = writeln!(text, "{}      {name}: \"\" # to be filled in", doc(name));
        }
    }
    if !secret.is_empty() {
        text.push_str("    secretEnv:\n");
        for setting in secret {
            let key = setting.to_lowercase().replace('_', "-");
            let _ = writeln!(text, "{}      {setting}: {{secret: {name}, key: {key}}}", doc(setting));
        }
    }
    text
}

/// Seconds for `autoscaling.longestResumeSeconds`, by the longest heartbeat timeout.
fn longest_resume(heartbeat: Option<Duration>) -> u64 {
    heartbeat.map_or(RESUME, |longest| longest.as_secs().saturating_mul(2).clamp(RESUME, LONGEST))
}

/// Whether a value of that name would be masked.
fn is_secret(name: &str, products: &[&Product]) -> bool {
    let sources = Sources::from_pairs([(name, "value")]);
    let report = of_a_worker(&sources, products.iter().copied());
    report.settings().iter().any(|entry| entry.name == name && entry.value.as_deref() == Some("***"))
}

/// As the chart takes a worker's name: lower-case letters, digits and hyphens between them.
fn worker_name(stem: &str) -> String {
    let letters =
        stem.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' });
    letters.collect::<String>().trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::tests::registry;

    #[test]
    fn values_name_every_setting_that_has_no_default() {
        let made = values(&registry(), "warehouse", &[]).unwrap();
        assert_eq!(
            made,
            "# The worker of the task queue warehouse. Made by\n#   mainspring generate chart-values --task-queue warehouse\n# Deploy it with the release that the dispatch names: --set image.tag=RELEASE\n\
             connection: {address: \"temporal-frontend.temporal:7233\"}\nworkers:\n  warehouse:\n    binary: warehouse-worker\n    taskQueues: [\"warehouse\"]\n    \
             autoscaling:\n      # Twice the longest heartbeat timeout of its activities, between a minute and an hour.\n      longestResumeSeconds: 60\n    env:\n      \
             # How much may be ordered at once\n      STOCK_LIMIT: \"\" # to be filled in\n"
        );
        let made = values(&registry(), "warehouse", &["STOCK_LIMIT=7".to_owned()]).unwrap();
        assert!(
            made.contains("\n#     --env STOCK_LIMIT=7\n") && made.ends_with("      STOCK_LIMIT: \"7\"\n"),
            "{made}"
        );
    }

    #[test]
    fn an_autoscaler_waits_for_two_heartbeats_between_a_minute_and_an_hour() {
        for (heartbeat, resume) in [(5, 60), (90, 180), (1800, 3600), (86_400, 3600)] {
            assert_eq!(longest_resume(Some(Duration::from_secs(heartbeat))), resume);
        }
        assert_eq!(longest_resume(None), 60);
    }

    #[test]
    fn what_nobody_knows_is_refused_with_the_nearest() {
        let said = |queue: &str, env: &str| {
            let env: Vec<String> = env.split_whitespace().map(str::to_owned).collect();
            values(&registry(), queue, &env).unwrap_err().to_string()
        };
        assert_eq!(said("warehose", ""), "no product has the task queue warehose: did you mean warehouse?");
        assert_eq!(
            said("warehouse", "STOCK_LIMITS=7"),
            "--env STOCK_LIMITS: the worker of warehouse knows no such setting: did you mean STOCK_LIMIT?"
        );
        assert_eq!(said("warehouse", "STOCK_LIMIT"), "--env takes NAME=VALUE");
        assert_eq!(
            said("warehouse", "TEMPORAL_API_KEY=hunter2"),
            "--env TEMPORAL_API_KEY: it is a secret, which belongs neither on a command line nor in values; they refer to a secret of Kubernetes"
        );
    }
}
