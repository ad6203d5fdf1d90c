//! The one way in which payloads are made and read, whatever path they take: arguments, memo, schedule inputs, raw gRPC.

use serde_json::Value;
use temporalio_common::data_converters::{DataConverter, RawValue, SerializationContextData};
use temporalio_common::protos::temporal::api::common::v1::Payload;

/// A payload that could not be made or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PayloadError {
    /// The codec or the converter refused.
    #[error("a payload could not be {verb}: {cause}")]
    Conversion {
        /// "encoded" or "decoded".
        verb: &'static str,
        /// What it said.
        cause: String,
    },
    /// It is not JSON.
    #[error("a payload of encoding {encoding} is not JSON: {length} bytes")]
    NotJson {
        /// As its metadata says.
        encoding: String,
        /// Its size in bytes.
        length: usize,
    },
}

/// Encodes and decodes with a data converter's payload converter and its codec, in that order, and back.
#[derive(Clone, Debug)]
pub struct Payloads(DataConverter);

impl Payloads {
    /// Through that data converter.
    pub const fn new(converter: DataConverter) -> Self {
        Self(converter)
    }

    /// Any value as a payload, ready for the wire.
    ///
    /// # Errors
    /// The value cannot be serialised, or the codec refused.
    pub async fn encode<T: serde::Serialize + Sync>(&self, value: &T) -> Result<Payload, PayloadError> {
        let value = serde_json::to_value(value).map_err(|error| encoding(&error))?;
        let raw = RawValue::from_value(&value, self.0.payload_converter());
        let codec = self.0.codec();
        let encoded = codec.encode(&SerializationContextData::None, raw.payloads).await;
        encoded.map_err(|error| encoding(&error))?.pop().ok_or_else(|| encoding(&"the codec returned nothing"))
    }

    /// A payload from the wire as JSON. One without the codec's mark passes through.
    ///
    /// # Errors
    /// The codec refused, or the payload is not JSON.
    pub async fn decode(&self, payload: Payload) -> Result<Value, PayloadError> {
        let codec = self.0.codec();
        let decoded = codec.decode(&SerializationContextData::None, vec![payload]).await;
        let payload = decoded.map_err(|error| decoding(&error))?.pop().ok_or_else(|| decoding(&"the codec returned nothing"))?;
        json(&payload)
    }
}

/// A payload that has been through the codec already, as JSON; `null` for nothing.
///
/// # Errors
/// It is not JSON.
fn json(payload: &Payload) -> Result<Value, PayloadError> {
    let encoding = payload.metadata.get("encoding").map(|name| String::from_utf8_lossy(name).into_owned());
    match encoding.as_deref() {
        Some("binary/null") => Ok(Value::Null),
        Some("json/plain" | "json/protobuf") => serde_json::from_slice(&payload.data).map_err(|error| decoding(&error)),
        other => Err(PayloadError::NotJson { encoding: other.unwrap_or("none").to_owned(), length: payload.data.len() }),
    }
}

fn encoding(cause: &dyn std::fmt::Display) -> PayloadError {
    PayloadError::Conversion { verb: "encoded", cause: cause.to_string() }
}

fn decoding(cause: &dyn std::fmt::Display) -> PayloadError {
    PayloadError::Conversion { verb: "decoded", cause: cause.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use temporalio_common::data_converters::{DefaultFailureConverter, PayloadCodec, PayloadConversionError, PayloadConverter};

    type Coded = std::pin::Pin<Box<dyn Future<Output = Result<Vec<Payload>, PayloadConversionError>> + Send>>;

    /// Reverses the bytes of what it encodes, and marks it.
    struct Mirror;

    impl PayloadCodec for Mirror {
        fn encode(&self, _context: &SerializationContextData, mut payloads: Vec<Payload>) -> Coded {
            for payload in &mut payloads {
                payload.data.reverse();
                payload.metadata.insert("mirror".to_owned(), vec![1]);
            }
            Box::pin(async move { Ok(payloads) })
        }

        fn decode(&self, _context: &SerializationContextData, mut payloads: Vec<Payload>) -> Coded {
            for payload in payloads.iter_mut().filter(|payload| payload.metadata.contains_key("mirror")) {
                payload.data.reverse();
            }
            Box::pin(async move { Ok(payloads) })
        }
    }

    #[tokio::test]
    async fn every_payload_goes_through_the_codec_and_back() {
        let converter = DataConverter::new(PayloadConverter::default(), DefaultFailureConverter::default(), Mirror);
        let payloads = Payloads::new(converter);
        let payload = payloads.encode(&serde_json::json!({"a": 1})).await.unwrap();
        assert_eq!(payload.data, br#"}1:"a"{"#);
        assert_eq!(payloads.decode(payload).await.unwrap(), serde_json::json!({"a": 1}));
    }

    #[tokio::test]
    async fn a_payload_without_the_mark_passes_through() {
        let plain = Payloads::new(DataConverter::default()).encode(&7).await.unwrap();
        let converter = DataConverter::new(PayloadConverter::default(), DefaultFailureConverter::default(), Mirror);
        assert_eq!(Payloads::new(converter).decode(plain).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn bytes_that_are_not_json_are_said_to_be_so() {
        let mut payload = Payload { data: vec![0, 1, 2], ..Payload::default() };
        payload.metadata.insert("encoding".to_owned(), b"binary/plain".to_vec());
        let error = Payloads::new(DataConverter::default()).decode(payload).await.unwrap_err();
        assert_eq!(error.to_string(), "a payload of encoding binary/plain is not JSON: 3 bytes");
    }
}
