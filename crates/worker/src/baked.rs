//! What a build knows of itself: the build id and the commit that were compiled in, as the Dockerfile does, so that an
//! image needs no setting to say what it is. A build without them says that they are unset.

use std::sync::LazyLock;

/// The version of Mainspring, which is not that of the binary's own package.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");
/// What stands for a build id or a commit that nobody gave.
pub(crate) const UNSET: &str = "unset";

const BUILD_ID: Option<&str> = option_env!("MAINSPRING_BUILD_ID");
const COMMIT: Option<&str> = option_env!("MAINSPRING_COMMIT");

/// The build id that was compiled in. A build argument that is not given arrives as an empty text.
pub(crate) fn build_id() -> Option<&'static str> {
    BUILD_ID.filter(|id| !id.is_empty())
}

/// The commit that was compiled in, or `unset`.
pub(crate) fn commit() -> &'static str {
    COMMIT.filter(|commit| !commit.is_empty()).unwrap_or(UNSET)
}

/// Mainspring's version with the build: `0.1.0 (build id 7, commit 1f2e3d4)`, for a binary's `--version`.
///
/// Both are compiled in from `MAINSPRING_BUILD_ID` and `MAINSPRING_COMMIT`; `TEMPORAL_WORKER_BUILD_ID` in the environment of
/// the process comes before the first, as it does for its workers. What is not there is `unset`.
pub fn version() -> &'static str {
    static LINE: LazyLock<String> = LazyLock::new(|| {
        let given = std::env::var("TEMPORAL_WORKER_BUILD_ID").ok();
        line(given.as_deref(), build_id(), commit())
    });
    &LINE
}

fn line(given: Option<&str>, baked: Option<&str>, commit: &str) -> String {
    let build_id = given.filter(|id| !id.is_empty()).or(baked).unwrap_or(UNSET);
    format!("{VERSION} (build id {build_id}, commit {commit})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_comes_before_what_was_compiled_in_and_what_nobody_gave_is_unset() {
        let of = |given, baked| line(given, baked, "1f2e3d4").replace(VERSION, "V");
        assert_eq!(of(Some("8"), Some("7")), "V (build id 8, commit 1f2e3d4)");
        assert_eq!(of(None, Some("7")), "V (build id 7, commit 1f2e3d4)");
        assert_eq!(of(Some(""), Some("7")), "V (build id 7, commit 1f2e3d4)");
        assert_eq!(of(Some(""), None), "V (build id unset, commit 1f2e3d4)");
    }

    #[test]
    fn what_was_compiled_in_is_what_the_builds_environment_said() {
        // Cargo compiles this anew when either changes.
        let said = |name: Option<&'static str>| name.filter(|value| !value.is_empty());
        assert_eq!(build_id(), said(option_env!("MAINSPRING_BUILD_ID")));
        assert_eq!(commit(), said(option_env!("MAINSPRING_COMMIT")).unwrap_or("unset"));
    }
}
