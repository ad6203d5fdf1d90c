//! Every setting with its value and where it came from, for `mainspring config show` and `config check`.

use std::borrow::Cow;
use std::fmt::{self, Write};

use serde::Serialize;
use serde::ser::{SerializeStruct, Serializer};

use crate::{Fault, Origin, Reader, Section, Sources};

/// One setting as it stands.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// The group that it belongs to.
    pub section: &'static str,
    /// Its name in the environment; of a family without members, its prefix and `*`.
    pub name: Cow<'static, str>,
    /// Other names for it.
    pub aliases: Vec<&'static str>,
    /// What it is for.
    pub doc: &'static str,
    /// The default as text; `None` where there is none.
    pub default: Option<String>,
    /// The value as text; a secret is `***`.
    pub value: Option<String>,
    /// Where the value came from.
    pub origin: Origin,
}

/// A name of ours in the environment that no section reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UnknownName {
    /// The name.
    pub name: String,
    /// The nearest name that is known.
    pub did_you_mean: Option<String>,
}

impl fmt::Display for UnknownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not a setting that this version knows", self.name)?;
        match &self.did_you_mean {
            Some(near) => write!(f, ": did you mean {near}?"),
            None => Ok(()),
        }
    }
}

/// What a list of sections makes of a set of sources. Serializes as `{settings, faults, unknown}`.
#[derive(Clone, Debug)]
pub struct Report {
    settings: Vec<Entry>,
    faults: Vec<Fault>,
    env: Vec<String>,
}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut report = serializer.serialize_struct("Report", 3)?;
        report.serialize_field("settings", &self.settings)?;
        report.serialize_field("faults", &self.faults)?;
        report.serialize_field("unknown", &self.unknown())?;
        report.end()
    }
}

impl Report {
    /// A report of nothing yet.
    pub fn new(sources: &Sources) -> Self {
        let env = sources.env_names().map(str::to_owned).collect();
        Self { settings: Vec::new(), faults: Vec::new(), env }
    }

    /// Adds a section, read from the same sources.
    #[must_use]
    pub fn section<S: Section>(mut self, sources: &Sources) -> Self {
        let mut reader = Reader::new(sources, S::NAME);
        drop(S::read(&mut reader));
        self.settings.append(&mut reader.entries);
        self.faults.append(&mut reader.faults);
        self
    }

    /// Every setting of the sections, in their order.
    pub fn settings(&self) -> &[Entry] {
        &self.settings
    }

    /// Every setting, taken out.
    pub fn take_settings(&mut self) -> Vec<Entry> {
        std::mem::take(&mut self.settings)
    }

    /// What is wrong.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// Names of the environment that begin with `MAINSPRING_` and that nothing reads. Kubernetes' own
    /// `*_SERVICE_HOST` and `*_PORT*` are not ours.
    pub fn unknown(&self) -> Vec<UnknownName> {
        let known = self.names();
        let ours = self.env.iter().filter(|name| name.starts_with("MAINSPRING_") && !injected_by_kubernetes(name));
        let unknown = ours.filter(|name| !known.contains(name) && name.as_str() != "MAINSPRING_CACHE");
        unknown.map(|name| UnknownName { name: name.clone(), did_you_mean: nearest(name, &known) }).collect()
    }

    /// Whether a section reads a setting of that name, by its own or by another one.
    pub fn knows(&self, name: &str) -> bool {
        self.names()
            .iter()
            .any(|known| known.strip_suffix('*').map_or(known == name, |family| name.starts_with(family)))
    }

    /// The known name that somebody may have meant by this one.
    pub fn nearest(&self, name: &str) -> Option<String> {
        nearest(name, &self.names())
    }

    fn names(&self) -> Vec<String> {
        let names = |entry: &'_ Entry| -> Vec<String> {
            entry.aliases.iter().map(|alias| (*alias).to_owned()).chain([entry.name.to_string()]).collect()
        };
        self.settings.iter().flat_map(names).collect()
    }

    /// Whether `config check` passes: nothing is wrong, and nothing is unknown.
    pub fn is_clean(&self) -> bool {
        self.faults.is_empty() && self.unknown().is_empty()
    }

    /// A table for people: name, value, origin.
    pub fn to_table(&self) -> String {
        let shown = |entry: &Entry| entry.value.clone().unwrap_or_else(|| "-".to_owned());
        let name_width = self.settings.iter().map(|entry| entry.name.len()).max().unwrap_or(0);
        let value_width = self.settings.iter().map(|entry| shown(entry).len()).max().unwrap_or(0).min(48);
        let mut table = String::new();
        let mut section = "";
        for entry in &self.settings {
            if entry.section != section {
                section = entry.section;
                let _ = writeln!(table, "# {section}");
            }
            let _ = writeln!(table, "{:name_width$}  {:value_width$}  {}", entry.name, shown(entry), entry.origin);
        }
        table
    }
}

/// The known name that somebody may have meant. Compared without the prefix, which would make all of ours alike, and
/// lets MAINSPRING_ADDRESS find TEMPORAL_ADDRESS.
fn nearest(name: &str, known: &[String]) -> Option<String> {
    fn stem(name: &str) -> &str {
        name.strip_prefix("MAINSPRING_").or_else(|| name.strip_prefix("TEMPORAL_")).unwrap_or(name)
    }
    let scored = known.iter().map(|known| (strsim::jaro_winkler(stem(name), stem(known)), known));
    let near = scored.filter(|(score, known)| *score > 0.85 && !known.ends_with('*'));
    near.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, known)| known.clone())
}

fn injected_by_kubernetes(name: &str) -> bool {
    name.ends_with("_SERVICE_HOST")
        || name.ends_with("_PORT")
        || name.contains("_PORT_")
        || name.contains("_SERVICE_PORT")
}
