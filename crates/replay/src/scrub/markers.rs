//! The SDK keeps patches and local activities in markers, and reads them at a replay.

use serde_json::Value;
use temporalio_common::protos::constants::{LOCAL_ACTIVITY_MARKER_NAME, PATCH_MARKER_NAME};

use super::rules;

/// The SDK's own data among the details of such a marker.
pub(super) const DATA: [&str; 2] = ["data", "patch-data"];

pub(super) fn is_the_sdks(name: &str) -> bool {
    [PATCH_MARKER_NAME, LOCAL_ACTIVITY_MARKER_NAME].contains(&name)
}

/// Gives the id of each local activity, which the SDK compares with the one that the code makes.
pub(super) fn each_id(document: &mut Value, give: &mut dyn FnMut(&mut String)) {
    for event in document["events"].as_array_mut().into_iter().flatten() {
        let Some(marker) = event.get_mut("markerRecordedEventAttributes") else { continue };
        if marker["markerName"] != LOCAL_ACTIVITY_MARKER_NAME {
            continue;
        }
        let Some(data) = marker.pointer_mut("/details/data/payloads/0/data") else { continue };
        let json = data.as_str().and_then(rules::from_base64);
        let Some(mut json) = json.and_then(|json| serde_json::from_slice::<Value>(&json).ok()) else { continue };
        if let Some(Value::String(id)) = json.get_mut("activity_id") {
            give(id);
            *data = rules::to_base64(json.to_string().as_bytes()).into();
        }
    }
}
