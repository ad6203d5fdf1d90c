//! Search attributes: checked and registered in a real namespace, and there from the start in `dev`.

use std::process::{Command, Output, Stdio};
use std::time::Duration;

use mainspring_servers::TemporalDevServer;
use mainspring_testing::{Process, TestError, free_port, program, temporal_cli};
use nix::sys::signal::Signal;
use serde_json::{Value, json};

type Outcome = Result<(), TestError>;

const INPUT: &str = r#"{"arg": "1", "batch_export_id": "test", "team_id": 2}"#;

fn run(address: &str, arguments: &[&str]) -> Result<(i32, String, String), TestError> {
    let mut command = program(env!("CARGO_BIN_EXE_mainspring"));
    let command = command.args(["--address", address]).args(arguments).env("USER", "ada").stdin(Stdio::null());
    // It has time to connect on a machine with much else to do.
    command.env("MAINSPRING_CONNECT_TIMEOUT", "60");
    let Output { status, stdout, stderr } = command.output()?;
    Ok((status.code().unwrap_or(-1), String::from_utf8(stdout)?, String::from_utf8(stderr)?))
}

/// What Temporal's own CLI says.
fn theirs(address: &str, arguments: &[&str]) -> Result<String, TestError> {
    let said = Command::new(temporal_cli()?).args(arguments).args(["--address", address]).output()?;
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    Ok(String::from_utf8(said.stdout)?)
}

#[tokio::test]
async fn what_a_namespace_lacks_is_named_and_registered_once() -> Outcome {
    let server = TemporalDevServer::builder().namespace("orders").start().await?;
    let address = server.address();
    let (code, out, talk) = run(&address, &["search-attributes", "check", "-n", "orders"])?;
    assert_eq!(code, 78, "{talk}");
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(
        lines,
        [
            "MainspringProduct    Keyword      missing     mainspring",
            "MainspringStartedBy  Keyword      missing     mainspring",
            "MainspringTeamId     Int          missing     mainspring",
        ]
    );
    assert_eq!(
        talk.trim_end(),
        "error: namespace orders lacks MainspringProduct, MainspringStartedBy, MainspringTeamId: add them with \
         `search-attributes register`"
    );
    for state in ["added", "registered"] {
        let (code, out, talk) = run(&address, &["search-attributes", "register", "-n", "orders", "-o", "json"])?;
        assert_eq!((code, talk.as_str()), (0, ""));
        let said: Value = serde_json::from_str(&out)?;
        assert_eq!(said["namespace"], "orders");
        let team = json!({ "name": "MainspringTeamId", "type": "Int", "declared_by": ["mainspring"], "state": state });
        assert_eq!(said["search_attributes"][2], team);
    }
    let (code, _, talk) = run(&address, &["search-attributes", "check", "-n", "orders"])?;
    assert_eq!((code, talk.as_str()), (0, ""));
    let listed = theirs(&address, &["operator", "search-attribute", "list", "-n", "orders"])?;
    assert!(listed.contains("MainspringStartedBy") && listed.contains("MainspringTeamId"), "{listed}");
    let (code, ..) = run(&address, &["search-attributes", "check"])?;
    assert_eq!(code, 78, "another namespace has its own");
    Ok(())
}

#[tokio::test]
async fn a_workflow_bears_who_started_it_its_product_and_its_team() -> Outcome {
    let server = TemporalDevServer::builder().start().await?;
    let address = server.address();
    let start = |id| ["workflow", "start", "no-op", INPUT, "--workflow-id", id];
    let (code, _, talk) = run(&address, &start("bare"))?;
    assert_eq!(code, 0, "{talk}");
    let lacking = "warning: the namespace lacks Mainspring's search attributes, so the workflow bears none: \
                   `mainspring search-attributes register` adds them";
    assert_eq!(talk.lines().next(), Some(lacking), "{talk}");
    let shown = theirs(&address, &["workflow", "describe", "--workflow-id", "bare", "-o", "json"])?;
    assert!(!shown.contains("MainspringProduct"), "{shown}");

    assert_eq!(run(&address, &["search-attributes", "register"])?.0, 0);
    let (code, _, talk) = run(&address, &start("marked"))?;
    assert_eq!(code, 0, "{talk}");
    assert!(!talk.contains(lacking), "{talk}");
    let host = gethostname::gethostname().to_string_lossy().into_owned();
    let query = format!(
        "MainspringProduct = 'general-purpose' AND MainspringTeamId = 2 AND MainspringStartedBy = 'ada@{host}'"
    );
    let indexed = async {
        let mut asks = tokio::time::interval(Duration::from_millis(200));
        loop {
            asks.tick().await;
            let found = theirs(&address, &["workflow", "list", "--query", &query, "-o", "json"])?;
            if found.contains("\"marked\"") {
                return Ok::<_, TestError>(found);
            }
        }
    };
    let found = tokio::time::timeout(Duration::from_secs(60), indexed).await??;
    assert!(!found.contains("\"bare\""), "{found}");
    Ok(())
}

#[tokio::test]
async fn an_attribute_of_another_type_is_refused_before_anything_is_added() -> Outcome {
    let server = TemporalDevServer::builder().start().await?;
    let address = server.address();
    let create = ["operator", "search-attribute", "create", "--name", "MainspringTeamId", "--type", "Keyword"];
    theirs(&address, &create)?;
    for verb in ["register", "check"] {
        let (code, _, talk) = run(&address, &["search-attributes", verb])?;
        assert_eq!(code, 78);
        assert_eq!(
            talk.trim_end(),
            "error: MainspringTeamId is Keyword in namespace default, and mainspring declares Int: rename it in the product, \
             or remove it with `temporal operator search-attribute remove --name MainspringTeamId`"
        );
    }
    let listed = theirs(&address, &["operator", "search-attribute", "list"])?;
    assert!(!listed.contains("MainspringProduct"), "{listed}");
    Ok(())
}

#[tokio::test]
async fn dev_knows_them_from_the_start() -> Outcome {
    let (port, ui_port) = (free_port()?.to_string(), free_port()?.to_string());
    let arguments = ["dev", "--no-workers", "--port", &port, "--ui-port", &ui_port];
    let mut dev = Process::spawn(env!("CARGO_BIN_EXE_mainspring"), &arguments, [])?;
    dev.line("workers    none").await?;
    let (code, out, talk) = run(&format!("127.0.0.1:{port}"), &["search-attributes", "check"])?;
    assert_eq!(code, 0, "{out}{talk}");
    dev.signal(Signal::SIGINT);
    assert_eq!(dev.end().await?.code, 0);
    Ok(())
}
