//! The worker as the chart deploys it: the pods that Kubernetes' API server has after Helm's work run here, each as its
//! spec says.
#![cfg(feature = "full")]

mod controlled;
mod moving;
mod secured;

use mainspring_testing::TestError;

type Outcome = Result<(), TestError>;

const QUEUE: &str = "general-purpose-task-queue";
const ACCOUNT: &str = r#"{"arg": "1", "batch_export_id": "test", "team_id": 2}"#;
/// What stands for the image.
const PROGRAM: (&str, &str) = ("/usr/local/bin/general-purpose-worker", env!("CARGO_BIN_EXE_general-purpose-worker"));
