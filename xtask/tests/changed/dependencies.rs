//! Packages from elsewhere, by the lockfile.

use super::made::Made;

const NONE: [&str; 0] = [];

#[test]
fn a_new_version_in_the_lockfile_alone_changes_who_is_built_of_it() {
    let made = Made::new();
    made.lock("pen", "1.1.0");
    let answer = made.after("Only the lockfile");
    assert_eq!(made.git(["diff", "--name-only", "HEAD~1"]), "Cargo.lock");
    assert_eq!(answer.changed(), ["alpha-worker"]);
    assert_eq!(answer.why("alpha-worker"), ["pen 1.0.0 -> 1.1.0"]);
    assert_eq!(answer.json["workers"][0]["reasons"][0]["kind"], "dependency");
}

#[test]
fn a_dependency_of_a_dependency_counts() {
    let made = Made::new();
    made.lock("ink", "1.1.0");
    let answer = made.after("Below pen");
    assert_eq!(answer.changed(), ["alpha-worker"]);
    assert_eq!(answer.why("alpha-worker"), ["ink 1.0.0 -> 1.1.0"]);
}

#[test]
fn what_only_tests_or_chores_are_built_of_changes_nothing() {
    let made = Made::new();
    // Of alpha's tests; and by a feature that nobody but xtask asks for.
    made.lock("brush", "1.1.0");
    made.lock("dust", "1.1.0");
    let answer = made.after("For tests and chores");
    assert_eq!(answer.changed(), NONE, "{}", answer.json);
}

#[test]
fn a_dependency_that_comes_is_named_with_the_manifest_that_brings_it() {
    let made = Made::new();
    made.replace("products/beta/Cargo.toml", "[dependencies]\n", "[dependencies]\nbrush.workspace = true\n");
    made.cargo(&["update", "--offline", "--workspace"]);
    let answer = made.after("Beta paints");
    assert_eq!(answer.changed(), ["beta-worker"]);
    // The lockfile had it already, for alpha's tests.
    assert_eq!(answer.why("beta-worker"), ["beta changed"]);

    made.replace("Cargo.toml", "brush = \"1\"", "brush = \"1.0\"");
    let answer = made.after("The same version by another requirement");
    assert_eq!(answer.why("beta-worker"), ["`brush` of [workspace.dependencies] changed"]);
    assert_eq!(answer.why("alpha-worker"), NONE, "alpha's tests alone have it");
}
