//! From events to the one saved form.

use prost::Message;
use prost_reflect::DynamicMessage;
use serde::Serialize;
use serde_json::Value;
use temporalio_common::protos::temporal::api::history::v1::History as Events;

use super::shape;
use crate::ReplayError;

pub(super) fn json(events: &Events) -> Result<String, ReplayError> {
    let json = serde_json::to_string_pretty(&value(events)?);
    Ok(json.map_err(|error| ReplayError::Unwritable { reason: error.to_string() })? + "\n")
}

/// The keys of a value are sorted; a message keeps its maps in no order.
pub(super) fn value(events: &Events) -> Result<Value, ReplayError> {
    let unwritable = |reason: String| ReplayError::Unwritable { reason };
    let message = DynamicMessage::decode(shape::of("History")?, events.encode_to_vec().as_slice());
    let message = message.map_err(|error| unwritable(error.to_string()))?;
    message.serialize(serde_json::value::Serializer).map_err(|error| unwritable(error.to_string()))
}
