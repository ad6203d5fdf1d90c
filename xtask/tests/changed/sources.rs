//! Files of crates.

use super::made::{Made, texts};

const NONE: [&str; 0] = [];

#[test]
fn a_shared_crate_changes_every_worker_that_is_built_of_it() {
    let made = Made::new();
    made.write("crates/base/src/lib.rs", "//! Another.\n");
    let answer = made.after("The base");
    assert_eq!(answer.changed(), ["alpha-worker", "beta-worker"]);
    assert_eq!(answer.why("alpha-worker"), ["house-base changed"]);

    made.write("crates/logs/src/sink.rs", "//! New.\n");
    let answer = made.after("The logs");
    assert_eq!(answer.changed(), ["alpha-worker"]);
    assert_eq!(answer.why("alpha-worker"), ["house-logs changed"]);
    assert_eq!(texts(&answer.json["workers"][0]["reasons"][0]["files"]), ["crates/logs/src/sink.rs"]);
    assert_eq!(answer.json["workers"][0]["reasons"][0]["kind"], "crate");
}

#[test]
fn one_product_changes_its_own_worker() {
    let made = Made::new();
    made.write("products/beta/src/lib.rs", "//! Another.\n");
    let answer = made.after("One product");
    assert_eq!(answer.changed(), ["beta-worker"]);
    assert_eq!(answer.why("beta-worker"), ["beta changed"]);
    assert_eq!(answer.why("alpha-worker"), NONE);
}

#[test]
fn docs_tests_benches_and_examples_change_nothing() {
    let made = Made::new();
    for path in [
        "README.md",
        "docs/guide.md",
        "products/alpha/README.md",
        "products/alpha/tests/wire.rs",
        "products/alpha/benches/fast.rs",
        "products/alpha/examples/small.rs",
        "products/alpha/histories/first.json",
        "products/alpha/schemas/first.json",
        "products/alpha/src/tests/mod.rs",
        "crates/base/src/plan/tests.rs",
        "xtask/src/lib.rs",
        ".github/workflows/ci.yml",
    ] {
        made.write(path, "// new\n");
    }
    let answer = made.after("Around");
    assert_eq!(answer.changed(), NONE);
    assert_eq!(answer.stderr, "");
}

#[test]
fn of_a_manifest_only_what_is_built_counts() {
    let made = Made::new();
    made.replace(
        "products/alpha/Cargo.toml",
        "[dev-dependencies]\nbrush.workspace = true\n",
        "[lints]\nworkspace = true\n",
    );
    made.replace("products/alpha/Cargo.toml", "[package]\n", "[package]\ndescription = \"The first product\"\n");
    made.replace(
        "Cargo.toml",
        "[profile.image]",
        "[workspace.lints.rust]\nmissing_docs = \"warn\"\n[profile.dev]\ndebug = false\n[profile.image]",
    );
    made.replace("products/alpha/Cargo.toml", "[lints]", "[features]\nnobody-asks = []\n[lints]");
    made.replace("Cargo.toml", "[workspace.package]\n", "[workspace.package]\nlicense = \"MIT\"\n");
    made.replace(".cargo/config.toml", "[source.crates-io]", "[alias]\nx = \"run\"\n[source.crates-io]");
    made.cargo(&["generate-lockfile", "--offline"]);
    for (name, version) in [("ink", "1.0.0"), ("pen", "1.0.0"), ("dust", "1.0.0")] {
        made.lock(name, version);
    }
    let answer = made.after("Nothing that is built");
    assert_eq!(answer.changed(), NONE, "{}", answer.json);

    made.replace("products/alpha/Cargo.toml", "[package]\n", "[package]\nbuild = \"src/build.rs\"\n");
    made.write("products/alpha/src/build.rs", "fn main() {}\n");
    let answer = made.after("A build script");
    assert_eq!(answer.why("alpha-worker"), ["alpha changed"]);
    let files = texts(&answer.json["workers"][0]["reasons"][0]["files"]);
    assert_eq!(files, ["products/alpha/Cargo.toml", "products/alpha/src/build.rs"]);
    assert_eq!(answer.changed(), ["alpha-worker"]);
}

#[test]
fn a_file_that_the_source_includes_counts_wherever_it_lies() {
    let made = Made::new();
    made.write("products/alpha/schemas/first.json", "{}");
    made.write("shared/words.txt", "one");
    made.write("shared/prose.md", "one");
    made.write(
        "products/alpha/src/lib.rs",
        "//! A crate.\n#![doc = include_str!(\"../../../shared/prose.md\")]\n\
         const A: &str = include_str!(\"../schemas/first.json\");\n\
         const B: &[u8] = include_bytes!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/../../shared/words.txt\"));\n",
    );
    made.commit("The source includes three");
    made.write("products/alpha/schemas/first.json", "{\"new\": true}");
    assert_eq!(made.after("A schema").why("alpha-worker"), ["alpha changed"]);
    made.write("shared/words.txt", "two");
    let answer = made.after("Words");
    assert_eq!(answer.why("alpha-worker"), ["alpha changed"]);
    assert_eq!(answer.changed(), ["alpha-worker"]);
    made.write("shared/prose.md", "two");
    assert_eq!(made.after("Prose").changed(), NONE);
}

#[test]
fn a_file_of_another_crate_counts_for_whoever_includes_it() {
    // As the command has a product as its template, by a macro.
    let made = Made::new();
    made.write("crates/words/src/lib.rs", "//! One.\n");
    made.write("crates/words/Cargo.toml", "[package]\nname = \"words\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
    made.write(
        "products/alpha/src/lib.rs",
        "//! A crate.\nmacro_rules! texts {\n    ($($path:literal,)*) => {\n        \
         const TEXTS: &[&str] = &[$(include_str!(concat!(\"../../../crates/words/\", $path)),)*];\n    };\n}\n\
         texts![\"Cargo.toml\", \"src/lib.rs\",];\n",
    );
    made.cargo(&["update", "--offline", "--workspace"]);
    made.commit("Alpha includes the words");
    made.write("crates/words/src/lib.rs", "//! Two.\n");
    let answer = made.after("A source of the words");
    assert_eq!(answer.changed(), ["alpha-worker"]);
    assert_eq!(answer.why("alpha-worker"), ["alpha changed"]);
    assert_eq!(texts(&answer.json["workers"][0]["reasons"][0]["files"]), ["crates/words/src/lib.rs"]);
    // Nothing that is built differs in it, and yet it is another text.
    made.replace("crates/words/Cargo.toml", "[package]\n", "[package]\ndescription = \"Words\"\n");
    assert_eq!(made.after("Their manifest").why("alpha-worker"), ["alpha changed"]);
    made.write("crates/base/README.md", "Beside them.\n");
    assert_eq!(made.after("Another crate's prose").changed(), NONE);
}

#[test]
fn a_renamed_file_counts_where_it_was_and_where_it_is() {
    let made = Made::new();
    made.write("crates/logs/src/long.rs", &"// The same line, over and over.\n".repeat(50));
    made.commit("A file to move");
    made.git(["mv", "crates/logs/src/long.rs", "products/beta/src/long.rs"]);
    let answer = made.after("From one crate to another");
    assert_eq!(answer.why("alpha-worker"), ["house-logs changed"]);
    assert_eq!(answer.why("beta-worker"), ["beta changed"]);

    made.git(["mv", "products/beta/src/long.rs", "docs/long.rs"]);
    let answer = made.after("Out of its crate");
    assert_eq!(answer.changed(), ["beta-worker"]);
    assert_eq!(texts(&answer.json["workers"][1]["reasons"][0]["files"]), ["products/beta/src/long.rs"]);
}

#[test]
fn a_crate_whose_folder_moves_is_changed_and_no_other() {
    let made = Made::new();
    made.git(["mv", "crates/logs", "crates/lines"]);
    made.replace("Cargo.toml", "crates/logs", "crates/lines");
    let answer = made.after("The logs' folder");
    assert_eq!(answer.changed(), ["alpha-worker"]);
    assert_eq!(answer.why("alpha-worker"), ["house-logs changed"]);
}

#[test]
fn a_merge_brings_what_its_branch_changed() {
    let made = Made::new();
    made.git(["checkout", "--quiet", "-b", "branch"]);
    made.write("products/beta/src/lib.rs", "//! On the branch.\n");
    let branch = made.commit("Beta, on a branch");
    made.git(["checkout", "--quiet", "main"]);
    made.write("products/alpha/src/lib.rs", "//! On main.\n");
    let main = made.commit("Alpha, on main");
    made.git(["merge", "--quiet", "--no-ff", "--message", "The branch", "branch"]);

    // A filter that looks at one parent only would miss one of the two.
    assert_eq!(made.since(&main).changed(), ["beta-worker"]);
    assert_eq!(made.since(&branch).changed(), ["alpha-worker"]);
    assert_eq!(made.since("main~1~1").changed(), ["alpha-worker", "beta-worker"]);
}
