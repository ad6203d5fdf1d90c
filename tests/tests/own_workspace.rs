//! A workspace of a user's own, as docs/your-own-workspace.md has it: outside of this one, with Mainspring by git.

mod lab;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use lab::Outcome;
use mainspring_servers::process::cargo;
use mainspring_testing::{Env, Process, TestError};
use serde_json::Value;

const FILES: [&str; 4] = ["Cargo.toml", "src/lib.rs", "src/main.rs", "src/bin/manage.rs"];

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

/// Builds it, and gives its programs. Git is told that the URL is this checkout; what is not committed here
/// cannot come by git, so then the crates come by path.
fn build(folder: &Path) -> Result<Vec<PathBuf>, TestError> {
    let checkout = checkout()?.display();
    let mut build = cargo();
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().ok_or("no target folder")?;
    build.args(["build", "--message-format", "json"]).current_dir(folder).env("CARGO_TARGET_DIR", target);
    build.env("CARGO_NET_GIT_FETCH_WITH_CLI", "true").env("GIT_CONFIG_COUNT", "1");
    build.env("GIT_CONFIG_KEY_0", format!("url.file://{checkout}.insteadOf")).env("GIT_CONFIG_VALUE_0", URL);
    let status = Command::new("git").args(["status", "--porcelain"]).current_dir(self::checkout()?).output()?;
    if !status.stdout.is_empty() || !status.status.success() {
        for (name, path) in [("mainspring", "crates/mainspring"), ("mainspring-cli", "crates/cli")] {
            build.arg("--config").arg(format!("patch.'{URL}'.{name}.path='{checkout}/{path}'"));
        }
    }
    let built = build.output()?;
    if !built.status.success() {
        return Err(format!("the example does not build:\n{}", String::from_utf8_lossy(&built.stderr)).into());
    }
    let messages = String::from_utf8(built.stdout)?;
    let lines = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    Ok(lines.filter_map(|message| Some(message["executable"].as_str()?.into())).collect())
}

#[tokio::test]
async fn a_workspace_elsewhere_runs_its_workflow_and_its_own_command() -> Outcome {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("your-own-workspace");
    lay(&folder)?;
    let programs = tokio::task::spawn_blocking(move || build(&folder)).await??;
    let program = |name: &str| {
        let found = programs.iter().find(|program| program.file_stem().is_some_and(|stem| stem == name));
        found.ok_or_else(|| format!("cargo built no {name}, but {programs:?}"))
    };
    let env = Env::shared().await?;
    let settings = [("TEMPORAL_ADDRESS", env.address()), ("MAINSPRING_HTTP_ADDR", "127.0.0.1:0")];
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
    Ok(())
}
