//! What a file is for, by its place in the repository.

/// What a file outside of every crate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The workspace's own Cargo.toml.
    Manifest,
    /// Cargo's configuration.
    Configuration,
    Toolchain,
    /// What images are built by.
    Image,
    /// What every worker's pods are rendered by.
    Chart,
    /// Values of the chart, which are those of the workers that they name.
    Values,
    /// No binary is made of it.
    Other,
}

const CHART: &str = "charts/temporal-worker/";

pub(super) fn outside(path: &str) -> Place {
    match path {
        "Cargo.toml" => return Place::Manifest,
        ".cargo/config.toml" | ".cargo/config" => return Place::Configuration,
        "rust-toolchain.toml" | "rust-toolchain" => return Place::Toolchain,
        "Dockerfile" | ".dockerignore" => return Place::Image,
        _ => {}
    }
    let Some(path) = path.strip_prefix(CHART) else {
        return Place::Other;
    };
    match path.split_once('/') {
        Some(("examples" | "values", _)) if is_text(path) => Place::Other,
        Some(("examples" | "values", _)) => Place::Values,
        None if is_text(path) || path == ".helmignore" => Place::Other,
        _ => Place::Chart,
    }
}

/// Whether a file of a crate, by its path from the crate's folder, is left out of its binaries, unless the source
/// includes it: tests, benchmarks, examples, prose, hidden files, saved histories, and the schemas that contracts are compared with.
pub(super) fn is_aside(path: &str) -> bool {
    let mut folders: Vec<&str> = path.split('/').collect();
    let file = folders.pop().unwrap_or_default();
    if file.starts_with('.') {
        return true;
    }
    match folders.first() {
        Some(&"src") => folders.contains(&"tests") || file == "tests.rs",
        Some(first) => ["tests", "benches", "examples", "histories", "schemas"].contains(first) || is_text(file),
        None => is_text(file),
    }
}

fn is_text(path: &str) -> bool {
    path.ends_with(".md")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_a_crate_counts_unless_it_is_known_to_be_aside() {
        for path in ["src/lib.rs", "src/schema/postgres.sql", "src/help.md", "build.rs", "Cargo.toml", "proto/a.proto"]
        {
            assert!(!is_aside(path), "{path}");
        }
        for path in [
            "tests/wire.rs",
            "benches/b.rs",
            "examples/e.rs",
            "README.md",
            "docs/x.md",
            "src/tests/loss.rs",
            "src/tests.rs",
            ".gitignore",
            "src/.settings.rs.pending-snap",
            "src/plan/tests.rs",
            "histories/no-op-1.json",
            "schemas/workflows/no-op.json",
        ] {
            assert!(is_aside(path), "{path}");
        }
        // A crate may be called so.
        assert!(!is_aside("src/testing/mod.rs"));
    }

    #[test]
    fn the_chart_is_everybodys_and_values_are_not() {
        assert_eq!(outside("charts/temporal-worker/templates/deployment.yaml"), Place::Chart);
        assert_eq!(outside("charts/temporal-worker/templates/NOTES.txt"), Place::Chart);
        assert_eq!(outside("charts/temporal-worker/values.yaml"), Place::Chart);
        assert_eq!(outside("charts/temporal-worker/examples/onboarding.yaml"), Place::Values);
        assert_eq!(outside("charts/temporal-worker/README.md"), Place::Other);
        assert_eq!(outside("charts/tests/src/lib.rs"), Place::Other);
        assert_eq!(outside("docs/deploying.md"), Place::Other);
        assert_eq!(outside(".github/workflows/ci.yml"), Place::Other);
    }
}
