//! Reads a section from its sources, and remembers what it read and what was wrong.

use std::collections::BTreeMap;

use crate::mask;
use crate::report::Entry;
use crate::sources::{Found, Origin};
use crate::{Fault, Field, Secret, SettingsError, Sources};

/// A group of settings that belong to one crate or product.
pub trait Section: Sized {
    /// The group's name in `mainspring config show`.
    const NAME: &'static str;

    /// Reads every field. It never fails: what is wrong is kept by the reader, and a default stands in, so one start
    /// shows every fault.
    fn read(reader: &mut Reader<'_>) -> Self;
}

/// Loads one section.
///
/// # Errors
/// Every value that is missing or wrong, a line each.
pub fn load<S: Section>(sources: &Sources) -> Result<S, SettingsError> {
    let mut reader = Reader::new(sources, S::NAME);
    let section = S::read(&mut reader);
    if reader.faults.is_empty() { Ok(section) } else { Err(SettingsError::Faults(reader.faults)) }
}

/// What a [`Section`] reads its fields with.
#[derive(Debug)]
pub struct Reader<'a> {
    pub(crate) sources: &'a Sources,
    pub(crate) section: &'static str,
    pub(crate) entries: Vec<Entry>,
    pub(crate) faults: Vec<Fault>,
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(sources: &'a Sources, section: &'static str) -> Self {
        Self { sources, section, entries: Vec::new(), faults: Vec::new() }
    }

    /// Begins a field of that name; it ends in a typed getter.
    pub fn field(&mut self, name: &'static str) -> Field<'_, 'a> {
        Field::new(self, name)
    }

    /// Every value whose name begins with `prefix`, by the rest of the name. They are kept as secrets, for nobody can say
    /// what is in them.
    pub fn family(&mut self, prefix: &'static str, doc: &'static str) -> BTreeMap<String, Secret> {
        let mut family = BTreeMap::new();
        let members = self.sources.family(prefix);
        if members.is_empty() {
            self.entry(format!("{prefix}*"), doc, None, Origin::Default);
        }
        for (name, Found { name: given, value, origin }) in members {
            match value {
                Ok(value) => {
                    family.insert(name[prefix.len()..].to_owned(), Secret::new(value.trim().to_owned()));
                    self.entry(name, doc, Some("***".to_owned()), origin);
                }
                Err(message) => {
                    self.fault(given, message);
                    self.entry(name, doc, None, origin);
                }
            }
        }
        family
    }

    fn entry(&mut self, name: String, doc: &'static str, value: Option<String>, origin: Origin) {
        let (section, name) = (self.section, name.into());
        self.entries.push(Entry { section, name, aliases: Vec::new(), doc, default: None, value, origin });
    }

    /// Corrects what is shown of a field whose value follows from others.
    pub(crate) fn settle(&mut self, name: &'static str, value: Option<String>, origin: Origin) {
        if let Some(entry) = self.entries.iter_mut().rev().find(|entry| entry.name == name) {
            (entry.value, entry.origin) = (value.map(|value| mask::shown(&value)), origin);
        }
    }

    /// Whether one of the names is set anywhere.
    pub fn is_set(&self, name: &'static str) -> bool {
        !self.sources.find(&[name]).is_empty()
    }

    /// A rule over several fields that does not hold. The message reads on from the name.
    pub fn fault(&mut self, name: impl Into<String>, message: impl Into<String>) {
        self.faults.push(Fault { name: name.into(), message: message.into() });
    }
}
