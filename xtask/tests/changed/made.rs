//! A small workspace with a history of its own, and crates of a registry that is a folder in it.
//!
//!     alpha-worker ─ alpha ─┬ house-logs ─┬ house-base
//!                           │             └ pen (registry) ─ ink (registry)
//!                           └ [dev] brush (registry)
//!     beta-worker ── beta ─── house-base
//!     xtask ──────── house-base with the feature `dusty` ─ dust (registry), which is so for all that is built with it

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use mainspring_servers::process::cargo;
use serde_json::Value;
use tempfile::TempDir;

pub(crate) struct Made {
    folder: TempDir,
}

impl Made {
    /// The workspace, in one commit on the branch `main`. Of pen and ink the lockfile has 1.0.0, and 1.1.0 are there.
    pub(crate) fn new() -> Self {
        let made = Self { folder: tempfile::tempdir().unwrap() };
        made.write(
            "Cargo.toml",
            "[workspace]\nresolver = \"3\"\nmembers = [\"crates/*\", \"products/*\", \"workers/*\", \"xtask\"]\n\
             [workspace.package]\nversion = \"0.1.0\"\nedition = \"2024\"\nrust-version = \"1.85\"\n\
             [workspace.dependencies]\nhouse-base = { path = \"crates/base\" }\nhouse-logs = { path = \"crates/logs\" }\n\
             alpha = { path = \"products/alpha\" }\nbeta = { path = \"products/beta\" }\npen = \"1\"\nbrush = \"1\"\n\
             dust = \"1\"\n[profile.image]\ninherits = \"release\"\nlto = true\n",
        );
        // A vendored folder instead of a registry: cargo never looks for a network.
        made.write(
            ".cargo/config.toml",
            "[source.crates-io]\nreplace-with = \"vendored\"\n[source.vendored]\ndirectory = \"vendor\"\n",
        );
        for version in ["1.0.0", "1.1.0"] {
            made.vendor("pen", version, "[dependencies]\nink = \"1\"\n");
            made.vendor("ink", version, "");
            made.vendor("brush", version, "");
            made.vendor("dust", version, "");
        }
        made.package(
            "crates/base",
            "house-base",
            "[features]\ndusty = [\"dep:dust\"]\n[dependencies]\ndust = { workspace = true, optional = true }\n",
        );
        made.package(
            "crates/logs",
            "house-logs",
            "[dependencies]\nhouse-base.workspace = true\npen.workspace = true\n",
        );
        made.package(
            "products/alpha",
            "alpha",
            "[dependencies]\nhouse-logs.workspace = true\n[dev-dependencies]\nbrush.workspace = true\n",
        );
        made.package("products/beta", "beta", "[dependencies]\nhouse-base.workspace = true\n");
        made.worker("alpha", "alpha");
        made.worker("beta", "beta");
        made.package("xtask", "xtask", "[dependencies]\nhouse-base = { workspace = true, features = [\"dusty\"] }\n");
        made.write("docs/guide.md", "A guide.\n");
        made.git(["init", "--quiet", "--initial-branch", "main"]);
        made.cargo(&["generate-lockfile", "--offline"]);
        for name in ["ink", "pen", "brush", "dust"] {
            made.lock(name, "1.0.0");
        }
        made.commit("The beginning");
        made
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path().join(path)).unwrap()
    }

    pub(crate) fn replace(&self, path: &str, from: &str, to: &str) {
        let text = self.read(path);
        assert!(text.contains(from), "{path} has no {from}:\n{text}");
        self.write(path, &text.replace(from, to));
    }

    fn package(&self, folder: &str, name: &str, more: &str) {
        self.write(
            &format!("{folder}/Cargo.toml"),
            &format!("[package]\nname = \"{name}\"\nversion.workspace = true\nedition.workspace = true\n{more}"),
        );
        self.write(&format!("{folder}/src/lib.rs"), "//! A crate.\n");
    }

    /// A worker of this product, in `workers/NAME`.
    pub(crate) fn worker(&self, name: &str, product: &str) {
        let folder = format!("workers/{name}");
        let manifest = format!(
            "[package]\nname = \"{name}-worker\"\nversion.workspace = true\nedition.workspace = true\n\
             [dependencies]\n{product}.workspace = true\n"
        );
        self.write(&format!("{folder}/Cargo.toml"), &manifest);
        self.write(&format!("{folder}/src/main.rs"), "fn main() {}\n");
    }

    fn vendor(&self, name: &str, version: &str, more: &str) {
        let folder = format!("vendor/{name}-{version}");
        let manifest = format!("[package]\nname = \"{name}\"\nversion = \"{version}\"\nedition = \"2021\"\n{more}");
        self.write(&format!("{folder}/Cargo.toml"), &manifest);
        self.write(&format!("{folder}/src/lib.rs"), "");
        self.write(
            &format!("{folder}/.cargo-checksum.json"),
            &format!("{{\"files\":{{}},\"package\":\"{}\"}}", sum(version)),
        );
    }

    /// Puts this version of a crate into the lockfile, as `cargo update --precise` does for a registry.
    pub(crate) fn lock(&self, name: &str, version: &str) {
        let locked = self.read("Cargo.lock");
        let (before, entry) = locked.split_once(&format!("name = \"{name}\"\n")).unwrap();
        let (entry, after) = entry.split_at(entry.find("\n[[package]]").unwrap_or(entry.len()));
        let lines = entry.lines().map(|line| match line.split_once(" = ") {
            Some(("version", _)) => format!("version = \"{version}\""),
            Some(("checksum", _)) => format!("checksum = \"{}\"", sum(version)),
            _ => line.to_owned(),
        });
        let entry = lines.collect::<Vec<_>>().join("\n");
        self.write("Cargo.lock", &format!("{before}name = \"{name}\"\n{entry}\n{after}"));
    }

    pub(crate) fn cargo(&self, arguments: &[&str]) {
        let mut command = cargo();
        text(command.args(arguments).current_dir(self.path()));
    }

    pub(crate) fn git<const N: usize>(&self, arguments: [&str; N]) -> String {
        git(self.path(), arguments)
    }

    /// Commits all there is; the commit's id.
    pub(crate) fn commit(&self, subject: &str) -> String {
        self.git(["add", "--all"]);
        self.git(["commit", "--quiet", "--allow-empty", "--message", subject]);
        self.git(["rev-parse", "HEAD"])
    }

    /// `cargo xtask changed` in this workspace.
    pub(crate) fn xtask(&self, arguments: &[&str]) -> Output {
        xtask(self.path(), arguments)
    }

    /// Commits, and asks what changed since the commit before.
    pub(crate) fn after(&self, subject: &str) -> Answer {
        self.commit(subject);
        self.since("HEAD~1")
    }

    pub(crate) fn since(&self, base: &str) -> Answer {
        Answer::of(&self.xtask(&["--base", base, "-o", "json"]))
    }
}

pub(crate) fn git<const N: usize>(folder: &Path, arguments: [&str; N]) -> String {
    let mut command = Command::new("git");
    command.args(arguments).current_dir(folder).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    for name in ["GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"] {
        command.env(name, "someone@example.com");
    }
    text(&mut command)
}

pub(crate) fn xtask(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.arg("changed").args(arguments).current_dir(folder).output().unwrap()
}

fn sum(version: &str) -> String {
    format!("{:0>64}", version.replace('.', ""))
}

fn text(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// What `changed -o json` said.
pub(crate) struct Answer {
    pub(crate) json: Value,
    pub(crate) stderr: String,
}

impl Answer {
    pub(crate) fn of(output: &Output) -> Self {
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{stderr}");
        Self { json: serde_json::from_slice(&output.stdout).unwrap(), stderr }
    }

    /// The workers that changed.
    pub(crate) fn changed(&self) -> Vec<&str> {
        texts(&self.json["changed"])
    }

    /// Each reason of a worker.
    pub(crate) fn why(&self, worker: &str) -> Vec<&str> {
        let workers = self.json["workers"].as_array().unwrap();
        let worker = workers.iter().find(|found| found["worker"] == worker).unwrap();
        let reasons = worker["reasons"].as_array().unwrap();
        assert_eq!(worker["changed"], !reasons.is_empty());
        reasons.iter().map(|reason| reason["what"].as_str().unwrap()).collect()
    }
}

pub(crate) fn texts(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
}
