//! `replay capture`: recent histories from the server into the corpus, scrubbed, and replayed as they are saved.

use std::path::{Path, PathBuf};

use mainspring_client::{Connector, Link, PATIENCE_COMMAND};
use mainspring_replay::{Code, Fields, History, Place, ReplayError, Run, Scrub, Scrubbing, Verdict, server};
use mainspring_settings::connection::ConnectionSettings;
use mainspring_worker::{Product, Registry};
use serde_json::json;
use temporalio_common::data_converters::DataConverter;

use crate::arguments::Output;
use crate::arguments::replay::{CaptureArguments, ScrubLevel};
use crate::contracts::corpus::{self, Undecoded};
use crate::exit::Failure;
use crate::{print, say};

/// What became of one run.
enum Taken {
    Saved(PathBuf, Scrubbing),
    ThereAlready(PathBuf),
    Refused(String),
}

pub(crate) async fn run(
    arguments: &CaptureArguments,
    registry: &Registry,
    connection: ConnectionSettings,
) -> Result<(), Failure> {
    let registry = crate::worker::chosen(&arguments.corpus.product, &[], registry)?;
    let namespace = connection.namespace.clone();
    let connector = Connector::new(connection)?;
    let link = connector.connect(PATIENCE_COMMAND).await?;
    let (mut saved, mut refused) = (0, 0);
    for product in registry.products() {
        let folder = arguments.corpus.folder(product.name());
        let code = registry.code_of(product, &namespace, DataConverter::default());
        let converter = connector.data_converter();
        let capture = Capture { arguments, registry: &registry, product, link: &link, converter, code, folder };
        for workflow in product.workflow_names() {
            let runs = capture.runs(product, workflow).await?;
            if runs.is_empty() {
                say(&format!("no run of {workflow} on {} matches", product.queue()));
            }
            for run in runs {
                let taken = capture.take(workflow, &run).await?;
                saved += usize::from(matches!(taken, Taken::Saved(..)));
                refused += usize::from(matches!(taken, Taken::Refused(_)));
                show(workflow, &run, &taken, arguments.output)?;
            }
        }
    }
    say(&format!("{saved} saved, {refused} not"));
    if refused > 0 {
        return Err(Failure::Broken(format!("{refused} could not be saved: the reasons are above")));
    }
    Ok(())
}

struct Capture<'a> {
    arguments: &'a CaptureArguments,
    registry: &'a Registry,
    product: &'a Product,
    link: &'a Link,
    converter: &'a DataConverter,
    code: Code,
    folder: PathBuf,
}

impl Capture<'_> {
    async fn runs(&self, product: &Product, workflow: &str) -> Result<Vec<Run>, Failure> {
        let query = self.arguments.query.as_deref();
        let runs = server::newest(self.link.client(), workflow, product.queue(), query, self.arguments.newest).await;
        runs.map_err(|error| Failure::Unavailable(error.to_string()))
    }

    async fn take(&self, workflow: &str, run: &Run) -> Result<Taken, Failure> {
        let file = self.folder.join(file_name(workflow, run));
        if file.exists() && !self.arguments.again {
            return Ok(Taken::ThereAlready(file));
        }
        let history = match server::fetch(self.link.client(), run).await {
            Ok(history) => server::decoded(history, self.converter).await,
            Err(error @ ReplayError::Server { .. }) => return Err(Failure::Unavailable(error.to_string())),
            Err(error) => Err(error),
        };
        let history = match history {
            Ok(history) => history,
            Err(error) => return Ok(Taken::Refused(error.to_string())),
        };
        // What does not replay as it is would be blamed on the scrubbing.
        if let Some(why) = self.parts(&history) {
            return Ok(Taken::Refused(format!("it does not replay on this code, even as it is: {why}")));
        }
        if let Some(unread) = self.undecoded(&history) {
            return Ok(Taken::Refused(format!("this code does not decode, even as it is, the {unread}")));
        }
        let first = level(self.arguments.scrub);
        let (mut at, mut first_fault) = (first, None);
        loop {
            let schemas = |place: &Place| corpus::schemas(self.registry, self.product, place);
            let scrubbed = self.scrub(at).apply_knowing(&history, &schemas);
            let scrubbed = scrubbed.map_err(|error| Failure::Other(error.to_string()))?;
            let json = scrubbed.to_json().map_err(|error| Failure::Other(error.to_string()))?;
            // As it will be read.
            let saved = History::read(json.as_bytes()).map_err(|error| Failure::Other(error.to_string()))?;
            let Some(why) = self.differs(&saved) else {
                write(&self.folder, &file, &json)?;
                return Ok(Taken::Saved(file, at));
            };
            let fault = first_fault.get_or_insert(why);
            match at.less().filter(|_| self.arguments.or_less) {
                Some(less) => at = less,
                None => {
                    return Ok(Taken::Refused(format!(
                        "scrubbed, it {fault}. Name the fields that decide with --keep, or let it be \
                         scrubbed less with --or-less"
                    )));
                }
            }
        }
    }

    fn scrub(&self, level: Scrubbing) -> Scrub {
        let fields = Fields { keep: self.arguments.keep.clone(), mask: self.arguments.mask.clone() };
        Scrub::new(level, fields, mainspring_logs::is_secret, uuid::Uuid::new_v4().to_string())
    }

    /// What is lost by scrubbing, if something is. A workflow's own result is read by no replay, but by `contracts check`.
    fn differs(&self, saved: &History) -> Option<String> {
        let parts = self.parts(saved).map(|why| format!("takes another branch: {why}"));
        parts.or_else(|| Some(format!("cannot be decoded: {}", self.undecoded(saved)?)))
    }

    fn undecoded(&self, history: &History) -> Option<Undecoded> {
        corpus::undecoded(self.registry, self.product, history).next()
    }

    /// Why the code does something else, if it does. On a thread of its own, for a replay blocks.
    fn parts(&self, history: &History) -> Option<String> {
        let replayed = std::thread::scope(|scope| scope.spawn(|| self.code.replay(history)).join());
        match replayed {
            Ok(Ok(replayed)) => (replayed.verdict != Verdict::Same).then(|| replayed.verdict.to_string()),
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some("its replay panicked".to_owned()),
        }
    }
}

fn write(folder: &Path, file: &Path, json: &str) -> Result<(), Failure> {
    let refused = |error: std::io::Error| Failure::Other(format!("{} cannot be written: {error}", file.display()));
    std::fs::create_dir_all(folder).map_err(refused)?;
    std::fs::write(file, json).map_err(refused)
}

/// Without the workflow's id, which may name a person.
fn file_name(workflow: &str, run: &Run) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let workflow: String = workflow.chars().map(|c| if fits(c) { c } else { '_' }).collect();
    // The end of a run id: its beginning is a time.
    let end = run.run_id.get(run.run_id.len().saturating_sub(8)..).unwrap_or(&run.run_id);
    format!("{workflow}-{end}.json")
}

fn show(workflow: &str, run: &Run, taken: &Taken, output: Output) -> Result<(), Failure> {
    let (word, file, why, level) = match taken {
        Taken::Saved(file, level) => ("saved", Some(file), None, Some(*level)),
        Taken::ThereAlready(file) => ("there already", Some(file), None, None),
        Taken::Refused(why) => ("not saved", None, Some(why), None),
    };
    let level = level.map(|level| match level {
        Scrubbing::Values => "values",
        Scrubbing::Personal => "personal",
        Scrubbing::Secrets => "secrets",
    });
    if output == Output::Json {
        return print(
            &json!({
                "workflow": workflow, "workflow_id": run.workflow_id, "run_id": run.run_id,
                "outcome": word, "file": file, "scrubbed": level, "message": why,
            })
            .to_string(),
        );
    }
    match (file, why) {
        (Some(file), _) => print(&format!(
            "{word}  {}{}",
            file.display(),
            level.map_or_else(String::new, |level| format!(" ({level} scrubbed)"))
        )),
        (None, why) => print(&format!(
            "{word}  workflow {} run {}: {}",
            run.workflow_id,
            run.run_id,
            why.map_or("", String::as_str)
        )),
    }
}

const fn level(asked: ScrubLevel) -> Scrubbing {
    match asked {
        ScrubLevel::Values => Scrubbing::Values,
        ScrubLevel::Personal => Scrubbing::Personal,
        ScrubLevel::Secrets => Scrubbing::Secrets,
    }
}
