//! A type as it travels: what its values may look like, and whether a payload is one.

use std::fmt;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;
use temporalio_common::data_converters::{
    GenericPayloadConverter, PayloadConversionError, PayloadConverter, RawValue, SerializationContext,
    SerializationContextData, TemporalDeserializable, TemporalSerializable,
};
use temporalio_common::protos::temporal::api::common::v1::Payload;

/// What is known of an input or result without its type. Its schemas are made anew by each call.
#[derive(Clone, Copy)]
pub struct WireType {
    name: &'static str,
    reads: fn() -> Value,
    writes: fn() -> Value,
    decode: fn(Vec<Payload>) -> Result<(), PayloadConversionError>,
    round_trip: fn(&Value) -> Result<Value, PayloadConversionError>,
}

impl WireType {
    /// That of `T`.
    pub fn of<T>() -> Self
    where
        T: JsonSchema + TemporalDeserializable + TemporalSerializable + 'static,
    {
        Self {
            name: std::any::type_name::<T>(),
            reads: || schema::<T>(SchemaSettings::draft2020_12().for_deserialize()),
            writes: || schema::<T>(SchemaSettings::draft2020_12().for_serialize()),
            decode: |payloads| from_payloads::<T>(payloads).map(drop),
            round_trip: |value| {
                let converter = PayloadConverter::default();
                let data = SerializationContextData::None;
                let context = SerializationContext::new(&data, &converter);
                let decoded = from_payloads::<T>(RawValue::from_value(value, &converter).payloads)?;
                let payloads = converter.to_payloads(&context, &decoded)?;
                from_payloads::<Value>(payloads)
            },
        }
    }

    /// The type's path in Rust, for messages.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The JSON schema (draft 2020-12) of what it decodes. That of `()` is `{"type": "null"}`, and no argument at all
    /// stands for `null`.
    pub fn reads(&self) -> Value {
        (self.reads)()
    }

    /// The JSON schema of what it is encoded as: a field with a default is always written, for instance.
    pub fn writes(&self) -> Value {
        (self.writes)()
    }

    /// Whether these payloads are one. They went through the codec before.
    ///
    /// # Errors
    /// What a worker would say of them.
    pub fn decode(&self, payloads: Vec<Payload>) -> Result<(), PayloadConversionError> {
        (self.decode)(payloads)
    }

    /// Decodes a value and encodes it again: what is lost on the way was not read.
    ///
    /// # Errors
    /// It does not decode.
    pub fn round_trip(&self, value: &Value) -> Result<Value, PayloadConversionError> {
        (self.round_trip)(value)
    }
}

impl fmt::Debug for WireType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WireType").field(&self.name).finish()
    }
}

fn schema<T: JsonSchema>(settings: SchemaSettings) -> Value {
    settings.into_generator().into_root_schema_for::<T>().to_value()
}

fn from_payloads<T: TemporalDeserializable + 'static>(payloads: Vec<Payload>) -> Result<T, PayloadConversionError> {
    let converter = PayloadConverter::default();
    let data = SerializationContextData::None;
    converter.from_payloads(&SerializationContext::new(&data, &converter), payloads)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// `Vec` is the smallest type whose schema and decoding can be told apart from any other's.
    #[test]
    fn a_value_is_decoded_and_encoded_again_as_its_type_does_it() {
        let wire = WireType::of::<Vec<u16>>();
        assert_eq!(wire.round_trip(&json!([1, 2])).unwrap(), json!([1, 2]));
        let error = wire.round_trip(&json!(["one"])).unwrap_err().to_string();
        assert!(error.contains("invalid type: string \"one\", expected u16"), "{error}");
        assert_eq!(wire.reads()["items"]["maximum"], 65_535);
    }

    #[test]
    fn no_payload_is_nothing_and_nothing_else() {
        assert!(WireType::of::<()>().decode(Vec::new()).is_ok());
        assert!(WireType::of::<String>().decode(Vec::new()).is_err());
        assert_eq!(WireType::of::<()>().reads()["type"], "null");
    }
}
