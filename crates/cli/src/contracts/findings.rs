//! What breaks, in words: who is hit, in which field, and what would be right.

use std::collections::BTreeMap;

use mainspring_replay::Place;
use mainspring_vocabulary::WireType;
use serde_json::{Value, json};

use super::compare::{Fault, Kind, Side, Step, faults, sample};
use super::described::{self, Described, Part, Role};
use crate::workflow::schema::Expected;

/// One change that a run in flight or an older caller cannot read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    /// `workflow onboarding`.
    of: String,
    /// `input`, `result`, `signal cancel`; empty for the whole.
    part: String,
    /// `reads` or `writes`: what present code does.
    direction: &'static str,
    path: String,
    what: String,
    instead: String,
    /// It stands in a saved history, and not in a committed schema.
    saved: bool,
}

impl Finding {
    pub(super) fn line(&self) -> String {
        let Self { of, part, path, what, instead, .. } = self;
        let part = if part.is_empty() { String::new() } else { format!(", {part}") };
        let path = if path.is_empty() { String::new() } else { format!(": {path}") };
        format!("{of}{part}{path} {what}: {instead}")
    }

    pub(super) fn json(&self) -> Value {
        let Self { of, part, direction, path, what, instead, .. } = self;
        json!({ "of": of, "part": part, "direction": direction, "path": path, "what": what, "instead": instead })
    }

    /// A payload of a saved history that present code cannot read.
    pub(super) fn saved(place: &Place, file: &str, event_id: i64, reason: &str) -> Self {
        let what = format!("of {file}, event {event_id}, does not decode any more ({reason})");
        let instead = "read the old form too, for runs like it may be open";
        let finding = Self::whole(&place.of.to_string(), &place.part.to_string(), what, instead);
        Self { saved: true, ..finding }
    }

    /// Whether it stands in a saved history: a schema that is committed anew does not help.
    pub(super) const fn is_saved(&self) -> bool {
        self.saved
    }

    fn whole(of: &str, part: &str, what: String, instead: &str) -> Self {
        let (of, part, path) = (of.to_owned(), part.to_owned(), String::new());
        Self { of, part, direction: "reads", path, what, instead: instead.to_owned(), saved: false }
    }
}

/// Activities whose progress has another version than what is committed: each a sentence.
pub(super) fn other_versions(committed: &BTreeMap<String, Value>, present: &[Described]) -> Vec<String> {
    let other = |described: &Described| {
        let (was, is) = (version(committed.get(&described.file)?)?, u64::from(described.version?));
        let name = &described.name;
        (was != is).then(|| {
            format!(
                "the progress of {name} has version {is} now, and had {was}: what attempts have left of that one is up to \
                 `Progress::from_version`, which nobody checks; where it gives nothing, they start over"
            )
        })
    };
    present.iter().filter_map(other).collect()
}

fn version(document: &Value) -> Option<u64> {
    document.pointer(described::VERSION)?.as_u64()
}

/// What breaks, and the files that changed without breaking anything.
pub(super) fn find(committed: &BTreeMap<String, Value>, present: &[Described]) -> (Vec<Finding>, Vec<String>) {
    let (mut findings, mut outdated) = (Vec::new(), Vec::new());
    for (file, _) in committed.iter().filter(|(file, _)| present.iter().all(|described| described.file != **file)) {
        let name =
            file.trim_end_matches(".json").replace("workflows/", "workflow ").replace("activities/", "activity ");
        let what = "is gone, and runs in flight wait for it".to_owned();
        findings.push(Finding::whole(&name, "", what, "keep it registered until no open run needs it"));
    }
    for described in present {
        let before = findings.len();
        match committed.get(&described.file) {
            Some(document) => of_one(described, document, &mut findings),
            None => outdated.push(described.file.clone()),
        }
        let changed = committed.get(&described.file).is_some_and(|document| *document != described.document());
        if changed && before == findings.len() {
            outdated.push(described.file.clone());
        }
    }
    (findings, outdated)
}

fn of_one(described: &Described, document: &Value, findings: &mut Vec<Finding>) {
    for part in &described.parts {
        // What is of another version is not read as it is.
        if part.role == Role::Progress && version(document) != described.version.map(u64::from) {
            continue;
        }
        if let Some(committed) = document.pointer(&part.pointer) {
            let found = of_part(part, committed);
            findings.extend(found.into_iter().map(|finding| Finding { of: described.name.clone(), ..finding }));
        }
    }
    for pointer in pointers(document) {
        if described.parts.iter().any(|part| part.pointer == pointer) {
            continue;
        }
        let part =
            pointer.trim_start_matches('/').trim_end_matches("/input").trim_end_matches("/fields").replace('/', " ");
        let (what, instead) = if pointer == described::PROGRESS {
            (
                "has no schema any more, so nobody can tell what an older attempt has left",
                "say it beside the activity: set.activity(…).progress::<P>()",
            )
        } else if pointer.matches('/').count() > 1 {
            (
                "is gone from the contract, and callers still send it",
                "keep its handler and its place in the contract's `messages`",
            )
        } else {
            (
                "has no schema any more, so nobody can tell what breaks",
                "register it with its types, or derive JsonSchema",
            )
        };
        findings.push(Finding::whole(&described.name, &part, what.to_owned(), instead));
    }
}

/// Where the schemas of a document stand.
fn pointers(document: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for (name, below) in document.as_object().into_iter().flatten() {
        if name == "progress" {
            found.push(described::PROGRESS.to_owned());
            continue;
        }
        if !["signals", "queries", "updates"].contains(&name.as_str()) {
            found.push(format!("/{name}"));
            continue;
        }
        for (message, parts) in below.as_object().into_iter().flatten() {
            let message = described::escaped(message);
            found.extend(parts.as_object().into_iter().flatten().map(|(part, _)| format!("/{name}/{message}/{part}")));
        }
    }
    found
}

fn of_part(part: &Part, committed: &Value) -> Vec<Finding> {
    let mut found = Vec::new();
    if part.role != Role::Answer {
        let read = faults(committed, &part.wire.reads(), Side::Reads);
        // A field of a result that is gone is told once, by the side that no longer writes it.
        let kept = |fault: &Fault| part.role == Role::Input || !matches!(fault.kind, Kind::Passed { .. });
        let read = read.into_iter().filter(|fault| kept(fault) && !reads_it_all_the_same(fault, committed, part.wire));
        found.extend(read.map(|fault| (fault, Side::Reads)));
    }
    if !matches!(part.role, Role::Input | Role::Progress) {
        found.extend(
            faults(&part.wire.writes(), committed, Side::Writes).into_iter().map(|fault| (fault, Side::Writes)),
        );
    }
    let mut findings: Vec<Finding> = found.iter().map(|(fault, side)| told(fault, *side, &part.name)).collect();
    if part.role == Role::Progress {
        for Finding { instead, .. } in &mut findings {
            instead.push_str(
                "; or raise its VERSION, and let `Progress::from_version` read what older attempts have left",
            );
        }
    }
    findings.dedup();
    findings
}

/// Schemas know nothing of `#[serde(alias)]`, `#[serde(other)]` and hand-written decoders. So the type itself is asked:
/// whether it decodes what was written before, and whether the value makes a difference.
fn reads_it_all_the_same(fault: &Fault, committed: &Value, wire: WireType) -> bool {
    let Some(mut written) = sample(committed, committed, &fault.trail) else { return false };
    match &fault.kind {
        Kind::Passed { name } | Kind::Refused { name } => {
            let Ok(read) = wire.round_trip(&written) else { return false };
            take_out(&mut written, &fault.trail, name);
            wire.round_trip(&written).map_or(true, |without| without != read)
        }
        Kind::Missing { name } => {
            take_out(&mut written, &fault.trail, name);
            wire.round_trip(&written).is_ok()
        }
        Kind::Value { value } => {
            let Some(place) = walk(&mut written, &fault.trail) else { return false };
            *place = value.clone();
            wire.round_trip(&written).is_ok()
        }
        _ => false,
    }
}

fn take_out(value: &mut Value, trail: &[Step], name: &str) {
    if let Some(Value::Object(fields)) = walk(value, trail) {
        fields.remove(name);
    }
}

fn walk<'a>(value: &'a mut Value, trail: &[Step]) -> Option<&'a mut Value> {
    trail.iter().try_fold(value, |value, step| match step {
        Step::Alternative(_) => Some(value),
        Step::Field(name) => value.get_mut(name),
        Step::Element(index) => value.get_mut(index),
        Step::Rest => value.get_mut("1"),
    })
}

fn told(fault: &Fault, side: Side, part: &str) -> Finding {
    let reads = side == Side::Reads;
    let field = |name: &String| crate::workflow::check::field_path(&fault.path, name);
    let (path, what, instead) = match &fault.kind {
        Kind::Passed { name } => (
            field(name),
            "is passed over now, and who sent it meant something by it".to_owned(),
            format!("keep the field, or make its name an alias of another: #[serde(alias = \"{name}\")]"),
        ),
        Kind::Refused { name } if reads => (
            field(name),
            "is refused now".to_owned(),
            format!("keep the field, or make its name an alias of another: #[serde(alias = \"{name}\")]"),
        ),
        Kind::Refused { name } => (
            field(name),
            "is new, and older readers refuse fields that they do not know".to_owned(),
            "leave it out until every reader knows it".to_owned(),
        ),
        Kind::Missing { name } if reads => (
            field(name),
            "has to be there now, and what was written before may lack it".to_owned(),
            "give it a default (#[serde(default)]), or make it an Option".to_owned(),
        ),
        Kind::Missing { name } => (
            field(name),
            "may be missing now, and older readers want it".to_owned(),
            "always write it, as before".to_owned(),
        ),
        Kind::Gone { name } => {
            (field(name), "is never written now, and older readers use it".to_owned(), "keep writing it".to_owned())
        }
        Kind::Value { value } if reads => (
            fault.path.clone(),
            format!("refuses {value} now"),
            "keep the value, or make it an alias of another: #[serde(alias = …)]".to_owned(),
        ),
        Kind::Value { value } => (
            fault.path.clone(),
            format!("may be {value} now, which older readers refuse"),
            "write it once every reader knows it, or in a new field".to_owned(),
        ),
        Kind::Other { was, now } => other(fault, reads, was, now),
        Kind::Narrower { keyword, was, now } => {
            let before = was.as_ref().map_or_else(|| "nothing".to_owned(), Value::to_string);
            if reads {
                let what = format!("has {keyword} {now} now, and had {before}");
                (fault.path.clone(), what, "keep taking what was taken before".to_owned())
            } else {
                let what = format!("has {keyword} {before} now, and older readers want {now}");
                (fault.path.clone(), what, "keep to what was written before".to_owned())
            }
        }
        Kind::Closed => (
            fault.path.clone(),
            "refuses fields that it does not know, and passed them over before".to_owned(),
            "take #[serde(deny_unknown_fields)] off again".to_owned(),
        ),
        Kind::Unknown { keyword } => (
            fault.path.clone(),
            format!("has {keyword}, which cannot be compared with what it was"),
            "leave it as it was, or say it in simpler words".to_owned(),
        ),
    };
    let direction = if reads { "reads" } else { "writes" };
    Finding { of: String::new(), part: part.to_owned(), direction, path, what, instead, saved: false }
}

fn other(fault: &Fault, reads: bool, was: &Value, now: &Value) -> (String, String, String) {
    let (written, read) = (Expected::of(was).text(), Expected::of(now).text());
    let (what, instead) = match (reads, written.as_str()) {
        (true, "null") => ("refuses null now".to_owned(), "keep it an Option"),
        (false, "null") => {
            ("may be null now, which older readers refuse".to_owned(), "always write a value, as before")
        }
        (true, _) => (
            format!("was {written}, and is {read} now"),
            "take both (an untagged enum), or give the new one a name of its own",
        ),
        (false, _) => (
            format!("is {written} now, and older readers want {read}"),
            "keep the old one, and write the new one to a field of its own",
        ),
    };
    (fault.path.clone(), what, instead.to_owned())
}
