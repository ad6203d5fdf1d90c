//! The one way from values to payloads and back: the payload converter, then the codec. The SDK goes the same way for
//! arguments, results and memo; whatever is sent by raw gRPC (schedule inputs, memo, signals) goes through here.

use std::collections::HashMap;

use serde::de::IgnoredAny;
use temporalio_common::data_converters::{
    DataConverter, GenericPayloadConverter, RawValue, SerializationContext, SerializationContextData,
    TemporalDeserializable, TemporalSerializable, WorkflowSerializationContext,
};
use temporalio_common::error::IncomingError;
use temporalio_common::payload_visitor::decode_payloads;
use temporalio_common::protos::temporal::api::common::v1::{Memo, Payload};
use temporalio_common::protos::temporal::api::failure::v1::Failure;

use crate::error::ClientError;

const ENCODING: &str = "encoding";

/// Writes and reads payloads with one data converter.
#[derive(Clone, Debug)]
pub struct Payloads {
    converter: DataConverter,
}

impl Payloads {
    /// With this converter and its codec.
    pub const fn new(converter: DataConverter) -> Self {
        Self { converter }
    }

    /// A payload of this value.
    ///
    /// # Errors
    /// [`ClientError::Encode`] if the converter or the codec fails.
    pub async fn encode<T: TemporalSerializable + 'static>(&self, value: &T) -> Result<Payload, ClientError> {
        let encoded = self.converter.to_payload(&context(), value).await;
        encoded.map_err(|error| ClientError::Encode { source: Box::new(error) })
    }

    /// The payloads of a call's arguments: a value of several arguments makes several. The value is read at once, so the
    /// future holds none of it.
    ///
    /// # Errors
    /// As [`Self::encode`].
    pub fn arguments<T: TemporalSerializable + 'static>(
        &self,
        value: &T,
    ) -> impl Future<Output = Result<Vec<Payload>, ClientError>> + Send + use<T> {
        let plain = {
            let converter = self.converter.payload_converter();
            converter.to_payloads(&SerializationContext::new(&context(), converter), value)
        };
        let converter = self.converter.clone();
        async move {
            let encoded = async { converter.codec().encode(&context(), plain?).await };
            encoded.await.map_err(|error| ClientError::Encode { source: Box::new(error) })
        }
    }

    /// A payload of this JSON value.
    ///
    /// # Errors
    /// As [`Self::encode`].
    pub async fn encode_json(&self, value: &serde_json::Value) -> Result<Payload, ClientError> {
        self.encode(value).await
    }

    /// A payload of this JSON text, character by character: a number of any length keeps its digits.
    ///
    /// # Errors
    /// [`ClientError::NotJson`], or as [`Self::encode`].
    pub async fn encode_json_text(&self, text: &str) -> Result<Payload, ClientError> {
        self.encode(&raw_json(text)?).await
    }

    /// A memo of these values, each encoded by itself.
    ///
    /// # Errors
    /// As [`Self::encode`].
    pub async fn memo<T: TemporalSerializable + 'static>(
        &self,
        fields: impl IntoIterator<Item = (String, T)>,
    ) -> Result<Memo, ClientError> {
        let mut encoded = HashMap::new();
        for (name, value) in fields {
            encoded.insert(name, self.encode(&value).await?);
        }
        Ok(Memo { fields: encoded })
    }

    /// The value of this payload. One that the codec did not write passes through it.
    ///
    /// # Errors
    /// [`ClientError::Decode`] if the codec or the converter fails.
    pub async fn decode<T: TemporalDeserializable + 'static>(&self, payload: &Payload) -> Result<T, ClientError> {
        let decoded = self.converter.from_payload(&context(), payload.clone()).await;
        decoded.map_err(|error| decode_error(payload, error))
    }

    /// A failure as the server keeps it, with every payload in it, decoded.
    ///
    /// # Errors
    /// [`ClientError::Failure`] if the codec or the converter fails.
    pub async fn failure(&self, mut failure: Failure) -> Result<IncomingError, ClientError> {
        let decoded = async {
            decode_payloads(&mut failure, self.converter.codec(), &context()).await?;
            let (failures, payloads) = (self.converter.failure_converter(), self.converter.payload_converter());
            failures.to_error(failure, payloads, &context())
        };
        decoded.await.map_err(|error| ClientError::Failure { source: Box::new(error) })
    }

    /// The payload as JSON; one without data is `null`.
    ///
    /// # Errors
    /// [`ClientError::Binary`], with encoding and size, if it holds something else; or as [`Self::decode`].
    pub async fn decode_json(&self, payload: &Payload) -> Result<serde_json::Value, ClientError> {
        let plain: RawValue = self.decode(payload).await?;
        let plain = plain.payloads.into_iter().next().unwrap_or_default();
        match encoding(&plain).as_str() {
            "json/plain" | "json/protobuf" => {
                serde_json::from_slice(&plain.data).map_err(|error| decode_error(payload, error))
            }
            "binary/null" => Ok(serde_json::Value::Null),
            other => Err(ClientError::Binary { encoding: other.to_owned(), bytes: plain.data.len() }),
        }
    }
}

/// An argument for the SDK's untyped calls, from JSON text, character by character. The SDK's client puts it through its codec.
///
/// # Errors
/// [`ClientError::NotJson`].
pub fn raw_json(text: &str) -> Result<RawValue, ClientError> {
    serde_json::from_str::<IgnoredAny>(text).map_err(|error| ClientError::NotJson { source: Box::new(error) })?;
    let metadata = HashMap::from([(ENCODING.to_owned(), b"json/plain".to_vec())]);
    Ok(RawValue::new(vec![Payload { metadata, data: text.trim().as_bytes().to_vec(), ..Default::default() }]))
}

/// Everything that goes by raw gRPC belongs to a workflow; the SDK's own client says the same to its codec.
fn context() -> SerializationContextData {
    SerializationContextData::Workflow(WorkflowSerializationContext::new())
}

fn encoding(payload: &Payload) -> String {
    let bytes = payload.metadata.get(ENCODING).map_or(&b"no encoding"[..], Vec::as_slice);
    String::from_utf8_lossy(bytes).into_owned()
}

fn decode_error(payload: &Payload, error: impl std::error::Error + Send + Sync + 'static) -> ClientError {
    ClientError::Decode { encoding: encoding(payload), bytes: payload.data.len(), source: Box::new(error) }
}
