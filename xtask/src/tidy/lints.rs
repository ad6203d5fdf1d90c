//! Every crate takes its lints from the workspace: one that does not is checked by nothing.

use super::{Finding, source::Source};

pub(super) fn check(source: &Source) -> Vec<Finding> {
    let manifest = source.path == "Cargo.toml" || source.path.ends_with("/Cargo.toml");
    if !manifest || !has_package(&source.text) || takes_lints(&source.text) {
        return Vec::new();
    }
    let message = "does not take the workspace's lints; add `[lints]` with `workspace = true`";
    vec![Finding::new(&source.path, 0, message)]
}

fn has_package(text: &str) -> bool {
    text.lines().any(|line| line.trim() == "[package]")
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
}
