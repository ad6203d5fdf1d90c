//! One text file of the repository, parsed if it is Rust.

use super::Finding;

/// A file, by its path from the root of the repository.
pub(super) struct Source {
    pub(super) path: String,
    pub(super) text: String,
    pub(super) rust: Option<syn::Result<syn::File>>,
}

impl Source {
    pub(super) fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        let (path, text) = (path.into(), text.into());
        let rust = path.ends_with(".rs").then(|| syn::parse_file(&text));
        Self { path, text, rust }
    }

    /// The syntax tree, of a Rust file that parses.
    pub(super) fn tree(&self) -> Option<&syn::File> {
        self.rust.as_ref()?.as_ref().ok()
    }

    /// Whether one of the folders on the way to it has this name.
    pub(super) fn is_under(&self, folder: &str) -> bool {
        let mut folders = self.path.split('/').rev();
        folders.next();
        folders.any(|name| name == folder)
    }
}

/// A Rust file that does not parse would pass every rule unread.
pub(super) fn check(source: &Source) -> Vec<Finding> {
    let Some(Err(error)) = &source.rust else { return Vec::new() };
    let message = format!("does not parse as Rust, so nothing in it can be checked: {error}");
    vec![Finding::new(&source.path, error.span().start().line, message)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_does_not_parse_is_a_finding() {
        let findings = check(&Source::new("crates/x/src/lib.rs", "fn a() {}\nfn {\n"));
        assert_eq!(findings.len(), 1);
        let said = findings[0].to_string();
        assert!(said.starts_with("crates/x/src/lib.rs:2: does not parse as Rust"), "{said}");
        assert_eq!(check(&Source::new("crates/x/src/lib.rs", "fn a() {}")), []);
    }

    #[test]
    fn a_file_is_under_its_folders_and_not_under_its_own_name() {
        let source = Source::new("crates/x/tests/drain.rs", "");
        assert!(source.is_under("tests"));
        assert!(source.is_under("crates"));
        assert!(!source.is_under("drain.rs"));
    }
}
