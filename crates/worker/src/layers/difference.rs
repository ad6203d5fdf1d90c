//! What is different between two payloads, in words, by the place in their JSON.

use serde_json::Value;
use temporalio_common::protos::temporal::api::common::v1::Payload;

/// So many places are named.
const MOST: usize = 5;
/// A value is shown with so many characters.
const LONGEST: usize = 80;

/// `None` for payloads of the same bytes and encoding.
pub fn difference(first: &Payload, second: &Payload) -> Option<String> {
    if first.data == second.data && first.metadata == second.metadata {
        return None;
    }
    let values = serde_json::from_slice(&first.data).ok().zip(serde_json::from_slice(&second.data).ok());
    let Some((before, after)): Option<(Value, Value)> = values else {
        let (before, after) = (first.data.len(), second.data.len());
        return Some(format!("{before} bytes at first and other {after} bytes then"));
    };
    let mut places = Vec::new();
    compare("$", &before, &after, &mut places);
    if places.is_empty() {
        return Some("the same JSON, written in another order: use a BTreeMap in place of a HashMap".to_owned());
    }
    let more = places.len().saturating_sub(MOST);
    places.truncate(MOST);
    let mut said = places.join(", ");
    if more > 0 {
        said.push_str(&format!(", and at {more} more places"));
    }
    Some(said)
}

fn compare(path: &str, before: &Value, after: &Value, places: &mut Vec<String>) {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            let names: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
            for name in names {
                let path = format!("{path}.{name}");
                match (before.get(name), after.get(name)) {
                    (Some(before), Some(after)) => compare(&path, before, after, places),
                    (Some(before), None) => places.push(format!("{path} was {} and is not there then", shown(before))),
                    (None, Some(after)) => places.push(format!("{path} was not there and is {} then", shown(after))),
                    (None, None) => {}
                }
            }
        }
        (Value::Array(before), Value::Array(after)) if before.len() == after.len() => {
            for (n, (before, after)) in before.iter().zip(after).enumerate() {
                compare(&format!("{path}[{n}]"), before, after, places);
            }
        }
        (Value::Array(before), Value::Array(after)) => {
            places.push(format!("{path} had {} elements and has {} then", before.len(), after.len()));
        }
        (before, after) if before != after => {
            places.push(format!("{path} was {} and is {} then", shown(before), shown(after)));
        }
        _ => {}
    }
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= LONGEST {
        return text;
    }
    let beginning: String = text.chars().take(LONGEST).collect();
    format!("{beginning}…")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(first: &Value, second: &Value) -> Option<String> {
        let payload = |value: &Value| Payload { data: value.to_string().into_bytes(), ..Payload::default() };
        difference(&payload(first), &payload(second))
    }

    #[test]
    fn each_place_is_named_with_both_values() {
        let (first, second) = (json!({ "id": 1, "rows": [1, 2] }), json!({ "id": 2, "rows": [1, 3], "at": "now" }));
        let places = "$.at was not there and is \"now\" then, $.id was 1 and is 2 then, $.rows[1] was 2 and is 3 then";
        assert_eq!(said(&first, &second).as_deref(), Some(places));
        assert_eq!(said(&first, &first), None);
        assert_eq!(said(&json!([1]), &json!([])).as_deref(), Some("$ had 1 elements and has 0 then"));
        assert_eq!(said(&json!({ "a": 1 }), &json!({})).as_deref(), Some("$.a was 1 and is not there then"));
    }

    #[test]
    fn many_places_and_long_values_are_cut() {
        let (first, second): (Vec<u32>, Vec<u32>) = ((0..9).collect(), (10..19).collect());
        assert!(said(&json!(first), &json!(second)).unwrap().ends_with(", and at 4 more places"));
        let text = said(&json!("x".repeat(500)), &json!(1)).unwrap();
        assert!(text.contains('…') && text.len() < 150, "{text}");
    }

    #[test]
    fn the_same_value_in_other_bytes_is_another_payload() {
        let payload = |text: &str| Payload { data: text.into(), ..Payload::default() };
        let order = difference(&payload(r#"{"a":1,"b":2}"#), &payload(r#"{"b":2,"a":1}"#)).unwrap();
        assert!(order.contains("in another order: use a BTreeMap"), "{order}");
        let binary = difference(&payload("\u{1}"), &payload("\u{2}3")).unwrap();
        assert_eq!(binary, "1 bytes at first and other 2 bytes then");
    }
}
