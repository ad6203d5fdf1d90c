//! Whether two alternatives have no value in common: then neither is what became of the other.

use serde_json::Value;

use super::flat::{Plain, field, flat, required, type_of};

const DEEPEST: u8 = 4;

pub(super) fn disjoint(one: (&Value, &Plain), other: (&Value, &Plain), depth: u8) -> bool {
    if let (Some(here), Some(there)) = (one.1.get("enum"), other.1.get("enum")) {
        let there = there.as_array();
        return here.as_array().into_iter().flatten().all(|value| there.is_none_or(|there| !there.contains(value)));
    }
    // Of fields, only what tells variants apart: one that changed its type has changed, and is no other variant.
    if depth == 0
        && let (Some(here), Some(there)) = (kind(one.1), kind(other.1))
        && here != there
    {
        return true;
    }
    if depth > DEEPEST {
        return false;
    }
    let never_both = |name: &str| {
        let schemas = (field(one.1, name), field(other.1, name));
        let (Ok(here), Ok(there)) = (flat(one.0, &schemas.0), flat(other.0, &schemas.1)) else { return false };
        here.iter().all(|here| there.iter().all(|there| disjoint((one.0, here), (other.0, there), depth + 1)))
    };
    required(one.1).into_iter().chain(required(other.1)).any(never_both)
}

/// The type, with integers among the numbers.
fn kind(plain: &Plain) -> Option<&str> {
    let of_value = |value: &Value| match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let by_value = plain.get("enum").and_then(Value::as_array).and_then(|values| values.first()).map(of_value);
    type_of(plain).map(|kind| if kind == "integer" { "number" } else { kind }).or(by_value)
}
