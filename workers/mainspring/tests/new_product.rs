//! `new product` in a copy of this repository: what it writes builds, passes its tests and every gate, and runs.
#![cfg(feature = "full")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use mainspring_servers::process::cargo;
use mainspring_testing::{Env, Process, TestError, program};
use serde_json::{Value, json};

type Outcome = Result<(), TestError>;

const MAINSPRING: &str = env!("CARGO_BIN_EXE_mainspring");
/// A queue of another name than its product's: the worker is called after the queue.
const QUEUE: &str = "ledger-task-queue";

/// This repository's files once more, with their times and as built by the same wrapper: so what is built already is not
/// built again.
struct Copy {
    root: PathBuf,
    build: PathBuf,
    wrapper: PathBuf,
    target: PathBuf,
}

impl Copy {
    fn new() -> Result<Self, TestError> {
        let (here, temporary) =
            (Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."), Path::new(env!("CARGO_TARGET_TMPDIR")));
        let build = temporary.parent().ok_or("no build folder")?.to_owned();
        let (root, target) = (temporary.join("new-product"), temporary.join("new-product-target"));
        let way = include_str!("../../../.cargo/config.toml")
            .lines()
            .find_map(|line| line.strip_prefix("rustc-workspace-wrapper = "));
        let wrapper = here.canonicalize()?.join(way.ok_or("no wrapper in .cargo/config.toml")?.trim_matches('"'));
        let copy = Self { root, build, wrapper, target };
        if copy.root.exists() {
            fs::remove_dir_all(&copy.root)?;
        }
        let mut git = Command::new("git");
        git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"]).current_dir(&here);
        for path in said(git.output()?)?.split('\0').filter(|path| here.join(path).is_file()) {
            let there = copy.root.join(path);
            fs::create_dir_all(there.parent().ok_or("no folder")?)?;
            fs::copy(here.join(path), &there)?;
            fs::File::options().write(true).open(&there)?.set_modified(fs::metadata(here.join(path))?.modified()?)?;
        }
        // `tidy` asks git for the files.
        said(Command::new("git").args(["init", "--quiet"]).current_dir(&copy.root).output()?)?;
        Ok(copy)
    }

    fn cargo(&self, arguments: &[&str]) -> Result<String, TestError> {
        let mut cargo = cargo();
        cargo.args(arguments).current_dir(&self.root);
        cargo.env("CARGO_BUILD_BUILD_DIR", &self.build).env("CARGO_TARGET_DIR", &self.target);
        cargo.env("CARGO_BUILD_RUSTC_WORKSPACE_WRAPPER", &self.wrapper);
        said(cargo.output()?)
    }

    /// A program here, as it is started from a shell.
    fn run(&self, path: impl AsRef<Path>, arguments: &[&str]) -> Result<Output, TestError> {
        let mut command = program(path.as_ref());
        command.args(arguments).current_dir(&self.root).env_remove("CARGO_MANIFEST_DIR");
        // It has time to connect on a machine with much else to do.
        command.env("MAINSPRING_CONNECT_TIMEOUT", "60");
        Ok(command.output()?)
    }

    fn built(&self, name: &str) -> PathBuf {
        self.target.join("debug").join(name)
    }

    fn read(&self, path: &str) -> Result<String, TestError> {
        Ok(fs::read_to_string(self.root.join(path))?)
    }
}

/// Its stdout, where it went well.
fn said(output: Output) -> Result<String, TestError> {
    let (out, talk) = (String::from_utf8(output.stdout)?, String::from_utf8_lossy(&output.stderr).into_owned());
    if output.status.success() { Ok(out) } else { Err(format!("{}\n{out}{talk}", output.status).into()) }
}

#[tokio::test]
async fn a_new_product_builds_passes_every_gate_and_runs_at_once() -> Outcome {
    let copy = Copy::new()?;
    let would = said(
        copy.run(MAINSPRING, &["new", "product", "ledger-entries", "--queue", QUEUE, "--dry-run", "-o", "json"])?,
    )?;
    let would: Value = serde_json::from_str(&would)?;
    assert!(!copy.root.join("products/ledger-entries").exists(), "a dry run writes nothing");
    let listed = ["Cargo.toml", "Dockerfile", "bin/mprocs.yaml", "compose.yaml"].into_iter();
    let listed = listed.chain(["workers/mainspring/Cargo.toml", "workers/mainspring/src/lib.rs"]);
    let changed: Vec<&str> = listed.filter(|path| copy.root.join(path).exists()).collect();
    assert_eq!(would["changed"], json!(changed));
    let next = json!([
        "cargo test -p ledger-entries",
        "cargo run -- dev",
        "cargo run -- workflow execute ledger-entries-greet '{\"name\": \"Ada\"}'",
    ]);
    assert_eq!((&would["task_queue"], &would["next"]), (&json!(QUEUE), &next));

    let wrote = copy.run(MAINSPRING, &["new", "product", "ledger-entries", "--queue", QUEUE])?;
    let talk = String::from_utf8(wrote.stderr.clone())?;
    assert!(said(wrote)?.contains("wrote products/ledger-entries/src/lib.rs\n"));
    assert!(talk.contains("\nnext:\n    cargo test -p ledger-entries\n"), "{talk}");
    let again = copy.run(MAINSPRING, &["new", "product", "ledger-entries", "--queue", QUEUE])?;
    let talk = String::from_utf8(again.stderr)?;
    assert_eq!(again.status.code(), Some(64));
    assert!(
        talk.starts_with("error: there is a crate ledger-entries already, in products/ledger-entries/Cargo.toml"),
        "{talk}"
    );

    // The next one is beside it, by the command that knows the first; it shares a queue.
    copy.cargo(&["build", "--quiet", "--workspace", "--bin", "mainspring"])?;
    let ours = copy.built("mainspring");
    said(copy.run(&ours, &["new", "product", "refunds", "--queue", QUEUE])?)?;
    assert!(!copy.root.join("workers/refunds").exists(), "a queue has one worker");
    let main = copy.read("workers/ledger/src/main.rs")?;
    assert!(main.contains("mainspring::run([ledger_entries::product(), refunds::product()])"), "{main}");

    let binaries = ["--bin", "mainspring", "--bin", "ledger-worker", "--bin", "xtask"];
    copy.cargo(&[&["build", "--quiet", "--workspace"], &binaries[..]].concat())?;
    let passed = copy.cargo(&["test", "--quiet", "--workspace", "--test", "greet"])?;
    assert_eq!(
        passed.matches("test result: ok. 4 passed; 0 failed").count(),
        3,
        "the template's, and those of two products: {passed}"
    );
    gates(&copy, &ours)?;
    runs(&copy, &ours).await
}

/// What CI would say.
fn gates(copy: &Copy, ours: &Path) -> Outcome {
    let checked: Value = serde_json::from_str(&said(copy.run(ours, &["contracts", "check", "-o", "json"])?)?)?;
    let products = checked["products"].as_array().ok_or("no products")?;
    assert!(products.iter().all(|product| product["outdated"] == json!([])), "{checked:#}");
    said(copy.run(ours, &["replay", "check", "--product", "ledger-entries,refunds"])?)?;
    assert_eq!(said(copy.run(ours, &["generate", "mprocs"])?)?, copy.read("bin/mprocs.yaml")?);
    let values = said(copy.run(ours, &["generate", "chart-values", "--task-queue", QUEUE])?)?;
    let example = "charts/temporal-worker/examples/ledger-task-queue.yaml";
    assert_eq!(values, copy.read(example)?);
    assert_eq!(
        said(copy.run(ours, &["config", "check", "--chart-values", example])?)?,
        "the values fit the products\n"
    );
    copy.cargo(&[
        "fmt",
        "--check",
        "-p",
        "ledger-entries",
        "-p",
        "ledger-entries-contract",
        "-p",
        "refunds",
        "-p",
        "mainspring-command",
    ])?;
    let tidy = said(copy.run(copy.built("xtask"), &["lint", "tidy"])?)?;
    assert!(tidy.contains("tidy: 0 findings"), "{tidy}");
    copy.cargo(&["metadata", "--locked", "--offline", "--format-version", "1"])?;
    Ok(())
}

/// One worker runs both, and the command knows both.
async fn runs(copy: &Copy, ours: &Path) -> Outcome {
    let env = Env::shared().await?;
    let settings = [("TEMPORAL_ADDRESS", env.address()), ("MAINSPRING_HTTP_ADDR", "127.0.0.1:0")];
    let worker = copy.built("ledger-worker").display().to_string();
    let mut worker = Process::spawn(&worker, &[], settings)?;
    worker.line("polling").await?;
    for workflow in ["ledger-entries-greet", "refunds-greet"] {
        let execute = ["--address", env.address(), "workflow", "execute", workflow, r#"{"name": "Ada"}"#];
        assert_eq!(said(copy.run(ours, &execute)?)?, "\"Hello, Ada!\"\n");
    }
    worker.signal(nix::sys::signal::Signal::SIGTERM);
    assert_eq!(worker.end().await?.code, 0);
    Ok(())
}
