//! The comparison against an oracle: a value that the old schema allows and the new one refuses (so says the jsonschema
//! crate) has to be a fault.

use std::cell::Cell;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value, json};

use super::{Kind, Side, faults, sample};

/// A type as a derive sees it.
#[derive(Clone, Debug)]
enum Shape {
    Bool,
    Int(&'static str, i64, i64),
    Text(u64, u64),
    Words(Vec<&'static str>),
    Maybe(Box<Self>),
    List(Box<Self>, u64),
    Dictionary(Box<Self>),
    Record(Vec<Field>),
    /// Told apart by the field `kind`.
    Tagged(Vec<(&'static str, Vec<Field>)>),
    /// Told apart by the only field.
    Wrapped(Vec<(&'static str, Self)>),
}

#[derive(Clone, Debug)]
struct Field {
    name: &'static str,
    required: bool,
    shape: Shape,
}

const NAMES: [&str; 4] = ["a", "b", "c", "d"];
const WORDS: [&str; 4] = ["low", "middle", "high", "none"];

fn shapes() -> impl Strategy<Value = Shape> {
    let leaf = prop_oneof![
        Just(Shape::Bool),
        (prop::sample::select(vec!["int8", "uint8", "int32", "uint32", "int64"]), -3..3_i64, 4..9_i64)
            .prop_map(|(format, low, high)| Shape::Int(format, if format.starts_with('u') { 0 } else { low }, high)),
        (0..2_u64, 2..5_u64).prop_map(|(low, high)| Shape::Text(low, high)),
        prop::sample::subsequence(WORDS.to_vec(), 1..=4).prop_map(Shape::Words),
    ];
    leaf.prop_recursive(3, 24, 3, |inner| {
        let fields = || {
            prop::sample::subsequence(NAMES.to_vec(), 0..=3).prop_flat_map({
                let inner = inner.clone();
                move |names| {
                    let field = (any::<bool>(), inner.clone());
                    vec(field, names.len()).prop_map(move |fields| {
                        let named = names.iter().zip(fields);
                        named.map(|(name, (required, shape))| Field { name, required, shape }).collect::<Vec<_>>()
                    })
                }
            })
        };
        let tags = || prop::sample::subsequence(WORDS.to_vec(), 1..=3);
        prop_oneof![
            inner.clone().prop_map(|shape| Shape::Maybe(Box::new(shape))),
            (inner.clone(), 1..4_u64).prop_map(|(shape, most)| Shape::List(Box::new(shape), most)),
            inner.clone().prop_map(|shape| Shape::Dictionary(Box::new(shape))),
            fields().prop_map(Shape::Record),
            (tags(), vec(fields(), 3)).prop_map(|(tags, fields)| Shape::Tagged(tags.into_iter().zip(fields).collect())),
            (tags(), vec(inner, 3)).prop_map(|(tags, shapes)| Shape::Wrapped(tags.into_iter().zip(shapes).collect())),
        ]
    })
}

/// Two versions of a type: mostly the same but for one place, so that what is found is small.
fn versions() -> impl Strategy<Value = (Shape, Shape)> {
    let changed = (shapes(), shapes(), any::<prop::sample::Index>()).prop_map(|(old, part, at)| {
        let mut new = old.clone();
        let places = count(&new);
        replace(&mut new, &mut (at.index(places) as isize), part);
        (old, new)
    });
    prop_oneof![4 => changed, 1 => (shapes(), shapes())]
}

fn parts(shape: &mut Shape) -> Vec<&mut Shape> {
    match shape {
        Shape::Maybe(inner) | Shape::List(inner, _) | Shape::Dictionary(inner) => vec![inner],
        Shape::Record(fields) => fields.iter_mut().map(|field| &mut field.shape).collect(),
        Shape::Tagged(tagged) => {
            tagged.iter_mut().flat_map(|(_, fields)| fields).map(|field| &mut field.shape).collect()
        }
        Shape::Wrapped(wrapped) => wrapped.iter_mut().map(|(_, shape)| shape).collect(),
        _ => Vec::new(),
    }
}

fn count(shape: &Shape) -> usize {
    let mut shape = shape.clone();
    1 + parts(&mut shape).into_iter().map(|part| count(part)).sum::<usize>()
}

fn replace(shape: &mut Shape, at: &mut isize, by: Shape) {
    if *at == 0 {
        *shape = by;
        *at = -1;
        return;
    }
    *at -= 1;
    for part in parts(shape) {
        if *at >= 0 {
            replace(part, at, by.clone());
        }
    }
}

fn record(fields: &[Field], tag: Option<&str>) -> Value {
    let mut properties: Map<String, Value> =
        fields.iter().map(|field| (field.name.to_owned(), schema(&field.shape))).collect();
    let mut required: Vec<&str> = fields.iter().filter(|field| field.required).map(|field| field.name).collect();
    if let Some(tag) = tag {
        properties.insert("kind".into(), json!({ "const": tag }));
        required.push("kind");
    }
    json!({ "type": "object", "properties": properties, "required": required })
}

fn schema(shape: &Shape) -> Value {
    match shape {
        Shape::Bool => json!({ "type": "boolean" }),
        Shape::Int(format, low, high) => {
            json!({ "type": "integer", "format": format, "minimum": low, "maximum": high })
        }
        Shape::Text(low, high) => json!({ "type": "string", "minLength": low, "maxLength": high }),
        Shape::Words(words) => json!({ "type": "string", "enum": words }),
        Shape::Maybe(inner) => json!({ "anyOf": [schema(inner), { "type": "null" }] }),
        Shape::List(inner, most) => json!({ "type": "array", "items": schema(inner), "maxItems": most }),
        Shape::Dictionary(inner) => json!({ "type": "object", "additionalProperties": schema(inner) }),
        Shape::Record(fields) => record(fields, None),
        Shape::Tagged(tagged) => {
            json!({ "oneOf": tagged.iter().map(|(tag, fields)| record(fields, Some(tag))).collect::<Vec<_>>() })
        }
        Shape::Wrapped(wrapped) => {
            let one = |(tag, shape): &(&str, Shape)| json!({ "type": "object", "properties": { *tag: schema(shape) }, "required": [tag], "additionalProperties": false });
            json!({ "oneOf": wrapped.iter().map(one).collect::<Vec<_>>() })
        }
    }
}

/// Values of a type, near its bounds.
fn values(shape: &Shape) -> BoxedStrategy<Value> {
    match shape {
        Shape::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Shape::Int(_, low, high) => prop_oneof![Just(*low), Just(*high), *low..=*high].prop_map(Value::from).boxed(),
        Shape::Text(low, high) => (*low..=*high).prop_map(|length| json!("x".repeat(length as usize))).boxed(),
        Shape::Words(words) => prop::sample::select(words.clone()).prop_map(Value::from).boxed(),
        Shape::Maybe(inner) => prop_oneof![Just(Value::Null), values(inner)].boxed(),
        Shape::List(inner, most) => vec(values(inner), 0..=*most as usize).prop_map(Value::from).boxed(),
        Shape::Dictionary(inner) => {
            vec((prop::sample::select(NAMES.to_vec()), values(inner)), 0..3).prop_map(object).boxed()
        }
        Shape::Record(fields) => record_values(fields, None),
        Shape::Tagged(tagged) => {
            let each = tagged.iter().map(|(tag, fields)| record_values(fields, Some(tag))).collect::<Vec<_>>();
            prop::strategy::Union::new(each).boxed()
        }
        Shape::Wrapped(wrapped) => {
            let each = wrapped.iter().map(|(tag, shape)| {
                let tag = (*tag).to_owned();
                values(shape).prop_map(move |value| json!({ tag.clone(): value })).boxed()
            });
            prop::strategy::Union::new(each.collect::<Vec<_>>()).boxed()
        }
    }
}

fn record_values(fields: &[Field], tag: Option<&'static str>) -> BoxedStrategy<Value> {
    let each: Vec<_> = fields
        .iter()
        .map(|Field { name, required, shape }| {
            let (name, there) = (*name, if *required { Just(true).boxed() } else { any::<bool>().boxed() });
            (there, values(shape)).prop_map(move |(there, value)| there.then_some((name, value)))
        })
        .collect();
    let tagged = move |fields: Vec<Option<(&'static str, Value)>>| {
        object(fields.into_iter().flatten().chain(tag.map(|tag| ("kind", json!(tag)))).collect())
    };
    each.prop_map(tagged).boxed()
}

fn object(fields: Vec<(&'static str, Value)>) -> Value {
    Value::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

fn fits(schema: &Value, value: &Value) -> bool {
    jsonschema::validator_for(schema).unwrap().is_valid(value)
}

/// Runs a property, and fails when less than `least` of its cases were worth it.
fn hunt<S: Strategy>(cases: u32, least: u32, strategy: &S, property: impl Fn(S::Value) -> Result<bool, TestCaseError>) {
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let hit = Cell::new(0);
    let outcome = runner.run(strategy, |value| {
        hit.set(hit.get() + u32::from(property(value)?));
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
    assert!(hit.get() >= least, "only {} of {cases} cases hit anything", hit.get());
}

#[test]
fn what_the_new_schema_refuses_is_a_fault() {
    let cases = versions().prop_flat_map(|(old, new)| {
        let values = vec(values(&old), 12);
        (Just(schema(&old)), Just(schema(&new)), values)
    });
    hunt(1_500, 150, &cases, |(old, new, values)| {
        prop_assert!(values.iter().all(|value| fits(&old, value)), "the test makes values that do not fit: {old}");
        let refused = values.iter().find(|value| !fits(&new, value));
        let found = faults(&old, &new, Side::Reads);
        if let Some(refused) = refused {
            prop_assert!(!found.is_empty(), "{refused} fits {old} and not {new}");
        }
        Ok(refused.is_some())
    });
}

#[test]
fn nothing_is_found_where_nothing_changed() {
    hunt(500, 250, &shapes(), |shape| {
        let schema = schema(&shape);
        for side in [Side::Reads, Side::Writes] {
            let found = faults(&schema, &schema, side);
            prop_assert!(found.is_empty(), "{schema}: {found:?}");
        }
        Ok(count(&shape) > 1)
    });
}

#[test]
fn a_new_field_that_may_be_missing_breaks_no_reader() {
    let fields = vec((any::<bool>(), shapes()), 3);
    hunt(300, 300, &fields, |fields| {
        let named = NAMES.into_iter().zip(fields).map(|(name, (required, shape))| Field { name, required, shape });
        let old: Vec<Field> = named.collect();
        let mut new = old.clone();
        new.push(Field { name: "new", required: false, shape: Shape::Bool });
        let found = faults(&record(&old, None), &record(&new, None), Side::Reads);
        prop_assert!(found.is_empty(), "{found:?}");
        new.last_mut().unwrap().required = true;
        let found = faults(&record(&old, None), &record(&new, None), Side::Reads);
        prop_assert!(matches!(&found[..], [fault] if fault.kind == Kind::Missing { name: "new".into() }), "{found:?}");
        Ok(true)
    });
}

#[test]
fn a_sample_fits_its_schema_also_on_the_way_to_a_fault() {
    hunt(800, 100, &versions(), |(old, new)| {
        let (old, new) = (schema(&old), schema(&new));
        let of_nothing = sample(&old, &old, &[]).unwrap();
        prop_assert!(fits(&old, &of_nothing), "{of_nothing} does not fit {old}");
        let found = faults(&old, &new, Side::Reads);
        for fault in &found {
            let value = sample(&old, &old, &fault.trail).unwrap();
            // A list that is too short for the way is made longer than it may be.
            prop_assert!(fits(&old, &value), "{value} does not fit {old} on the way {:?}", fault.trail);
        }
        Ok(!found.is_empty())
    });
}
