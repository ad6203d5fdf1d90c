//! Which values are taken.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

/// How much is taken, beside workers, machines and stack traces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scrubbing {
    /// Strings in fields whose name tells of a secret.
    Secrets,
    /// Also strings that look like a person's: with an `@`, with blanks, with four digits or more, longer than 32 characters.
    Personal,
    /// Every string, and every text and id beside the payloads.
    #[default]
    Values,
}

impl Scrubbing {
    /// The next level that takes less.
    pub const fn less(self) -> Option<Self> {
        match self {
            Self::Values => Some(Self::Personal),
            Self::Personal => Some(Self::Secrets),
            Self::Secrets => None,
        }
    }
}

/// Exceptions by field: a name (`status`), or the end of a path (`customer.status`), whatever the level.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    /// Strings that stay as they are: those that decide branches.
    pub keep: Vec<String>,
    /// Strings and numbers that are replaced.
    pub mask: Vec<String>,
}

impl Fields {
    pub(super) fn masks(&self, path: &str) -> bool {
        self.mask.iter().any(|rule| is_end(path, rule))
    }

    pub(super) fn takes(&self, path: &str, level: Scrubbing, text: &str) -> bool {
        if self.keep.iter().any(|rule| is_end(path, rule)) {
            return false;
        }
        match level {
            Scrubbing::Secrets => false,
            Scrubbing::Personal => looks_personal(text),
            Scrubbing::Values => true,
        }
    }
}

fn is_end(path: &str, rule: &str) -> bool {
    path.strip_suffix(rule).is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

fn looks_personal(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    text.contains('@') || text.contains(char::is_whitespace) || digits >= 4 || text.chars().count() > 32
}

pub(super) fn from_base64(text: &str) -> Option<Vec<u8>> {
    BASE64_STANDARD.decode(text).ok()
}

pub(super) fn to_base64(data: &[u8]) -> String {
    BASE64_STANDARD.encode(data)
}
