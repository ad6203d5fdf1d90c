//! The chart's reference: a page made from values.schema.json and values.yaml, so that it cannot drift from them.

use std::fmt::Write as _;

use serde_json::Value;

use crate::ChartError;

/// Up to here: what a person wrote. From here: what was made.
pub(crate) const MARK: &str = "<!-- Made from values.schema.json and values.yaml: change those, and run `UPDATE=1 cargo test -p chart-tests --test reference`. -->";

/// The page with its tables made anew.
///
/// # Errors
/// The page has no mark, or the schema is not as it is expected to be.
pub fn reference(page: &str, schema: &Value, values: &Value) -> Result<String, ChartError> {
    let (written, _) =
        page.split_once(MARK).ok_or_else(|| ChartError::schema("README.md", format!("it lacks {MARK}")))?;
    let mut text = format!("{written}{MARK}\n\n## The release\n\n{HEAD}");
    let properties = fields(schema)?;
    for (name, field) in
        properties.iter().filter(|(name, _)| !["workers", "defaults", "global"].contains(&name.as_str()))
    {
        rows(&mut text, name, field, &values[name])?;
    }
    let _ = write!(text, "\n## A worker: `workers.NAME`, and `defaults` for all\n\n{HEAD}");
    for (name, field) in fields(&schema["$defs"]["worker"])? {
        rows(&mut text, name, field, &values["defaults"][name])?;
    }
    Ok(text)
}

const HEAD: &str = "| value | default | what it is for |\n|---|---|---|\n";

fn fields(schema: &Value) -> Result<&serde_json::Map<String, Value>, ChartError> {
    schema["properties"].as_object().ok_or_else(|| ChartError::schema("the values", "it has no properties"))
}

/// A row for a value; for a group whose parts have defaults, one for each part.
fn rows(text: &mut String, name: &str, field: &Value, default: &Value) -> Result<(), ChartError> {
    if let (Ok(parts), Some(_)) = (fields(field), default.as_object().filter(|parts| !parts.is_empty())) {
        for (part, field) in parts {
            rows(text, &format!("{name}.{part}"), field, &default[part])?;
        }
        return Ok(());
    }
    let said = field["description"].as_str().ok_or_else(|| ChartError::schema(name, "it has no description"))?;
    let shown = match default {
        Value::Null => "–".to_owned(),
        Value::String(text) if text.is_empty() => "–".to_owned(),
        given => format!("`{given}`"),
    };
    // Writing to a String cannot fail.
    let _ = writeln!(text, "| `{name}` | {shown} | {}{} |", said.replace('|', "\\|"), keys(field));
    Ok(())
}

/// The keys of a group without defaults, or of a list's items, with their meaning.
fn keys(field: &Value) -> String {
    let group = [field, &field["items"], &field["additionalProperties"]].into_iter().find_map(|part| fields(part).ok());
    let Some(group) = group else { return String::new() };
    let keys: Vec<String> = group
        .iter()
        .map(|(name, part)| match part["description"].as_str() {
            Some(said) => format!("`{name}`: {}{}", lower(said).replace('|', "\\|"), keys(part)),
            None => format!("`{name}`"),
        })
        .collect();
    format!(" ({})", keys.join("; "))
}

fn lower(said: &str) -> String {
    let mut letters = said.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}
