//! No source file over 20 KB: what grows a second reason to change becomes a folder.

use super::{Finding, source::Source};

/// In bytes.
const LIMIT: usize = 20 * 1024;

const ENDINGS: [&str; 7] = [".rs", ".sh", ".py", ".ts", ".js", ".yaml", ".yml"];

/// Files that may be larger, each with its reason.
const EXCEPTIONS: [(&str, &str); 0] = [];

pub(super) fn check(source: &Source) -> Vec<Finding> {
    over_limit(source, &EXCEPTIONS)
}

/// An exception that is no longer needed goes.
pub(super) fn check_exceptions(sources: &[Source]) -> Vec<Finding> {
    needless(sources, &EXCEPTIONS)
}

fn over_limit(source: &Source, exceptions: &[(&str, &str)]) -> Vec<Finding> {
    let size = source.text.len();
    let ours = ENDINGS.iter().any(|ending| source.path.ends_with(ending));
    if !ours || size <= LIMIT || exceptions.iter().any(|(path, _)| *path == source.path) {
        return Vec::new();
    }
    let message = format!(
        "has {size} bytes, over the limit of {LIMIT}; make it a folder with one file for each reason to change, \
         or list it with a reason in xtask/src/tidy/size.rs"
    );
    vec![Finding::new(&source.path, 0, message)]
}

fn needless(sources: &[Source], exceptions: &[(&str, &str)]) -> Vec<Finding> {
    exceptions
        .iter()
        .filter(|(path, _)| !sources.iter().any(|source| source.path == *path && source.text.len() > LIMIT))
        .map(|(path, _)| {
            Finding::new(path, 0, "is excepted in xtask/src/tidy/size.rs and need not be; remove its line")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_over_the_limit_is_refused_unless_it_is_excepted() {
        let large = Source::new("crates/x/src/lib.rs", " ".repeat(LIMIT + 1));
        let findings = over_limit(&large, &[]);
        assert_eq!(findings.len(), 1);
        assert!(findings[0].message.starts_with("has 20481 bytes, over the limit of 20480; make it a folder"));
        assert_eq!(over_limit(&large, &[("crates/x/src/lib.rs", "a table")]), []);
        assert_eq!(over_limit(&Source::new("crates/x/src/lib.rs", " ".repeat(LIMIT)), &[]), []);
        assert_eq!(over_limit(&Source::new("Cargo.lock", " ".repeat(LIMIT + 1)), &[]), []);
    }

    #[test]
    fn an_exception_for_a_file_that_shrank_or_went_is_refused() {
        let sources = [Source::new("small.rs", "fn a() {}")];
        let findings = needless(&sources, &[("small.rs", "a table"), ("gone.rs", "a table")]);
        assert_eq!(findings.iter().map(|finding| finding.path.as_str()).collect::<Vec<_>>(), ["small.rs", "gone.rs"]);
    }
}
