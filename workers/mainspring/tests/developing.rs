//! `dev`, `worker start` and what is generated from the registry, as they are typed.

use std::process::{Output, Stdio};

use mainspring_testing::{Env, Process, TestError, free_port, program};
use nix::sys::signal::Signal;

type Outcome = Result<(), TestError>;

const MAINSPRING: &str = env!("CARGO_BIN_EXE_mainspring");
const INPUT: &str = r#"{"arg": "1", "batch_export_id": "test", "team_id": 2}"#;

fn run(path: &str, arguments: &[&str]) -> Result<(i32, String, String), TestError> {
    let mut command = program(path);
    // It has time to connect on a machine with much else to do.
    command.args(arguments).env("MAINSPRING_CONNECT_TIMEOUT", "60").stdin(Stdio::null());
    let Output { status, stdout, stderr } = command.output()?;
    Ok((status.code().unwrap_or(-1), String::from_utf8(stdout)?, String::from_utf8(stderr)?))
}

/// `mainspring dev` with these arguments on free ports, when it has said `ready`; and its server's address.
async fn dev(arguments: &[&str], ready: &str) -> Result<(Process, String), TestError> {
    let (port, ui_port) = (free_port()?.to_string(), free_port()?.to_string());
    let all = [&["dev", "--port", &port, "--ui-port", &ui_port], arguments].concat();
    let mut dev = Process::spawn(MAINSPRING, &all, [])?;
    dev.line(ready).await?;
    Ok((dev, format!("127.0.0.1:{port}")))
}

#[tokio::test]
async fn every_product_runs_on_one_queue_when_asked() -> Outcome {
    let (dev, address) = dev(&["--one-queue"], "queue      development-task-queue (general-purpose").await?;
    let arguments = ["--address", &address, "workflow", "execute", "no-op", INPUT, "-t", "development-task-queue"];
    let (code, out, talk) = run(MAINSPRING, &arguments)?;
    assert_eq!((code, out.as_str()), (0, "\"1\"\n"), "{talk}");
    dev.signal(Signal::SIGINT);
    assert_eq!(dev.end().await?.code, 0);
    Ok(())
}

#[tokio::test]
async fn a_product_without_its_settings_is_left_out_by_name_and_the_others_run() -> Outcome {
    let (dev, address) = dev(&[], "try ").await?;
    let arguments = ["--address", &address, "workflow", "execute", "no-op", INPUT];
    let (code, out, talk) = run(MAINSPRING, &arguments)?;
    assert_eq!((code, out.as_str()), (0, "\"1\"\n"), "{talk}");
    dev.signal(Signal::SIGINT);
    let exit = dev.end().await?;
    assert_eq!(exit.code, 0);
    let from = exit.lines.iter().position(|line| line.starts_with("left out: ")).ok_or("nothing was left out")?;
    let missing = ["ONBOARDING_ACCOUNTS_URL", "ONBOARDING_EMAIL_URL", "ONBOARDING_RESOURCES_URL"];
    let said = &exit.lines[from..from + missing.len()];
    assert!(said[0].starts_with("left out: product onboarding on onboarding: "), "{said:?}");
    for (line, name) in said.iter().zip(missing) {
        assert!(line.contains(&format!("{name} is missing, and has no default: Where ")), "{said:?}");
    }
    let analytics = exit.lines.iter().find(|line| line.starts_with("left out: product analytics on analytics: "));
    assert!(analytics.is_some_and(|line| line.contains("ANALYTICS_DATABASE_URL is missing")), "{:?}", exit.lines);
    let queues: Vec<&String> = exit.lines.iter().filter(|line| line.starts_with("queue ")).collect();
    assert!(
        queues.iter().any(|line| line.starts_with("queue      general-purpose-task-queue (general-purpose")),
        "{queues:?}"
    );
    assert!(!queues.iter().any(|line| line.contains("(onboarding)") || line.contains("(analytics)")), "{queues:?}");
    Ok(())
}

#[tokio::test]
async fn a_product_with_its_settings_runs_beside_the_others() -> Outcome {
    let (port, ui_port) = (free_port()?.to_string(), free_port()?.to_string());
    let services = ["ONBOARDING_ACCOUNTS_URL", "ONBOARDING_EMAIL_URL", "ONBOARDING_RESOURCES_URL"]
        .map(|name| (name, "http://127.0.0.1:9"));
    let services = services.into_iter().chain([("ANALYTICS_DATABASE_URL", "sqlite:nowhere.db")]);
    let mut dev = Process::spawn(MAINSPRING, &["dev", "--port", &port, "--ui-port", &ui_port], services)?;
    dev.line("queue      onboarding (onboarding)").await?;
    dev.line("try ").await?;
    dev.signal(Signal::SIGINT);
    let exit = dev.end().await?;
    assert_eq!((exit.code, exit.lines.iter().any(|line| line.starts_with("left out"))), (0, false), "{:?}", exit.lines);
    Ok(())
}

#[tokio::test]
async fn the_server_alone_keeps_its_state_and_workers_start_beside_it() -> Outcome {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("state.sqlite").display().to_string();
    let alone = ["--no-workers", "--db", &file];
    let (first, address) = dev(&alone, "workers    none").await?;
    let started = ["--address", &address, "start_temporal_workflow", "no-op", INPUT, "--workflow-id", "kept"];
    let (code, _, talk) = run(MAINSPRING, &started)?;
    assert_eq!(code, 0, "{talk}");
    first.signal(Signal::SIGTERM);
    assert_eq!(first.end().await?.code, 0);

    let (second, address) = dev(&alone, "workers    none").await?;
    let settings = [
        ("TEMPORAL_ADDRESS", address.as_str()),
        ("MAINSPRING_HTTP_ADDR", "127.0.0.1:0"),
        ("MAINSPRING_LOG_FORMAT", "json"),
    ];
    let arguments = ["worker", "start", "--product", "general-purpose"];
    let mut worker = Process::spawn(MAINSPRING, &arguments, settings)?;
    worker.line("\"msg\":\"polling\"").await?;
    let (code, out, talk) = run(MAINSPRING, &["--address", &address, "workflow", "result", "--workflow-id", "kept"])?;
    assert_eq!((code, out.as_str()), (0, "\"1\"\n"), "{talk}");
    worker.signal(Signal::SIGTERM);
    assert_eq!(worker.end().await?.code, 0);
    second.signal(Signal::SIGINT);
    assert_eq!(second.end().await?.code, 0);
    Ok(())
}

#[tokio::test]
async fn what_another_server_wants_is_not_for_devs_own() -> Outcome {
    let (port, ui_port) = (free_port()?.to_string(), free_port()?.to_string());
    let arguments = ["dev", "--port", &port, "--ui-port", &ui_port, "--products", "general-purpose"];
    let cloud = [
        ("TEMPORAL_ADDRESS", "acme.tmprl.cloud:7233"),
        ("TEMPORAL_NAMESPACE", "acme"),
        ("TEMPORAL_API_KEY", "hunter2"),
        ("TEMPORAL_TLS_SERVER_NAME", "acme.tmprl.cloud"),
    ];
    let mut dev = Process::spawn(MAINSPRING, &arguments, cloud)?;
    dev.line("queue      general-purpose-task-queue (general-purpose)").await?;
    let address = format!("127.0.0.1:{port}");
    let execute = ["--address", &address, "--namespace", "acme", "workflow", "execute", "no-op", INPUT];
    let (code, out, talk) = run(MAINSPRING, &execute)?;
    assert_eq!((code, out.as_str()), (0, "\"1\"\n"), "{talk}");
    dev.signal(Signal::SIGINT);
    assert_eq!(dev.end().await?.code, 0);
    Ok(())
}

#[tokio::test]
async fn dev_says_that_its_server_ended() -> Outcome {
    let (dev, _) = dev(&["--no-workers"], "workers    none").await?;
    let threads = std::fs::read_dir(format!("/proc/{}/task", dev.pid()))?;
    let children = threads.filter_map(|thread| std::fs::read_to_string(thread.ok()?.path().join("children")).ok());
    let children: Vec<String> =
        children.flat_map(|line| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect();
    assert_eq!(children.len(), 1);
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(children[0].parse()?), Signal::SIGKILL)?;
    let exit = dev.end().await?;
    assert_eq!(exit.code, 69, "{:?}", exit.lines);
    let said = exit.lines.iter().find(|line| line.starts_with("error: ")).ok_or("it said no word")?;
    assert!(said.starts_with("error: Temporal's dev server ended by itself ("), "{said}");
    Ok(())
}

#[tokio::test]
async fn the_flag_beats_the_environments_queue_and_means_where_a_product_was_moved_to() -> Outcome {
    let env = Env::shared().await?;
    let queue = env.queue("blue");
    let moved = format!("general-purpose={queue}");
    let settings = [
        ("TEMPORAL_ADDRESS", env.address()),
        ("TEMPORAL_TASK_QUEUE", "elsewhere"),
        ("MAINSPRING_QUEUES", &moved),
        ("MAINSPRING_HTTP_ADDR", "127.0.0.1:0"),
        ("MAINSPRING_LOG_FORMAT", "json"),
    ];
    let mut worker = Process::spawn(MAINSPRING, &["worker", "start", "--task-queue", &queue], settings)?;
    worker.line("\"msg\":\"polling\"").await?;
    worker.signal(Signal::SIGTERM);
    assert_eq!(worker.end().await?.code, 0);
    Ok(())
}

#[tokio::test]
async fn the_names_that_fingers_know_still_work() -> Outcome {
    let env = Env::shared().await?;
    let settings = [
        ("TEMPORAL_ADDRESS", env.address()),
        ("MAINSPRING_HTTP_ADDR", "127.0.0.1:0"),
        ("MAINSPRING_LOG_FORMAT", "json"),
    ];
    let arguments = ["start_temporal_worker", "--task-queue", "general-purpose-task-queue"];
    let mut worker = Process::spawn(MAINSPRING, &arguments, settings)?;
    worker.line("\"msg\":\"polling\"").await?;
    let arguments = ["execute_temporal_workflow", "no-op", INPUT, "--address", env.address()];
    let (code, out, talk) = run(MAINSPRING, &arguments)?;
    assert_eq!((code, out.as_str()), (0, "\"1\"\n"), "{talk}");
    worker.signal(Signal::SIGTERM);
    assert_eq!(worker.end().await?.code, 0);
    Ok(())
}

#[test]
fn a_worker_of_nothing_known_is_refused_with_what_there_is() -> Outcome {
    let (code, _, talk) = run(MAINSPRING, &["worker", "start"])?;
    assert_eq!(code, 64);
    assert!(talk.contains("--product") && talk.contains("--task-queue") && talk.contains("--all"), "{talk}");
    let (code, _, talk) = run(MAINSPRING, &["worker", "start", "--product", "biling"])?;
    assert_eq!(code, 64);
    assert!(talk.starts_with("error: there is no product biling: there is general-purpose"), "{talk}");
    let (code, _, talk) = run(MAINSPRING, &["worker", "start", "--task-queue", "nowhere"])?;
    assert_eq!(code, 64);
    assert!(talk.starts_with("error: no product is on task queue nowhere: there is "), "{talk}");
    assert!(talk.contains("analytics, ") && talk.contains("general-purpose-task-queue"), "{talk}");
    let (code, _, talk) = run(MAINSPRING, &["dev", "--products", "biling"])?;
    assert_eq!(code, 64);
    assert!(talk.contains("there is no product biling"), "{talk}");
    Ok(())
}

#[test]
fn the_process_managers_file_is_the_registrys() -> Outcome {
    let (code, made, talk) = run(MAINSPRING, &["generate", "mprocs"])?;
    assert_eq!(code, 0, "{talk}");
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../bin/mprocs.yaml");
    let kept = std::fs::read_to_string(path)?;
    assert_eq!(kept, made, "make it again: cargo run -- generate mprocs > bin/mprocs.yaml");
    Ok(())
}

#[test]
fn completions_and_man_pages_know_every_verb() -> Outcome {
    for shell in ["bash", "zsh", "fish"] {
        let (code, script, _) = run(MAINSPRING, &["generate", "completions", shell])?;
        assert_eq!(code, 0);
        assert!(script.contains("mainspring") && script.contains("input-file"), "{shell}: {script}");
    }
    let folder = tempfile::tempdir()?;
    let (code, _, talk) = run(MAINSPRING, &["generate", "man", &folder.path().display().to_string()])?;
    assert_eq!(code, 0, "{talk}");
    let page = std::fs::read_to_string(folder.path().join("mainspring-workflow-execute.1"))?;
    assert!(page.contains("Start a workflow, wait for it, print its result") && page.contains("Examples:"), "{page}");
    Ok(())
}

#[test]
fn temporals_own_cli_finds_it_under_a_second_name() -> Outcome {
    let (code, out, talk) = run(env!("CARGO_BIN_EXE_temporal-mainspring"), &["products"])?;
    assert_eq!(code, 0, "{talk}");
    assert!(out.starts_with("general-purpose on general-purpose-task-queue"), "{out}");
    Ok(())
}
