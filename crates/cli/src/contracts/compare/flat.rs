//! Schemas without references and alternatives: what a value may be, as a list of plain objects of keywords, of which it
//! fits one.
//!
//! `oneOf` counts as `anyOf`: serde takes the first that fits, and what a derive makes does not overlap.

use serde_json::{Map, Value, json};

/// References, alternatives and conjunctions followed one below the other.
const DEEPEST: u8 = 16;

/// What says nothing of values.
const SILENT: [&str; 12] = [
    "$comment",
    "$defs",
    "$id",
    "$schema",
    "default",
    "definitions",
    "deprecated",
    "description",
    "examples",
    "readOnly",
    "title",
    "writeOnly",
];

/// The keywords of one alternative.
pub(super) type Plain = Map<String, Value>;

/// The alternatives of a schema, none where nothing fits.
///
/// # Errors
/// The keyword that cannot be taken apart.
pub(super) fn flat(root: &Value, schema: &Value) -> Result<Vec<Plain>, String> {
    let mut alternatives = taken_apart(root, schema, 0)?;
    for plain in &mut alternatives {
        // Relative to everything beside it, and by now everything is.
        if let Some(rest) = plain.remove("unevaluatedProperties") {
            plain.entry("additionalProperties").or_insert(rest);
        }
        if let Some(value) = plain.remove("const") {
            plain.insert("enum".into(), json!([value]));
        }
    }
    Ok(alternatives)
}

fn taken_apart(root: &Value, schema: &Value, depth: u8) -> Result<Vec<Plain>, String> {
    let keywords = match schema {
        Value::Bool(true) => return Ok(vec![Plain::new()]),
        Value::Bool(false) => return Ok(Vec::new()),
        Value::Object(keywords) => keywords,
        _ => return Err("a schema that is no object".into()),
    };
    if depth > DEEPEST {
        return Err("$ref that leads to itself".into());
    }
    let mut here = Plain::new();
    let mut beside = Vec::new();
    for (keyword, said) in keywords {
        match (keyword.as_str(), said) {
            ("$ref", Value::String(target)) => {
                let found = target.strip_prefix('#').and_then(|pointer| root.pointer(pointer));
                let found = found.ok_or_else(|| format!("$ref to {target}"))?;
                beside.push(taken_apart(root, found, depth + 1)?);
            }
            ("allOf", Value::Array(all)) => {
                for one in all {
                    beside.push(taken_apart(root, one, depth + 1)?);
                }
            }
            ("anyOf" | "oneOf", Value::Array(any)) => {
                let mut alternatives = Vec::new();
                for one in any {
                    alternatives.extend(taken_apart(root, one, depth + 1)?);
                }
                beside.push(alternatives);
            }
            ("type", Value::Array(names)) => {
                beside.push(names.iter().map(|name| Plain::from_iter([("type".to_owned(), name.clone())])).collect());
            }
            (silent, _) if SILENT.contains(&silent) || silent.starts_with("x-") => {}
            _ => {
                here.insert(keyword.clone(), said.clone());
            }
        }
    }
    let mut alternatives = vec![here];
    for others in beside {
        let mut both = Vec::new();
        for one in &alternatives {
            for other in &others {
                both.extend(merged(one, other)?);
            }
        }
        alternatives = both;
    }
    Ok(alternatives)
}

/// What fits both. None if nothing does.
fn merged(one: &Plain, other: &Plain) -> Result<Option<Plain>, String> {
    let mut both = one.clone();
    let is_object = |plain: &Plain| plain.contains_key("properties") || plain.contains_key("additionalProperties");
    if is_object(one) && is_object(other) {
        let properties = joined_properties(one, other);
        both.insert("properties".into(), properties);
        match (rest(one), rest(other)) {
            (Value::Bool(true), Value::Bool(true)) => {}
            (Value::Bool(true), rest) | (rest, Value::Bool(true)) => {
                both.insert("additionalProperties".into(), rest);
            }
            (one, other) => {
                both.insert("additionalProperties".into(), json!({ "allOf": [one, other] }));
            }
        }
    }
    for (keyword, said) in other {
        let Some(there) = both.get(keyword).cloned() else {
            both.insert(keyword.clone(), said.clone());
            continue;
        };
        if there == *said {
            continue;
        }
        let joined = match keyword.as_str() {
            "properties" | "additionalProperties" => continue,
            "type" => match (there.as_str(), said.as_str()) {
                (Some("integer"), Some("number")) | (Some("number"), Some("integer")) => json!("integer"),
                _ => return Ok(None),
            },
            "required" => {
                let mut names = list(&there);
                names.extend(list(said));
                Value::Array(names)
            }
            "enum" => {
                let left: Vec<Value> = list(&there).into_iter().filter(|value| list(said).contains(value)).collect();
                if left.is_empty() {
                    return Ok(None);
                }
                Value::Array(left)
            }
            "const" => return Ok(None),
            "minimum" | "exclusiveMinimum" | "minLength" | "minItems" | "minProperties" => larger(&there, said, true),
            "maximum" | "exclusiveMaximum" | "maxLength" | "maxItems" | "maxProperties" => larger(&there, said, false),
            _ => return Err(format!("{keyword} that is said twice")),
        };
        both.insert(keyword.clone(), joined);
    }
    Ok(Some(both))
}

/// Every field of either, as both have it.
fn joined_properties(one: &Plain, other: &Plain) -> Value {
    let mut joined = Map::new();
    for name in names(one).chain(names(other)) {
        let (here, there) = (field(one, name), field(other, name));
        let both = match (&here, &there) {
            (Value::Bool(true), _) => there,
            (_, Value::Bool(true)) => here,
            _ if here == there => here,
            _ => json!({ "allOf": [here, there] }),
        };
        joined.insert(name.to_owned(), both);
    }
    Value::Object(joined)
}

/// The names of the fields.
pub(super) fn names(plain: &Plain) -> impl Iterator<Item = &str> {
    plain.get("properties").and_then(Value::as_object).into_iter().flat_map(|fields| fields.keys()).map(String::as_str)
}

/// The schema of a field, named or not.
pub(super) fn field(plain: &Plain, name: &str) -> Value {
    plain.get("properties").and_then(|fields| fields.get(name)).cloned().unwrap_or_else(|| rest(plain))
}

/// The schema of the fields that have no name here.
pub(super) fn rest(plain: &Plain) -> Value {
    plain.get("additionalProperties").cloned().unwrap_or(Value::Bool(true))
}

pub(super) fn required(plain: &Plain) -> Vec<&str> {
    let names = plain.get("required").and_then(Value::as_array);
    names.into_iter().flatten().filter_map(Value::as_str).collect()
}

/// The type, which is one at most by now.
pub(super) fn type_of(plain: &Plain) -> Option<&str> {
    plain.get("type").and_then(Value::as_str)
}

pub(super) fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

fn larger(one: &Value, other: &Value, larger: bool) -> Value {
    let one_is_larger = one.as_f64() >= other.as_f64();
    if one_is_larger == larger { one.clone() } else { other.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flattened(schema: &Value) -> Vec<Value> {
        flat(schema, schema).unwrap().into_iter().map(Value::Object).collect()
    }

    #[test]
    fn what_stands_beside_alternatives_is_said_of_each() {
        let schema = json!({
            "$defs": { "N": { "type": "integer", "minimum": 1 } },
            "description": "not looked at",
            "properties": { "id": true },
            "required": ["id"],
            "oneOf": [
                { "properties": { "kind": { "const": "a" }, "n": { "$ref": "#/$defs/N" } }, "required": ["kind"] },
                { "properties": { "kind": { "const": "b" } }, "required": ["kind"] },
            ],
            "unevaluatedProperties": false,
        });
        let alternatives = flattened(&schema);
        assert_eq!(alternatives.len(), 2);
        assert_eq!(alternatives[0]["required"], json!(["id", "kind"]));
        assert_eq!(alternatives[0]["properties"]["n"], json!({ "$ref": "#/$defs/N" }));
        assert_eq!(alternatives[1]["additionalProperties"], false);
    }

    #[test]
    fn what_contradicts_itself_is_no_alternative() {
        assert_eq!(flattened(&json!({ "type": "string", "allOf": [{ "type": "integer" }] })), Vec::<Value>::new());
        assert_eq!(
            flattened(&json!({ "type": ["number", "null"], "allOf": [{ "type": "integer" }] })),
            [json!({ "type": "integer" })]
        );
    }

    #[test]
    fn a_schema_that_is_nothing_but_itself_is_refused() {
        let schema = json!({ "$defs": { "A": { "$ref": "#/$defs/A" } }, "$ref": "#/$defs/A" });
        assert_eq!(flat(&schema, &schema).unwrap_err(), "$ref that leads to itself");
    }
}
