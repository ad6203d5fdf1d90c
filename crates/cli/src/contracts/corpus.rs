//! The payloads of saved histories on the types of today: what an open run has written, present code has to read.

use std::path::{Path, PathBuf};

use mainspring_replay::{History, Owner, Part, Place};
use mainspring_vocabulary::{MessageKind, WireType};
use mainspring_worker::{Product, Registry};
use serde_json::Value;

use super::findings::Finding;
use crate::exit::Failure;

/// What of a product's saved histories does not decode any more. A product without any has nothing to say here;
/// `replay check` refuses that.
pub(super) fn find(registry: &Registry, product: &Product, folder: &Path) -> Result<Vec<Finding>, Failure> {
    let mut findings = Vec::new();
    for file in files(folder)? {
        // What cannot be read as a history is said with the file's name.
        let history = History::from_file(&file).map_err(|error| Failure::Broken(error.to_string()))?;
        if product.workflow_names().all(|name| name != history.workflow_type()) {
            continue;
        }
        let shown = file.display().to_string();
        let unread = undecoded(registry, product, &history);
        findings.extend(unread.map(|unread| Finding::saved(&unread.place, &shown, unread.event_id, &unread.reason)));
    }
    Ok(findings)
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let unread = |error: std::io::Error| Failure::Other(format!("{} cannot be read: {error}", folder.display()));
    let entries = std::fs::read_dir(folder).map_err(unread)?;
    let mut files = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, _>>().map_err(unread)?;
    files.retain(|path| path.extension().is_some_and(|ending| ending == "json"));
    files.sort();
    Ok(files)
}

/// Payloads of one event that present code does not read.
pub(crate) struct Undecoded {
    place: Place,
    event_id: i64,
    reason: String,
}

impl std::fmt::Display for Undecoded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { place, event_id, reason } = self;
        write!(f, "{place} of event {event_id} ({reason})")
    }
}

/// Of a history of this product.
pub(crate) fn undecoded(registry: &Registry, product: &Product, history: &History) -> impl Iterator<Item = Undecoded> {
    history.placed().into_iter().filter_map(|placed| {
        let reason = wire(registry, product, &placed.place)?.decode(placed.payloads.to_vec()).err()?.to_string();
        Some(Undecoded { place: placed.place, event_id: placed.event_id, reason })
    })
}

/// The JSON schemas of what stands there: as it is read, and as it is written.
pub(crate) fn schemas(registry: &Registry, product: &Product, place: &Place) -> Vec<Value> {
    wire(registry, product, place).map_or_else(Vec::new, |wire| vec![wire.reads(), wire.writes()])
}

/// The type that present code has there. Activities and children may be any product's.
fn wire(registry: &Registry, product: &Product, place: &Place) -> Option<WireType> {
    match &place.of {
        Owner::Activity(name) => {
            let its_own = product.activity_entries();
            let mut entries = its_own.chain(registry.products().iter().flat_map(Product::activity_entries));
            let (input, result) = entries.find(|entry| entry.name() == name)?.types()?;
            Some(if place.part == Part::Result { result } else { input })
        }
        Owner::Workflow(name) => {
            let workflow = product.workflows().chain(registry.workflows()).find(|entry| entry.name() == name)?;
            let message = |kind: MessageKind, name: &str| {
                workflow.messages().into_iter().find(|message| message.kind == kind && message.name == name)
            };
            match &place.part {
                Part::Input => workflow.input(),
                Part::Result => workflow.result(),
                Part::Signal(name) => Some(message(MessageKind::Signal, name)?.input),
                Part::Update(name) => Some(message(MessageKind::Update, name)?.input),
                Part::ResultOfUpdate(name) => message(MessageKind::Update, name)?.result,
            }
        }
    }
}
