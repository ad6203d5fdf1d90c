//! Strings that a type allows as constants: names of variants, which stand in the source and decide how the rest is read.

use serde_json::Value;

/// What JSON schemas say of one place in a value.
#[derive(Clone, Debug, Default)]
pub(super) struct Allowed<'a> {
    /// Each with its document, which its references point into.
    schemas: Vec<(&'a Value, &'a Value)>,
}

impl<'a> Allowed<'a> {
    /// Of a whole value.
    pub(super) fn by(schemas: &'a [Value]) -> Self {
        let mut allowed = Self::default();
        schemas.iter().for_each(|schema| allowed.add(schema, schema));
        allowed
    }

    /// Of a field of it.
    pub(super) fn field(&self, name: &str) -> Self {
        self.below(|schema| match schema.pointer(&format!("/properties/{}", escaped(name))) {
            Some(named) => vec![named],
            None => schema.get("additionalProperties").into_iter().collect(),
        })
    }

    /// Of an item of it.
    pub(super) fn item(&self, place: usize) -> Self {
        self.below(|schema| match schema.get("prefixItems").and_then(|items| items.get(place)) {
            Some(placed) => vec![placed],
            None => schema.get("items").into_iter().collect(),
        })
    }

    /// Whether some schema has this very string as a constant here.
    pub(super) fn has(&self, text: &str) -> bool {
        self.schemas.iter().any(|(_, schema)| {
            let listed = schema.get("enum").and_then(Value::as_array).into_iter().flatten();
            listed.chain(schema.get("const")).any(|constant| constant == text)
        })
    }

    fn below(&self, choose: impl Fn(&'a Value) -> Vec<&'a Value>) -> Self {
        let mut below = Self::default();
        for (document, schema) in &self.schemas {
            choose(schema).into_iter().for_each(|chosen| below.add(document, chosen));
        }
        below
    }

    /// With every branch that a value may take, whichever it takes: a constant of any stands in the source.
    fn add(&mut self, document: &'a Value, schema: &'a Value) {
        if !schema.is_object() || self.schemas.iter().any(|(_, known)| std::ptr::eq(*known, schema)) {
            return;
        }
        self.schemas.push((document, schema));
        let target = schema.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#'));
        let branches = ["anyOf", "oneOf", "allOf"].iter().filter_map(|keyword| schema.get(*keyword)?.as_array());
        let branches = branches.flatten().chain(target.and_then(|target| document.pointer(target)));
        branches.for_each(|branch| self.add(document, branch));
    }
}

/// As a JSON pointer writes it.
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_constant_is_known_at_its_place_and_nowhere_else() {
        let schemas = [json!({
            "$defs": {
                "Tree": { "properties": {
                    "colour": { "anyOf": [{ "$ref": "#/$defs/Colour" }, { "type": "null" }] },
                    "leaves": { "type": "array", "items": { "$ref": "#/$defs/Tree" } },
                } },
                "Colour": { "oneOf": [{ "enum": ["red", "a/b"] }, { "const": "green" }] },
            },
            "$ref": "#/$defs/Tree",
            "properties": { "pair": { "prefixItems": [{ "const": "left" }, {}], "items": { "const": "more" } } },
            "additionalProperties": { "const": "any" },
        })];
        let tree = Allowed::by(&schemas);
        let colour = tree.field("leaves").item(7).field("leaves").item(0).field("colour");
        assert!(colour.has("red") && colour.has("a/b") && colour.has("green"));
        assert!(!colour.has("any") && !tree.field("name").has("red") && !tree.has("red"));
        assert!(tree.field("name").has("any"));
        let pair = tree.field("pair");
        assert!(pair.item(0).has("left") && !pair.item(1).has("left") && pair.item(2).has("more"));
    }

    #[test]
    fn a_schema_that_points_to_itself_has_an_end() {
        let schemas = [
            json!({ "$defs": { "A": { "anyOf": [{ "$ref": "#/$defs/A" }, { "const": "a" }] } }, "$ref": "#/$defs/A" }),
        ];
        assert!(Allowed::by(&schemas).has("a"));
    }
}
