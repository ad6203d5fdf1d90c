//! The shape of a history in proto3 JSON: the descriptors of Temporal's protos, as this version of the SDK has them.

use std::sync::LazyLock;

use prost_reflect::{DescriptorPool, MessageDescriptor};

use crate::ReplayError;

const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/history.descriptors"));

static POOL: LazyLock<Result<DescriptorPool, String>> =
    LazyLock::new(|| DescriptorPool::decode(DESCRIPTORS).map_err(|error| error.to_string()));

/// The descriptor of a message of `temporal.api.history.v1`.
pub(crate) fn of(message: &str) -> Result<MessageDescriptor, ReplayError> {
    let pool = POOL.as_ref().map_err(|reason| ReplayError::Unwritable { reason: reason.clone() })?;
    let name = format!("temporal.api.history.v1.{message}");
    pool.get_message_by_name(&name)
        .ok_or_else(|| ReplayError::Unwritable { reason: format!("the descriptors lack {name}") })
}
