//! What a worker is compared with, and what is printed.

use std::{collections::BTreeSet, fs, path::Path};

use super::made::{Answer, Made, git, texts, xtask};

const NONE: [&str; 0] = [];
const BOTH: [&str; 2] = ["alpha-worker", "beta-worker"];

#[test]
fn without_a_base_each_worker_is_compared_with_the_commit_that_was_deployed() {
    let made = Made::new();
    made.git(["update-ref", "refs/deployed/alpha-worker", "HEAD"]);
    made.git(["update-ref", "refs/deployed/beta-worker", "HEAD"]);
    let deployed = made.git(["rev-parse", "HEAD"]);
    made.write("products/beta/src/lib.rs", "//! Another.\n");
    made.commit("Beta");
    made.write("docs/guide.md", "Another.\n");
    let head = made.commit("Docs");
    // Not HEAD^: beta's change is a commit further back, and still not deployed.
    let answer = Answer::of(&made.xtask(&["-o", "json"]));
    assert_eq!(answer.changed(), ["beta-worker"]);
    assert_eq!(answer.json["head"], head.as_str());
    assert_eq!(answer.json["workers"][1]["base"], deployed.as_str());
    assert_eq!(texts(&answer.json["warnings"]), NONE);

    made.git(["update-ref", "refs/deployed/beta-worker", "HEAD"]);
    assert_eq!(Answer::of(&made.xtask(&["-o", "json"])).changed(), NONE);
}

#[test]
fn after_a_rollback_the_ref_stays_so_docs_deploy_nothing_and_the_revert_does() {
    let made = Made::new();
    made.write("products/beta/src/lib.rs", "//! Bad.\n");
    made.commit("What is rolled back");
    for worker in BOTH {
        made.git(["update-ref", &format!("refs/deployed/{worker}"), "HEAD"]);
    }
    made.write("docs/guide.md", "Another.\n");
    made.commit("Docs");
    assert_eq!(Answer::of(&made.xtask(&["-o", "json"])).changed(), NONE);
    made.git(["revert", "--no-edit", "HEAD~1"]);
    assert_eq!(Answer::of(&made.xtask(&["-o", "json"])).changed(), ["beta-worker"]);
}

#[test]
fn a_worker_that_was_never_deployed_is_changed_and_said_to_be() {
    let made = Made::new();
    made.git(["update-ref", "refs/deployed/alpha-worker", "HEAD"]);
    let answer = Answer::of(&made.xtask(&["-o", "json"]));
    assert_eq!(answer.changed(), ["beta-worker"]);
    assert_eq!(answer.why("beta-worker"), ["there is no refs/deployed/beta-worker"]);
    let warning = "there is no refs/deployed/beta-worker, so it counts as changed: it was never deployed, or the refs \
                   were not fetched (`git fetch origin '+refs/deployed/*:refs/deployed/*'`)";
    assert_eq!(answer.stderr, format!("warning: {warning}\n"));
    assert_eq!(texts(&answer.json["warnings"]), [warning]);
}

#[test]
fn a_base_that_is_gone_changes_every_worker_with_a_warning() {
    let made = Made::new();
    let gone = "0123456789abcdef0123456789abcdef01234567";
    let answer = made.since(gone);
    assert_eq!(answer.changed(), BOTH);
    assert_eq!(
        answer.stderr,
        format!(
            "warning: the base {gone} is not in this repository, so every worker counts as changed; was the branch \
             force-pushed, or is the name misspelt?\n"
        )
    );
    assert_eq!(answer.why("alpha-worker"), [format!("the base {gone} is not in this repository")]);

    // As a workflow that forgot `fetch-depth: 0` has it.
    let first = made.git(["rev-parse", "HEAD"]);
    made.write("docs/guide.md", "Another.\n");
    made.commit("Docs");
    let shallow = tempfile::tempdir().unwrap();
    let from = format!("file://{}", made.path().display());
    git(shallow.path(), ["clone", "--quiet", "--depth", "1", &from, "clone"]);
    let answer = Answer::of(&xtask(&shallow.path().join("clone"), &["--base", &first, "-o", "json"]));
    assert_eq!(answer.changed(), BOTH);
    assert!(
        answer.stderr.contains("this clone is shallow: `git fetch --unshallow` brings the rest"),
        "{}",
        answer.stderr
    );
}

#[test]
fn a_base_that_cargo_cannot_resolve_changes_every_worker_with_a_warning() {
    let made = Made::new();
    made.replace("crates/logs/Cargo.toml", "pen.workspace = true", "pen = \"7\"");
    let base = made.commit("What nothing could be built of");
    made.replace("crates/logs/Cargo.toml", "pen = \"7\"", "pen.workspace = true");
    let answer = made.after("Mended");
    assert_eq!(answer.changed(), BOTH);
    assert_eq!(answer.why("beta-worker"), [format!("{base} cannot be compared")]);
    let warning =
        format!("warning: {base} cannot be compared, so what it is the base of counts as changed: `cargo tree ");
    assert!(answer.stderr.starts_with(&warning), "{}", answer.stderr);
    assert_eq!(answer.stderr.matches("warning: ").count(), 1, "once for both: {}", answer.stderr);
}

#[test]
fn a_download_that_fails_is_an_error_and_changes_nobody() {
    // The base has a registry that nobody serves, and nothing of it is on this machine.
    let made = Made::new();
    let vendored = made.read(".cargo/config.toml");
    let nobody = format!("127.0.0.1:{}", mainspring_servers::free_port().unwrap());
    made.write(
        ".cargo/config.toml",
        &format!(
            "[net]\nretry = 0\n[source.crates-io]\nreplace-with = \"mirror\"\n[source.mirror]\n\
             registry = \"sparse+http://{nobody}/\"\n"
        ),
    );
    made.commit("A mirror that is down");
    made.write(".cargo/config.toml", &vendored);
    made.commit("No mirror");
    let output = made.xtask(&["--base", "HEAD~1", "-o", "json"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.starts_with("error: `cargo tree --locked ") && said.contains("download"), "{said}");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "");
}

#[test]
fn the_text_says_why_for_each_worker() {
    let made = Made::new();
    let base = made.git(["rev-parse", "HEAD"]);
    for name in ["a", "b", "c", "d"] {
        made.write(&format!("crates/logs/src/{name}.rs"), "// new\n");
    }
    made.lock("ink", "1.1.0");
    let head = made.commit("Logs and ink");
    // What is not committed is not deployed.
    made.write("docs/guide.md", "Not committed.\n");
    let output = made.xtask(&["--base", &base]);
    assert!(output.status.success());
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        format!(
            "alpha-worker: changed since {base}\n  \
             house-logs changed (crates/logs/src/a.rs, crates/logs/src/b.rs, and 2 more files)\n  \
             ink 1.0.0 -> 1.1.0\n\
             beta-worker: unchanged since {base}\n\
             1 of 2 workers would be deployed from {head}\n",
            base = &base[..12],
            head = &head[..12],
        )
    );
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        "warning: uncommitted changes are not looked at: the comparison ends at HEAD\n"
    );
}

#[test]
fn another_head_is_compared_as_it_is_and_not_as_the_checkout_is() {
    let made = Made::new();
    made.write("products/beta/src/lib.rs", "//! Another.\n");
    made.commit("Beta");
    made.worker("gamma", "beta");
    made.cargo(&["update", "--offline", "--workspace"]);
    made.commit("A third worker");
    let answer = Answer::of(&made.xtask(&["--base", "HEAD~2", "--head", "HEAD~1", "-o", "json"]));
    assert_eq!(answer.changed(), ["beta-worker"]);
    assert_eq!(answer.json["workers"].as_array().unwrap().len(), 2, "gamma is not there yet");
}

#[test]
fn what_cannot_be_compared_is_said_and_the_exit_code_is_1() {
    let made = Made::new();
    let output = made.xtask(&["--base", "HEAD", "--head", "no-such-branch"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        "error: no-such-branch is no commit of this repository; fetch it, or name another with --head\n"
    );
    let output = made.xtask(&["--help"]);
    assert!(String::from_utf8(output.stdout).unwrap().contains("cargo xtask changed --base origin/main~3"));
}

#[test]
fn this_repositorys_workers_are_all_known() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let answer = Answer::of(&xtask(root, &["--base", "HEAD", "-o", "json"]));
    assert_eq!(answer.changed(), NONE);
    let packages: BTreeSet<String> = fs::read_dir(root.join("workers"))
        .unwrap()
        .map(|folder| fs::read_to_string(folder.unwrap().path().join("Cargo.toml")).unwrap())
        .map(|manifest| manifest.parse::<toml::Table>().unwrap()["package"]["name"].as_str().unwrap().to_owned())
        .collect();
    let workers = answer.json["workers"].as_array().unwrap();
    assert_eq!(
        workers.iter().map(|worker| worker["package"].as_str().unwrap().to_owned()).collect::<BTreeSet<_>>(),
        packages
    );
    assert!(workers.iter().any(|worker| worker["worker"] == "mainspring"), "{workers:?}");
}
