//! Takes people and machines out of a history before it is saved, and leaves what decides branches where it can.

mod constants;
mod disguise;
mod markers;
mod rules;
mod texts;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::{History, Place, ReplayError};
use constants::Allowed;
use disguise::Disguise;
pub use rules::{Fields, Scrubbing};

/// What a list of payloads is called in JSON; so paths of fields begin.
const PAYLOADS: &str = "payloads";

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
        self.apply_knowing(history, &|_| Vec::new())
    }

    /// The same, for whom knows JSON schemas of the payloads' types: strings that they have as constants at their place, the
    /// names of variants, stay whatever the level, but for fields that are secret or masked. Elsewhere the same string is
    /// replaced.
    ///
    /// # Errors
    /// As [`Self::apply`].
    pub fn apply_knowing(
        &self,
        history: &History,
        schemas: &dyn Fn(&Place) -> Vec<Value>,
    ) -> Result<History, ReplayError> {
        let mut document = history.to_value()?;
        let mut disguise = Disguise::new(&self.salt);
        // First the values, so that every string which ids were made of is known; then the ids.
        let mut known = Vec::new();
        for placed in history.placed() {
            let schemas = schemas(&placed.place);
            let Some(list) = document.pointer_mut(&placed.pointer).filter(|_| !schemas.is_empty()) else { continue };
            // Out of the document, so that the walk below does not meet them again.
            let mut list = list.take();
            for payload in list.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
                self.payload(payload, PAYLOADS, &Allowed::by(&schemas), &mut disguise);
            }
            known.push((placed.pointer, list));
        }
        self.walk(&mut document, "", &mut disguise);
        for (pointer, list) in known {
            if let Some(place) = document.pointer_mut(&pointer) {
                *place = list;
            }
        }
        if self.level == Scrubbing::Values {
            texts::replace(&mut document, &mut disguise)?;
        } else {
            rename_ids(&mut document, disguise.known());
            markers::each_id(&mut document, &mut |id| *id = disguise::inside(id, disguise.known(), str::to_owned));
        }
        History::from_value(document)
    }

    fn walk(&self, value: &mut Value, name: &str, disguise: &mut Disguise<'_>) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| self.walk(item, name, disguise)),
            Value::Object(fields) if is_payload(fields) => self.payload(fields, name, &Allowed::default(), disguise),
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

    /// The SDK keeps patches and local activities in markers, and reads them at a replay: what is not its own data is the user's.
    fn marker(&self, marker: &mut Map<String, Value>, disguise: &mut Disguise<'_>) {
        forget_machines(marker);
        let name = marker.get("markerName").and_then(Value::as_str).unwrap_or_default();
        if !markers::is_the_sdks(name) {
            marker.values_mut().for_each(|value| self.walk(value, "details", disguise));
            return;
        }
        let details = marker.get_mut("details").and_then(Value::as_object_mut);
        for (name, value) in details.into_iter().flatten().filter(|(name, _)| !markers::DATA.contains(&name.as_str())) {
            self.walk(value, name, disguise);
        }
        if let Some(failure) = marker.get_mut("failure") {
            self.walk(failure, "failure", disguise);
        }
    }

    fn payload(
        &self,
        payload: &mut Map<String, Value>,
        name: &str,
        allowed: &Allowed<'_>,
        disguise: &mut Disguise<'_>,
    ) {
        let Some(data) = payload.get("data").and_then(Value::as_str).and_then(rules::from_base64) else { return };
        let encoding = payload.get("metadata").and_then(|metadata| metadata["encoding"].as_str());
        let encoding = encoding.and_then(rules::from_base64).unwrap_or_default();
        let is_json = [b"json/plain".as_slice(), b"json/protobuf"].contains(&encoding.as_slice());
        let json = serde_json::from_slice::<Value>(&data).ok().filter(|_| is_json);
        let data = match json {
            Some(mut json) => {
                self.json(&mut json, name, allowed, disguise);
                json.to_string().into_bytes()
            }
            None if self.level == Scrubbing::Values && encoding != b"binary/encrypted" => vec![0; data.len()],
            None => return,
        };
        payload.insert("data".to_owned(), rules::to_base64(&data).into());
    }

    fn json(&self, value: &mut Value, path: &str, allowed: &Allowed<'_>, disguise: &mut Disguise<'_>) {
        match value {
            Value::String(text) => {
                let name = path.rsplit('.').next().unwrap_or(path);
                let must = (self.is_secret)(name) || self.fields.masks(path);
                if must || (!allowed.has(text) && self.fields.takes(path, self.level, text)) {
                    *text = disguise.of(text, must);
                }
            }
            Value::Number(number) if self.fields.masks(path) => *value = disguise.number(number),
            Value::Array(items) => {
                let items = items.iter_mut().enumerate();
                items.for_each(|(place, item)| self.json(item, path, &allowed.item(place), disguise));
            }
            Value::Object(fields) => fields.iter_mut().for_each(|(name, value)| {
                self.json(value, &format!("{path}.{name}"), &allowed.field(name), disguise);
            }),
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
