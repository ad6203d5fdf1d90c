//! proto3 JSON to the letter, in one pass: each value is written as protobuf where it stands, and an event is decoded from
//! that. No tree of values or of fields is made, which is what most of the time of reading went into.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use prost::Message;
use prost_reflect::{Cardinality, FieldDescriptor, Kind, MessageDescriptor};
use prost_types::{Duration, Timestamp};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Unexpected, Visitor};
use temporalio_common::protos::temporal::api::history::v1::HistoryEvent;

use super::shape;
use crate::ReplayError;

static SHAPES: LazyLock<Result<Shapes, String>> =
    LazyLock::new(|| shape::of("HistoryEvent").map(|event| Shapes::of(&event)).map_err(|error| error.to_string()));

/// Other writers leave the padding out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The events of `{"events": […]}`. Nothing, if anything differs from proto3 JSON, or is not known to this version.
pub(super) fn events(json: &[u8]) -> Result<Option<Vec<HistoryEvent>>, ReplayError> {
    let shapes = SHAPES.as_ref().map_err(|reason| ReplayError::Unwritable { reason: reason.clone() })?;
    let mut reader = serde_json::Deserializer::from_slice(json);
    let events = Export(shapes).deserialize(&mut reader);
    Ok(events.ok().filter(|_| reader.end().is_ok()))
}

/// Every message that can be in an event; the event itself is the first.
struct Shapes(Vec<Shape>);

/// A message: its fields, and the place of each by the names that it has in JSON.
#[derive(Default)]
struct Shape {
    fields: Vec<Field>,
    names: HashMap<String, usize>,
}

struct Field {
    number: u32,
    /// The place of its `oneof` among the message's.
    one_of: Option<usize>,
    many: Many,
    of: Of,
}

#[derive(Clone, Copy)]
enum Many {
    One,
    List,
    /// By strings; what `of` says is the value.
    Map,
}

/// What stands in one value.
enum Of {
    Bool,
    /// With the range of 32 or of 64 bits.
    Signed(i64),
    Unsigned(u64),
    Double,
    Float,
    Text,
    Bytes,
    Enum(HashMap<String, i32>),
    Message(usize),
    Timestamp,
    Duration,
    /// No history has one: left to the detour.
    Other,
}

impl Shapes {
    fn of(event: &MessageDescriptor) -> Self {
        let (mut shapes, mut known) = (Self(Vec::new()), HashMap::new());
        shapes.add(event, &mut known);
        shapes
    }

    fn add(&mut self, message: &MessageDescriptor, known: &mut HashMap<String, usize>) -> usize {
        if let Some(there) = known.get(message.full_name()) {
            return *there;
        }
        let index = self.0.len();
        known.insert(message.full_name().to_owned(), index);
        self.0.push(Shape::default());
        let mut shape = Shape::default();
        for field in message.fields() {
            // Both are taken, as a parser of proto3 JSON has to.
            for name in [field.json_name(), field.name()] {
                shape.names.insert(name.to_owned(), shape.fields.len());
            }
            shape.fields.push(self.field(&field, known));
        }
        self.0[index] = shape;
        index
    }

    fn field(&mut self, field: &FieldDescriptor, known: &mut HashMap<String, usize>) -> Field {
        let one_of = field.containing_oneof().and_then(|of| of.parent_message().oneofs().position(|other| other == of));
        let (many, of) = match field.kind() {
            Kind::Message(entry) if field.is_map() => match entry.map_entry_key_field().kind() {
                Kind::String => (Many::Map, self.of_kind(&entry.map_entry_value_field().kind(), known)),
                _ => (Many::Map, Of::Other),
            },
            kind if field.cardinality() == Cardinality::Repeated => (Many::List, self.of_kind(&kind, known)),
            kind => (Many::One, self.of_kind(&kind, known)),
        };
        Field { number: field.number(), one_of, many, of }
    }

    fn of_kind(&mut self, kind: &Kind, known: &mut HashMap<String, usize>) -> Of {
        match kind {
            Kind::Bool => Of::Bool,
            Kind::Int32 => Of::Signed(i32::MAX.into()),
            Kind::Int64 => Of::Signed(i64::MAX),
            Kind::Uint32 => Of::Unsigned(u32::MAX.into()),
            Kind::Uint64 => Of::Unsigned(u64::MAX),
            Kind::Double => Of::Double,
            Kind::Float => Of::Float,
            Kind::String => Of::Text,
            Kind::Bytes => Of::Bytes,
            Kind::Enum(known) => {
                Of::Enum(known.values().map(|value| (value.name().to_owned(), value.number())).collect())
            }
            Kind::Message(message) => match message.full_name() {
                "google.protobuf.Timestamp" => Of::Timestamp,
                "google.protobuf.Duration" => Of::Duration,
                "google.protobuf.Empty" => Of::Message(self.add(message, known)),
                name if name.starts_with("google.protobuf.") => Of::Other,
                _ => Of::Message(self.add(message, known)),
            },
            _ => Of::Other,
        }
    }
}

/// How a value of protobuf is told how far it goes.
#[derive(Clone, Copy)]
enum Wire {
    Varint = 0,
    Fixed64 = 1,
    Delimited = 2,
    Fixed32 = 5,
}

/// Seven bits a byte, the lowest first; the eighth says that more follow.
fn varint(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    out.push(number.to_le_bytes()[0]);
}

fn key(number: u32, wire: Wire, out: &mut Vec<u8>) {
    varint(u64::from(number) << 3 | wire as u64, out);
}

/// What was written from there on, with its length before it.
fn delimit(from: usize, out: &mut Vec<u8>) {
    let (length, end) = (out.len() - from, out.len());
    varint(length as u64, out);
    let prefix = out.len() - end;
    out[from..].rotate_right(prefix);
}

struct Export<'a>(&'a Shapes);

impl<'de> DeserializeSeed<'de> for Export<'_> {
    type Value = Vec<HistoryEvent>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Export<'_> {
    type Value = Vec<HistoryEvent>;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("an object with events")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut events = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            match name.as_str() {
                "events" if events.is_empty() => map.next_value_seed(Events(self.0, &mut events))?,
                "events" => return Err(A::Error::duplicate_field("events")),
                _ => _ = map.next_value::<IgnoredAny>()?,
            }
        }
        if events.is_empty() { Err(A::Error::missing_field("events")) } else { Ok(events) }
    }
}

struct Events<'a>(&'a Shapes, &'a mut Vec<HistoryEvent>);

impl<'de> DeserializeSeed<'de> for Events<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Events<'_> {
    type Value = ();

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("a list of events")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut events: A) -> Result<(), A::Error> {
        let mut out = Vec::new();
        while events.next_element_seed(Fields { shapes: self.0, shape: &self.0.0[0], out: &mut out })?.is_some() {
            let event = HistoryEvent::decode(out.as_slice()).map_err(A::Error::custom)?;
            if event.event_type == 0 {
                return Err(A::Error::missing_field("eventType"));
            }
            self.1.push(event);
            out.clear();
        }
        Ok(())
    }
}

/// The fields of a message, without its length.
struct Fields<'a> {
    shapes: &'a Shapes,
    shape: &'a Shape,
    out: &'a mut Vec<u8>,
}

impl<'de> DeserializeSeed<'de> for Fields<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Fields<'_> {
    type Value = ();

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        // Twice the same, or two of a `oneof`: which one is meant, nobody knows.
        let (mut seen, mut chosen) = (0_u128, 0_u128);
        while let Some(place) = map.next_key_seed(Name(self.shape))? {
            let field = &self.shape.fields[place];
            let bits = (bit(place), field.one_of.map_or(0, bit));
            map.next_value_seed(Value { shapes: self.shapes, field, out: self.out })?;
            if seen & bits.0 != 0 || chosen & bits.1 != 0 {
                return Err(A::Error::custom("given twice"));
            }
            (seen, chosen) = (seen | bits.0, chosen | bits.1);
        }
        Ok(())
    }
}

/// Of more than 128 fields the last share one, so that some are left to the detour.
fn bit(place: usize) -> u128 {
    1 << place.min(127)
}

/// A field's place by its name.
struct Name<'a>(&'a Shape);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = usize;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = usize;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("a field's name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        self.0.names.get(name).copied().ok_or_else(|| E::unknown_field(name, &[]))
    }
}

/// A field's value, with its number.
struct Value<'a> {
    shapes: &'a Shapes,
    field: &'a Field,
    out: &'a mut Vec<u8>,
}

impl Value<'_> {
    fn one(&mut self, or_null: bool) -> One<'_> {
        One { shapes: self.shapes, of: &self.field.of, number: self.field.number, or_null, out: self.out }
    }
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(mut self, from: D) -> Result<(), D::Error> {
        match self.field.many {
            Many::One => self.one(true).deserialize(from),
            Many::List => from.deserialize_seq(self),
            Many::Map => from.deserialize_map(self),
        }
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = ();

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("a list or an object")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(self.one(false))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let Self { shapes, field, out } = self;
        loop {
            let from = out.len();
            key(field.number, Wire::Delimited, out);
            let entry = out.len();
            let name = One { shapes, of: &Of::Text, number: 1, or_null: false, out: &mut *out };
            if entries.next_key_seed(name)?.is_none() {
                out.truncate(from);
                return Ok(());
            }
            entries.next_value_seed(One { shapes, of: &field.of, number: 2, or_null: false, out: &mut *out })?;
            delimit(entry, out);
        }
    }
}

/// One value, with its number.
struct One<'a> {
    shapes: &'a Shapes,
    of: &'a Of,
    number: u32,
    /// Whether null stands for nothing.
    or_null: bool,
    out: &'a mut Vec<u8>,
}

impl One<'_> {
    fn varint(self, value: u64) {
        key(self.number, Wire::Varint, self.out);
        varint(value, self.out);
    }

    fn bytes(self, bytes: &[u8]) {
        key(self.number, Wire::Delimited, self.out);
        varint(bytes.len() as u64, self.out);
        self.out.extend(bytes);
    }

    fn message(self, message: &impl Message) {
        self.bytes(&message.encode_to_vec());
    }

    fn real<E: Error>(self, value: f64) -> Result<(), E> {
        #[allow(clippy::cast_possible_truncation, reason = "what is out of range is refused")]
        let short = value as f32;
        match self.of {
            Of::Double => {
                key(self.number, Wire::Fixed64, self.out);
                self.out.extend(value.to_le_bytes());
            }
            Of::Float if short.is_finite() => {
                key(self.number, Wire::Fixed32, self.out);
                self.out.extend(short.to_le_bytes());
            }
            _ => return Err(E::invalid_type(Unexpected::Float(value), &self)),
        }
        Ok(())
    }

    /// Within the range of its bits, which the largest one says.
    fn signed<E: Error>(self, value: i64) -> Result<(), E> {
        match *self.of {
            Of::Signed(most) if (-most - 1..=most).contains(&value) => {
                // A negative number of 32 bits has all 64 on the wire.
                self.varint(value.cast_unsigned());
                Ok(())
            }
            Of::Unsigned(_) if value >= 0 => self.unsigned(value.cast_unsigned()),
            Of::Enum(_) if i32::try_from(value).is_ok() => {
                self.varint(value.cast_unsigned());
                Ok(())
            }
            #[allow(clippy::cast_precision_loss, reason = "so does every reader of JSON")]
            Of::Double | Of::Float => self.real(value as f64),
            _ => Err(E::invalid_value(Unexpected::Signed(value), &self)),
        }
    }

    fn unsigned<E: Error>(self, value: u64) -> Result<(), E> {
        match *self.of {
            Of::Unsigned(most) if value <= most => {
                self.varint(value);
                Ok(())
            }
            Of::Unsigned(_) => Err(E::invalid_value(Unexpected::Unsigned(value), &self)),
            _ => match i64::try_from(value) {
                Ok(value) => self.signed(value),
                Err(_) => Err(E::invalid_value(Unexpected::Unsigned(value), &self)),
            },
        }
    }
}

impl<'de> DeserializeSeed<'de> for One<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        // Every value of JSON says itself what it is.
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for One<'_> {
    type Value = ();

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("a value of the field's kind")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        if self.or_null { Ok(()) } else { Err(E::invalid_type(Unexpected::Unit, &self)) }
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        match self.of {
            Of::Bool => self.varint(value.into()),
            _ => return Err(E::invalid_type(Unexpected::Bool(value), &self)),
        }
        Ok(())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.signed(value)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.unsigned(value)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.real(value)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        let strange = || E::invalid_value(Unexpected::Str(text), &"a value of the field's kind");
        match self.of {
            Of::Text => self.bytes(text.as_bytes()),
            Of::Bytes => self.bytes(&BASE64.decode(text).map_err(|_| strange())?),
            Of::Enum(names) => {
                let number = *names.get(text).ok_or_else(strange)?;
                self.varint(i64::from(number).cast_unsigned());
            }
            Of::Signed(_) => return self.signed(text.parse().map_err(|_| strange())?),
            Of::Unsigned(_) => return self.unsigned(text.parse().map_err(|_| strange())?),
            Of::Timestamp => self.message(&Timestamp::from_str(text).map_err(|_| strange())?),
            Of::Duration => self.message(&Duration::from_str(text).map_err(|_| strange())?),
            _ => return Err(strange()),
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        let Of::Message(index) = *self.of else { return Err(A::Error::invalid_type(Unexpected::Map, &self)) };
        key(self.number, Wire::Delimited, self.out);
        let from = self.out.len();
        Fields { shapes: self.shapes, shape: &self.shapes.0[index], out: &mut *self.out }.visit_map(map)?;
        delimit(from, self.out);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
