//! Every setting with its value and where it came from, for `mainspring config show` and `config check`.

use std::fmt::{self, Write};

use serde::Serialize;

use crate::{Fault, Origin, Reader, Section, Sources};

/// One setting as it stands.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// The group that it belongs to.
    pub section: &'static str,
    /// Its name in the environment.
    pub name: &'static str,
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

/// What a list of sections makes of a set of sources.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    settings: Vec<Entry>,
    faults: Vec<Fault>,
    #[serde(skip)]
    env: Vec<String>,
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
        let known: Vec<&str> =
            self.settings.iter().flat_map(|entry| entry.aliases.iter().copied().chain([entry.name])).collect();
        let ours = self.env.iter().filter(|name| name.starts_with("MAINSPRING_") && !injected_by_kubernetes(name));
        let unknown = ours.filter(|name| !known.contains(&name.as_str()) && name.as_str() != "MAINSPRING_CACHE");
        unknown
            .map(|name| {
                let near = known.iter().map(|known| (strsim::jaro_winkler(name, known), *known));
                let near = near.filter(|(score, _)| *score > 0.9).max_by(|a, b| a.0.total_cmp(&b.0));
                UnknownName { name: name.clone(), did_you_mean: near.map(|(_, known)| known.to_owned()) }
            })
            .collect()
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

fn injected_by_kubernetes(name: &str) -> bool {
    name.ends_with("_SERVICE_HOST") || name.ends_with("_PORT") || name.contains("_PORT_") || name.contains("_SERVICE_PORT")
}
