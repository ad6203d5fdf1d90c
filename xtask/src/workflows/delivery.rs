//! `container-images-cd.yml`: its matrix, its dispatch and its callback. The scripts are run, as far as they reach no
//! registry.

use std::{fs, path::Path, process::Command};

use super::*;

#[test]
fn the_matrix_is_what_changed_answers() {
    let workflow = parsed(CD);
    for job in ["image", "dispatch"] {
        let matrix = &workflow["jobs"][job]["strategy"]["matrix"]["worker"];
        assert_eq!(matrix, "${{ fromJSON(needs.changed.outputs.workers) }}", "{job}");
    }
    assert_eq!(workflow["jobs"]["changed"]["outputs"]["workers"], "${{ steps.changed.outputs.workers }}");

    // What the step's script makes of a real answer is what the matrix gets.
    let folder = tempfile::tempdir().unwrap();
    let answer = crate::changed::compared(&root(), "HEAD~1", "HEAD").unwrap();
    let mut answer: Value = serde_json::from_str(&answer).unwrap();
    answer["warnings"] = ["a base is gone", "100% of it:\n  no matching package"].into();
    let answer = answer.to_string();
    fs::write(folder.path().join("answer.json"), &answer).unwrap();
    let script = script(&workflow, "changed", "changed");
    assert!(script.starts_with("cargo xtask changed -o json > changed.json\n"), "{script}");
    let rest = script.replacen("cargo xtask changed -o json > changed.json", "cp answer.json changed.json", 1);
    let (output, summary) = (folder.path().join("output"), folder.path().join("summary"));
    let mut bash = bash(&rest);
    bash.current_dir(folder.path()).env("GITHUB_OUTPUT", &output).env("GITHUB_STEP_SUMMARY", &summary);
    // A command of the runner ends with its line.
    assert_eq!(succeeds(&mut bash), "::warning::a base is gone\n::warning::100%25 of it:%0A  no matching package");
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let written = fs::read_to_string(output).unwrap();
    let workers: Value = serde_json::from_str(written.strip_prefix("workers=").unwrap().trim()).unwrap();
    assert_eq!(workers, answer["changed"]);
    assert!(workers.as_array().unwrap().iter().all(Value::is_string), "{workers}");
    let summary = fs::read_to_string(summary).unwrap();
    let workers =
        summary.strip_prefix("- warning: a base is gone\n- warning: 100% of it: no matching package\n").unwrap();
    assert_eq!(workers.lines().count(), answer["workers"].as_array().unwrap().len(), "{summary}");
}

#[test]
fn each_worker_is_a_target_of_the_dockerfile() {
    let answer: Value = serde_json::from_str(&crate::changed::compared(&root(), "HEAD", "HEAD").unwrap()).unwrap();
    let dockerfile = text("Dockerfile");
    for worker in answer["workers"].as_array().unwrap() {
        let target = format!(" AS {}\n", worker["worker"].as_str().unwrap());
        assert!(dockerfile.contains(&target), "no target{target}");
    }
    // `changed` looks at the features that the whole workspace asks for, and so must whatever builds an image.
    let builds: Vec<&str> =
        dockerfile.lines().filter(|line| line.contains("cargo build") || line.contains("chef cook")).collect();
    assert!(builds.len() > 1 && builds.iter().all(|line| line.contains("--workspace")), "{builds:?}");
    assert!(dockerfile.contains(" AS build\n"), "the target that the job `dependencies` builds");
}

#[test]
fn a_release_is_one_for_each_commit_in_the_order_of_time_and_may_be_a_tag_and_a_build_id() {
    let folder = repository();
    let output = folder.path().join("output");
    let workflow = parsed(CD);
    succeeds(
        bash(&script(&workflow, "changed", "release"))
            .current_dir(folder.path().join("clone"))
            .env("GITHUB_OUTPUT", &output),
    );
    let written = fs::read_to_string(output).unwrap();
    let head = git(&folder.path().join("clone"), &["rev-parse", "--short=12", "HEAD"]);
    assert_eq!(written, format!("release=20261121-203000-{head}\n"));
}

/// What the dispatch of this worker sends; the time apart.
fn payload(worker: &str) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let workflow = parsed(CD);
    let mut bash = bash(&script(&workflow, "dispatch", "Payload"));
    bash.current_dir(folder.path())
        .env("WORKER", worker)
        .env("IMAGE", format!("ghcr.io/mainspring-rs/{worker}"))
        .env("RELEASE", "20261121-213226-cba98c724b12")
        .env("DIGEST", "sha256:6f1ed002ab5595859014ebf0951522d9e7d2e4cbb4b0b9c3c2b8e4ef2d1a4d3c")
        .env("SOURCE", "https://github.com/mainspring-rs/mainspring")
        .env("RUN", "https://github.com/mainspring-rs/mainspring/actions/runs/1234567890")
        .env("GITHUB_SHA", "cba98c724b12a01d6e1d0f3b8a4f8a3e5c1b7d90");
    succeeds(&mut bash);
    let sent = fs::read_to_string(folder.path().join("dispatch.json")).unwrap();
    let mut sent: Value = serde_json::from_str(&sent).unwrap();
    let timestamp = sent["client_payload"]["timestamp"].take();
    let timestamp = timestamp.as_str().unwrap();
    assert!(timestamp.len() == 20 && timestamp.ends_with('Z') && timestamp.contains('T'), "{timestamp}");
    sent
}

#[test]
fn a_dispatch_is_what_the_docs_say() {
    let sent = payload("onboarding-worker");
    let docs = text("docs/deploying.md");
    let section = docs.split("## From merge to dispatch").nth(1).unwrap();
    let example = section.split("```json\n").nth(1).unwrap().split("```").next().unwrap();
    let mut example: Value = serde_json::from_str(example).unwrap();
    example["client_payload"]["timestamp"].take();
    assert_eq!(sent, example);
    // GitHub refuses a payload with more than ten keys at its top.
    assert!(sent["client_payload"].as_object().unwrap().len() <= 10);
    assert_eq!(payload("mainspring")["client_payload"]["kind"], "command");
}

#[test]
fn an_old_run_that_is_run_again_takes_no_worker_back() {
    let folder = repository();
    let (origin, clone) = (folder.path().join("origin"), folder.path().join("clone"));
    let (first, second) = (git(&clone, &["rev-parse", "HEAD~1"]), git(&clone, &["rev-parse", "HEAD"]));
    let workflow = parsed(CD);
    let script = script(&workflow, "dispatch", "Nothing newer is deployed");
    let dispatched = |commit: &str| {
        let mut bash = bash(&script);
        let output = bash.current_dir(&clone).env("WORKER", "onboarding-worker").env("GITHUB_SHA", commit).output();
        let output = output.unwrap();
        (output.status.success(), String::from_utf8(output.stdout).unwrap())
    };
    assert_eq!(dispatched(&first), (true, String::new()), "it was never deployed");
    git(&origin, &["update-ref", "refs/deployed/another-worker", &second]);
    git(&origin, &["update-ref", "refs/deployed/onboarding-worker", &first]);
    for commit in [&first, &second] {
        assert_eq!(dispatched(commit), (true, String::new()), "the same again, and what follows");
    }
    git(&origin, &["update-ref", "refs/deployed/onboarding-worker", &second]);
    let (may, why) = dispatched(&first);
    assert!(!may);
    assert_eq!(
        why,
        format!(
            "::error::onboarding-worker was deployed from {second}, which is newer than {first}: this run would take it \
             back; to roll back, deploy an earlier digest\n"
        )
    );
    // Whoever runs a job again does not pass the job before.
    let steps: Vec<_> = steps(&workflow["jobs"]["dispatch"]).filter_map(|step| step.get("name")?.as_str()).collect();
    assert_eq!((steps[0], steps[steps.len() - 1]), ("Nothing newer is deployed", "Dispatch"));
}

#[test]
fn without_a_repository_that_deploys_the_dispatch_says_which_variable_is_missing() {
    let workflow = parsed(CD);
    let output = bash(&script(&workflow, "dispatch", "Dispatch")).env("DEPLOY_REPOSITORY", "").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "::error::set the variable DEPLOY_REPOSITORY to the repository that deploys, as OWNER/NAME\n"
    );
}

#[test]
fn a_worker_with_one_image_too_few_is_not_dispatched() {
    let workflow = parsed(CD);
    let said = |digests: &[&str]| {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("digests")).unwrap();
        for digest in digests {
            fs::write(folder.path().join("digests").join(digest), "").unwrap();
        }
        let mut bash = bash(&script(&workflow, "dispatch", "index"));
        let output = bash.current_dir(folder.path()).env("WORKER", "onboarding-worker").output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(said(&["6f1e"]), "::error::onboarding-worker has 1 of 2 images: see its jobs `image`\n");
    assert_eq!(
        said(&[]),
        "::error::onboarding-worker has no image: the digests have expired, or no image was built; re-run all jobs\n"
    );
}

#[test]
fn the_callback_moves_the_ref_of_its_worker_forth_and_back() {
    let folder = repository();
    let (origin, clone) = (folder.path().join("origin"), folder.path().join("clone"));
    let workflow = parsed(CD);
    let move_to = |worker: &str, commit: &str| {
        let script = script(&workflow, "deployed", "Move the ref");
        let output = bash(&script).current_dir(&clone).env("WORKER", worker).env("COMMIT", commit).output().unwrap();
        (output.status.success(), String::from_utf8(output.stdout).unwrap())
    };
    let (first, second) = (git(&clone, &["rev-parse", "HEAD~1"]), git(&clone, &["rev-parse", "HEAD"]));
    for commit in [&first, &second, &first] {
        assert_eq!(move_to("onboarding-worker", commit), (true, String::new()));
        assert_eq!(git(&origin, &["rev-parse", "refs/deployed/onboarding-worker"]), *commit);
    }
    let refs = || git(&origin, &["for-each-ref", "--format", "%(refname)"]);
    assert_eq!(refs(), "refs/deployed/onboarding-worker\nrefs/heads/main");

    // What is not as the dispatch had it moves nothing.
    let side = git(&clone, &["rev-parse", "side"]);
    for (worker, commit, said) in [
        ("a b; rm -rf /", first.as_str(), "is no worker's name; send client_payload.worker as onboarding-worker"),
        ("../heads/main", &second, "is no worker's name"),
        ("", &first, "is no worker's name"),
        ("onboarding-worker", "main", "`main` is no commit in full; send client_payload.commit as the dispatch had it"),
        ("onboarding-worker", &side, "is not on main, so no image of it was dispatched"),
    ] {
        let (moved, why) = move_to(worker, commit);
        assert!(!moved && why.starts_with("::error::") && why.contains(said), "{worker} {commit}: {why}");
    }
    assert_eq!(refs(), "refs/deployed/onboarding-worker\nrefs/heads/main");
    assert_eq!(git(&origin, &["rev-parse", "refs/deployed/onboarding-worker"]), first);
}

#[test]
fn nothing_but_the_callback_moves_a_ref() {
    for path in [CI, CD] {
        let workflow = parsed(path);
        for (name, job) in jobs(&workflow) {
            let scripts: Vec<&str> = steps(job).filter_map(|step| step.get("run")?.as_str()).collect();
            let pushes = scripts.iter().any(|script| script.contains("git push") || script.contains("update-ref"));
            assert_eq!(pushes, path == CD && name == "deployed", "{path}: {name}");
        }
    }
}

/// A repository `origin` with two commits on main, and its `clone`, which has a commit on a side branch besides.
fn repository() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let (origin, clone) = (folder.path().join("origin"), folder.path().join("clone"));
    git(folder.path(), &["init", "--quiet", "--bare", "--initial-branch", "main", "origin"]);
    git(folder.path(), &["clone", "--quiet", &origin.display().to_string(), "clone"]);
    for subject in ["The first", "The second"] {
        git(&clone, &["commit", "--quiet", "--allow-empty", "--message", subject]);
    }
    git(&clone, &["push", "--quiet", "origin", "HEAD:main"]);
    git(&clone, &["fetch", "--quiet", "origin"]);
    git(&clone, &["branch", "side"]);
    let tree = git(&clone, &["rev-parse", "HEAD^{tree}"]);
    let commit = git(&clone, &["commit-tree", &tree, "-p", "HEAD", "-m", "Aside"]);
    git(&clone, &["branch", "--force", "side", &commit]);
    folder
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let mut git = Command::new("git");
    git.args(arguments).current_dir(folder).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    for name in ["GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"] {
        git.env(name, "someone@example.com");
    }
    // An evening in another zone, which the release's name does not show.
    succeeds(
        git.env("GIT_AUTHOR_DATE", "2026-11-21T22:30:00+02:00").env("GIT_COMMITTER_DATE", "2026-11-21T22:30:00+02:00"),
    )
}

fn succeeds(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
