//! The gate, and what a user would have without it. Each reads the history from its bytes, as it does from a file.

use std::time::Instant;

use mainspring_replay::{Code, History};
use mainspring_testing::TestError;
use temporalio_client::WorkflowHistory;
use temporalio_common::protos::temporal::api::history::v1::History as Events;
use temporalio_sdk::workflow_replayer::{WorkflowReplayer, WorkflowReplayerOptions};

use crate::work::Echoes;

/// Seconds.
pub(crate) fn ours(code: &Code, json: &[u8]) -> Result<f64, TestError> {
    let from = Instant::now();
    let verdict = code.replay(&History::read(json)?)?.verdict;
    let taken = from.elapsed().as_secs_f64();
    if verdict.is_good() { Ok(taken) } else { Err(format!("it did not replay: {verdict}").into()) }
}

/// Seconds, on a runtime of one thread, or on that of `#[tokio::main]`.
pub(crate) fn sdk(json: &[u8], many_threads: bool) -> Result<f64, TestError> {
    let from = Instant::now();
    let mut runtime = if many_threads {
        tokio::runtime::Builder::new_multi_thread()
    } else {
        tokio::runtime::Builder::new_current_thread()
    };
    runtime.enable_all().build()?.block_on(async {
        let options = WorkflowReplayerOptions::new().register_workflow::<Echoes>()?.build();
        WorkflowReplayer::new(options)?.replay_workflow(WorkflowHistory::from_json(json)?).await?;
        Ok(from.elapsed().as_secs_f64())
    })
}

/// The only form that the SDK reads.
pub(crate) fn sdk_json(history: History) -> Result<Vec<u8>, TestError> {
    Ok(serde_json::to_vec(&Events { events: history.into_events() })?)
}
