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

/// A row for a value; a group whose parts have defaults has one for itself and one for each part.
fn rows(text: &mut String, name: &str, field: &Value, default: &Value) -> Result<(), ChartError> {
    let said = field["description"].as_str().ok_or_else(|| ChartError::schema(name, "it has no description"))?;
    let said = said.replace('|', "\\|");
    // Writing to a String cannot fail.
    if let (Ok(parts), Some(_)) = (fields(field), default.as_object().filter(|parts| !parts.is_empty())) {
        let _ = writeln!(text, "| **`{name}`** | | **{said}** |");
        for (part, field) in parts {
            rows(text, &format!("{name}.{part}"), field, &default[part])?;
        }
        return Ok(());
    }
    let shown = match default {
        Value::Null => "–".to_owned(),
        Value::String(text) if text.is_empty() => "–".to_owned(),
        given => format!("`{given}`"),
    };
    let _ = writeln!(text, "| `{name}` | {shown} | {said}{} |", keys(field));
    Ok(())
}

/// The keys of a group without defaults, or of a list's items, with their meaning where it is not Kubernetes' own.
fn keys(field: &Value) -> String {
    let Some(group) = keyed(field) else { return String::new() };
    let keys: Vec<String> = group
        .iter()
        .map(|(name, part)| match part["description"].as_str().filter(|said| !said.starts_with("As in Kubernetes")) {
            Some(said) => format!("`{name}`: {}{}", lower(said).replace('|', "\\|"), names(part)),
            None => format!("`{name}`"),
        })
        .collect();
    format!(" ({})", keys.join("; "))
}

/// The names of what is one level further in.
fn names(field: &Value) -> String {
    let Some(group) = keyed(field) else { return String::new() };
    let names: Vec<String> = group.keys().map(|name| format!("`{name}`")).collect();
    format!(", with {}", names.join(", "))
}

fn keyed(field: &Value) -> Option<&serde_json::Map<String, Value>> {
    [field, &field["items"], &field["additionalProperties"]].into_iter().find_map(|part| fields(part).ok())
}

/// As it stands within a sentence; TCP stays as it is.
fn lower(said: &str) -> String {
    let mut letters = said.chars();
    match (letters.next(), letters.clone().next()) {
        (Some(first), Some(second)) if !second.is_uppercase() => first.to_lowercase().chain(letters).collect(),
        _ => said.to_owned(),
    }
}
