//! Takes people and machines out of a history before it is saved, and leaves what decides branches where it can.

mod disguise;
mod rules;
mod texts;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::{History, ReplayError};
use disguise::Disguise;
pub use rules::{Fields, Scrubbing};

/// The SDK's own markers.
const MARKERS: [&str; 2] = ["core_patch", "core_local_activity"];

/// Removes what does not belong into a repository. Whatever the [`Scrubbing`], the names of workers and machines
/// (`identity`, sticky queues) and stack traces go.
///
/// Strings keep their shape: letters become other letters, digits other digits, the rest stays, so an address stays an address and
/// a UUID one. The same string becomes the same one throughout the history, also inside of ids that were made of it, because
/// the SDK compares ids. Numbers, booleans, null and the names of fields stay; so do dates and times, unless their field is
/// secret or masked. With [`Scrubbing::Values`] every text and id beside the payloads changes too, but for the names of types, queues,
/// signals, namespaces and builds, and run ids; what is not JSON stays if it is encrypted, and becomes zeros if not.
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
        if self.level == Scrubbing::Values {
            texts::replace(&mut document, &mut disguise)?;
        } else {
            rename_ids(&mut document, disguise.known());
        }
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
        let name = marker.get("markerName").and_then(Value::as_str).unwrap_or_default();
        if !MARKERS.contains(&name) {
            marker.values_mut().for_each(|value| self.walk(value, "details", disguise));
            return;
        }
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
        let encoding = payload.get("metadata").and_then(|metadata| metadata["encoding"].as_str());
        let encoding = encoding.and_then(rules::from_base64).unwrap_or_default();
        let is_json = [b"json/plain".as_slice(), b"json/protobuf"].contains(&encoding.as_slice());
        let json = serde_json::from_slice::<Value>(&data).ok().filter(|_| is_json);
        let data = match json {
            Some(mut json) => {
                self.json(&mut json, name, disguise);
                json.to_string().into_bytes()
            }
            None if self.level == Scrubbing::Values && encoding != b"binary/encrypted" => vec![0; data.len()],
            None => return,
        };
        payload.insert("data".to_owned(), rules::to_base64(&data).into());
    }

    fn json(&self, value: &mut Value, path: &str, disguise: &mut Disguise<'_>) {
        match value {
            Value::String(text) => {
                let name = path.rsplit('.').next().unwrap_or(path);
                let must = (self.is_secret)(name) || self.fields.masks(path);
                if must || self.fields.takes(path, self.level, text) {
                    *text = disguise.of(text, must);
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

/// Where it has no encoding, it has data.
fn is_payload(fields: &Map<String, Value>) -> bool {
    let of_bytes = fields.get("data").is_some_and(Value::is_string);
    of_bytes || fields.get("metadata").is_some_and(|metadata| metadata.get("encoding").is_some())
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
                        *id = disguise::inside(id, known, str::to_owned);
                    }
                    other => rename_ids(other, known),
                }
            }
        }
        _ => {}
    }
}
