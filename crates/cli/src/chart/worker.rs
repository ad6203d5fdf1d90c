//! One worker of the values, over the release's defaults.

use std::time::Duration;

use mainspring_settings::{Report, Sources};
use mainspring_worker::{Product, Registry, Sum, WorkerSettings};
use serde_json::Value;

use super::check::Findings;
use super::{all_binaries, binary};
use crate::config::of_a_worker;
use crate::workflow::check::offer;

/// What the chart makes of values, by the setting that it becomes.
const MADE: [(&str, &str); 5] = [
    ("GRACEFUL_SHUTDOWN_TIMEOUT_SECONDS", "/grace"),
    ("MAX_CONCURRENT_WORKFLOW_TASKS", "/slots/workflowTasks"),
    ("MAX_CONCURRENT_ACTIVITIES", "/slots/activities"),
    ("TARGET_MEMORY_USAGE", "/slots/targetMemory"),
    ("TARGET_CPU_USAGE", "/slots/targetCpu"),
];
/// The chart's own default of `grace`, in seconds.
const GRACE: u64 = 300;

pub(super) struct Worker<'a> {
    at: String,
    given: &'a Value,
    values: &'a Value,
}

/// A setting that somebody gave: its place in the file, and its value where that is no secret.
struct Given {
    path: String,
    name: String,
    value: Option<String>,
}

impl<'a> Worker<'a> {
    pub(super) fn new(name: &str, given: &'a Value, values: &'a Value) -> Self {
        Self { at: format!("workers.{name}"), given, values }
    }

    /// Its products, when its queues are known.
    pub(super) fn check(&self, registry: &Registry, findings: &mut Findings) -> Option<Vec<Product>> {
        let given = self.settings();
        let pairs = given.iter().filter_map(|given| Some((given.name.as_str(), given.value.as_deref()?)));
        // What is in a secret is there, and nobody here knows it.
        let hidden = given.iter().filter(|given| given.value.is_none()).map(|given| (given.name.as_str(), "***"));
        let sources = Sources::from_pairs(pairs.chain(hidden));
        let moves = mainspring_settings::load::<WorkerSettings>(&sources).map(|settings| settings.queues);
        let moved = moves.ok().filter(|moves| !moves.is_empty()).and_then(|moves| registry.clone().moved(&moves).ok());
        let homes = registry;
        let registry = moved.as_ref().unwrap_or(homes);

        let products = self.check_queues(registry, homes, findings)?;
        let report = of_a_worker(&sources, &products);
        self.check_names(&given, &report, registry, findings);
        for fault in report.faults() {
            match given.iter().rev().find(|given| given.name == fault.name) {
                Some(Given { value: None, .. }) => {}
                Some(Given { path, .. }) => findings.add(path.clone(), fault.message.clone()),
                None => findings.add(format!("{}.env.{}", self.at, fault.name), fault.message.clone()),
            }
        }
        self.check_sum(findings);
        Some(products)
    }

    /// A value of its own, else of the defaults, with its place.
    fn value(&self, pointer: &str) -> Option<(String, &'a Value)> {
        let path = pointer.replace('/', ".");
        let own = self.given.pointer(pointer).map(|value| (format!("{}{path}", self.at), value));
        let default = || Some((format!("defaults{path}"), self.values["defaults"].pointer(pointer)?));
        own.or_else(default).filter(|(_, value)| !value.is_null())
    }

    /// Every setting that it is given, the strongest last.
    fn settings(&self) -> Vec<Given> {
        let made = MADE.iter().filter_map(|(name, pointer)| {
            let (path, value) = self.value(pointer)?;
            Some(Given { path, name: (*name).to_owned(), value: Some(text(value)) })
        });
        let groups = [
            ("config".to_owned(), &self.values["config"], true),
            ("secrets".to_owned(), &self.values["secrets"], false),
            ("defaults.env".to_owned(), &self.values["defaults"]["env"], true),
            ("defaults.secretEnv".to_owned(), &self.values["defaults"]["secretEnv"], false),
            (format!("{}.env", self.at), &self.given["env"], true),
            (format!("{}.secretEnv", self.at), &self.given["secretEnv"], false),
        ];
        let of = |(at, group, plain): (String, &Value, bool)| -> Vec<Given> {
            let fields = group.as_object().into_iter().flatten();
            fields
                .map(|(name, value)| Given {
                    path: format!("{at}.{name}"),
                    name: name.clone(),
                    value: plain.then(|| text(value)),
                })
                .collect()
        };
        made.chain(groups.into_iter().flat_map(of)).collect()
    }

    fn check_queues(&self, registry: &Registry, homes: &Registry, findings: &mut Findings) -> Option<Vec<Product>> {
        let known = registry.queues();
        let queues: Vec<&str> =
            self.given["taskQueues"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let at = format!("{}.taskQueues", self.at);
        if queues.is_empty() {
            findings
                .add(at, format!("is missing: name the task queues that its binary polls, of {}", list(known.keys())));
            return None;
        }
        let strange: Vec<&&str> = queues.iter().filter(|queue| !known.contains_key(**queue)).collect();
        let names: Vec<&str> = known.keys().copied().collect();
        for queue in &strange {
            findings.add(at.clone(), format!("names {queue}, which no product has: {}", offer(queue, &names)));
        }
        if !strange.is_empty() {
            return None;
        }
        let products: Vec<Product> =
            queues.iter().flat_map(|queue| &known[queue]).map(|product| (*product).clone()).collect();
        self.check_binary(&queues, &products, homes, findings);
        Some(products)
    }

    /// The binary has to be that of one of its queues; the others may be its, too.
    fn check_binary(&self, queues: &[&str], products: &[Product], homes: &Registry, findings: &mut Findings) {
        let Some((path, given)) = self.value("/binary").and_then(|(path, value)| Some((path, value.as_str()?))) else {
            return;
        };
        // A product that was moved is still in the binary of its own queue.
        let known = homes.queues();
        let right: Vec<String> = products
            .iter()
            .filter_map(|product| Some((product.home_queue(), known.get(product.home_queue())?)))
            .map(|(queue, products)| binary(queue, products))
            .collect();
        if given.is_empty() || right.iter().any(|right| right == given) {
            return;
        }
        let all = all_binaries(homes);
        let message = match all.iter().find(|(name, _)| name == given) {
            Some((_, queue)) => format!(
                "is {given}, the worker binary of task queue {queue}, and taskQueues names {}: write {}, or taskQueues: [{queue}]",
                queues.join(", "),
                right.first().map_or("another", String::as_str),
            ),
            None => format!(
                "is {given}, and no task queue has a worker binary of that name: {} Name an image of your own by image.repository",
                match offer(given, &all.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>()) {
                    question if question.ends_with('?') => question,
                    names => format!("{names}."),
                }
            ),
        };
        findings.add(path, message);
    }

    fn check_names(&self, given: &[Given], report: &Report, registry: &Registry, findings: &mut Findings) {
        let queues = list(self.given["taskQueues"].as_array().into_iter().flatten().filter_map(Value::as_str));
        // What is shared may be meant for another worker.
        for Given { path, name, .. } in given.iter().filter(|given| given.path.starts_with(&self.at)) {
            if !report.knows(name) {
                let hint = hint(name, report, registry);
                findings.add(path.clone(), format!("is not a setting that the worker of {queues} knows: {hint}"));
            }
        }
        for variable in self.value("/extraEnv").into_iter().flat_map(|(_, list)| list.as_array().into_iter().flatten())
        {
            let name = variable["name"].as_str().unwrap_or_default();
            if report.knows(name) {
                let message = format!("has {name}, a setting of the worker: put it under env or secretEnv");
                findings.add(format!("{}.extraEnv", self.at), message);
            }
        }
    }

    /// The chart has the sum of its own, and it is this one.
    fn check_sum(&self, findings: &mut Findings) {
        let seconds = |pointer| self.value(pointer).and_then(|(path, value)| Some((path, value.as_u64()?)));
        let grace = seconds("/grace").map_or(GRACE, |(_, grace)| grace);
        let pod = Sum::of(Duration::from_secs(grace)).pod().as_secs();
        if let Some((path, given)) = seconds("/terminationGracePeriodSeconds").filter(|(_, given)| *given < pod) {
            let message = format!(
                "is {given}, and a worker whose grace is {grace} s needs {pod}: leave it out, or write that or more"
            );
            findings.add(path, message);
        }
    }
}

/// Where a name that the worker does not know belongs.
pub(super) fn hint(name: &str, report: &Report, registry: &Registry) -> String {
    let bare = Sources::default();
    let reads = |product: &&Product| product.report_settings(Report::new(&bare), &bare).knows(name);
    if let Some(product) = registry.products().iter().find(reads) {
        return format!("product {} has it, on task queue {}", product.name(), product.queue());
    }
    match report.nearest(name) {
        Some(near) => format!("did you mean {near}?"),
        None => "if it is another program's, put it under extraEnv".to_owned(),
    }
}

/// As the chart writes it into the pod.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn list<T: AsRef<str>>(names: impl IntoIterator<Item = T>) -> String {
    names.into_iter().map(|name| name.as_ref().to_owned()).collect::<Vec<_>>().join(", ")
}
