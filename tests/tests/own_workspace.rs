//! A workspace of a user's own, as docs/your-own-workspace.md has it: outside of this one, with Mainspring by git.

mod grown;
mod lab;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use lab::Outcome;
use mainspring_servers::process::cargo;
use mainspring_testing::{Env, Process, TestError, free_port};
use nix::sys::signal::Signal;
use serde_json::Value;

const FILES: [&str; 4] = ["Cargo.toml", "src/lib.rs", "src/main.rs", "src/bin/manage.rs"];

/// Held by the test that builds: cargo lets one at a time build at the same place, and the other's worker would wait for it.
static BUILDS: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// The longest wait for what comes after a build.
const BUILT: Duration = Duration::from_secs(300);

/// Where the example says that Mainspring is.
const URL: &str = "https://git.example.com/mainspring.git";

fn checkout() -> Result<&'static Path, TestError> {
    Ok(Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("tests/ has no parent")?)
}

fn example(file: &str) -> Result<String, TestError> {
    Ok(fs::read_to_string(checkout()?.join("examples/your-own-workspace").join(file))?)
}

#[test]
fn the_page_shows_the_example_to_the_letter() -> Outcome {
    let page = fs::read_to_string(checkout()?.join("docs/your-own-workspace.md"))?;
    for file in FILES {
        let language = if file.ends_with(".toml") { "toml" } else { "rust" };
        let shown = format!("## {file}\n\n```{language}\n{}```\n", example(file)?);
        assert!(page.contains(&shown), "docs/your-own-workspace.md does not show {file} as it is");
    }
    Ok(())
}

/// Writes the example where nothing of this workspace is above it, but for the lockfile: the same versions are built already.
fn lay(folder: &Path) -> Outcome {
    for file in FILES {
        let (path, text) = (folder.join(file), example(file)?);
        // What is there already keeps its time, and so its build.
        if fs::read_to_string(&path).ok().as_ref() != Some(&text) {
            fs::create_dir_all(path.parent().ok_or("no folder")?)?;
            fs::write(path, text)?;
        }
    }
    fs::copy(checkout()?.join("Cargo.lock"), folder.join("Cargo.lock"))?;
    Ok(())
}

/// What builds it: Git is told that the URL is this checkout. Without debug information, as here: what both depend on is
/// built once, and what comes by git, which is built anew for every commit, in half the time.
fn settings() -> Result<[(&'static str, String); 6], TestError> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().ok_or("no target folder")?;
    Ok([
        ("CARGO_TARGET_DIR", target.display().to_string()),
        ("CARGO_PROFILE_DEV_DEBUG", "0".to_owned()),
        ("CARGO_NET_GIT_FETCH_WITH_CLI", "true".to_owned()),
        ("GIT_CONFIG_COUNT", "1".to_owned()),
        ("GIT_CONFIG_KEY_0", format!("url.file://{}.insteadOf", checkout()?.display())),
        ("GIT_CONFIG_VALUE_0", URL.to_owned()),
    ])
}

/// What is not committed here cannot come by git, so then the crates come by path.
fn patch(folder: &Path) -> Outcome {
    let status = Command::new("git").args(["status", "--porcelain"]).current_dir(checkout()?).output()?;
    let mut patch = String::new();
    if !status.stdout.is_empty() || !status.status.success() {
        patch = format!("[patch.'{URL}']\n");
        for (name, path) in [
            ("mainspring", "crates/mainspring"),
            ("mainspring-cli", "crates/cli"),
            ("mainspring-testing", "crates/testing"),
            ("mainspring-vocabulary", "crates/vocabulary"),
        ] {
            patch += &format!("{name} = {{ path = '{}' }}\n", checkout()?.join(path).display());
        }
    }
    fs::create_dir_all(folder.join(".cargo"))?;
    Ok(fs::write(folder.join(".cargo/config.toml"), patch)?)
}

/// Builds it, and gives its programs.
fn build(folder: &Path) -> Result<Vec<PathBuf>, TestError> {
    patch(folder)?;
    let built = cargo().args(["build", "--message-format", "json"]).current_dir(folder).envs(settings()?).output()?;
    if !built.status.success() {
        return Err(format!("the example does not build:\n{}", String::from_utf8_lossy(&built.stderr)).into());
    }
    let messages = String::from_utf8(built.stdout)?;
    let lines = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    Ok(lines.filter_map(|message| Some(message["executable"].as_str()?.into())).collect())
}

#[tokio::test]
async fn a_workspace_elsewhere_runs_its_workflow_and_its_own_command() -> Outcome {
    let _builds = BUILDS.lock().await;
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("your-own-workspace");
    lay(&folder)?;
    let there = folder.clone();
    let programs = tokio::task::spawn_blocking(move || build(&there)).await??;
    let program = |name: &str| {
        let found = programs.iter().find(|program| program.file_stem().is_some_and(|stem| stem == name));
        found.ok_or_else(|| format!("cargo built no {name}, but {programs:?}"))
    };
    let env = Env::shared().await?;
    let settings = [("TEMPORAL_ADDRESS", env.address()), ("MAINSPRING_HTTP_ADDR", "127.0.0.1:0"), lab::PATIENT];
    let mut worker = Process::spawn(&program("greetings")?.display().to_string(), &[], settings)?;
    worker.line("polling").await?;
    let manage = |arguments: &[&str]| -> Result<_, TestError> {
        Ok(Command::new(program("manage")?).args(arguments).envs(settings).output()?)
    };
    let listed = manage(&["products", "-o", "json"])?;
    let listed = String::from_utf8(listed.stdout)?;
    assert!(listed.contains("\"greet\"") && listed.contains("\"compose\""), "{listed}");
    let executed = manage(&["workflow", "execute", "greet", r#"{"name": "Ada"}"#])?;
    let talk = String::from_utf8(executed.stderr)?;
    assert_eq!(String::from_utf8(executed.stdout)?, "\"Hello, Ada!\"\n", "{talk}");
    watched(&folder, &program("manage")?.display().to_string()).await
}

/// Its own `dev --watch`: the worker runs what was saved last.
async fn watched(folder: &Path, manage: &str) -> Outcome {
    let (port, ui_port, manifest) = (free_port()?.to_string(), free_port()?.to_string(), folder.display().to_string());
    let settings = settings()?;
    let env = settings.iter().map(|(name, value)| (*name, value.as_str()));
    let arguments = ["dev", "--watch", "--port", &port, "--ui-port", &ui_port];
    let mut dev = Process::spawn(manage, &arguments, env.chain([("CARGO_MANIFEST_DIR", manifest.as_str())]))?;
    dev.line_within("watching ", BUILT).await?;
    let greet = || -> Result<String, TestError> {
        let address = format!("127.0.0.1:{port}");
        let execute = ["--address", &address, "workflow", "execute", "greet", r#"{"name": "Ada"}"#];
        Ok(String::from_utf8(Command::new(manage).args(execute).envs([lab::PATIENT]).output()?.stdout)?)
    };
    assert_eq!(greet()?, "\"Hello, Ada!\"\n");
    let source = folder.join("src/lib.rs");
    let text = fs::read_to_string(&source)?;
    fs::write(&source, text.replace("Hello", "Good evening"))?;
    dev.line_within("restarted: the worker of greetings, for a change of greetings", BUILT).await?;
    assert_eq!(greet()?, "\"Good evening, Ada!\"\n");
    fs::write(&source, text.replace("Hello", "Hello\" \"there"))?;
    dev.line_within("the build failed: the workers go on as they are", BUILT).await?;
    assert_eq!(greet()?, "\"Good evening, Ada!\"\n");
    fs::write(&source, text)?;
    dev.line_within("restarted: the worker of greetings", BUILT).await?;
    assert_eq!(greet()?, "\"Hello, Ada!\"\n");
    dev.signal(Signal::SIGINT);
    assert_eq!(dev.end().await?.code, 0);
    Ok(())
}
