//! `lint` over a planted workspace: clippy finds a violation of each entry of the list, and nothing else.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Output;

use mainspring_testing::program;
use serde_json::Value;

const PLANTED: &str = "src/workflows/planted.rs";

/// A workspace of its own from `tests/planted`, with the versions of this one. Its builds are kept from run to run.
fn workspace() -> PathBuf {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/planted");
    let to = Path::new(env!("CARGO_TARGET_TMPDIR")).join("planted");
    std::fs::create_dir_all(to.join("src/workflows")).unwrap();
    for (source, target) in [
        ("Cargo.toml.in", "Cargo.toml"),
        ("../../../../Cargo.lock", "Cargo.lock"),
        ("src/lib.rs", "src/lib.rs"),
        ("src/elsewhere.rs", "src/elsewhere.rs"),
        ("src/workflows/mod.rs", "src/workflows/mod.rs"),
        ("src/workflows/clean.rs", "src/workflows/clean.rs"),
        (PLANTED, PLANTED),
    ] {
        std::fs::copy(from.join(source), to.join(target)).unwrap();
    }
    to
}

fn lint(workspace: &Path, arguments: &[&str]) -> Output {
    let mut command = program(env!("CARGO_BIN_EXE_mainspring"));
    command.arg("lint").args(arguments).current_dir(workspace);
    command.env("CARGO_TARGET_DIR", workspace.join("target")).env_remove("CARGO_BUILD_BUILD_DIR");
    command.output().unwrap()
}

/// Line and name of what each marked line plants.
fn planted(workspace: &Path) -> BTreeSet<(u64, String)> {
    let text = std::fs::read_to_string(workspace.join(PLANTED)).unwrap();
    let marked = text.lines().zip(1..).filter_map(|(line, at)| Some((at, line.split_once(" // ")?.1.to_owned())));
    marked.filter(|(_, name)| !name.contains(' ')).collect()
}

/// The names on the list, as its source has them.
fn listed() -> BTreeSet<String> {
    let source = include_str!("../../../crates/cli/src/lint/list.rs");
    let path = |text: &&str| text.contains("::") && text.chars().all(|c| c.is_alphanumeric() || ":_".contains(c));
    source.split('"').filter(path).map(str::to_owned).collect()
}

#[test]
fn each_entry_of_the_list_is_found_where_it_is_planted_and_nowhere_else() {
    let workspace = workspace();
    let output = lint(&workspace, &["-o", "json"]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    let data: Value = serde_json::from_slice(&output.stdout).unwrap();
    let found: BTreeSet<(u64, String)> = data["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| {
            assert_eq!(finding["file"], PLANTED, "only workflow code is judged, and the clean one is clean: {finding}");
            let (what, instead) = (finding["what"].as_str().unwrap(), finding["instead"].as_str().unwrap());
            assert!(instead.starts_with("it ") && instead.contains("; use "), "{finding}");
            let name = if what.starts_with("a loop") { "iter_over_hash_type" } else { what.trim_matches('`') };
            (finding["line"].as_u64().unwrap(), name.to_owned())
        })
        .collect();
    let planted = planted(&workspace);
    assert_eq!(planted.difference(&found).collect::<Vec<_>>(), Vec::<&(u64, String)>::new(), "planted and not found");
    let lines: BTreeSet<u64> = planted.iter().map(|(line, _)| *line).collect();
    let strays: Vec<_> = found.iter().filter(|(line, _)| !lines.contains(line)).collect();
    assert!(strays.is_empty(), "found where nothing is planted: {strays:?}");
    let mut names: BTreeSet<String> = planted.into_iter().map(|(_, name)| name).collect();
    assert!(names.remove("iter_over_hash_type"));
    assert_eq!(listed(), names, "every entry of the list has a planted violation");
}

#[test]
fn a_workspace_without_workflow_code_is_told_where_it_is_looked_for() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("src")).unwrap();
    std::fs::write(folder.path().join("Cargo.toml"), "[package]\nname = \"empty\"\nedition = \"2024\"\n").unwrap();
    std::fs::write(folder.path().join("src/lib.rs"), "pub fn now() { let _ = std::time::SystemTime::now(); }").unwrap();
    let output = lint(folder.path(), &[]);
    assert_eq!(output.status.code(), Some(64));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.ends_with("looked for in src/workflows.rs and src/workflows/; name other files with --path\n"),
        "{said}"
    );
    let output = lint(folder.path(), &["--path", "src/lib.rs"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let expected = "src/lib.rs:1: `std::time::SystemTime::now` in workflow code: it reads the machine's clock, which a replay reads at \
         another time; use ctx.workflow_time()\n";
    assert_eq!(said, expected);
}
