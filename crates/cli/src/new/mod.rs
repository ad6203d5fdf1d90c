//! `new product`: a whole product beside those that there are, which builds, passes its tests and runs at once.

mod containers;
mod lists;
mod manifest;
mod mprocs;
mod name;
mod plan;
mod rustfmt;
mod sources;
mod template;
mod workspace;

use std::path::Path;

use mainspring_worker::Registry;
use serde_json::json;

use self::manifest::Manifests;
use self::name::Named;
use self::plan::Plan;
use self::workspace::Workspace;
use crate::arguments::Output;
use crate::arguments::new::{NewProductArguments, NewVerb};
use crate::exit::Failure;
use crate::{print, say};

/// The images of this workspace's workers, and where they run together.
const DOCKERFILE: &str = "Dockerfile";
const COMPOSE: &str = "compose.yaml";
/// Beside the chart, if it is here: an example for each task queue.
const EXAMPLES: &str = "charts/temporal-worker/examples";

pub(crate) fn run(verb: &NewVerb, registry: &Registry) -> Result<(), Failure> {
    let NewVerb::Product(arguments) = verb;
    let named = Named::new(&arguments.name, arguments.queue.as_deref())?;
    named.is_free_in(registry)?;
    let workspace = Workspace::of_this_command()?;
    let (plan, notes) = planned(&named, &workspace, registry)?;
    if !arguments.dry_run {
        plan.write()?;
    }
    show(arguments, &named, &plan, &workspace.next_commands(&named))?;
    notes.iter().for_each(|note| say(note));
    Ok(())
}

/// What is written, and sentences about what is left to a person.
fn planned(named: &Named, workspace: &Workspace, registry: &Registry) -> Result<(Plan, Vec<String>), Failure> {
    let neighbours = registry.queues().remove(named.queue.as_str()).unwrap_or_default();
    workspace.has_no(named, neighbours.is_empty())?;
    let mut plan = Plan::of(workspace.root());
    let mut manifests = Manifests::read(workspace, &plan)?;
    for file in template::files().filter(|file| neighbours.is_empty() || !file.is_of_worker()) {
        let (mut path, mut text) = file.of(named);
        if file.is_of_chart() && plan.has(Path::new(EXAMPLES)) {
            path = format!("{EXAMPLES}/{}.yaml", named.queue);
        }
        if path.ends_with("Cargo.toml") {
            text = manifests.adapted(&path, &text, named)?;
        } else if path.ends_with(".rs") {
            text = rustfmt::formatted(&workspace.root(), text);
        }
        plan.add(&path, text)?;
    }
    let list = workspace.registry_list(registry.products().len(), &plan)?;
    let workers = if neighbours.is_empty() { Vec::new() } else { workspace.workers_of(&neighbours, &plan)? };
    manifests.join(&mut plan, &workspace.manifest(), named, neighbours.is_empty())?;
    let mut notes = Vec::new();
    if !neighbours.is_empty() && workers.is_empty() {
        notes.push(format!(
            "note: no binary here lists the other products of task queue {}: add {}::product() to the workers that poll it",
            named.queue, named.library
        ));
    }
    let worker_lists = workers.iter().map(|worker| (worker.manifest.as_path(), &worker.list));
    for (manifest, list) in worker_lists.chain([(workspace.manifest().as_path(), &list)]) {
        manifest::depend(&mut plan, manifest, named, &list.crates)?;
        plan.edit(&list.file, rustfmt::formatted(&workspace.root(), list.with(&named.library)));
    }
    if neighbours.is_empty() {
        notes.extend(contain(&mut plan, named, &workspace.binaries())?);
    }
    let command = workspace.run_command("--quiet");
    notes.extend(mprocs::plan(&mut plan, registry, &named.queue, &command)?);
    Ok((plan, notes))
}

/// The image and the service of a new worker, where there are others'; a sentence about each file that was left as it is.
fn contain(plan: &mut Plan, named: &Named, binaries: &[String]) -> Result<Vec<String>, Failure> {
    let mut notes = Vec::new();
    for path in [DOCKERFILE, COMPOSE] {
        let file = Path::new(path);
        if !plan.has(file) {
            continue;
        }
        let there = plan.read(file)?;
        let with = match path {
            DOCKERFILE => containers::with_target(&there, binaries, &named.worker()),
            _ => containers::with_service(&there, binaries, &named.worker(), &named.queue),
        };
        match with {
            Some(text) => plan.edit(file, text),
            None => {
                let worker = named.worker();
                notes.push(format!("note: {path} has nothing of another worker, so {worker} is not in it"));
            }
        }
    }
    Ok(notes)
}

fn show(arguments: &NewProductArguments, named: &Named, plan: &Plan, next: &[String; 3]) -> Result<(), Failure> {
    let (new, changed) = (plan.new_files(), plan.changed_files());
    if arguments.output == Output::Json {
        return print(
            &json!({
                "product": named.name,
                "task_queue": named.queue,
                "dry_run": arguments.dry_run,
                "new": new,
                "changed": changed,
                "next": next,
            })
            .to_string(),
        );
    }
    let (wrote, edited) = if arguments.dry_run { ("would write", "would change") } else { ("wrote", "changed") };
    let lines = new.iter().map(|path| format!("{wrote} {path}"));
    let lines: Vec<String> = lines.chain(changed.iter().map(|path| format!("{edited} {path}"))).collect();
    print(&lines.join("\n"))?;
    if !arguments.dry_run {
        say(&format!(
            "\nnext:\n    {}\nand, while that runs, in another terminal:\n    {}",
            next[..2].join("\n    "),
            next[2]
        ));
    }
    Ok(())
}
