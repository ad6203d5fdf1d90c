//! What payloads say, whatever they look like: an encrypted one is another each time that it is written.

use base64::Engine;
use mainspring_client::{ClientError, Payloads};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use temporalio_common::data_converters::RawValue;
use temporalio_common::protos::temporal::api::common::v1::{Payload, SearchAttributes};

/// The value of a payload: JSON as it is, anything else as what it is and its checksum.
pub(crate) async fn value(payload: &Payload, payloads: &Payloads) -> Result<Value, ClientError> {
    match payloads.decode_json(payload).await {
        Err(ClientError::Binary { encoding, bytes }) => {
            let plain: RawValue = payloads.decode(payload).await?;
            let data = plain.payloads.first().map(|plain| plain.data.clone()).unwrap_or_default();
            Ok(json!({ "encoding": encoding, "bytes": bytes, "sha256": checksum(&data) }))
        }
        read => read,
    }
}

/// The values of a workflow's arguments, under the name that tells one from several.
pub(crate) async fn arguments(
    arguments: &[Payload],
    payloads: &Payloads,
) -> Result<(&'static str, Value), ClientError> {
    let mut values = Vec::new();
    for argument in arguments {
        values.push(value(argument, payloads).await?);
    }
    Ok(match <[Value; 1]>::try_from(values) {
        Ok([one]) => ("input", one),
        Err(several) => ("inputs", several.into()),
    })
}

/// Search attributes, but for the server's own.
pub(crate) fn attributes(attributes: Option<&SearchAttributes>) -> Map<String, Value> {
    let fields = attributes.iter().flat_map(|attributes| &attributes.indexed_fields);
    let ours = fields
        .filter(|(name, _)| !name.starts_with("Temporal") && !["BuildIds", "BinaryChecksums"].contains(&name.as_str()));
    ours.map(|(name, payload)| (name.clone(), serde_json::from_slice(&payload.data).unwrap_or_default())).collect()
}

/// A checksum of a value: the same for the same value, in whatever order its fields stand.
pub(crate) fn digest(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    format!("sha256:{}", checksum(text.as_bytes()))
}

pub(crate) fn checksum(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD_NO_PAD.encode(Sha256::digest(bytes))
}

fn write(value: &Value, to: &mut String) {
    match value {
        Value::Object(fields) => {
            let mut names: Vec<&String> = fields.keys().collect();
            names.sort();
            to.push('{');
            for name in names {
                to.push_str(&Value::from(name.as_str()).to_string());
                to.push(':');
                write(&fields[name], to);
                to.push(',');
            }
            to.push('}');
        }
        Value::Array(values) => {
            to.push('[');
            for value in values {
                write(value, to);
                to.push(',');
            }
            to.push(']');
        }
        plain => to.push_str(&plain.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_is_of_the_value_and_not_of_its_spelling() {
        let read = |text: &str| digest(&serde_json::from_str(text).unwrap());
        assert_eq!(read(r#"{"a": 1, "b": [{"c": 2, "d": null}]}"#), read(r#"{"b":[{"d":null,"c":2}],"a":1}"#));
        for other in
            [r#"{"a": 1}"#, r#"{"a": 1, "b": [{"c": 2}]}"#, r#"["a", 1]"#, r#"{"a": "1", "b": [{"c": 2, "d": null}]}"#]
        {
            assert_ne!(read(r#"{"a": 1, "b": [{"c": 2, "d": null}]}"#), read(other), "{other}");
        }
    }
}
