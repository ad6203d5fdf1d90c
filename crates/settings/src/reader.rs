//! Reads a section from its sources, and remembers what it read and what was wrong.

use std::collections::BTreeMap;

use crate::report::Entry;
use crate::{Fault, Field, SettingsError, Sources};

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

    /// Every value whose name begins with `prefix`, by what follows it.
    pub fn family(&self, prefix: &str) -> BTreeMap<String, String> {
        self.sources.family(prefix)
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
