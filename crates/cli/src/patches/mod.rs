//! `patches`: the patches in workflow code against the open runs of the server.
//!
//! The rule, which docs/testing.md explains: `patched` may become `deprecate_patch` when every open run has its marker, or was
//! started when every worker had the patch; `deprecate_patch` may go when no open run recorded its marker by `patched`.

mod open;
mod source;

use std::collections::BTreeSet;

use mainspring_settings::Sources;
use mainspring_settings::connection::ConnectionSettings;
use mainspring_worker::{Product, Registry, WorkerSettings};
use serde_json::{Value, json};

use crate::arguments::Output;
use crate::arguments::patches::PatchesArguments;
use crate::exit::Failure;
use crate::workflow::server::Server;
use crate::{print, say};
use open::{Open, Recorded};
use source::{Patch, Stage};

/// What is known of a patch.
struct Row {
    product: String,
    id: String,
    /// None: it is gone from the code.
    stage: Option<Stage>,
    workflows: Vec<String>,
    files: Vec<String>,
    open: Open,
}

/// What may be done with it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum May {
    Stay,
    Deprecate,
    Go,
    ComeBack,
}

pub(crate) async fn run(arguments: &PatchesArguments, registry: &Registry, sources: &Sources) -> Result<(), Failure> {
    let worker: WorkerSettings = mainspring_settings::load(sources)?;
    let connection: ConnectionSettings = mainspring_settings::load(sources)?;
    let registry = registry.moved(&worker.queues).map_err(|error| Failure::Config(error.to_string()))?;
    let registry = crate::worker::chosen(&arguments.product, &[], &registry)?;
    let mut code = Vec::new();
    for product in registry.products().iter().filter(|product| product.workflow_names().next().is_some()) {
        let folder = arguments.folder(product.name());
        let found = source::below(&folder)?;
        found.unread.iter().for_each(|unread| say(&format!("warning: {unread}")));
        code.push((product, found));
    }
    let server = Server::connect(connection).await?;
    let mut rows = Vec::new();
    for (product, found) in &code {
        for (id, patch) in &found.patches {
            rows.push(row(&server, product, id, patch, arguments.since.as_deref()).await?);
        }
        let known: BTreeSet<&str> = found.patches.keys().map(String::as_str).collect();
        for (id, open) in open::of_no_code(&server, product, &known).await? {
            // A marker of `deprecate_patch` needs nothing in the code.
            if open.recorded == (Recorded::Known { by_patched: 0 }) {
                continue;
            }
            let (product, workflows) = (product.name().to_owned(), Vec::new());
            rows.push(Row { product, id, stage: None, workflows, files: Vec::new(), open });
        }
    }
    show(&rows, arguments.output)?;
    let lost: Vec<&str> = rows.iter().filter(|row| row.may() == May::ComeBack).map(|row| row.id.as_str()).collect();
    if lost.is_empty() {
        return Ok(());
    }
    Err(Failure::Broken(format!(
        "{} gone from the code, and open runs recorded them: put `deprecate_patch` back, or those runs cannot go on",
        lost.join(", ")
    )))
}

async fn row(server: &Server, product: &Product, id: &str, patch: &Patch, since: Option<&str>) -> Result<Row, Failure> {
    // For display alone: what may go is decided by the runs of all.
    let all = || product.workflow_names().map(str::to_owned).collect();
    let known: Vec<String> =
        patch.workflows.iter().filter(|name| product.workflow_names().any(|known| known == *name)).cloned().collect();
    let workflows: Vec<String> = if known.is_empty() { all() } else { known };
    let reads = patch.stage == Stage::Deprecated;
    let open = Open::of(server, product, id, since, reads).await?;
    let files = patch.files.iter().map(|file| file.display().to_string()).collect();
    Ok(Row { product: product.name().to_owned(), id: id.to_owned(), stage: Some(patch.stage), workflows, files, open })
}

impl Row {
    fn may(&self) -> May {
        match (self.stage, self.open.recorded) {
            (Some(Stage::Patched), _) if self.open.without == 0 => May::Deprecate,
            (Some(Stage::Deprecated), Recorded::Known { by_patched: 0 }) => May::Go,
            (Some(_), _) => May::Stay,
            (None, _) => May::ComeBack,
        }
    }

    fn why(&self) -> String {
        let Open { with, without, .. } = self.open;
        match (self.stage, self.open.recorded) {
            (Some(Stage::Patched), _) if without == 0 => {
                "may become deprecate_patch: no open run may need the old branch".to_owned()
            }
            (Some(Stage::Patched), _) => {
                format!("stays: {without} open without its marker may need the old branch")
            }
            (Some(Stage::Deprecated), Recorded::Known { by_patched: 0 }) => {
                "may go: no open run recorded it by patched".to_owned()
            }
            (Some(Stage::Deprecated), Recorded::Known { by_patched }) => {
                format!("stays: {by_patched} open recorded it by patched")
            }
            (Some(Stage::Deprecated), Recorded::TooMany) => {
                format!("stays: {with} open recorded it, too many to look at: give --since")
            }
            (None, Recorded::Known { by_patched }) => {
                format!("is gone from the code, and {by_patched} open recorded it by patched: put deprecate_patch back")
            }
            (None, Recorded::TooMany) => {
                format!("is gone from the code, and {with} open recorded it: put deprecate_patch back")
            }
        }
    }

    fn stage_word(&self) -> &'static str {
        match self.stage {
            Some(Stage::Patched) => "patched",
            Some(Stage::Deprecated) => "deprecate_patch",
            None => "gone",
        }
    }
}

fn show(rows: &[Row], output: Output) -> Result<(), Failure> {
    if output == Output::Json {
        let patches: Vec<Value> = rows
            .iter()
            .map(|row| {
                json!({
                    "product": row.product, "id": row.id, "code": row.stage_word(), "workflows": row.workflows,
                    "files": row.files, "open_with_marker": row.open.with, "open_without_marker": row.open.without,
                    "may": match row.may() {
                        May::Stay => "stay",
                        May::Deprecate => "deprecate",
                        May::Go => "go",
                        May::ComeBack => "come_back",
                    },
                    "message": row.why(),
                })
            })
            .collect();
        return print(&json!({ "patches": patches }).to_string());
    }
    if rows.is_empty() {
        say("no patch in the code, and none in an open run");
    }
    rows.iter().try_for_each(|row| print(&format!("{} {} {}: {}", row.product, row.stage_word(), row.id, row.why())))
}
