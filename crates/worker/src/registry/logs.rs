//! What products say about their log lines: which source their users read them by, and which loggers go where.

use std::collections::BTreeMap;

use mainspring_logs::{LogRules, LogSource, Sinks};

use super::{Product, Registry, RegistryError};

impl Product {
    /// Adds a log source: the lines of workflows of these types, and of their activities, are produced under it. A
    /// worker that runs activities for another product's workflows needs the source of those types too, for it is
    /// the workflow's id that says whose lines they are.
    ///
    /// ```
    /// use mainspring_logs::{LogSource, SourceId};
    /// use mainspring_worker::Product;
    ///
    /// let product = Product::new("exports", "exports")
    ///     .log_source(LogSource::new("batch_exports", SourceId::BeforeTime).of("s3-export"));
    /// # drop(product);
    /// ```
    #[must_use]
    pub fn log_source(mut self, source: LogSource) -> Self {
        self.log_sources.push(source);
        self
    }

    /// Says where the lines of a logger go: of every target, a module's path unless an event says otherwise, that begins
    /// so. The lines of the product's crates are written and produced; those of any other crate are only written.
    #[must_use]
    pub fn logger(mut self, target: impl Into<String>, sinks: Sinks) -> Self {
        self.loggers.push((target.into(), sinks));
        self
    }
}

impl Registry {
    /// What the products of this registry say about their lines.
    pub fn log_rules(&self) -> LogRules {
        let mut rules = LogRules::default();
        for product in &self.products {
            rules = product.crates().fold(rules, LogRules::with_crate);
            rules = product.log_sources.iter().fold(rules, LogRules::with_source);
            let loggers = product.loggers.iter().cloned();
            rules = loggers.fold(rules, |rules, (target, sinks)| rules.with_logger(target, sinks));
        }
        rules
    }
}

/// Refuses a workflow type with two sources.
pub(super) fn check(products: &[Product]) -> Result<(), RegistryError> {
    let mut sources: BTreeMap<&str, (&str, &LogSource)> = BTreeMap::new();
    for product in products {
        for source in &product.log_sources {
            for workflow_type in source.workflow_types() {
                let (first, of_first) = *sources.entry(workflow_type).or_insert((product.name(), source));
                if of_first.name() != source.name() || of_first.rule() != source.rule() {
                    return Err(RegistryError::LogSourceTwice {
                        workflow_type: workflow_type.to_owned(),
                        first: first.to_owned(),
                        first_source: format!("{} by {:?}", of_first.name(), of_first.rule()),
                        second: product.name().to_owned(),
                        second_source: format!("{} by {:?}", source.name(), source.rule()),
                    });
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use mainspring_logs::SourceId;

    use super::*;

    fn product(name: &str, source: LogSource) -> Product {
        Product::named_for_test(name, "exports", &format!("activity of {name}")).log_source(source)
    }

    #[test]
    fn a_type_has_one_source_however_often_it_is_said() {
        let exports = || LogSource::new("batch_exports", SourceId::BeforeTime).of("s3-export");
        let registry = Registry::new([product("a", exports()), product("b", exports())]).unwrap();
        let rules = registry.log_rules();
        assert_eq!(rules.source("s3-export").unwrap().id_in("x-2026-11-21T01:02:03Z"), Some("x"));
        assert!(rules.source("other").is_none());

        let other = LogSource::new("batch_exports", SourceId::Whole).of("s3-export");
        let error = Registry::new([product("a", exports()), product("b", other)]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "workflow type s3-export has the log source batch_exports by BeforeTime of product a and batch_exports by \
             Whole of product b: its lines can be of one source; take one away, or give those lines the fields log_source \
             and log_source_id"
        );
    }
}
