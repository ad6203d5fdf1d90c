//! What a product says of its inputs and results: one document for each workflow and each activity.

use mainspring_vocabulary::{MessageKind, WireType};
use mainspring_worker::{ActivityEntry, Product, WorkflowEntry};
use serde_json::{Map, Value};

/// Who reads it, and where it may be waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Callers write it, histories keep it, present code reads it.
    Input,
    /// Present code writes it, callers read it, histories keep it for present code.
    Result,
    /// As a result, and no history keeps it.
    Answer,
    /// An attempt writes it, the next one reads it: of this build or of another.
    Progress,
}

/// An input or a result.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// `input`, `result`, `signal cancel`, `query status`, `result of query status`.
    pub(super) name: String,
    /// Where its schema stands in the document.
    pub(super) pointer: String,
    pub(super) role: Role,
    pub(super) wire: WireType,
}

/// A workflow or activity with its parts.
#[derive(Clone, Debug)]
pub(super) struct Described {
    /// `workflows/onboarding.json`.
    pub(super) file: String,
    /// `workflow onboarding`.
    pub(super) name: String,
    pub(super) parts: Vec<Part>,
    /// Of its progress.
    pub(super) version: Option<u32>,
}

/// Where the version of an activity's progress stands, and its schema.
pub(super) const VERSION: &str = "/progress/version";
pub(super) const PROGRESS: &str = "/progress/fields";

impl Described {
    /// The document, as it is committed.
    pub(super) fn document(&self) -> Value {
        let mut document = Value::Object(Map::new());
        if let Some(version) = self.version {
            put(&mut document, VERSION, version.into());
        }
        for part in &self.parts {
            put(&mut document, &part.pointer, part.schema());
        }
        document
    }
}

impl Part {
    /// What is committed: of an input what is read, of a result what is written.
    pub(super) fn schema(&self) -> Value {
        let schema = if self.role == Role::Input { self.wire.reads() } else { self.wire.writes() };
        plain(schema)
    }
}

pub(super) fn describe(product: &Product) -> Vec<Described> {
    product.workflows().map(workflow).chain(product.activity_entries().map(activity)).collect()
}

fn workflow(entry: WorkflowEntry<'_>) -> Described {
    let part = |name: &str, wire: Option<WireType>, role| {
        wire.map(|wire| Part { name: name.into(), pointer: format!("/{name}"), role, wire })
    };
    let mut parts: Vec<Part> = part("input", entry.input(), Role::Input).into_iter().collect();
    parts.extend(part("result", entry.result(), Role::Result));
    for message in entry.messages() {
        let (kind, plural, role) = match message.kind {
            MessageKind::Signal => ("signal", "signals", Role::Answer),
            MessageKind::Query => ("query", "queries", Role::Answer),
            MessageKind::Update => ("update", "updates", Role::Result),
        };
        let (name, at) = (format!("{kind} {}", message.name), format!("/{plural}/{}", escaped(&message.name)));
        if let Some(wire) = message.result {
            parts.push(Part { name: format!("result of {name}"), pointer: format!("{at}/result"), role, wire });
        }
        parts.push(Part { name, pointer: format!("{at}/input"), role: Role::Input, wire: message.input });
    }
    let (file, name) = (file("workflows", entry.name()), format!("workflow {}", entry.name()));
    Described { file, name, parts, version: None }
}

fn activity(entry: &ActivityEntry) -> Described {
    let part = |name: &str, pointer: &str, role, wire| Part { name: name.into(), pointer: pointer.into(), role, wire };
    let mut parts = entry.types().map_or_else(Vec::new, |(input, result)| {
        vec![part("input", "/input", Role::Input, input), part("result", "/result", Role::Result, result)]
    });
    parts.extend(entry.progress().map(|progress| part("progress", PROGRESS, Role::Progress, progress.fields())));
    let (file, name) = (file("activities", entry.name()), format!("activity {}", entry.name()));
    Described { file, name, parts, version: entry.progress().map(|progress| progress.version()) }
}

/// A name may hold what a path may not.
fn file(folder: &str, name: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let name: String =
        name.chars().map(|c| if fits(c) { c.to_string() } else { format!("%{:02X}", u32::from(c)) }).collect();
    format!("{folder}/{name}.json")
}

/// As a JSON pointer writes it.
pub(super) fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn put(document: &mut Value, pointer: &str, schema: Value) {
    let mut here = document;
    for name in pointer.split('/').skip(1) {
        let name = name.replace("~1", "/").replace("~0", "~");
        let Value::Object(fields) = here else { return };
        here = fields.entry(name).or_insert_with(|| Value::Object(Map::new()));
    }
    *here = schema;
}

/// Without words for people, which may change as they like; and in one order, so that a changed order of fields is no change.
fn plain(schema: Value) -> Value {
    const FOR_PEOPLE: [&str; 5] = ["$schema", "title", "description", "examples", "$comment"];
    /// Below these stand names of the product's own.
    const NAMES: [&str; 3] = ["properties", "$defs", "patternProperties"];
    match schema {
        Value::Object(keywords) => {
            let mut kept: Vec<(String, Value)> = Vec::new();
            for (keyword, said) in keywords {
                let said = match said {
                    _ if FOR_PEOPLE.contains(&keyword.as_str()) => continue,
                    Value::Object(named) if NAMES.contains(&keyword.as_str()) => {
                        let mut named: Vec<(String, Value)> =
                            named.into_iter().map(|(name, of)| (name, plain(of))).collect();
                        named.sort_by(|one, other| one.0.cmp(&other.0));
                        Value::Object(named.into_iter().collect())
                    }
                    Value::Array(mut names) if keyword == "required" => {
                        names.sort_by(|one, other| one.as_str().cmp(&other.as_str()));
                        Value::Array(names)
                    }
                    said if ["default", "enum", "const"].contains(&keyword.as_str()) => said,
                    said => plain(said),
                };
                kept.push((keyword, said));
            }
            kept.sort_by(|one, other| one.0.cmp(&other.0));
            Value::Object(kept.into_iter().collect())
        }
        Value::Array(list) => Value::Array(list.into_iter().map(plain).collect()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn words_for_people_are_not_committed_and_fields_of_their_names_are() {
        let schema = json!({
            "$schema": "x", "title": "T", "type": "object", "required": ["title", "a"],
            "properties": { "title": { "description": "its title", "type": "string", "default": { "title": 1 } } },
        });
        let expected = json!({
            "type": "object", "required": ["a", "title"],
            "properties": { "title": { "type": "string", "default": { "title": 1 } } },
        });
        assert_eq!(plain(schema), expected);
    }

    #[test]
    fn a_name_that_is_no_file_name_becomes_one() {
        assert_eq!(file("activities", "Pay::charge/all"), "activities/Pay%3A%3Acharge%2Fall.json");
    }
}
