//! From events to the one saved form.

use prost::Message;
use prost_reflect::DynamicMessage;
use serde::Serialize;
use temporalio_common::protos::temporal::api::history::v1::History as Events;

use super::shape;
use crate::ReplayError;

pub(super) fn json(events: &Events) -> Result<String, ReplayError> {
    let unwritable = |reason: String| ReplayError::Unwritable { reason };
    let message = DynamicMessage::decode(shape::of("History")?, events.encode_to_vec().as_slice());
    let message = message.map_err(|error| unwritable(error.to_string()))?;
    // By way of a value, whose keys are sorted: a message keeps its maps in no order.
    let value = message.serialize(serde_json::value::Serializer).map_err(|error| unwritable(error.to_string()))?;
    let json = serde_json::to_string_pretty(&value).map_err(|error| unwritable(error.to_string()))?;
    Ok(json + "\n")
}
