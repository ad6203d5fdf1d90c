//! compose.yaml as Docker Compose itself reads it: every queue has its worker, and every worker what it starts with.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use mainspring::Registry;
use mainspring::settings::Sources;
use mainspring_servers::tools::{Progress, Tool, Toolbox};
use mainspring_testing::{TestError, program};
use serde_json::{Map, Value, json};

type Outcome = Result<(), TestError>;

const OURS: &str = include_str!("../../../compose.yaml");
const DOCKERFILE: &str = include_str!("../../../Dockerfile");
/// Settings of the AWS SDK's own, which no product reads.
const OF_AWS: [&str; 4] = ["AWS_ENDPOINT_URL", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];

/// The file as Docker Compose understands it, or what it says against it.
fn read(text: &str) -> Result<Result<Value, String>, TestError> {
    let compose = Toolbox::from_env()?.provide(&Tool::compose_spec(), &Progress::stderr())?.path;
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("compose.yaml"), text)?;
    let mut command = Command::new(compose);
    let done = command.args(["-format", "json", "compose.yaml"]).current_dir(folder.path()).env_clear().output()?;
    if done.status.success() {
        return Ok(Ok(serde_json::from_slice(&done.stdout)?));
    }
    Ok(Err(String::from_utf8_lossy(&done.stderr).into_owned()))
}

/// A service's environment.
fn env(service: &Value) -> BTreeMap<&str, &str> {
    let pairs = service["environment"].as_object().into_iter().flatten();
    pairs.filter_map(|(name, value)| Some((name.as_str(), value.as_str()?))).collect()
}

/// The services that are built here, by name.
fn built(compose: &Value) -> impl Iterator<Item = (&String, &Value)> {
    services(compose).into_iter().flatten().filter(|(_, service)| service["build"].is_object())
}

fn services(compose: &Value) -> Option<&Map<String, Value>> {
    compose["services"].as_object()
}

/// What is wrong with the file, beside what Docker Compose itself refuses.
fn faults(compose: &Value, known: &BTreeSet<String>) -> Result<Vec<String>, TestError> {
    let registry = Registry::new(mainspring_command::products())?;
    let mut faults = Vec::new();
    let mut served = BTreeSet::new();
    for (name, service) in services(compose).into_iter().flatten() {
        let needs = service["depends_on"].as_object().into_iter().flatten();
        for (other, _) in needs.filter(|(other, _)| compose["services"][other.as_str()].is_null()) {
            faults.push(format!("{name} depends on {other}, which is no service"));
        }
    }
    for (name, service) in built(compose) {
        let env = env(service);
        for unknown in env.keys().filter(|setting| !known.contains(**setting) && !OF_AWS.contains(setting)) {
            faults.push(format!("{name} sets {unknown}, which nobody reads"));
        }
        let target = service["build"]["target"].as_str().unwrap_or_default();
        if !DOCKERFILE.contains(&format!(" AS {target}\n")) {
            faults.push(format!("{name} is built as {target}, which is no target of the Dockerfile"));
        }
        for (what, expected) in [
            ("read_only", json!(true)),
            ("cap_drop", json!(["ALL"])),
            ("security_opt", json!(["no-new-privileges:true"])),
        ] {
            if service[what] != expected {
                faults.push(format!("{name} is not contained: {what} is to be {expected}"));
            }
        }
        let Some(queue) = env.get("TEMPORAL_TASK_QUEUE") else { continue };
        served.insert((*queue).to_owned());
        let products = registry.products().iter().filter(|product| product.queue() == *queue);
        let stem = queue.trim_end_matches("-task-queue");
        // After its queue, or after the first product on it.
        let workers = [stem].into_iter().chain(products.map(|product| product.name()).take(1));
        if name != target || !workers.map(|worker| format!("{worker}-worker")).any(|worker| worker == *name) {
            faults.push(format!("{name} serves {queue} as {target}; both are to be {stem}-worker"));
        }
        let sources = Sources::from_pairs(env.iter().map(|(name, value)| (*name, *value)));
        for product in registry.products().iter().filter(|product| product.queue() == *queue) {
            if let Err(error) = product.check_settings(&sources) {
                faults.push(format!("{name} does not start: {error}"));
            }
        }
        let grace: u64 = env.get("GRACEFUL_SHUTDOWN_TIMEOUT_SECONDS").map_or(Ok(300), |grace| grace.parse())?;
        let stop = service["stop_grace_period"].as_str().and_then(|text| text.strip_suffix('s')?.parse().ok());
        if stop.map(Duration::from_secs) < Some(Duration::from_secs(grace + 5)) {
            faults.push(format!(
                "{name} is killed before its grace of {grace} s is over; stop_grace_period is to be {} s",
                grace + 5
            ));
        }
    }
    let queues: BTreeSet<String> = registry.queues().into_keys().map(str::to_owned).collect();
    faults.extend(queues.difference(&served).map(|queue| format!("no service works on task queue {queue}")));
    faults.extend(served.difference(&queues).map(|queue| format!("no product is on task queue {queue}")));
    Ok(faults)
}

/// Every name that `config` lists.
fn known() -> Result<BTreeSet<String>, TestError> {
    let shown = program(env!("CARGO_BIN_EXE_mainspring")).args(["config", "show", "-o", "json"]).output()?;
    let report: Value = serde_json::from_slice(&shown.stdout)?;
    let settings = report["settings"].as_array().ok_or("no settings")?;
    let names = settings.iter().flat_map(|setting| {
        let aliases = setting["aliases"].as_array().into_iter().flatten();
        std::iter::once(&setting["name"]).chain(aliases).filter_map(Value::as_str).map(str::to_owned)
    });
    Ok(names.collect())
}

#[test]
fn every_queue_has_a_worker_with_what_it_starts_with() -> Outcome {
    let compose = read(OURS)??;
    assert_eq!(faults(&compose, &known()?)?, Vec::<String>::new());
    // What is mounted is there.
    let mounted: Vec<&str> = services(&compose)
        .into_iter()
        .flat_map(Map::values)
        .flat_map(|service| service["volumes"].as_array().into_iter().flatten())
        .filter(|volume| volume["type"] == "bind")
        .filter_map(|volume| volume["source"].as_str()?.split("/products/").nth(1))
        .collect();
    assert_eq!(mounted, ["analytics/schema/postgres.sql"]);
    assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../products").join(mounted[0]).is_file());
    Ok(())
}

#[test]
fn each_planted_fault_is_found() -> Outcome {
    let known = known()?;
    for (part, by, expected) in [
        (
            "MAINSPRING_APPLY_SCHEDULES",
            "MAINSPRING_APPLY_SCHEDULE",
            "analytics-worker sets MAINSPRING_APPLY_SCHEDULE, which nobody reads",
        ),
        (
            "TEMPORAL_TASK_QUEUE: onboarding",
            "TEMPORAL_TASK_QUEUE: onboardin",
            "no service works on task queue onboarding",
        ),
        ("TEMPORAL_TASK_QUEUE: onboarding", "TEMPORAL_TASK_QUEUE: onboardin", "no product is on task queue onboardin"),
        (
            "target: onboarding-worker",
            "target: analytics-worker",
            "onboarding-worker serves onboarding as analytics-worker",
        ),
        ("target: onboarding-worker", "target: onboard", "is built as onboard, which is no target of the Dockerfile"),
        (
            "      ONBOARDING_EMAIL_URL",
            "      X_ONBOARDING_EMAIL_URL",
            "onboarding-worker does not start: ONBOARDING_EMAIL_URL",
        ),
        (
            "stop_grace_period: 35s",
            "stop_grace_period: 30s",
            "is killed before its grace of 30 s is over; stop_grace_period is to be 35 s",
        ),
        ("read_only: true", "read_only: false", "onboarding-worker is not contained: read_only is to be true"),
        ("      kafka: { condition", "      kafak: { condition", "log-entries depends on kafak, which is no service"),
    ] {
        assert!(OURS.contains(part), "compose.yaml has no {part}");
        let found = faults(&read(&OURS.replacen(part, by, 1))??, &known)?;
        assert!(found.iter().any(|fault| fault.contains(expected)), "{by}: {found:#?}");
    }
    for (part, by, expected) in [
        ("restart: unless-stopped", "restarts: unless-stopped", "restarts"),
        ("condition: service_healthy", "condition: healthy", "depends_on"),
    ] {
        let said = read(&OURS.replacen(part, by, 1))?.err().ok_or("Docker Compose takes it")?;
        assert!(said.contains(expected), "{said}");
    }
    Ok(())
}
