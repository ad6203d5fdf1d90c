//! Takes people and machines out of a history before it is saved, and leaves what decides branches where it can.

mod disguise;
mod rules;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::{History, ReplayError};
use disguise::Disguise;
pub use rules::{Fields, Scrubbing};

/// Removes what does not belong into a repository. Whatever the [`Scrubbing`], the names of workers and machines
/// (`identity`, sticky queues) and stack traces go.
///
/// Strings keep their shape: letters become other letters, digits other digits, the rest stays, so an address stays an address and
/// a UUID one. The same string becomes the same one throughout the history, also inside of ids that were made of it, because
/// the SDK compares ids. Numbers, booleans, null and the names of fields stay; so do dates and times. What is not JSON stays as
/// it is if it is encrypted, and becomes zeros if not.
#[derive(Clone, Debug)]
pub struct Scrub {
    level: Scrubbing,
    fields: Fields,
    is_secret: fn(&str) -> bool,
    salt: String,
}

impl Scrub {
    /// `is_secret` knows a secret by the name of its field. `salt` is to be random: who knew it could try out what a
    /// string was.
    pub fn new(level: Scrubbing, fields: Fields, is_secret: fn(&str) -> bool, salt: impl Into<String>) -> Self {
        Self { level, fields, is_secret, salt: salt.into() }
    }

    /// The same history without what the rules take.
    ///
    /// # Errors
    /// [`ReplayError::Unwritable`], or what is wrong with the history then: never, unless an event is damaged.
    pub fn apply(&self, history: &History) -> Result<History, ReplayError> {
        let mut document = history.to_value()?;
        let mut disguise = Disguise::new(&self.salt);
        // First the values, so that every string which ids were made of is known; then the ids.
        self.walk(&mut document, "", &mut disguise);
        rename_ids(&mut document, disguise.known());
        History::from_value(document)
    }

    fn walk(&self, value: &mut Value, name: &str, disguise: &mut Disguise<'_>) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| self.walk(item, name, disguise)),
            Value::Object(fields) if is_payload(fields) => self.payload(fields, name, disguise),
            Value::Object(fields) => {
                forget_machines(fields);
                for (name, value) in fields {
                    match (name.as_str(), &mut *value) {
                        ("markerRecordedEventAttributes", Value::Object(marker)) => self.marker(marker, disguise),
                        // Of failures and of what ended a workflow: what people wrote.
                        ("message" | "reason", Value::String(text)) if self.level == Scrubbing::Values => {
                            *text = disguise.words(text);
                        }
                        _ => self.walk(value, name, disguise),
                    }
                }
            }
            _ => {}
        }
    }

    /// The SDK keeps patches and local activities in markers, and reads them at a replay: only the result is the user's.
    fn marker(&self, marker: &mut Map<String, Value>, disguise: &mut Disguise<'_>) {
        forget_machines(marker);
        if let Some(Value::Object(details)) = marker.get_mut("details")
            && let Some(result) = details.get_mut("result")
        {
            self.walk(result, "result", disguise);
        }
        if let Some(failure) = marker.get_mut("failure") {
            self.walk(failure, "failure", disguise);
        }
    }

    fn payload(&self, payload: &mut Map<String, Value>, name: &str, disguise: &mut Disguise<'_>) {
        let Some(data) = payload.get("data").and_then(Value::as_str).and_then(rules::from_base64) else { return };
        let encoding = payload["metadata"]["encoding"].as_str().and_then(rules::from_base64).unwrap_or_default();
        let data = match encoding.as_slice() {
            b"json/plain" | b"json/protobuf" => {
                let Ok(mut json) = serde_json::from_slice::<Value>(&data) else { return };
                let path = name.to_owned();
                self.json(&mut json, &path, disguise);
                json.to_string().into_bytes()
            }
            b"binary/plain" | b"binary/protobuf" if self.level == Scrubbing::Values => vec![0; data.len()],
            _ => return,
        };
        payload.insert("data".to_owned(), rules::to_base64(&data).into());
    }

    fn json(&self, value: &mut Value, path: &str, disguise: &mut Disguise<'_>) {
        match value {
            Value::String(text) => {
                let name = path.rsplit('.').next().unwrap_or(path);
                if self.fields.takes(path, (self.is_secret)(name), self.level, text) {
                    *text = disguise.of(text);
                }
            }
            Value::Number(number) if self.fields.masks(path) => *value = disguise.number(number),
            Value::Array(items) => items.iter_mut().for_each(|item| self.json(item, path, disguise)),
            Value::Object(fields) => {
                fields.iter_mut().for_each(|(name, value)| self.json(value, &format!("{path}.{name}"), disguise));
            }
            _ => {}
        }
    }
}

fn is_payload(fields: &Map<String, Value>) -> bool {
    fields.get("metadata").is_some_and(|metadata| metadata.get("encoding").is_some())
}

/// Who worked on it, and where, is nobody's business, and no workflow sees it.
fn forget_machines(fields: &mut Map<String, Value>) {
    for name in ["identity", "lastWorkerIdentity", "workerHostname"] {
        if let Some(value) = fields.get_mut(name) {
            *value = "somebody".into();
        }
    }
    fields.remove("stackTrace");
    if fields.get("kind").is_some_and(|kind| kind == "TASK_QUEUE_KIND_STICKY") {
        fields.insert("name".to_owned(), "sticky".into());
    }
}

/// Ids follow from inputs, and the SDK compares activity and child workflow ids with those that the code makes.
fn rename_ids(value: &mut Value, known: &BTreeMap<String, String>) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| rename_ids(item, known)),
        Value::Object(fields) if !is_payload(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(id) if ["workflowId", "activityId"].contains(&name.as_str()) => {
                        *id = disguise::inside(id, known);
                    }
                    other => rename_ids(other, known),
                }
            }
        }
        _ => {}
    }
}
