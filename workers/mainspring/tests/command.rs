//! The command as it is typed, against the real server, with Temporal's own CLI on the other side.

use std::process::{Command, Output, Stdio};

use mainspring_servers::process::cargo;
use mainspring_testing::{Env, Process, TestError, free_port, program, temporal_cli};
use nix::sys::signal::Signal;
use serde_json::{Value, json};

type Outcome = Result<(), TestError>;

const INPUT: &str = r#"{"arg": "1", "batch_export_id": "test", "team_id": 2}"#;

fn command(address: &str, arguments: &[&str]) -> Command {
    let mut command = program(env!("CARGO_BIN_EXE_mainspring"));
    command.args(arguments).env("TEMPORAL_ADDRESS", address).stdin(Stdio::null());
    // It has time to connect on a machine with much else to do.
    command.env("MAINSPRING_CONNECT_TIMEOUT", "60");
    command
}

fn run(address: &str, arguments: &[&str]) -> Result<(i32, String, String), TestError> {
    said(&mut command(address, arguments))
}

fn said(command: &mut Command) -> Result<(i32, String, String), TestError> {
    let Output { status, stdout, stderr } = command.output()?;
    Ok((status.code().unwrap_or(-1), String::from_utf8(stdout)?, String::from_utf8(stderr)?))
}

/// `mainspring dev` on free ports, running, with the address of its server.
async fn dev() -> Result<(Process, String), TestError> {
    let (port, ui_port) = (free_port()?.to_string(), free_port()?.to_string());
    let arguments = ["dev", "--port", &port, "--ui-port", &ui_port];
    let mut dev = Process::spawn(env!("CARGO_BIN_EXE_mainspring"), &arguments, [])?;
    let ui = dev.line("UI").await?;
    assert!(ui.ends_with(&ui_port), "{ui}");
    dev.line("try").await?;
    Ok((dev, format!("127.0.0.1:{port}")))
}

#[tokio::test]
async fn dev_runs_every_product_and_ctrl_c_leaves_nothing() -> Outcome {
    let (dev, address) = dev().await?;
    let (code, out, talk) = run(&address, &["workflow", "execute", "no-op", INPUT])?;
    assert_eq!((code, out.as_str()), (0, "\"1\"\n"), "{talk}");
    assert!(talk.starts_with("workflow no-op-") && talk.contains("started on general-purpose-task-queue"), "{talk}");
    dev.signal(Signal::SIGINT);
    let exit = dev.end().await?;
    assert_eq!(exit.code, 0, "{:?}", exit.lines);
    assert!(std::net::TcpStream::connect(&address).is_err(), "the server is gone");
    Ok(())
}

#[tokio::test]
async fn start_and_result_speak_json_and_temporals_cli_reads_the_same() -> Outcome {
    let env = Env::shared().await?;
    let settings = [
        ("TEMPORAL_ADDRESS", env.address()),
        ("MAINSPRING_HTTP_ADDR", "127.0.0.1:0"),
        ("MAINSPRING_LOG_FORMAT", "json"),
    ];
    let mut dev = Process::spawn(&general_purpose_worker()?, &[], settings)?;
    dev.line("\"msg\":\"polling\"").await?;
    let id = env.id("json");
    let (code, out, talk) =
        run(env.address(), &["workflow", "start", "no-op", INPUT, "--workflow-id", &id, "-o", "json"])?;
    assert_eq!(code, 0, "{talk}");
    let started: Value = serde_json::from_str(&out)?;
    assert_eq!(started["workflow_id"], id.as_str());
    let (code, out, _) = run(env.address(), &["workflow", "result", "--workflow-id", &id, "-o", "json"])?;
    let expected = json!({ "workflow_id": id, "run_id": started["run_id"], "status": "Completed", "result": "1" });
    assert_eq!((code, serde_json::from_str::<Value>(&out)?), (0, expected));
    let (code, _, talk) = run(env.address(), &["workflow", "start", "no-op", INPUT, "--workflow-id", &id])?;
    assert_eq!(code, 64);
    assert!(talk.contains("has run before and ended as Completed"), "{talk}");
    // The other way round: started by Temporal's CLI, read by ours; and ours read by it.
    let temporal = temporal_cli()?;
    let theirs =
        |arguments: &[&str]| Command::new(&temporal).args(arguments).args(["--address", env.address()]).output();
    let other = env.id("theirs");
    let queue = ["--task-queue", "general-purpose-task-queue"];
    let start = ["workflow", "start", "--type", "no-op", "--workflow-id", &other, "--input", INPUT];
    assert!(theirs(&[&start[..], &queue[..]].concat())?.status.success());
    let (code, out, _) = run(env.address(), &["workflow", "result", "--workflow-id", &other])?;
    assert_eq!((code, out.as_str()), (0, "\"1\"\n"));
    let shown = theirs(&["workflow", "result", "--workflow-id", &id])?;
    assert!(String::from_utf8(shown.stdout)?.contains("\"1\""));
    Ok(())
}

/// The worker binary lies beside the command.
fn general_purpose_worker() -> Result<String, TestError> {
    let built = cargo()
        .args(["build", "--quiet", "--workspace", "--bin", "general-purpose-worker", "--message-format", "json"])
        .output()?;
    let messages = String::from_utf8(built.stdout)?;
    let executables = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let path = executables.filter_map(|message| message["executable"].as_str().map(str::to_owned)).next_back();
    path.ok_or_else(|| format!("not built: {}", String::from_utf8_lossy(&built.stderr)).into())
}

#[test]
fn wrong_input_says_what_is_wrong_and_sends_nothing() -> Outcome {
    // Nobody listens there, so whatever is sent fails in another way.
    let wrong = |arguments: &[&str], code: i32, text: &str| -> Outcome {
        let (seen, out, talk) = run("127.0.0.1:9", arguments)?;
        assert_eq!((seen, out.as_str()), (code, ""), "{arguments:?}: {talk}");
        assert!(talk.contains(text), "{arguments:?}: {talk}");
        Ok(())
    };
    wrong(
        &["workflow", "start", "no-op", "{arg: 1}"],
        64,
        "the input is not JSON: key must be a string at line 1 column 2",
    )?;
    wrong(&["workflow", "start", "nope", "{}"], 64, "no product has a workflow nope: there is no-op")?;
    wrong(&["workflow", "start", "no-op", "--input-file", "/no/such"], 64, "/no/such cannot be read: No such file")?;
    wrong(&["workflow", "start"], 64, "<NAME>")?;
    wrong(&["dev", "--products", "nope"], 64, "there is no product nope: there is general-purpose")?;
    wrong(
        &["--address", "nowhere", "workflow", "result", "-w", "x"],
        78,
        "--address is \"nowhere\", which is not an address",
    )?;
    Ok(())
}

#[test]
fn a_server_that_is_away_is_said_within_five_seconds() -> Outcome {
    let from = std::time::Instant::now();
    let mut start = command("127.0.0.1:9", &["workflow", "start", "no-op", INPUT]);
    let (code, _, talk) = said(start.env_remove("MAINSPRING_CONNECT_TIMEOUT"))?;
    assert_eq!(code, 69, "{talk}");
    assert!(talk.contains("127.0.0.1:9") && talk.contains("TEMPORAL_ADDRESS"), "{talk}");
    let tried = talk.split_once(" attempts in ").and_then(|(_, rest)| rest.split_once(" s, "));
    let (tried, _) = tried.ok_or_else(|| format!("no time: {talk}"))?;
    assert!((4.0..20.0).contains(&tried.parse::<f64>()?), "{talk}");
    // A worker tries for a minute.
    assert!(from.elapsed() < std::time::Duration::from_secs(30), "{:?}", from.elapsed());
    Ok(())
}

#[test]
fn config_shows_and_checks() -> Outcome {
    let mut show = command("127.0.0.1:9", &["config", "show", "-o", "json"]);
    let shown = show.env("TEMPORAL_API_KEY", "hunter2").env("MAINSPRING_ZZZ", "1").output()?;
    let text = String::from_utf8(shown.stdout)?;
    assert!(!text.contains("hunter2"), "{text}");
    let report: Value = serde_json::from_str(&text)?;
    let settings = report["settings"].as_array().ok_or("no settings")?;
    let address = settings.iter().find(|entry| entry["name"] == "TEMPORAL_ADDRESS").ok_or("no address")?;
    assert_eq!(
        (&address["value"], &address["origin"]),
        (&json!("127.0.0.1:9"), &json!({"from": "env", "name": "TEMPORAL_ADDRESS"}))
    );
    assert_eq!(report["unknown"][0]["name"], "MAINSPRING_ZZZ");
    let mut check = command("127.0.0.1:9", &["config", "check"]);
    let checked = check.env("MAINSPRING_ZZZ", "1").env("MAX_CONCURRENT_ACTIVITIES", "0").output()?;
    let talk = String::from_utf8(checked.stderr)?;
    assert_eq!(checked.status.code(), Some(78));
    assert!(talk.contains("MAINSPRING_ZZZ is not a setting that this version knows"), "{talk}");
    assert!(talk.contains("MAX_CONCURRENT_ACTIVITIES is \"0\", which is not a number from 1 to 100000"), "{talk}");
    let mut check = command("127.0.0.1:9", &["config", "check"]);
    for name in ["ONBOARDING_ACCOUNTS_URL", "ONBOARDING_EMAIL_URL", "ONBOARDING_RESOURCES_URL"] {
        assert!(talk.contains(&format!("{name} is missing, and has no default")), "{talk}");
        check.env(name, "https://services.example.com/v1");
    }
    assert!(talk.contains("ANALYTICS_DATABASE_URL is missing, and has no default"), "{talk}");
    check.env("ANALYTICS_DATABASE_URL", "sqlite:shop.db");
    let fine = check.output()?;
    assert_eq!((fine.status.code(), String::from_utf8(fine.stdout)?.as_str()), (Some(0), "every setting is fine\n"));
    Ok(())
}

#[test]
fn the_registry_is_shown() -> Outcome {
    let (code, out, _) = run("127.0.0.1:9", &["products", "-o", "json"])?;
    let shown: Value = serde_json::from_str(&out)?;
    let product = &shown["products"][0];
    assert_eq!(
        (code, &product["name"], &product["task_queue"]),
        (0, &json!("general-purpose"), &json!("general-purpose-task-queue"))
    );
    assert_eq!(product["activities"], json!(["no-op-activity", "process_dataset"]));
    let workflow = &product["workflows"][0];
    assert_eq!((&workflow["type"], &workflow["derives_id"]), (&json!("no-op"), &json!(false)));
    assert_eq!(workflow["input_schema"]["required"], json!(["arg", "batch_export_id", "team_id"]));
    Ok(())
}
