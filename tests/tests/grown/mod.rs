//! The workspace of docs/your-own-workspace.md, after `manage new product`: its second product builds, passes its tests and runs.
#![cfg(feature = "full")]

use super::*;

/// Cargo there.
fn cargo_there(folder: &Path, arguments: &[&str]) -> Result<String, TestError> {
    patch(folder)?;
    let output = cargo().args(arguments).current_dir(folder).envs(settings()?).output()?;
    let (out, talk) = (String::from_utf8(output.stdout)?, String::from_utf8_lossy(&output.stderr).into_owned());
    if output.status.success() { Ok(out) } else { Err(format!("{arguments:?}: {}\n{out}{talk}", output.status).into()) }
}

/// Where that program was built.
fn program(name: &str) -> Result<PathBuf, TestError> {
    let target = settings()?.into_iter().find(|(key, _)| *key == "CARGO_TARGET_DIR").ok_or("no target folder")?.1;
    Ok(Path::new(&target).join("debug").join(name))
}

#[tokio::test]
async fn a_workspace_elsewhere_grows_by_a_product_that_builds_passes_its_tests_and_runs() -> Outcome {
    let _builds = BUILDS.lock().await;
    // The other test's: cargo tells packages of two workspaces at one target folder apart by their paths inside of them alone.
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("your-own-workspace");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    lay(&folder)?;
    let manage = folder.join("first-manage");
    cargo_there(&folder, &["build", "--quiet", "--bin", "manage"])?;
    // Later builds put another at the same place.
    fs::copy(program("manage")?, &manage)?;
    let there = |program: &Path, arguments: &[&str]| -> Result<String, TestError> {
        let mut command = mainspring_testing::program(program);
        let output = command.args(arguments).current_dir(&folder).env_remove("CARGO_MANIFEST_DIR").output()?;
        let talk = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() { Ok(String::from_utf8(output.stdout)?) } else { Err(talk.into()) }
    };
    let named = folder.join("manage");
    fs::rename(&manage, &named)?;
    let beside = ["new", "product", "refunds", "--queue", "greetings", "--dry-run", "-o", "json"];
    let beside: Value = serde_json::from_str(&there(&named, &beside)?)?;
    assert_eq!(beside["changed"], serde_json::json!(["Cargo.toml", "src/bin/manage.rs", "src/main.rs"]));
    let wrote = there(&named, &["new", "product", "billing", "-o", "json"])?;
    let wrote: Value = serde_json::from_str(&wrote)?;
    assert_eq!(wrote["changed"], serde_json::json!(["Cargo.toml", "src/bin/manage.rs"]));
    let execute = r#"cargo run --bin manage -- workflow execute billing-greet '{"name": "Ada"}'"#;
    assert_eq!(wrote["next"][2], execute);

    cargo_there(&folder, &["build", "--quiet", "--workspace", "--bins", "--tests"])?;
    let passed = cargo_there(&folder, &["test", "--quiet", "--workspace", "--tests"])?;
    assert!(passed.contains("test result: ok. 4 passed; 0 failed"), "{passed}");
    let manage = program("manage")?;
    let made = there(&manage, &["generate", "mprocs", "--command", "cargo run --quiet --bin manage --"])?;
    assert_eq!(fs::read_to_string(folder.join("bin/mprocs.yaml"))?, made);
    there(&manage, &["contracts", "check", "--product", "billing"])?;
    there(&manage, &["replay", "check", "--product", "billing"])?;

    let env = Env::shared().await?;
    let settings = [("TEMPORAL_ADDRESS", env.address()), ("MAINSPRING_HTTP_ADDR", "127.0.0.1:0")];
    let mut worker = Process::spawn(&program("billing-worker")?.display().to_string(), &[], settings)?;
    worker.line("polling").await?;
    let execute = ["--address", env.address(), "workflow", "execute", "billing-greet", r#"{"name": "Ada"}"#];
    assert_eq!(there(&manage, &execute)?, "\"Hello, Ada!\"\n");
    worker.signal(Signal::SIGTERM);
    assert_eq!(worker.end().await?.code, 0);
    Ok(())
}
