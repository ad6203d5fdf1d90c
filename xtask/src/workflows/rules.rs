//! What holds for every workflow.

use std::{fs, path::Path, process::Command};

use super::*;

/// What actionlint says about the workflows below a folder.
fn linted(root: &Path) -> (bool, String) {
    let output = Command::new(actionlint()).args(["-no-color", "-oneline", CI, CD]).current_dir(root).output().unwrap();
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    (output.status.success(), said)
}

#[test]
fn actionlint_finds_nothing() {
    assert_eq!(linted(&root()), (true, String::new()));
}

#[test]
fn actionlint_finds_what_is_planted() {
    let folder = tempfile::tempdir().unwrap();
    // It looks for our own actions in a repository.
    fs::create_dir(folder.path().join(".git")).unwrap();
    for path in [CI, CD, PREPARE] {
        let place = folder.path().join(path);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, text(path)).unwrap();
    }
    assert_eq!(linted(folder.path()), (true, String::new()), "the copy is clean");
    let planted = |path: &str, from: &str, to: &str| {
        let good = text(path);
        assert!(good.contains(from), "{path} has no {from}");
        fs::write(folder.path().join(path), good.replacen(from, to, 1)).unwrap();
        let (clean, said) = linted(folder.path());
        fs::write(folder.path().join(path), good).unwrap();
        assert!(!clean, "{to} was not found");
        said
    };
    let said = planted(CI, "needs: [lint, docs", "needs: [lint, dogs");
    assert!(said.contains(r#"job "all-green" needs job "dogs" which does not exist"#), "{said}");
    let said = planted(CD, "steps.index.outputs.digest", "steps.indices.outputs.digest");
    assert!(said.contains(r#"property "indices" is not defined"#), "{said}");
    let said = planted(CI, "with: {cache: lint,", "with: {hash: lint,");
    assert!(said.contains(r#"missing input "cache" which is required by action "prepare""#), "{said}");
    let said = planted(CD, "fromJSON(needs.changed.outputs.workers)", "fromJSON(needs.changed.outputs.worker)");
    assert!(said.contains(r#"property "worker" is not defined"#), "{said}");
}

/// The lines that take an action which is neither ours nor pinned.
fn unpinned(text: &str) -> Vec<&str> {
    let uses = text.lines().filter(|line| line.trim_start().trim_start_matches("- ").starts_with("uses: "));
    uses.filter(|line| {
        let action = line.split("uses: ").nth(1).unwrap_or_default();
        let pinned =
            action.split_once('@').and_then(|(_, rest)| rest.split_once(" # v")).is_some_and(|(commit, version)| {
                commit.len() == 40
                    && commit.chars().all(|letter| letter.is_ascii_hexdigit())
                    && version.split('.').filter(|part| part.parse::<u32>().is_ok()).count() == 3
            });
        !action.starts_with("./") && !pinned
    })
    .collect()
}

#[test]
fn every_action_is_pinned_by_its_commit_with_the_version_beside_it() {
    for path in [CI, CD, PREPARE] {
        let text = text(path);
        assert!(text.contains("uses: "), "{path}");
        assert_eq!(unpinned(&text), Vec::<&str>::new(), "{path}");
    }
    let commit = "3d3c42e5aac5ba805825da76410c181273ba90b1";
    for bad in ["actions/checkout@v7", &format!("actions/checkout@{commit}"), &format!("a/b@{} # v1.0.0", &commit[1..])]
    {
        assert_eq!(unpinned(&format!("      - uses: {bad}\n")).len(), 1, "{bad}");
    }
}

#[test]
fn the_same_action_has_the_same_version_everywhere() {
    let all = [CI, CD, PREPARE].map(text).join("\n");
    let mut pins: Vec<&str> =
        all.lines().filter_map(|line| line.split("uses: ").nth(1)).filter(|it| it.contains('@')).collect();
    pins.sort_unstable();
    pins.dedup();
    let mut actions: Vec<&str> = pins.iter().map(|pin| pin.split('@').next().unwrap_or_default()).collect();
    let count = actions.len();
    actions.dedup();
    assert_eq!(actions.len(), count, "{pins:?}");
}

#[test]
fn every_job_has_a_limit_of_time_and_no_more_permissions_than_it_names() {
    for path in [CI, CD] {
        let workflow = parsed(path);
        assert_eq!(workflow["permissions"], Value::Object(Map::new()), "{path}: none by default");
        assert!(workflow["concurrency"]["group"].is_string(), "{path}");
        for (name, job) in jobs(&workflow) {
            assert!(job["timeout-minutes"].as_u64().is_some_and(|minutes| minutes <= 120), "{path}: {name}");
            assert!(job["permissions"].is_object(), "{path}: {name}");
            // A token that a checkout leaves behind is there for whatever is built after it.
            let writes = job["permissions"]["contents"] == "write";
            assert!(!writes || (path == CD && name == "deployed"), "{path}: {name} may write to this repository");
        }
    }
}

#[test]
fn no_expression_stands_in_a_script() {
    // A name or a payload put into a script is part of the program; in an environment variable it is a text.
    for path in [CI, CD, PREPARE] {
        let workflow = parsed(path);
        let action = workflow.get("runs").cloned();
        let jobs = workflow["jobs"].as_object().into_iter().flat_map(|jobs| jobs.values());
        let mut scripts = 0;
        for step in jobs.chain(&action).flat_map(steps) {
            if let Some(script) = step.get("run").and_then(Value::as_str) {
                scripts += 1;
                assert!(!script.contains("${{"), "{path}: {script}");
            }
        }
        assert!(scripts > 0, "{path}");
    }
}

/// The caches that each step `prepare` of the two workflows saves, with its job.
fn saved() -> Vec<(String, String)> {
    let mut saved = Vec::new();
    for path in [CI, CD] {
        for (name, job) in jobs(&parsed(path)) {
            for step in
                steps(job).filter(|step| step.get("uses").is_some_and(|uses| uses == "./.github/actions/prepare"))
            {
                let with = |key| step["with"].get(key).and_then(Value::as_str);
                for kind in with("saves").unwrap_or_default().split(' ').filter(|kind| !kind.is_empty()) {
                    let of = match kind {
                        "build" => with("cache").unwrap(),
                        "tools" => with("tools").unwrap_or("tests"),
                        _ => panic!("{path}: {name} saves `{kind}`, which there is not"),
                    };
                    saved.push((format!("{kind} of {of}"), name.clone()));
                }
            }
        }
    }
    saved
}

#[test]
fn each_cache_is_written_by_one_job_which_has_the_whole_of_it() {
    // GitHub never writes a key again: of two writers the faster one decides what every later run finds.
    let mut saved = saved();
    saved.sort_unstable();
    let expected = [
        ("build of deny", "deny"),
        ("build of docs", "docs"),
        ("build of lint", "lint"),
        ("build of msrv", "msrv"),
        ("build of test", "full"),
        ("build of xtask", "changed"),
        ("tools of deny", "deny"),
        ("tools of tests", "full"),
    ];
    assert_eq!(saved, expected.map(|(cache, job)| (cache.to_owned(), job.to_owned())));

    let prepare = parsed(PREPARE);
    assert_eq!(prepare["inputs"]["tools"]["default"], "tests");
    for (kind, of) in [("build", "cache"), ("tools", "tools")] {
        let caches: Vec<_> = steps(&prepare["runs"])
            .filter(|step| step.get("with").is_some_and(|with| with["key"].as_str().unwrap().starts_with(kind)))
            .map(|step| (step["uses"].as_str().unwrap().split('@').next().unwrap(), step["if"].as_str().unwrap()))
            .collect();
        let saves = format!("github.ref == 'refs/heads/main' && contains(inputs.saves, '{kind}')");
        let only_reads = format!("github.ref != 'refs/heads/main' || !contains(inputs.saves, '{kind}')");
        assert_eq!(caches, [("actions/cache", saves.as_str()), ("actions/cache/restore", only_reads.as_str())]);
        assert!(text(PREPARE).contains(&format!("key: {kind}-${{{{ inputs.{of} }}}}-")));
    }
}
