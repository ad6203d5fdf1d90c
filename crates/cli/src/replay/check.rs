//! `replay check`: saved histories on the code as it is now.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Instant;

use mainspring_replay::{Code, History, ReplayError, Replayed, Verdict, on_every_core};
use mainspring_worker::{Product, Registry};
use serde_json::{Value, json};
use temporalio_common::data_converters::DataConverter;

use super::progress::Progress;
use crate::arguments::Output;
use crate::arguments::replay::CheckArguments;
use crate::exit::Failure;
use crate::{print, say};

/// One file, and the products whose code it may be of.
struct Task {
    file: PathBuf,
    product: Option<String>,
}

/// What is known of a file in the end.
struct Checked {
    file: PathBuf,
    product: Option<String>,
    outcome: Result<Replayed, ReplayError>,
}

impl Checked {
    fn is_good(&self) -> bool {
        self.outcome.as_ref().is_ok_and(|replayed| replayed.verdict.is_good())
    }
}

/// A product or a workflow that nothing was replayed of.
struct Gap {
    product: String,
    workflow: Option<String>,
    why: String,
}

pub(crate) fn run(arguments: &CheckArguments, registry: &Registry, namespace: &str) -> Result<(), Failure> {
    let registry = crate::worker::chosen(&arguments.corpus.product, &[], registry)?;
    let mut gaps = Vec::new();
    let tasks = if arguments.paths.is_empty() {
        corpus(arguments, &registry, &mut gaps)?
    } else {
        let files = arguments.paths.iter().map(|path| files(path)).collect::<Result<Vec<_>, _>>()?;
        files.into_iter().flatten().map(|file| Task { file, product: None }).collect()
    };
    if tasks.is_empty() && gaps.is_empty() {
        return Err(Failure::Broken("there is no history to replay, so nothing was checked".to_owned()));
    }
    // Payloads are saved decoded, so there is no codec here, and no key in CI.
    let converter = DataConverter::default;
    let codes: Vec<(&Product, Code)> = registry
        .products()
        .iter()
        .map(|product| (product, registry.code_of(product, namespace, converter())))
        .collect();
    let from = Instant::now();
    let threads = arguments.threads.or_else(|| std::thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN);
    let progress = Progress::of(tasks.len());
    let checked = on_every_core(tasks, threads, |task| replay(task, &codes), |_| progress.step());
    progress.end();
    if arguments.paths.is_empty() {
        gaps.extend(workflows_without(&registry, &checked, &gaps));
    }
    show(&checked, &gaps, arguments.output)?;
    let good = checked.iter().filter(|checked| checked.is_good()).count();
    say(&format!(
        "{good} of {} replayed well, {} threads, {:.2} s",
        plural(checked.len(), "history", "histories"),
        threads.get().min(checked.len().max(1)),
        from.elapsed().as_secs_f64()
    ));
    verdict(checked.len() - good, &gaps)
}

/// Every *.json of every chosen product.
fn corpus(arguments: &CheckArguments, registry: &Registry, gaps: &mut Vec<Gap>) -> Result<Vec<Task>, Failure> {
    let mut tasks = Vec::new();
    for product in registry.products().iter().filter(|product| product.workflow_names().next().is_some()) {
        let folder = arguments.corpus.folder(product.name());
        let found = if folder.is_dir() { files(&folder)? } else { Vec::new() };
        if found.is_empty() {
            let why = format!(
                "product {} has no history in {}: save some with `mainspring replay capture --product {}`",
                product.name(),
                folder.display(),
                product.name()
            );
            gaps.push(Gap { product: product.name().to_owned(), workflow: None, why });
        }
        tasks.extend(found.into_iter().map(|file| Task { file, product: Some(product.name().to_owned()) }));
    }
    Ok(tasks)
}

/// A file itself, or the *.json of a folder by name.
fn files(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let refused = |error: std::io::Error| Failure::Usage(format!("{} cannot be read: {error}", path.display()));
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path).map_err(refused)? {
        let file = entry.map_err(refused)?.path();
        if file.extension().is_some_and(|extension| extension == "json") {
            found.push(file);
        }
    }
    found.sort();
    Ok(found)
}

fn replay(task: Task, codes: &[(&Product, Code)]) -> Checked {
    let Task { file, product } = task;
    let mut of = product.clone();
    let outcome = History::from_file(&file).and_then(|history| {
        let knows = |code: &Code| code.types().any(|known| known == history.workflow_type());
        let named = codes.iter().find(|(candidate, _)| product.as_deref() == Some(candidate.name()));
        // Two products on different queues may have a workflow of one name.
        let by_queue =
            || codes.iter().find(|(product, code)| product.home_queue() == history.task_queue() && knows(code));
        let by_type = || codes.iter().find(|(_, code)| knows(code));
        let Some((product, code)) = named.or_else(by_queue).or_else(by_type) else {
            let known = codes.iter().flat_map(|(_, code)| code.types().map(str::to_owned)).collect();
            return Ok(Replayed::unknown(&history, known));
        };
        if knows(code) {
            of = Some(product.name().to_owned());
        }
        code.replay(&history)
    });
    Checked { file, product: of, outcome }
}

/// Workflows that no history stands for; of a product without any history that has been said.
fn workflows_without(registry: &Registry, checked: &[Checked], gaps: &[Gap]) -> Vec<Gap> {
    let silent: BTreeSet<&str> = gaps.iter().map(|gap| gap.product.as_str()).collect();
    let seen = |product: &str, workflow: &str| {
        checked.iter().any(|checked| {
            let of = checked.product.as_deref() == Some(product);
            of && checked.outcome.as_ref().is_ok_and(|replayed| replayed.workflow_type == workflow)
        })
    };
    let entries = registry.workflows().filter(|entry| !silent.contains(entry.product().name()));
    entries
        .filter(|entry| !seen(entry.product().name(), entry.name()))
        .map(|entry| Gap {
            product: entry.product().name().to_owned(),
            workflow: Some(entry.name().to_owned()),
            why: format!(
                "workflow {} of product {} has no history: save one with `mainspring replay capture --product {}`",
                entry.name(),
                entry.product().name(),
                entry.product().name()
            ),
        })
        .collect()
}

fn show(checked: &[Checked], gaps: &[Gap], output: Output) -> Result<(), Failure> {
    if output == Output::Json {
        let histories: Vec<Value> = checked.iter().map(json_of).collect();
        let missing: Vec<Value> = gaps
            .iter()
            .map(|gap| json!({ "product": gap.product, "workflow": gap.workflow, "message": gap.why }))
            .collect();
        let ok = gaps.is_empty() && checked.iter().all(Checked::is_good);
        return print(&json!({ "ok": ok, "histories": histories, "missing": missing }).to_string());
    }
    for checked in checked {
        let file = checked.file.display();
        match &checked.outcome {
            Ok(replayed) if replayed.verdict.is_good() => {
                print(&format!("ok      {file}: {}, {} events", replayed.workflow_type, replayed.events))?;
            }
            Ok(replayed) => print(&format!("PARTED  {file}: {}: {}", replayed.workflow_type, replayed.verdict))?,
            Err(error @ (ReplayError::In { .. } | ReplayError::File { .. })) => print(&format!("UNREAD  {error}"))?,
            Err(error) => print(&format!("UNKNOWN {file}: {error}"))?,
        }
    }
    gaps.iter().try_for_each(|gap| print(&format!("MISSING {}", gap.why)))
}

fn json_of(checked: &Checked) -> Value {
    let replayed = checked.outcome.as_ref().ok();
    let message = match &checked.outcome {
        Ok(replayed) if replayed.verdict.is_good() => None,
        Ok(replayed) => Some(replayed.verdict.to_string()),
        Err(error) => Some(error.to_string()),
    };
    let (event_id, event, command, sdk) = match replayed.map(|replayed| &replayed.verdict) {
        Some(Verdict::Parted(parting)) => {
            (parting.event_id, parting.event.as_deref(), parting.command.as_deref(), Some(&parting.sdk))
        }
        Some(Verdict::Failed { event_id, reason, .. }) => (Some(*event_id), None, None, Some(reason)),
        _ => (None, None, None, None),
    };
    json!({
        "file": checked.file,
        "product": checked.product,
        "workflow": replayed.map(|replayed| &replayed.workflow_type),
        "events": replayed.map(|replayed| replayed.events),
        "milliseconds": replayed.map(|replayed| u64::try_from(replayed.took.as_millis()).unwrap_or(u64::MAX)),
        "ok": checked.is_good(),
        "message": message,
        "event_id": event_id,
        "event": event,
        "command": command,
        "sdk": sdk,
    })
}

fn verdict(bad: usize, gaps: &[Gap]) -> Result<(), Failure> {
    let mut faults = Vec::new();
    if bad > 0 {
        faults.push(format!(
            "{} did not replay: guard the change with `ctx.patched(\"…\")`, or take it back",
            plural(bad, "history", "histories")
        ));
    }
    faults.extend(gaps.iter().map(|gap| gap.why.clone()));
    if faults.is_empty() { Ok(()) } else { Err(Failure::Broken(faults.join("; "))) }
}

fn plural(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
