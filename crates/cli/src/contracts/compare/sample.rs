//! A value that fits a schema, with every field that it names, along a given way: what an older caller may have sent.

use serde_json::{Map, Value, json};

use super::Step;
use super::flat::{Plain, field, flat, names, required, type_of};

/// Below this, only what has to be there.
const FULL: usize = 6;
const DEEPEST: usize = 24;

/// None where it cannot be made: of a pattern, or of a schema that is not understood.
pub(in crate::contracts) fn sample(root: &Value, schema: &Value, trail: &[Step]) -> Option<Value> {
    make(root, schema, Some(trail), "$", 0)
}

/// `trail` is None off the way.
fn make(root: &Value, schema: &Value, trail: Option<&[Step]>, name: &str, depth: usize) -> Option<Value> {
    if depth > DEEPEST {
        return None;
    }
    let alternatives = flat(root, schema).ok()?;
    let (plain, trail) = match trail.and_then(<[Step]>::split_first) {
        Some((Step::Alternative(index), trail)) => (alternatives.get(*index)?, Some(trail)),
        _ => {
            let shallow = alternatives.iter().find(|plain| depth > FULL && type_of(plain) == Some("null"));
            let solid = alternatives.iter().find(|plain| type_of(plain) != Some("null"));
            (shallow.or(solid).or(alternatives.first())?, trail)
        }
    };
    let step = trail.and_then(<[Step]>::split_first);
    if let Some(values) = plain.get("enum").and_then(Value::as_array) {
        return values.first().cloned();
    }
    match type_of(plain) {
        Some("null") => Some(Value::Null),
        Some("boolean") => Some(json!(true)),
        Some("integer" | "number") => number(plain),
        Some("string") => text(plain, name),
        Some("array") => {
            let prefix = plain.get("prefixItems").and_then(Value::as_array).cloned().unwrap_or_default();
            let least = plain.get("minItems").and_then(Value::as_u64).unwrap_or(0) as usize;
            let along = match step {
                Some((Step::Element(index), rest)) => Some((*index, rest)),
                _ => None,
            };
            let full = usize::from(depth <= FULL && plain.get("maxItems").is_none());
            let length = least.max(prefix.len()).max(full).max(along.map_or(0, |(index, _)| index + 1));
            let further = plain.get("items").cloned().unwrap_or(Value::Bool(true));
            let element = |index: usize| {
                let trail = along.filter(|(way, _)| *way == index).map(|(_, rest)| rest);
                make(root, prefix.get(index).unwrap_or(&further), trail, &format!("{name}.{index}"), depth + 1)
            };
            (0..length).map(element).collect::<Option<Vec<_>>>().map(Value::Array)
        }
        Some("object") => {
            let along = match step {
                Some((Step::Field(name), rest)) => Some((name.as_str(), rest)),
                _ => None,
            };
            let always = required(plain);
            let mut fields = Map::new();
            for field_name in names(plain).chain(always.iter().copied()) {
                let trail = along.filter(|(way, _)| *way == field_name).map(|(_, rest)| rest);
                if depth > FULL && trail.is_none() && !always.contains(&field_name) {
                    continue;
                }
                let name = format!("{name}.{field_name}");
                fields.insert(field_name.into(), make(root, &field(plain, field_name), trail, &name, depth + 1)?);
            }
            if let Some((Step::Rest, rest)) = step {
                fields.insert("1".into(), make(root, &super::flat::rest(plain), Some(rest), name, depth + 1)?);
            }
            Some(Value::Object(fields))
        }
        _ => Some(json!({})),
    }
}

fn number(plain: &Plain) -> Option<Value> {
    let of = |keyword: &str| plain.get(keyword).cloned();
    let above = of("exclusiveMinimum").and_then(|low| low.as_f64()).map(|low| json!(low.floor() as i64 + 1));
    of("minimum").or(above).or_else(|| of("maximum")).or_else(|| Some(json!(7)))
}

fn text(plain: &Plain, name: &str) -> Option<Value> {
    if plain.contains_key("pattern") {
        return None;
    }
    let text = match plain.get("format").and_then(Value::as_str) {
        None => name.to_owned(),
        Some("date-time") => "2020-02-03T04:05:06Z".into(),
        Some("date" | "partial-date") => "2020-02-03".into(),
        Some("time" | "partial-time") => "04:05:06Z".into(),
        Some("partial-date-time") => "2020-02-03T04:05:06".into(),
        Some("duration") => "PT7S".into(),
        Some("uuid") => "6f1c9c0e-3c5d-4b36-9a1d-0f3b7c1f2a4b".into(),
        Some("uri" | "iri") => "https://example.com/".into(),
        Some("email") => "ada@example.com".into(),
        Some("ipv4" | "ip") => "192.0.2.1".into(),
        Some("ipv6") => "2001:db8::1".into(),
        Some(_) => return None,
    };
    let end = |keyword: &str| plain.get(keyword).and_then(Value::as_u64).map(|end| end as usize);
    let length = text.chars().count();
    let padded = text.chars().chain(std::iter::repeat_n('x', end("minLength").unwrap_or(0).saturating_sub(length)));
    Some(Value::String(padded.take(end("maxLength").unwrap_or(usize::MAX)).collect()))
}
