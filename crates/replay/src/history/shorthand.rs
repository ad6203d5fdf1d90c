//! Spells out what some exports write short: `ActivityTaskScheduled` for `EVENT_TYPE_ACTIVITY_TASK_SCHEDULED`, and plain
//! values for payloads (`"input": ["ada"]`), as Temporal's CLI shows them.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};

const PAYLOAD: &str = "temporal.api.common.v1.Payload";
const PAYLOADS: &str = "temporal.api.common.v1.Payloads";

pub(super) fn spell_out(value: &mut Value, descriptor: &MessageDescriptor) {
    match descriptor.full_name() {
        PAYLOAD if !is_payload(value) => *value = payload(value),
        PAYLOADS => {
            if let Value::Array(items) = value {
                let payloads: Vec<Value> = items.iter().map(payload_or).collect();
                *value = json!({ "payloads": payloads });
            }
        }
        _ => {}
    }
    let Value::Object(fields) = value else { return };
    for (name, value) in fields {
        let field = descriptor.get_field_by_json_name(name).or_else(|| descriptor.get_field_by_name(name));
        if let Some(field) = field {
            spell_out_field(value, &field);
        }
    }
}

fn spell_out_field(value: &mut Value, field: &FieldDescriptor) {
    match value {
        Value::Object(entries) if field.is_map() => {
            if let Kind::Message(entry) = field.kind()
                && let Kind::Message(of) = entry.map_entry_value_field().kind()
            {
                entries.values_mut().for_each(|value| spell_out(value, &of));
            }
        }
        Value::Array(items) if field.is_list() => items.iter_mut().for_each(|item| spell_out_kind(item, &field.kind())),
        other => spell_out_kind(other, &field.kind()),
    }
}

fn spell_out_kind(value: &mut Value, kind: &Kind) {
    match (kind, &mut *value) {
        (Kind::Message(message), _) => spell_out(value, message),
        (Kind::Enum(known), Value::String(name)) if known.get_value_by_name(name).is_none() => {
            let full = format!("{}_{}", screaming(known.name()), screaming(name));
            if known.get_value_by_name(&full).is_some() {
                *name = full;
            }
        }
        _ => {}
    }
}

/// `ActivityTaskScheduled` as `ACTIVITY_TASK_SCHEDULED`.
fn screaming(name: &str) -> String {
    let mut screaming = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !screaming.is_empty() {
            screaming.push('_');
        }
        screaming.push(letter.to_ascii_uppercase());
    }
    screaming
}

/// Any other object is a value that was written short. Without data and metadata a payload is empty.
fn is_payload(value: &Value) -> bool {
    let known = |name: &String| ["metadata", "data", "externalPayloads", "external_payloads"].contains(&name.as_str());
    let of_bytes = |fields: &Map<String, Value>| {
        let text = fields
            .get("data")
            .is_none_or(|data| data.as_str().is_some_and(|text| BASE64_STANDARD.decode(text).is_ok()));
        text && fields.get("metadata").is_none_or(Value::is_object)
    };
    value.as_object().is_some_and(|fields| fields.keys().all(known) && of_bytes(fields))
}

fn payload_or(value: &Value) -> Value {
    if is_payload(value) { value.clone() } else { payload(value) }
}

fn payload(value: &Value) -> Value {
    if value.is_null() {
        return json!({ "metadata": { "encoding": BASE64_STANDARD.encode("binary/null") } });
    }
    let (encoding, data) = (BASE64_STANDARD.encode("json/plain"), BASE64_STANDARD.encode(value.to_string()));
    json!({ "metadata": { "encoding": encoding }, "data": data })
}
