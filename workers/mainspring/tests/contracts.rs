//! `contracts check|update` over our own products: what is committed fits the code, and a planted change is refused.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use mainspring_testing::program;
use serde_json::{Value, json};

const SCHEMAS: &str = "products/{product}/contract/schemas";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn contracts(arguments: &[&str]) -> Output {
    let mut command: Command = program(env!("CARGO_BIN_EXE_mainspring"));
    command.arg("contracts").args(arguments).current_dir(root()).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The schemas of onboarding in a folder of the test's own, where a test may plant what it likes.
fn copied(change: impl FnOnce(&mut Value)) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().to_str().unwrap();
    let update = contracts(&["update", "--product", "onboarding", "--schemas", place]);
    assert!(update.status.success(), "{}", text(&update.stderr));
    let file = folder.path().join("onboarding/workflows/onboarding.json");
    let mut document: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    change(&mut document);
    std::fs::write(&file, document.to_string()).unwrap();
    folder
}

fn check(folder: &tempfile::TempDir) -> Output {
    contracts(&["check", "--product", "onboarding", "--schemas", folder.path().to_str().unwrap(), "-o", "json"])
}

/// This is the gate of our own products: it is red when a contract was broken, or changed without being committed.
#[test]
fn our_contracts_are_kept_and_committed() {
    let output = contracts(&["check", "-o", "json"]);
    let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{said}");
    let data: Value = serde_json::from_slice(&output.stdout).unwrap();
    for product in data["products"].as_array().unwrap() {
        let name = product["name"].as_str().unwrap();
        assert_eq!(product["schemas"], SCHEMAS.replace("{product}", name));
        assert_eq!(product["outdated"], json!([]), "commit what `mainspring contracts update` writes: {said}");
    }
    assert_eq!(text(&output.stderr), "", "every message is listed by its contract");
}

#[test]
fn a_field_that_older_callers_send_and_the_code_no_longer_reads_is_refused() {
    let folder = copied(|document| {
        document["input"]["properties"]["plan"] = json!({ "type": "string" });
        document["input"]["properties"]["user_id"]["maxLength"] = json!(300);
        document["signals"]["pause"] = json!({ "input": { "type": "null" } });
        document["queries"]["status"]["result"]["properties"]["since"] = json!({ "type": "string" });
    });
    let output = check(&folder);
    assert_eq!(output.status.code(), Some(1));
    let data: Value = serde_json::from_slice(&output.stdout).unwrap();
    let found = data["products"][0]["findings"].as_array().unwrap();
    let places: Vec<_> = found
        .iter()
        .map(|finding| ["of", "part", "direction", "path"].map(|key| finding[key].as_str().unwrap()))
        .collect();
    assert_eq!(
        places,
        [
            ["workflow onboarding", "input", "reads", "$.plan"],
            ["workflow onboarding", "input", "reads", "$.user_id"],
            ["workflow onboarding", "result of query status", "writes", "$.since"],
            ["workflow onboarding", "signals pause", "reads", ""],
        ]
    );
    let said = text(&output.stderr);
    assert!(said.starts_with("error: 4 changes break runs in flight or older callers. "), "{said}");
    // What breaks is not committed by the way.
    let place = folder.path().to_str().unwrap();
    let update = contracts(&["update", "--product", "onboarding", "--schemas", place]);
    assert_eq!(update.status.code(), Some(1));
    assert!(text(&update.stderr).contains("$.plan is passed over now"), "{}", text(&update.stderr));
    let update = contracts(&["update", "--breaking", "--product", "onboarding", "--schemas", place]);
    assert!(update.status.success(), "{}", text(&update.stderr));
    assert!(check(&folder).status.success());
}

#[test]
fn a_new_field_that_may_be_missing_breaks_nothing_and_is_to_be_committed() {
    let folder = copied(|document| {
        document["input"]["properties"].as_object_mut().unwrap().remove("follow_up_after_seconds");
    });
    let output = check(&folder);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let said = "error: onboarding has changed in ways that break nothing (workflows/onboarding.json): commit what `contracts update` writes\n";
    assert_eq!(text(&output.stderr), said);
}

#[test]
fn what_cannot_be_checked_is_said_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let output = check(&folder);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(said.starts_with("error: onboarding has no schemas in "), "{said}");
    assert!(said.ends_with("commit what `contracts update` writes, or name their folder with --schemas\n"), "{said}");
    let output = contracts(&["check", "--product", "boarding"]);
    assert_eq!(output.status.code(), Some(64));
    let said = text(&output.stderr);
    assert!(said.starts_with("error: there is no product boarding: there is general-purpose, onboarding, "), "{said}");
}

#[test]
fn a_saved_payload_that_does_not_decode_any_more_is_named_with_its_file_and_event() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("onboarding");
    std::fs::create_dir(&place).unwrap();
    let saved = root().join("products/onboarding/histories");
    let saved = std::fs::read_dir(saved).unwrap().next().unwrap().unwrap().path();
    let mut history: Value = serde_json::from_slice(&std::fs::read(&saved).unwrap()).unwrap();
    let input = &mut history["events"][0]["workflowExecutionStartedEventAttributes"]["input"]["payloads"][0]["data"];
    // {"user_id":7}
    *input = json!("eyJ1c2VyX2lkIjo3fQ==");
    std::fs::write(place.join("planted.json"), history.to_string()).unwrap();
    let at = folder.path().to_str().unwrap();
    let output = contracts(&["check", "--product", "onboarding", "--histories", at]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let said = text(&output.stdout);
    assert!(said.starts_with("workflow onboarding, input of "), "{said}");
    assert!(said.contains("planted.json, event 1, does not decode any more ("), "{said}");
    assert!(said.contains("invalid type: integer `7`, expected a string"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}
