//! Which events are logged: a level for all, and levels by target.

use std::collections::BTreeSet;
use std::fmt;

use tracing::Level;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;

use crate::produce::{LogRules, Sinks};

/// Targets that talk too much, with the most they may say unless they are named: `debug` is for the product's code.
const QUIET: [(&str, LevelFilter); 7] = [
    ("temporalio", LevelFilter::WARN),
    ("temporal_client", LevelFilter::WARN),
    ("h2", LevelFilter::INFO),
    ("hyper", LevelFilter::INFO),
    ("rustls", LevelFilter::INFO),
    ("tonic", LevelFilter::INFO),
    ("tower", LevelFilter::INFO),
];

/// A level, and levels by target: `info`, or `info,my_product=debug,temporalio_sdk=info`. The most particular target
/// wins. Temporal's SDK is kept at `warn` unless a directive names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Levels {
    text: String,
    level: LevelFilter,
    named: Vec<(String, LevelFilter)>,
}

impl Default for Levels {
    fn default() -> Self {
        Self { text: "info".to_owned(), level: LevelFilter::INFO, named: Vec::new() }
    }
}

impl Levels {
    /// `debug`: what is produced unless a setting says otherwise.
    pub(crate) fn debug() -> Self {
        Self { text: "debug".to_owned(), level: LevelFilter::DEBUG, named: Vec::new() }
    }

    /// Reads a level and directives. Upper case and Python's names (`WARNING`, `CRITICAL`) are taken too, so that an
    /// existing manifest can keep its value.
    ///
    /// # Errors
    /// The first part that is neither, and what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut levels = Self { text: text.to_owned(), ..Self::default() };
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (target, word) =
                part.split_once('=').map_or((None, part), |(target, word)| (Some(target.trim()), word.trim()));
            match (target, level(word)) {
                (None, Some(level)) => levels.level = level,
                (Some(target), Some(level)) if !target.is_empty() => levels.named.push((target.to_owned(), level)),
                _ => {
                    let which = if part == text { "which".to_owned() } else { format!("of which {part:?}") };
                    return Err(format!(
                        "{which} is not understood: write a level (off, error, warn, info, debug, trace), or \
                         target=level, such as info,my_product=debug"
                    ));
                }
            }
        }
        Ok(levels)
    }

    /// The filter for a subscriber.
    pub fn targets(&self) -> Targets {
        self.written(&LogRules::default())
    }

    /// What is written. A directive here beats a rule there.
    pub(crate) fn written(&self, rules: &LogRules) -> Targets {
        let quiet = QUIET.iter().map(|(target, most)| ((*target).to_owned(), self.level.min(*most)));
        let elsewhere = rules.loggers_of(Sinks::ProduceOnly).map(|target| (target.to_owned(), LevelFilter::OFF));
        let targets = Targets::new().with_default(self.level).with_targets(quiet).with_targets(elsewhere);
        targets.with_targets(self.named.iter().cloned())
    }

    /// What is produced: the products' own code, and what is named. Whoever reads these lines did not ask for those of
    /// a database driver.
    pub(crate) fn produced(&self, rules: &LogRules) -> Produced {
        let with = |sinks, level| rules.loggers_of(sinks).map(move |target| (target.to_owned(), level));
        let loggers = with(Sinks::Both, self.level).chain(with(Sinks::ProduceOnly, self.level));
        let mut named: Vec<_> = loggers.chain(with(Sinks::WriteOnly, LevelFilter::OFF)).collect();
        named.retain(|(target, _)| self.named.iter().all(|(own, _)| own != target));
        named.extend(self.named.iter().cloned());
        named.sort_by_key(|(target, _)| std::cmp::Reverse(target.len()));
        Produced { named, crates: rules.crates().map(str::to_owned).collect(), level: self.level }
    }
}

/// What is produced. A named target is the beginning of a path, as everywhere; a crate is the whole of its first part, so
/// that a product `sql` does not speak for `sqlx`.
#[derive(Clone, Debug)]
pub(crate) struct Produced {
    /// The longest first.
    named: Vec<(String, LevelFilter)>,
    crates: BTreeSet<String>,
    level: LevelFilter,
}

impl Produced {
    pub(crate) fn takes(&self, target: &str, level: Level) -> bool {
        let named = self.named.iter().find(|(begin, _)| target.starts_with(begin.as_str())).map(|(_, most)| *most);
        let of_crate = || self.crates.contains(target.split("::").next().unwrap_or(target)).then_some(self.level);
        named.or_else(of_crate).is_some_and(|most| level <= most)
    }

    /// The least level that any of it has.
    pub(crate) fn most(&self) -> LevelFilter {
        self.named.iter().map(|(_, most)| *most).fold(self.level, LevelFilter::max)
    }
}

impl fmt::Display for Levels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn level(word: &str) -> Option<LevelFilter> {
    Some(match word.to_ascii_lowercase().as_str() {
        "off" => LevelFilter::OFF,
        "error" | "critical" | "fatal" => LevelFilter::ERROR,
        "warn" | "warning" => LevelFilter::WARN,
        "info" => LevelFilter::INFO,
        "debug" => LevelFilter::DEBUG,
        "trace" => LevelFilter::TRACE,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logged(levels: &str, target: &str, level: Level) -> bool {
        Levels::parse(levels).unwrap().targets().would_enable(target, &level)
    }

    #[test]
    fn the_sdk_is_quiet_until_it_is_named() {
        assert!(logged("debug", "my_product::activities", Level::DEBUG));
        assert!(logged("debug", "temporal_exports::activities", Level::DEBUG));
        assert!(!logged("debug", "temporalio_sdk_core::worker", Level::INFO));
        assert!(!logged("debug", "temporal_client", Level::INFO));
        assert!(logged("debug", "temporalio_sdk_core::worker", Level::WARN));
        assert!(logged("info,temporalio_sdk_core=debug", "temporalio_sdk_core::worker", Level::DEBUG));
        assert!(!logged("info,temporalio_sdk_core=debug", "temporalio_client", Level::INFO));
        assert!(!logged("trace", "h2::codec", Level::DEBUG));
    }

    #[test]
    fn a_low_level_is_not_raised_for_the_quiet_ones() {
        assert!(!logged("error", "temporalio_sdk", Level::WARN));
        assert!(!logged("off", "temporalio_sdk", Level::ERROR));
    }

    #[test]
    fn a_products_crate_speaks_for_no_crate_that_begins_alike() {
        let produced = Levels::debug().produced(&LogRules::default().with_crate("sql"));
        assert!(produced.takes("sql", Level::DEBUG) && produced.takes("sql::rows", Level::INFO));
        assert!(!produced.takes("sqlx::query", Level::ERROR) && !produced.takes("sql::rows", Level::TRACE));
        let named = Levels::parse("info,sqlx=warn,sql::rows=off").unwrap();
        let produced = named.produced(&LogRules::default().with_crate("sql"));
        assert!(produced.takes("sqlx::query", Level::WARN) && !produced.takes("sql::rows::of", Level::ERROR));
        assert!(produced.takes("sql::keys", Level::INFO));
    }

    #[test]
    fn pythons_names_are_taken() {
        assert!(logged("WARNING", "x", Level::WARN));
        assert!(!logged("CRITICAL", "x", Level::WARN));
    }

    #[test]
    fn a_word_that_is_no_level_is_named() {
        assert_eq!(
            Levels::parse("info,my_product=loud").unwrap_err(),
            "of which \"my_product=loud\" is not understood: write a level (off, error, warn, info, debug, trace), or \
             target=level, such as info,my_product=debug"
        );
        assert!(Levels::parse("my_product").is_err());
        assert!(Levels::parse("=debug").is_err());
    }
}
