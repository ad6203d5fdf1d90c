//! What a JSON schema asks for, in words: "an integer", "one of "a", "b"", "an object with name, size".

use jsonschema::paths::{Location, LocationSegment};
use serde_json::Value;

/// References and alternatives followed one below the other; a schema that refers to itself ends here.
const DEEPEST: u8 = 6;

/// A place in a schema.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expected<'a> {
    root: &'a Value,
    here: &'a Value,
    depth: u8,
}

impl<'a> Expected<'a> {
    pub(crate) fn of(schema: &'a Value) -> Self {
        Self { root: schema, here: schema, depth: 0 }
    }

    /// What a place in the input should be. None where the schema does not say.
    pub(crate) fn at(self, location: &Location) -> Option<Self> {
        location.iter().try_fold(self, |expected, segment| match segment {
            LocationSegment::Property(name) => expected.field(&name),
            LocationSegment::Index(_) => expected.below(&|here| here.get("items").filter(|items| items.is_object())),
        })
    }

    pub(crate) fn field(self, name: &str) -> Option<Self> {
        self.below(&|here| {
            let named = here.get("properties").and_then(|fields| fields.get(name));
            named.or_else(|| here.get("additionalProperties").filter(|rest| rest.is_object()))
        })
    }

    /// The names of an object's fields.
    pub(crate) fn fields(&self) -> Vec<&'a str> {
        let fields = self.below(&|here| here.get("properties"));
        let fields = fields.and_then(|fields| fields.here.as_object());
        fields.into_iter().flat_map(|fields| fields.keys()).map(String::as_str).collect()
    }

    /// The first part that `wanted` finds, here or in one of the alternatives.
    fn below(self, wanted: &impl Fn(&'a Value) -> Option<&'a Value>) -> Option<Self> {
        let here = self.resolved();
        if let Some(found) = wanted(here) {
            return Some(Self { root: self.root, here: found, depth: 0 });
        }
        self.alternatives(here).find_map(|other| other.below(wanted))
    }

    fn alternatives(self, here: &'a Value) -> impl Iterator<Item = Self> {
        let lists = ["anyOf", "oneOf", "allOf"].into_iter().filter_map(|keyword| here.get(keyword)?.as_array());
        let depth = self.depth + 1;
        lists.flatten().filter(move |_| depth < DEEPEST).map(move |here| Self { root: self.root, here, depth })
    }

    fn resolved(self) -> &'a Value {
        let mut here = self.here;
        for _ in 0..DEEPEST {
            let target = here.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#'));
            match target.and_then(|pointer| self.root.pointer(pointer)) {
                Some(target) => here = target,
                None => break,
            }
        }
        here
    }

    /// "an integer", "a string or null", "one of "a", "b"".
    pub(crate) fn text(self) -> String {
        let here = self.resolved();
        if let Some(values) = here.get("enum").and_then(Value::as_array) {
            let values: Vec<String> = values.iter().map(Value::to_string).collect();
            return format!("one of {}", values.join(", "));
        }
        if let Some(value) = here.get("const") {
            return value.to_string();
        }
        match here.get("type") {
            Some(Value::String(name)) => self.of_type(name),
            Some(Value::Array(names)) => {
                let names: Vec<String> =
                    names.iter().filter_map(Value::as_str).map(|name| self.of_type(name)).collect();
                names.join(" or ")
            }
            _ => {
                let mut texts: Vec<String> = self.alternatives(here).map(Self::text).collect();
                texts.dedup();
                if texts.is_empty() { "any JSON".to_owned() } else { texts.join(" or ") }
            }
        }
    }

    fn of_type(self, name: &str) -> String {
        let here = self.resolved();
        match (name, here.get("format").and_then(Value::as_str)) {
            ("boolean", _) => "true or false".to_owned(),
            ("null", _) => "null".to_owned(),
            ("array", _) => "a list".to_owned(),
            ("integer", _) if here.get("minimum").and_then(Value::as_f64) == Some(0.0) => {
                "an integer from 0 on".to_owned()
            }
            ("integer", _) => "an integer".to_owned(),
            ("string", Some(format)) => format!("a string ({format})"),
            ("object", _) => match self.fields() {
                fields if fields.is_empty() => "an object".to_owned(),
                fields => format!("an object with {}", fields.join(", ")),
            },
            (name, _) => format!("a {name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn schemas_are_told_in_words() {
        let schema = json!({
            "$defs": { "Level": { "enum": ["low", "high"] }, "Row": { "type": "object", "properties": { "n": { "type": "integer" } } } },
            "type": "object",
            "properties": {
                "level": { "anyOf": [{ "$ref": "#/$defs/Level" }, { "type": "null" }] },
                "rows": { "type": "array", "items": { "$ref": "#/$defs/Row" } },
                "count": { "type": "integer", "format": "uint32", "minimum": 0 },
                "note": { "type": ["string", "null"] },
                "any": true,
            },
        });
        let expected = Expected::of(&schema);
        let field = |name: &str| expected.field(name).unwrap().text();
        assert_eq!(field("level"), "one of \"low\", \"high\" or null");
        assert_eq!(field("rows"), "a list");
        assert_eq!(field("count"), "an integer from 0 on");
        assert_eq!(field("note"), "a string or null");
        assert_eq!(field("any"), "any JSON");
        assert!(expected.field("nope").is_none());
        let place = Location::new().join("rows").join(0).join("n");
        assert_eq!(expected.at(&place).unwrap().text(), "an integer");
    }
}
