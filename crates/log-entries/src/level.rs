//! Levels of lines. Producers in other languages have other names for some.

use std::fmt;
use std::str::FromStr;

/// How bad a line is; a worse one is greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Each step.
    Trace,
    /// For whoever looks for a fault.
    Debug,
    /// What happened.
    Info,
    /// Somebody should look; also written `warning`.
    Warn,
    /// It did not work; also written `critical` and `fatal`.
    Error,
}

const NAMES: [(&str, Level); 8] = [
    ("trace", Level::Trace),
    ("debug", Level::Debug),
    ("info", Level::Info),
    ("warn", Level::Warn),
    ("warning", Level::Warn),
    ("error", Level::Error),
    ("critical", Level::Error),
    ("fatal", Level::Error),
];

impl Level {
    /// Every name of this level and of worse ones, as producers write them.
    pub(crate) fn and_worse(self) -> Vec<&'static str> {
        NAMES.iter().filter(|(_, level)| *level >= self).map(|(name, _)| *name).collect()
    }
}

impl FromStr for Level {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wanted = text.to_ascii_lowercase();
        let found = NAMES.iter().find(|(name, _)| *name == wanted).map(|(_, level)| *level);
        found.ok_or_else(|| format!("{text:?} is no level: write trace, debug, info, warn or error"))
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = NAMES.iter().find(|(_, level)| level == self).map_or("", |(name, _)| name);
        f.pad(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_stands_for_itself_and_worse_ones_under_all_their_names() {
        assert_eq!("WARNING".parse::<Level>().unwrap(), Level::Warn);
        assert_eq!(Level::Warn.and_worse(), ["warn", "warning", "error", "critical", "fatal"]);
        assert_eq!(Level::Trace.and_worse().len(), NAMES.len());
        assert_eq!(
            "loud".parse::<Level>().unwrap_err(),
            "\"loud\" is no level: write trace, debug, info, warn or error"
        );
    }
}
