//! What of one schema's values another refuses, or passes over: the difference between two versions of a contract.
//!
//! It errs on the safe side: what it cannot compare is a fault, unless both say the same. Fields that neither schema names
//! are nobody's, and are not looked at.

mod bounds;
mod disjoint;
mod flat;
#[cfg(test)]
mod properties;
mod sample;

use serde_json::{Value, json};

use disjoint::disjoint;
use flat::{Plain, field, flat, names, required, rest, type_of};
pub(super) use sample::sample;

/// Keywords that are looked at, beside those of `bounds`.
const KNOWN: [&str; 8] =
    ["type", "enum", "required", "properties", "additionalProperties", "items", "prefixItems", "contentEncoding"];

/// Who of the two reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// Present code reads what was written before.
    Reads,
    /// Present code writes what was read before.
    Writes,
}

/// One value, or field, that the reader cannot take as the writer means it.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    /// `$.rows[*].name`.
    pub(super) path: String,
    /// The way to it through the writer's schema.
    pub(super) trail: Vec<Step>,
    pub(super) kind: Kind,
}

/// A step from a schema to a part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Alternative(usize),
    Field(String),
    Element(usize),
    Rest,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// A field that is written and that nobody reads any more.
    Passed { name: String },
    /// A field that may be missing, and has to be there.
    Missing { name: String },
    /// A field that was read where it was there, and that nobody writes any more.
    Gone { name: String },
    /// A field that was taken, or passed over, and is refused.
    Refused { name: String },
    /// One of the listed values.
    Value { value: Value },
    /// A whole alternative: what was written there, what is read.
    Other { was: Value, now: Value },
    /// A bound, a length, a form.
    Narrower { keyword: String, was: Option<Value>, now: Value },
    /// Fields that it does not know were passed over, and are refused.
    Closed,
    /// What this comparison does not understand.
    Unknown { keyword: String },
}

/// What `reader` cannot take of what `writer` allows.
pub(super) fn faults(writer: &Value, reader: &Value, side: Side) -> Vec<Fault> {
    let mut comparison = Comparison { writer, reader, side, under_way: Vec::new() };
    comparison.compare(writer, reader, &Place { path: "$".into(), trail: Vec::new() })
}

#[derive(Clone)]
struct Place {
    path: String,
    trail: Vec<Step>,
}

impl Place {
    fn step(&self, step: Step) -> Self {
        let path = match &step {
            Step::Alternative(_) => self.path.clone(),
            Step::Field(name) => crate::workflow::check::field_path(&self.path, name),
            Step::Element(_) => format!("{}[*]", self.path),
            Step::Rest => format!("{}.*", self.path),
        };
        let trail = self.trail.iter().cloned().chain([step]).collect();
        Self { path, trail }
    }

    fn fault(&self, kind: Kind) -> Fault {
        Fault { path: self.path.clone(), trail: self.trail.clone(), kind }
    }
}

struct Comparison<'a> {
    writer: &'a Value,
    reader: &'a Value,
    side: Side,
    /// Pairs of schemas that refer to themselves: what holds for the rest holds for them.
    under_way: Vec<(Value, Value)>,
}

impl Comparison<'_> {
    fn compare(&mut self, writer: &Value, reader: &Value, place: &Place) -> Vec<Fault> {
        let pair = (referred(self.writer, writer).clone(), referred(self.reader, reader).clone());
        if self.under_way.contains(&pair) {
            return Vec::new();
        }
        self.under_way.push(pair);
        let found = self.alternatives(writer, reader, place);
        self.under_way.pop();
        found
    }

    fn alternatives(&mut self, writer: &Value, reader: &Value, place: &Place) -> Vec<Fault> {
        let (written, read) = match (flat(self.writer, writer), flat(self.reader, reader)) {
            (Ok(written), Ok(read)) => (written, read),
            (Err(keyword), _) | (_, Err(keyword)) => {
                let same = writer == reader && self.writer.get("$defs") == self.reader.get("$defs");
                return if same { Vec::new() } else { vec![place.fault(Kind::Unknown { keyword })] };
            }
        };
        let mut found = Vec::new();
        for (index, one) in written.iter().enumerate() {
            let place = place.step(Step::Alternative(index));
            match one.get("enum").and_then(Value::as_array) {
                Some(values) => {
                    let refused = values.iter().filter(|value| !self.takes(&read, value));
                    found.extend(refused.map(|value| place.fault(Kind::Value { value: value.clone() })));
                }
                None => found.extend(self.best(one, &read, &place)),
            }
        }
        found
    }

    /// Whether one of the alternatives takes a value.
    fn takes(&self, read: &[Plain], value: &Value) -> bool {
        read.iter().any(|plain| {
            let mut schema = Value::Object(plain.clone());
            if let Some(definitions) = self.reader.get("$defs") {
                schema["$defs"] = definitions.clone();
            }
            jsonschema::validator_for(&schema).is_ok_and(|validator| validator.is_valid(value))
        })
    }

    /// What the alternative that is meant cannot take.
    fn best(&mut self, one: &Plain, read: &[Plain], place: &Place) -> Vec<Fault> {
        let mut best: Option<Vec<Fault>> = None;
        for other in read {
            let found = self.plain(one, other, place);
            if found.is_empty() {
                return found;
            }
            let apart = disjoint((self.writer, one), (self.reader, other), 0);
            if !apart && best.as_ref().is_none_or(|best| found.len() < best.len()) {
                best = Some(found);
            }
        }
        best.unwrap_or_else(|| {
            let (was, now) = (any_of(self.writer, std::slice::from_ref(one)), any_of(self.reader, read));
            vec![place.fault(Kind::Other { was, now })]
        })
    }

    fn plain(&mut self, one: &Plain, other: &Plain, place: &Place) -> Vec<Fault> {
        let mut found = Vec::new();
        let kind = type_of(one);
        if let Some(now) = type_of(other)
            && kind != Some(now)
            && !(kind == Some("integer") && now == "number")
        {
            let (was, now) =
                (any_of(self.writer, std::slice::from_ref(one)), any_of(self.reader, std::slice::from_ref(other)));
            return vec![place.fault(Kind::Other { was, now })];
        }
        if let Some(values) = other.get("enum") {
            let narrower = Kind::Narrower { keyword: "enum".into(), was: None, now: values.clone() };
            found.push(place.fault(narrower));
        }
        for narrowed in bounds::narrowed(one, other) {
            let (keyword, was, now) = (narrowed.keyword.to_owned(), narrowed.was, narrowed.now);
            found.push(place.fault(Kind::Narrower { keyword, was, now }));
        }
        let known = |keyword: &str| KNOWN.contains(&keyword) || bounds::KEYWORDS.contains(&keyword);
        for (keyword, said) in other.iter().filter(|(keyword, _)| !known(keyword)) {
            let same = one.get(keyword) == Some(said) && self.writer.get("$defs") == self.reader.get("$defs");
            if !same {
                found.push(place.fault(Kind::Unknown { keyword: keyword.clone() }));
            }
        }
        if kind.is_none_or(|kind| kind == "object") {
            found.extend(self.fields(one, other, place));
        }
        if kind.is_none_or(|kind| kind == "array") {
            found.extend(self.elements(one, other, place));
        }
        found
    }

    fn fields(&mut self, one: &Plain, other: &Plain, place: &Place) -> Vec<Fault> {
        let mut found = Vec::new();
        let always = required(one);
        for name in required(other).into_iter().filter(|name| !always.contains(name)) {
            found.push(place.fault(Kind::Missing { name: name.to_owned() }));
        }
        let (read, written): (Vec<&str>, Vec<&str>) = (names(other).collect(), names(one).collect());
        let open = rest(other) == json!(true) && !other.contains_key("patternProperties");
        for name in &written {
            if read.contains(name) || !open {
                let (holder, place) = (place, place.step(Step::Field((*name).to_owned())));
                match (field(one, name), field(other, name)) {
                    (_, Value::Bool(false)) => found.push(holder.fault(Kind::Refused { name: (*name).to_owned() })),
                    (one, other) => found.extend(self.compare(&one, &other, &place)),
                }
            } else if self.side == Side::Reads {
                found.push(place.fault(Kind::Passed { name: (*name).to_owned() }));
            }
        }
        for name in read.iter().filter(|name| !written.contains(name)) {
            match rest(one) {
                Value::Bool(_) if self.side == Side::Writes && !required(other).contains(name) => {
                    found.push(place.fault(Kind::Gone { name: (*name).to_owned() }));
                }
                Value::Bool(_) => {}
                unnamed => found.extend(self.compare(&unnamed, &field(other, name), &place.step(Step::Rest))),
            }
        }
        match (rest(one), rest(other)) {
            (_, Value::Bool(true)) | (Value::Bool(false), _) => {}
            // Whoever writes by these types has no other fields; whoever wrote JSON by hand may.
            (Value::Bool(true), _) if self.side == Side::Writes => {}
            (Value::Bool(true), Value::Bool(false)) => found.push(place.fault(Kind::Closed)),
            (one, other) => found.extend(self.compare(&one, &other, &place.step(Step::Rest))),
        }
        found
    }

    fn elements(&mut self, one: &Plain, other: &Plain, place: &Place) -> Vec<Fault> {
        let first = |plain: &Plain| plain.get("prefixItems").and_then(Value::as_array).cloned().unwrap_or_default();
        let further = |plain: &Plain| plain.get("items").cloned().unwrap_or(Value::Bool(true));
        let (written, read) = (first(one), first(other));
        let most = one.get("maxItems").and_then(Value::as_u64).map_or(usize::MAX, |most| most as usize);
        let mut found = Vec::new();
        // The one past both lists stands for all that follow.
        for index in 0..=written.len().max(read.len()) {
            if index >= most {
                break;
            }
            let one = written.get(index).cloned().unwrap_or_else(|| further(one));
            let other = read.get(index).cloned().unwrap_or_else(|| further(other));
            found.extend(self.compare(&one, &other, &place.step(Step::Element(index))));
        }
        found
    }
}

/// What a mere reference refers to.
fn referred<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let target = schema.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#'));
    let alone = schema.as_object().is_some_and(|keywords| keywords.len() == 1);
    target.filter(|_| alone).and_then(|pointer| root.pointer(pointer)).unwrap_or(schema)
}

/// A schema again, to be told in words.
fn any_of(root: &Value, alternatives: &[Plain]) -> Value {
    let mut schema = match alternatives {
        [one] => Value::Object(one.clone()),
        several => json!({ "anyOf": several }),
    };
    if let Some(definitions) = root.get("$defs") {
        schema["$defs"] = definitions.clone();
    }
    schema
}
