//! Input against the JSON schema that the registry has of a workflow: refused before anything is sent, with the place, what is
//! there, and what would be right.

use jsonschema::error::ValidationErrorKind;
use jsonschema::paths::{Location, LocationSegment};
use jsonschema::{ValidationError, Validator};
use mainspring_worker::WorkflowEntry;
use serde_json::Value;

use super::input::Input;
use super::schema::Expected;
use crate::exit::Failure;
use crate::say;

/// Names that are that alike may be meant.
const ALIKE: f64 = 0.8;
/// Faults that are shown; the first ones lead to the others.
const SHOWN: usize = 5;
/// Characters of a value in a message.
const LONGEST: usize = 80;

/// Refuses input that the workflow could not decode. A field that it would pass over in silence is a warning.
pub(crate) fn check(workflow: WorkflowEntry<'_>, inputs: &[Input]) -> Result<(), Failure> {
    let (Some(schema), name) = (workflow.schema(), workflow.name()) else { return Ok(()) };
    if inputs.len() > 1 {
        return Err(Failure::Usage(format!(
            "{name} takes one input, and {} were given: put the fields into one JSON object",
            inputs.len()
        )));
    }
    let expected = Expected::of(&schema);
    let given = inputs.first().map(Input::value);
    let value = given.unwrap_or(&Value::Null);
    let faults = faults(&schema, value)?;
    if faults.is_empty() {
        unknown(&schema, value).iter().for_each(|warning| say(&format!("warning: {warning}")));
        return Ok(());
    }
    let Some(_) = given else {
        return Err(Failure::Usage(format!("{name} wants an input: {}. --no-check sends none", expected.text())));
    };
    Err(Failure::Usage(format!(
        "the input does not fit {name}:\n  {}\n--no-check sends it as it is",
        faults.join("\n  ")
    )))
}

/// What of `known` may have been meant by `name`, or all of it.
pub(crate) fn offer(name: &str, known: &[&str]) -> String {
    let near = near(name, known);
    if near.is_empty() {
        format!("there is {}", known.join(", "))
    } else {
        format!("did you mean {}?", near.join(", "))
    }
}

/// The nearest first.
fn near<'a>(name: &str, known: &[&'a str]) -> Vec<&'a str> {
    let alike = |known: &&'a str| (strsim::jaro_winkler(&name.to_lowercase(), &known.to_lowercase()), *known);
    let mut near: Vec<(f64, &str)> = known.iter().map(alike).filter(|(score, _)| *score >= ALIKE).collect();
    near.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    near.into_iter().map(|(_, known)| known).collect()
}

/// A line for each fault.
fn faults(schema: &Value, value: &Value) -> Result<Vec<String>, Failure> {
    let validator: Validator = jsonschema::validator_for(schema).map_err(|error| {
        Failure::Other(format!("the schema of the input is wrong ({error}): --no-check passes it by"))
    })?;
    let expected = Expected::of(schema);
    let mut faults = Vec::new();
    for error in validator.iter_errors(value) {
        tell(&error, &expected, value, &mut faults);
    }
    if faults.len() > SHOWN {
        let more = faults.len() - SHOWN;
        faults.truncate(SHOWN);
        faults.push(format!("and {more} more"));
    }
    Ok(faults)
}

fn tell(error: &ValidationError<'_>, expected: &Expected<'_>, value: &Value, faults: &mut Vec<String>) {
    let location = error.instance_path();
    let at = path(location);
    let here = expected.at(location);
    let right = |expected: &Option<Expected<'_>>| match expected {
        Some(expected) => format!(": it must be {}", expected.text()),
        None => String::new(),
    };
    let fault = match error.kind() {
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            let there = value.pointer(location.as_str()).and_then(Value::as_object);
            let known = here.as_ref().map(Expected::fields).unwrap_or_default();
            let strangers: Vec<&str> = there
                .into_iter()
                .flat_map(|there| there.keys())
                .map(String::as_str)
                .filter(|key| !known.contains(key))
                .collect();
            let meant = near(name, &strangers);
            let meant = meant.first().map(|meant| format!(" ({meant} is no field of it)")).unwrap_or_default();
            let field = here.as_ref().and_then(|here| here.field(name));
            format!("{} is missing{}{meant}", field_path(&at, name), right(&field))
        }
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            let known = here.as_ref().map(Expected::fields).unwrap_or_default();
            let each =
                unexpected.iter().map(|name| format!("{} is no field: {}", field_path(&at, name), offer(name, &known)));
            each.collect::<Vec<_>>().join("; ")
        }
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            // The branch that got furthest is the one that was meant.
            let depth = |errors: &Vec<ValidationError<'_>>| {
                errors.iter().map(|error| error.instance_path().as_str().len()).max().unwrap_or_default()
            };
            let furthest = context.iter().max_by_key(|errors| depth(errors));
            match furthest.filter(|errors| depth(errors) > location.as_str().len()) {
                Some(errors) => return errors.iter().for_each(|error| tell(error, expected, value, faults)),
                None => format!("{at} is {}{}", short(error.instance()), right(&here)),
            }
        }
        ValidationErrorKind::Type { .. } | ValidationErrorKind::Enum { .. } | ValidationErrorKind::Constant { .. } => {
            format!("{at} is {}{}", short(error.instance()), right(&here))
        }
        _ => format!("{at}: {}", clipped(&error.to_string())),
    };
    faults.push(fault);
}

/// Fields that no decoder asks for. Only where the schema is plain enough to know them all.
fn unknown(schema: &Value, value: &Value) -> Vec<String> {
    const OPEN: [&str; 6] =
        ["additionalProperties", "unevaluatedProperties", "patternProperties", "allOf", "anyOf", "oneOf"];
    let (Some(fields), Some(known)) = (value.as_object(), schema["properties"].as_object()) else { return Vec::new() };
    if OPEN.iter().any(|keyword| schema.get(keyword).is_some()) {
        return Vec::new();
    }
    let names: Vec<&str> = known.keys().map(String::as_str).collect();
    let strangers = fields.keys().filter(|name| !known.contains_key(*name));
    strangers
        .map(|name| format!("{} is no field, and will be passed over: {}", field_path("$", name), offer(name, &names)))
        .collect()
}

/// `$.rows[3].name`.
fn path(location: &Location) -> String {
    location.iter().fold("$".to_owned(), |path, segment| match segment {
        LocationSegment::Property(name) => field_path(&path, &name),
        LocationSegment::Index(index) => format!("{path}[{index}]"),
    })
}

pub(crate) fn field_path(path: &str, name: &str) -> String {
    let is_plain =
        name.chars().all(|c| c.is_alphanumeric() || c == '_') && !name.starts_with(|c: char| c.is_ascii_digit());
    if is_plain && !name.is_empty() { format!("{path}.{name}") } else { format!("{path}[{name:?}]") }
}

fn short(value: &Value) -> String {
    clipped(&value.to_string())
}

fn clipped(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
