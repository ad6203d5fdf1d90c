//! Lists of products in Rust sources: `[billing::product(), refunds::product()]`, as a `main` or a registry has them.

use std::path::{Path, PathBuf};

/// What makes an element of such a list a product.
const PRODUCT: &str = "::product()";

/// One list, in the file where it stands.
#[derive(Debug)]
pub(super) struct List {
    pub(super) file: PathBuf,
    text: String,
    /// Behind its last product.
    end: usize,
    /// Each product's crate, as code says it.
    pub(super) crates: Vec<String>,
}

impl List {
    /// Every list of this file. One with comments in it is not seen.
    pub(super) fn all(file: &Path, text: &str) -> Vec<Self> {
        let opens = text.match_indices('[').filter(|(at, _)| !is_comment(text, *at));
        opens.filter_map(|(at, _)| Self::at(file, text, at + 1)).collect()
    }

    fn at(file: &Path, text: &str, start: usize) -> Option<Self> {
        let inside = &text[start..start + text[start..].find(']')?];
        let trimmed = inside.trim_end();
        let products = trimmed.strip_suffix(',').unwrap_or(trimmed);
        let crates: Option<Vec<String>> = products.split(',').map(crate_of).collect();
        Some(Self { file: file.to_owned(), text: text.to_owned(), end: start + products.len(), crates: crates? })
    }

    /// The file's text with one product more, behind the others.
    pub(super) fn with(&self, library: &str) -> String {
        let (before, after) = self.text.split_at(self.end);
        // A comma that trails is in `after`, and stays.
        let text = format!("{before}, {library}{PRODUCT}{after}");
        let count = self.crates.len();
        text.replacen(&format!("Product; {count}]"), &format!("Product; {}]", count + 1), 1)
    }
}

/// The crate of `billing::product()`.
fn crate_of(element: &str) -> Option<String> {
    let path = element.trim().strip_suffix(PRODUCT)?;
    let part = |part: &str| !part.is_empty() && part.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
    path.split("::").all(part).then(|| path.split("::").next().unwrap_or_default().to_owned())
}

fn is_comment(text: &str, at: usize) -> bool {
    text[..at].lines().next_back().is_some_and(|line| line.trim_start().starts_with("//"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> List {
        let mut lists = List::all(Path::new("main.rs"), text);
        assert_eq!(lists.len(), 1, "{lists:?}");
        lists.remove(0)
    }

    #[test]
    fn a_product_is_added_behind_the_others() {
        let list = one("//! [a::product()]\nfn main() { mainspring::run([one::product(), two::product()]) }\n");
        assert_eq!(list.crates, ["one", "two"]);
        let with =
            "//! [a::product()]\nfn main() { mainspring::run([one::product(), two::product(), three::product()]) }\n";
        assert_eq!(list.with("three"), with);
        let list = one("vec![\n    one::product(),\n    two::deep::product(),\n]");
        assert_eq!(list.crates, ["one", "two"]);
        assert_eq!(list.with("three"), "vec![\n    one::product(),\n    two::deep::product(), three::product(),\n]");
    }

    #[test]
    fn a_length_in_the_type_grows_too() {
        let list = one("pub fn products() -> [Product; 1] {\n    [one::product()]\n}\n");
        assert_eq!(list.with("two"), "pub fn products() -> [Product; 2] {\n    [one::product(), two::product()]\n}\n");
    }

    #[test]
    fn other_lists_are_none() {
        for text in
            ["[]", "[1, 2]", "[product()]", "[a::product(), 2]", "[a::product(1)]", "// [a::product()]", "[a::product("]
        {
            assert!(List::all(Path::new("main.rs"), text).is_empty(), "{text}");
        }
    }
}
