//! The saved histories of every product of this repository, on its code: CI is red when a workflow changes without `patched`.

use std::path::Path;

use mainspring_testing::{TestError, program};
use serde_json::Value;

#[test]
fn the_saved_histories_of_every_product_replay_on_its_code() -> Result<(), TestError> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let output =
        program(env!("CARGO_BIN_EXE_mainspring")).args(["replay", "check", "-o", "json"]).current_dir(root).output()?;
    let (said, talk) = (String::from_utf8(output.stdout)?, String::from_utf8(output.stderr)?);
    let report: Value = serde_json::from_str(&said).map_err(|error| format!("{error}: {said}{talk}"))?;
    assert!(output.status.success() && report["ok"] == true, "{report:#}\n{talk}");
    let workflows: Vec<&str> =
        report["histories"].as_array().into_iter().flatten().filter_map(|h| h["workflow"].as_str()).collect();
    assert_eq!(workflows.iter().filter(|name| **name == "onboarding").count(), 7, "each of its paths: {workflows:?}");
    assert!(workflows.contains(&"no-op"), "{workflows:?}");
    Ok(())
}
