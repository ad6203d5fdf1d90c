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
fn what_only_tests_are_built_of_changes_nothing() {
    let made = Made::new();
    made.lock("brush", "1.1.0");
    let answer = made.after("For alpha's tests");
    assert_eq!(made.git(["diff", "--name-only", "HEAD~1"]), "Cargo.lock");
    assert_eq!(answer.changed(), NONE, "{}", answer.json);
}

#[test]
fn a_feature_that_another_member_asks_for_is_built_in_and_so_is_what_it_brings() {
    // Images are built of the whole workspace at once: xtask's feature is in every worker.
    let made = Made::new();
    made.lock("dust", "1.1.0");
    assert_eq!(made.after("Of a feature").why("beta-worker"), ["dust 1.0.0 -> 1.1.0"]);

    made.replace("xtask/Cargo.toml", ", features = [\"dusty\"]", "");
    let answer = made.after("xtask asks for it no more");
    assert_eq!(
        answer.why("alpha-worker"),
        ["dust 1.1.0 went", "house-base 0.1.0 is built with other features: dusty went"]
    );
    assert_eq!(answer.changed(), ["alpha-worker", "beta-worker"]);
}

#[test]
fn a_dependency_that_comes_is_named_and_another_requirement_for_the_same_version_is_nothing() {
    let made = Made::new();
    made.replace("products/beta/Cargo.toml", "[dependencies]\n", "[dependencies]\nbrush.workspace = true\n");
    made.cargo(&["update", "--offline", "--workspace"]);
    let answer = made.after("Beta paints");
    assert_eq!(answer.changed(), ["beta-worker"]);
    assert_eq!(answer.why("beta-worker"), ["brush 1.0.0 came"], "the lockfile had it before, for alpha's tests");

    made.replace("Cargo.toml", "brush = \"1\"", "brush = \"1.0\"");
    assert_eq!(made.after("Another requirement").changed(), NONE);
}
