//! Files that a crate's source takes in by `include_str!` and its like: they count wherever they lie, in another crate too.

use std::{
    collections::BTreeSet,
    fs,
    path::{Component, Path, PathBuf},
};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::places;
use crate::failure::Failure;

const MACROS: [&str; 3] = ["include_str", "include_bytes", "include"];

/// What a crate includes, by paths from the root.
#[derive(Debug, Default)]
pub(super) struct Included {
    files: BTreeSet<String>,
    /// Where a path is put together by a macro: everything that begins so.
    beginnings: BTreeSet<String>,
}

impl Included {
    /// What the crate in this folder includes. Read as tokens, for macros stand in macros; what rustdoc alone reads is
    /// left out.
    pub(super) fn by(root: &Path, package: &str) -> Result<Self, Failure> {
        let mut included = Self::default();
        included.visit(root, &root.join(package), package)?;
        Ok(included)
    }

    pub(super) fn has(&self, path: &str) -> bool {
        self.files.contains(path) || self.beginnings.iter().any(|beginning| path.starts_with(beginning))
    }

    fn visit(&mut self, root: &Path, folder: &Path, package: &str) -> Result<(), Failure> {
        let failed = |source| Failure::Read { path: folder.to_owned(), source };
        for entry in fs::read_dir(folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let from_package = path.strip_prefix(root.join(package)).unwrap_or(&path).to_string_lossy().into_owned();
            if path.is_dir() {
                // Another crate's folder may lie in this one's.
                if !path.join("Cargo.toml").is_file() {
                    self.visit(root, &path, package)?;
                }
            } else if path.extension().is_some_and(|extension| extension == "rs") && !places::is_aside(&from_package) {
                let text = fs::read_to_string(&path).map_err(|source| Failure::Read { path: path.clone(), source })?;
                // Most have none. What is no Rust is not compiled either.
                if let Some(tokens) = text.contains("include").then(|| text.parse().ok()).flatten() {
                    self.read(tokens, root, folder, package);
                }
            }
        }
        Ok(())
    }

    fn read(&mut self, tokens: TokenStream, root: &Path, folder: &Path, package: &str) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        for (at, token) in tokens.iter().enumerate() {
            let TokenTree::Group(group) = token else { continue };
            let before = |back: usize| at.checked_sub(back).map(|at| tokens[at].to_string()).unwrap_or_default();
            if before(1) == "!" && MACROS.contains(&before(2).as_str()) {
                if let Some(argument) = Argument::read(group.stream()) {
                    self.take(&argument, root, folder, package);
                }
            } else if !is_doc(group.delimiter(), &group.stream()) {
                self.read(group.stream(), root, folder, package);
            }
        }
    }

    /// A literal is relative to the source file, what is put together from CARGO_MANIFEST_DIR to its crate.
    fn take(&mut self, argument: &Argument, root: &Path, folder: &Path, package: &str) {
        let crates = root.join(package);
        let from = if argument.of_the_crate { crates.as_path() } else { folder };
        let literal = if argument.of_the_crate { argument.literal.trim_start_matches('/') } else { &argument.literal };
        let mut plain = PathBuf::new();
        for part in from.join(literal).components() {
            match part {
                Component::ParentDir => drop(plain.pop()),
                Component::CurDir => {}
                part => plain.push(part),
            }
        }
        let Ok(path) = plain.strip_prefix(root) else { return };
        let mut path = path.to_string_lossy().into_owned();
        if argument.whole {
            self.files.insert(path);
        } else {
            if !path.is_empty() && (literal.is_empty() || literal.ends_with(['/', '.'])) {
                path.push('/');
            }
            self.beginnings.insert(path);
        }
    }
}

/// Whether it is the inside of `#[doc = ...]`.
fn is_doc(delimiter: Delimiter, inside: &TokenStream) -> bool {
    delimiter == Delimiter::Bracket && inside.clone().into_iter().next().is_some_and(|first| first.to_string() == "doc")
}

/// The path that such a macro is given, as far as it is known before macros are expanded.
#[derive(Debug, Default, PartialEq, Eq)]
struct Argument {
    literal: String,
    of_the_crate: bool,
    /// Nothing follows the literal.
    whole: bool,
}

impl Argument {
    /// `None` for what a build script writes.
    fn read(tokens: TokenStream) -> Option<Self> {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let parts = match tokens.as_slice() {
            [TokenTree::Ident(name), _, TokenTree::Group(parts), ..] if name == "concat" => {
                parts.stream().into_iter().collect()
            }
            _ => tokens,
        };
        let mut argument = Self { whole: true, ..Self::default() };
        for part in parts.split(|token| token.to_string() == ",").filter(|part| !part.is_empty()) {
            let text: String = part.iter().map(TokenTree::to_string).collect();
            if text.starts_with("env!") && text.contains("OUT_DIR") {
                return None;
            }
            if text.starts_with("env!") && text.contains("CARGO_MANIFEST_DIR") {
                argument.of_the_crate = true;
            } else if let Ok(literal) = syn::parse_str::<syn::LitStr>(&text) {
                argument.literal += &literal.value();
            } else {
                argument.whole = false;
                break;
            }
        }
        Some(argument)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What this source of crates/a, in its folder `src/new`, includes: files, and beginnings.
    fn included(source: &str) -> (Vec<String>, Vec<String>) {
        let mut included = Included::default();
        let (root, folder) = (Path::new("/x"), Path::new("/x/crates/a/src/new"));
        included.read(source.parse().unwrap(), root, folder, "crates/a");
        (included.files.into_iter().collect(), included.beginnings.into_iter().collect())
    }

    #[test]
    fn a_literal_is_a_file_and_what_a_macro_puts_together_is_everything_that_begins_so() {
        let file = |source: &str, path: &str| assert_eq!(included(source), (vec![path.to_owned()], vec![]), "{source}");
        file("const A: &str = include_str!(\"../words.txt\");", "crates/a/src/words.txt");
        file("const A: &str = include_str!(\n    r\"../words.txt\",\n);", "crates/a/src/words.txt");
        file("fn f() { g(h![include_bytes!(concat!(\"../\", \"w\", \".txt\"))]) }", "crates/a/src/w.txt");
        file("include!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/../b/c.rs\"));", "crates/b/c.rs");

        let begins = |source: &str, path: &str| {
            assert_eq!(included(source), (vec![], vec![path.to_owned()]), "{source}");
        };
        let within =
            |argument: &str| format!("macro_rules! f {{ ($path:literal) => {{ include_str!({argument}) }}; }}");
        begins(&within("concat!(\"../../template/\", $path)"), "crates/a/template/");
        begins(&within("concat!(\"../../template/v\", $path, \".txt\")"), "crates/a/template/v");
        begins(&within("concat!(\"../..\", $path)"), "crates/a/");
        begins(&within("concat!(env!(\"CARGO_MANIFEST_DIR\"), $path)"), "crates/a/");
        begins(&within("$path"), "crates/a/src/new/");
    }

    #[test]
    fn docs_comments_and_what_a_build_script_writes_include_nothing() {
        for source in [
            "#![doc = include_str!(\"../README.md\")]",
            "// include_str!(\"a\")\nconst A: &str = \"include_str!(\";",
            "include!(concat!(env!(\"OUT_DIR\"), \"/made.rs\"));",
            "use super::include;",
        ] {
            assert_eq!(included(source), (vec![], vec![]), "{source}");
        }
    }
}
