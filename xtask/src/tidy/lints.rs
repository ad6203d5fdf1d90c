//! Every crate takes its lints from the workspace: one that does not is checked by nothing. A package that is the root of
//! another workspace, such as the example for users elsewhere, has none to take.

use super::{Finding, source::Source};

pub(super) fn check(source: &Source) -> Vec<Finding> {
    let manifest = source.path == "Cargo.toml" || source.path.ends_with("/Cargo.toml");
    if !manifest || !has_table(&source.text, "[package]") || is_elsewhere(source) || takes_lints(&source.text) {
        return Vec::new();
    }
    let message = "does not take the workspace's lints; add `[lints]` with `workspace = true`";
    vec![Finding::new(&source.path, 0, message)]
}

fn has_table(text: &str, table: &str) -> bool {
    text.lines().any(|line| line.trim() == table)
}

fn is_elsewhere(source: &Source) -> bool {
    source.path.starts_with("examples/") && has_table(&source.text, "[workspace]")
}

fn takes_lints(text: &str) -> bool {
    let mut section = "";
    text.lines().map(str::trim).any(|line| {
        if line.starts_with('[') {
            section = line;
        }
        let words: String = line.split('#').next().unwrap_or_default().split_whitespace().collect();
        section == "[lints]" && words == "workspace=true"
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_refused(text: &str) -> bool {
        !check(&Source::new("crates/x/Cargo.toml", text)).is_empty()
    }

    #[test]
    fn a_crate_without_the_workspaces_lints_is_refused() {
        assert!(is_refused("[package]\nname = \"x\"\n"));
        assert!(is_refused("[package]\nname = \"x\"\n[lints]\n# workspace = true\n"));
        assert!(is_refused("[package]\nname = \"x\"\n[lints.rust]\nunsafe_code = \"allow\"\n"));
        assert!(is_refused("[package]\nname = \"x\"\n[lints]\nworkspace = false\n[dependencies]\nworkspace = true\n"));
        assert!(!is_refused("[package]\nname = \"x\"\n[lints]\nworkspace = true # all\n"));
        assert!(!is_refused("[workspace]\nmembers = []\n"));
    }

    #[test]
    fn only_an_example_may_be_a_workspace_of_its_own() {
        let text = "[workspace]\n[package]\nname = \"x\"\n";
        assert!(is_refused(text));
        assert!(check(&Source::new("examples/x/Cargo.toml", text)).is_empty());
    }
}
