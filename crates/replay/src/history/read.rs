//! From JSON to events. What is proto3 JSON to the letter is read straight; any other form takes a detour over values:
//! short names, payloads written out, fields that nobody knows, and the SDK's own form, whose events have `attributes`.

use prost::Message;
use prost_reflect::{DeserializeOptions, DynamicMessage, MessageDescriptor};
use serde::de::DeserializeOwned;
use serde_json::Value;
use temporalio_common::protos::temporal::api::enums::v1::EventType;
use temporalio_common::protos::temporal::api::history::v1::HistoryEvent;

use super::{shape, shorthand, straight};
use crate::ReplayError;

pub(super) fn events(json: &[u8]) -> Result<Vec<HistoryEvent>, ReplayError> {
    let json = json.strip_prefix(b"\xef\xbb\xbf").unwrap_or(json);
    if let Some(events) = straight::events(json)? {
        return Ok(events);
    }
    let document: Value = serde_json::from_slice(json).map_err(|error| ReplayError::NotJson {
        line: error.line(),
        column: error.column(),
        reason: without_place(&error.to_string()),
    })?;
    of_value(document)
}

pub(super) fn of_value(document: Value) -> Result<Vec<HistoryEvent>, ReplayError> {
    let events = list(document).filter(|events| !events.is_empty()).ok_or(ReplayError::NoEvents)?;
    let descriptor = shape::of("HistoryEvent")?;
    events.into_iter().enumerate().map(|(place, event)| one(place, event, &descriptor)).collect()
}

/// The list of events, from `{"events": […]}`, `{"history": {"events": […]}}`, a list of events, or a list of batches.
fn list(document: Value) -> Option<Vec<Value>> {
    match document {
        Value::Array(items) if items.iter().all(|item| item.get("events").is_some()) => {
            Some(items.into_iter().filter_map(list).flatten().collect())
        }
        Value::Array(items) => Some(items),
        Value::Object(mut fields) => list(fields.remove("events").or_else(|| fields.remove("history"))?),
        _ => None,
    }
}

fn one(place: usize, mut event: Value, descriptor: &MessageDescriptor) -> Result<HistoryEvent, ReplayError> {
    let name = name(place, &event);
    let fault = |field: String, reason: String| ReplayError::Field { event: name.clone(), field, reason };
    if !event.is_object() {
        return Err(fault("(the event)".to_owned(), format!("{event} is no event: it would be an object")));
    }
    if event.get("attributes").is_some() {
        return of_the_sdk(event).map_err(|(field, reason)| fault(field, reason));
    }
    shorthand::spell_out(&mut event, descriptor);
    let event_type = event.get("eventType").or_else(|| event.get("event_type")).cloned();
    let mut track = serde_path_to_error::Track::new();
    let options = DeserializeOptions::new().deny_unknown_fields(false);
    let deserializer = serde_path_to_error::Deserializer::new(event, &mut track);
    let message = DynamicMessage::deserialize_with_options(descriptor.clone(), deserializer, &options);
    let message = message.map_err(|error| fault(track.path().to_string(), error.to_string()))?;
    let event = HistoryEvent::decode(message.encode_to_vec().as_slice());
    let event = event.map_err(|error| fault("(the event)".to_owned(), error.to_string()))?;
    // An unknown name of an enum is passed over like an unknown field; but what happened has to be known.
    if event.event_type() == EventType::Unspecified && !event.worker_may_ignore {
        let given = event_type.map_or_else(|| "missing".to_owned(), |given| given.to_string());
        let reason = format!("{given} is no type of event that this version knows, such as EVENT_TYPE_TIMER_STARTED");
        return Err(fault("eventType".to_owned(), reason));
    }
    Ok(event)
}

fn of_the_sdk<T: DeserializeOwned>(event: Value) -> Result<T, (String, String)> {
    serde_path_to_error::deserialize(event).map_err(|error| (error.path().to_string(), error.inner().to_string()))
}

/// How a reader finds it: by its id, else by its place.
fn name(place: usize, event: &Value) -> String {
    let id = event.get("eventId").or_else(|| event.get("event_id"));
    match id {
        Some(Value::String(id)) => id.clone(),
        Some(Value::Number(id)) => id.to_string(),
        _ => format!("at place {} of the list", place + 1),
    }
}

/// The error says its line and column in fields of their own.
fn without_place(error: &str) -> String {
    error.split(" at line ").next().unwrap_or(error).to_owned()
}
