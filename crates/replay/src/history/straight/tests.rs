//! Held against prost-reflect, which knows proto3 JSON whole: over every field that an event can have, and over each of them
//! with something else in its place.

use std::collections::HashSet;
use std::path::Path;

use prost_reflect::{DeserializeOptions, DynamicMessage, MapKey, SerializeOptions, Value as Reflected};
use serde_json::{Value as Json, json};

use super::*;
use crate::history::read;

/// Messages within messages, as deep as the cause of a failure.
const DEEPEST: usize = 3;

/// A value for every field, and of each `oneof` the one whose turn it is.
fn filled(message: &MessageDescriptor, turn: usize, depth: usize) -> DynamicMessage {
    let mut filled = DynamicMessage::new(message.clone());
    if message.full_name() == "google.protobuf.Timestamp" || message.full_name() == "google.protobuf.Duration" {
        filled.set_field_by_name("seconds", Reflected::I64(1_700_000_000 + depth as i64));
        filled.set_field_by_name("nanos", Reflected::I32(123_456_000));
        return filled;
    }
    for field in message.fields() {
        if let Some(one_of) = field.containing_oneof() {
            let place = one_of.fields().position(|other| other == field);
            if place != Some(turn % one_of.fields().len()) {
                continue;
            }
        }
        if let Some(value) = value(&field, turn, depth) {
            filled.set_field(&field, value);
        }
    }
    filled
}

fn value(field: &FieldDescriptor, turn: usize, depth: usize) -> Option<Reflected> {
    if field.is_map() {
        let Kind::Message(entry) = field.kind() else { return None };
        let value = one(&entry.map_entry_value_field(), turn, depth)?;
        let keys = ["first", "a \"second\"\n"].map(|name| MapKey::String(name.to_owned()));
        return Some(Reflected::Map(keys.into_iter().map(|key| (key, value.clone())).collect()));
    }
    let value = one(field, turn, depth)?;
    Some(if field.is_list() { Reflected::List(vec![value.clone(), value]) } else { value })
}

fn one(field: &FieldDescriptor, turn: usize, depth: usize) -> Option<Reflected> {
    Some(match field.kind() {
        Kind::Bool => Reflected::Bool(true),
        Kind::Int32 => Reflected::I32(i32::MIN + turn as i32),
        Kind::Int64 => Reflected::I64(i64::MIN + turn as i64),
        Kind::Uint32 => Reflected::U32(u32::MAX),
        Kind::Uint64 => Reflected::U64(u64::MAX),
        Kind::Double => Reflected::F64(-1.5e300),
        Kind::Float => Reflected::F32(0.1),
        Kind::String => Reflected::String(format!("{} of ö \\ \"\u{1}", field.name())),
        Kind::Bytes => Reflected::Bytes(vec![0, 255, 62, 63].into()),
        Kind::Enum(known) => Reflected::EnumNumber(known.values().last()?.number()),
        Kind::Message(message) if depth < DEEPEST => Reflected::Message(filled(&message, turn, depth + 1)),
        _ => return None,
    })
}

/// Every kind of event, each as many times as its widest `oneof` has fields.
fn every_event() -> Vec<DynamicMessage> {
    let event = shape::of("HistoryEvent").unwrap();
    let kinds = event.oneofs().next().unwrap().fields().len();
    let mut events = Vec::new();
    for kind in 0..kinds {
        for turn in 0..3 {
            // The same kind of event, and within it another choice.
            events.push(filled(&event, kind + turn * kinds, 0));
        }
    }
    assert!(events.len() > 150, "{}", events.len());
    events
}

/// What prost-reflect reads, to the letter.
fn by_reflection(event: &Json) -> Option<HistoryEvent> {
    let strictly = DeserializeOptions::new().deny_unknown_fields(true);
    let descriptor = shape::of("HistoryEvent").unwrap();
    let read = DynamicMessage::deserialize_with_options(descriptor, event, &strictly).ok()?;
    Some(read.transcode_to().unwrap())
}

fn straight(document: &Json) -> Option<Vec<HistoryEvent>> {
    events(document.to_string().as_bytes()).unwrap()
}

#[test]
fn every_field_that_an_event_can_have_is_read_as_it_was() {
    let options = SerializeOptions::new();
    let forms = [
        options.clone(),
        options.clone().use_proto_field_name(true),
        options.clone().stringify_64_bit_integers(false).use_enum_numbers(true),
        options.skip_default_fields(false),
    ];
    for event in every_event() {
        let expected: HistoryEvent = event.transcode_to().unwrap();
        for form in &forms {
            let json = event.serialize_with_options(serde_json::value::Serializer, form).unwrap();
            let read = straight(&json!({ "events": [json], "archived": null }));
            assert_eq!(read.as_deref(), Some(std::slice::from_ref(&expected)), "{json:#}");
        }
    }
}

/// A pointer to every value below.
fn places(value: &Json, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Json::Object(fields) => fields.iter().for_each(|(name, value)| {
            places(value, &format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), found);
        }),
        Json::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| places(item, &format!("{at}/{index}"), found));
        }
        _ => {}
    }
}

#[test]
fn what_stands_in_anothers_place_is_left_to_the_detour_or_read_as_it_is_meant() {
    let others = [
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(4_294_967_296_u64),
        json!(1.5),
        json!(1e300),
        json!(""),
        json!("5"),
        json!("1.5s"),
        json!("AQ"),
        json!("-_8="),
        json!("EVENT_TYPE_TIMER_STARTED"),
        json!("2024-02-30T00:00:00Z"),
        json!("2024-02-29T12:00:00.5+02:00"),
        json!([]),
        json!([null]),
        json!(["5"]),
        json!({}),
        json!({ "a": "AQ==" }),
        json!({ "seconds": "5" }),
    ];
    let (mut read, mut left, mut done) = (0, 0, HashSet::new());
    for event in every_event().iter().step_by(3) {
        let json = serde_json::to_value(event).unwrap();
        let mut found = Vec::new();
        places(&json, "", &mut found);
        // The same field of the same is there many times.
        found.retain(|place| done.insert(place.rsplit('/').take(2).collect::<Vec<_>>().join("/")));
        for place in found {
            for other in &others {
                let mut changed = json.clone();
                *changed.pointer_mut(&place).unwrap() = other.clone();
                let Some(events) = straight(&json!({ "events": [changed] })) else {
                    left += 1;
                    continue;
                };
                read += 1;
                assert_eq!(Some(&events[0]), by_reflection(&changed).as_ref(), "{place} is {other}");
            }
        }
    }
    assert!(read > 1_000 && left > 5_000, "{read} read, {left} left");
}

#[test]
fn what_is_not_to_the_letter_is_left_to_the_detour() {
    let event = r#""eventId": "1", "eventType": "EVENT_TYPE_TIMER_STARTED""#;
    let timer = r#""timerStartedEventAttributes": {"timerId": "1"}"#;
    assert!(events(format!("{{\"events\": [{{{event}, {timer}}}]}}").as_bytes()).unwrap().is_some());
    for other in [
        String::new(),
        "[]".to_owned(),
        "{}".to_owned(),
        r#"{"events": []}"#.to_owned(),
        r#"{"events": {}}"#.to_owned(),
        r#"{"events": [{}]}"#.to_owned(),
        r#"{"events": [null]}"#.to_owned(),
        format!("{{\"events\": [{{{event}, {timer}}}"),
        format!("{{\"events\": [{{{event}, {timer}}}]}} and more"),
        format!("{{\"events\": [{{{event}, {timer}, {timer}}}]}}"),
        format!("{{\"events\": [{{{event}, {timer}, \"timerFiredEventAttributes\": {{}}}}]}}"),
        format!("{{\"events\": [{{{event}, {timer}, \"ofNextYear\": 1}}]}}"),
        format!("{{\"history\": {{\"events\": [{{{event}, {timer}}}]}}}}"),
        format!("{{\"events\": [{{{event}, {timer}}}], \"events\": [{{{event}, {timer}}}]}}"),
    ] {
        assert!(events(other.as_bytes()).unwrap().is_none(), "{other}");
    }
}

#[test]
fn saved_histories_are_read_straight_and_as_the_detour_reads_them() {
    let products = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../products");
    let mut count = 0;
    for product in std::fs::read_dir(products).unwrap() {
        let Ok(histories) = std::fs::read_dir(product.unwrap().path().join("histories")) else { continue };
        for file in histories.map(|file| file.unwrap().path()).filter(|file| file.extension().is_some()) {
            let json = std::fs::read(&file).unwrap();
            let detour = read::of_value(serde_json::from_slice(&json).unwrap()).unwrap();
            assert_eq!(events(&json).unwrap(), Some(detour), "{}", file.display());
            count += 1;
        }
    }
    assert!(count > 5, "{count}");
}
