//! No module or file is called utils, common, helper, manager or core: such a name says nothing of what is inside, so
//! everything ends up there.

use syn::visit::{self, Visit};

use super::{Finding, source::Source};

const EMPTY_WORDS: [&str; 10] =
    ["util", "utils", "utilities", "common", "helper", "helpers", "manager", "managers", "core", "misc"];

pub(super) fn check(source: &Source) -> Vec<Finding> {
    let Some(tree) = source.tree() else { return Vec::new() };
    let stem = source.path.strip_suffix(".rs").unwrap_or(&source.path);
    let mut findings: Vec<Finding> =
        stem.split('/').filter_map(empty_word).map(|word| finding(&source.path, 0, word)).collect();
    let mut modules = InlineModules { path: &source.path, findings: Vec::new() };
    modules.visit_file(tree);
    findings.append(&mut modules.findings);
    findings
}

/// The word that a name ends with, if it is an empty one: the last word says what the thing is.
fn empty_word(name: &str) -> Option<&str> {
    let last = name.rsplit(['_', '-', '.']).next()?;
    EMPTY_WORDS.contains(&last).then_some(last)
}

fn finding(path: &str, line: usize, word: &str) -> Finding {
    let message = format!(
        "`{word}` does not say what is inside; name the module after what it does, or put each thing where it is used"
    );
    Finding::new(path, line, message)
}

struct InlineModules<'a> {
    path: &'a str,
    findings: Vec<Finding>,
}

impl<'ast> Visit<'ast> for InlineModules<'_> {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        // `mod x;` is judged by its file.
        if module.content.is_some()
            && let Some(word) = empty_word(&module.ident.to_string())
        {
            self.findings.push(finding(self.path, module.ident.span().start().line, word));
        }
        visit::visit_item_mod(self, module);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(path: &str, text: &str) -> Vec<String> {
        check(&Source::new(path, text)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn an_empty_name_of_a_file_a_folder_or_a_module_is_refused() {
        let why = "does not say what is inside; name the module after what it does, or put each thing where it is used";
        assert_eq!(said("crates/x/src/utils.rs", ""), [format!("crates/x/src/utils.rs: `utils` {why}")]);
        assert_eq!(said("tests/common/mod.rs", ""), [format!("tests/common/mod.rs: `common` {why}")]);
        assert_eq!(said("crates/core/src/lib.rs", ""), [format!("crates/core/src/lib.rs: `core` {why}")]);
        assert_eq!(said("a/pool_manager.rs", ""), [format!("a/pool_manager.rs: `manager` {why}")]);
        assert_eq!(said("a/x.rs", "mod a {\n mod helper {}\n}"), [format!("a/x.rs:2: `helper` {why}")]);
    }

    #[test]
    fn names_that_say_something_stand() {
        assert_eq!(said("crates/worker/src/core_options.rs", "mod scores {}"), Vec::<String>::new());
        assert_eq!(said("charts/x/_helpers.tpl", ""), Vec::<String>::new());
    }
}
