//! What a process's products say about their lines.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{LogSource, Sinks};

/// The log sources and loggers of a process's products. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct LogRules(Arc<Rules>);

#[derive(Clone, Debug, Default)]
struct Rules {
    crates: BTreeSet<String>,
    loggers: BTreeMap<String, Sinks>,
    sources: BTreeMap<String, LogSource>,
}

impl LogRules {
    /// Adds a crate whose lines are produced: its name with underscores.
    #[must_use]
    pub fn with_crate(mut self, name: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.0).crates.insert(name.into());
        self
    }

    /// Says where the lines of a logger go: of all targets that begin so.
    #[must_use]
    pub fn with_logger(mut self, target: impl Into<String>, sinks: Sinks) -> Self {
        Arc::make_mut(&mut self.0).loggers.insert(target.into(), sinks);
        self
    }

    /// Adds a source, for its workflow types; a later one of a type replaces an earlier.
    #[must_use]
    pub fn with_source(mut self, source: &LogSource) -> Self {
        let sources = &mut Arc::make_mut(&mut self.0).sources;
        for workflow_type in source.workflow_types() {
            sources.insert(workflow_type.to_owned(), source.clone());
        }
        self
    }

    /// The source of a workflow type.
    pub fn source(&self, workflow_type: &str) -> Option<&LogSource> {
        self.0.sources.get(workflow_type)
    }

    pub(crate) fn crates(&self) -> impl Iterator<Item = &str> {
        self.0.crates.iter().map(String::as_str)
    }

    pub(crate) fn loggers_of(&self, sinks: Sinks) -> impl Iterator<Item = &str> {
        self.0.loggers.iter().filter(move |(_, of)| **of == sinks).map(|(target, _)| target.as_str())
    }
}
