//! The gate's activity: fetches histories, replays them, beats.
// What the SDK's macro makes of it has no docs and no `Debug`.
#![allow(missing_docs, missing_debug_implementations, unreachable_pub)]

use std::num::NonZeroUsize;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use mainspring_client::with_causes;
use mainspring_replay::{History, ReplayError, Run, server};
use temporalio_client::Client;
use temporalio_common::error::ApplicationFailure;
use temporalio_macros::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use tokio::sync::{Semaphore, oneshot};

use super::{GateFailure, GateInput, GateReport, GateType, Gated};

/// How often it beats while a history is fetched or replayed.
const BEAT: Duration = Duration::from_secs(1);
/// Runs of a type and state that are replayed at most, whatever the input says.
const MOST: NonZeroUsize = NonZeroUsize::MIN.saturating_add(99);

/// In place of what the SDK said.
const REPLAYER: &str = "the replayer failed or did not come back: replay check, or capture, on this build says why";

/// One replay at a time in a process. The thread of the replay owns the permit, so one that nobody waits for any more counts.
static REPLAYS: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(1)));

/// The code that histories are replayed on.
pub struct Histories {
    pub(super) gated: Vec<Gated>,
    pub(super) build_id: String,
}

#[activities]
impl Histories {
    #[activity(name = "mainspring-replay-histories")]
    pub async fn replay(self: Arc<Self>, ctx: ActivityContext, input: GateInput) -> Result<GateReport, ActivityError> {
        let input = GateInput { newest: input.newest.min(MOST), ..input };
        let shutdown = mainspring_context::shutdown().wait();
        let work = self.report(&ctx, &input);
        futures::pin_mut!(shutdown);
        futures::pin_mut!(work);
        let mut beats = tokio::time::interval(BEAT);
        tracing::info!(newest = input.newest, "histories are fetched and replayed for the gate");
        loop {
            tokio::select! {
                report = &mut work => return report,
                // What is replayed ends by itself, and nobody waits for it.
                () = ctx.cancelled() => return Err(ActivityError::cancelled()),
                // A drain is not held: another worker of the build begins anew.
                () = &mut shutdown => return Err(leaving()),
                _ = beats.tick() => ctx.record_heartbeat(()).await?,
            }
        }
    }
}

impl Histories {
    async fn report(&self, ctx: &ActivityContext, input: &GateInput) -> Result<GateReport, ActivityError> {
        let client = ctx.client();
        let mut report = GateReport { build_id: self.build_id.clone(), workflows: Vec::new() };
        for gated in &self.gated {
            for workflow_type in gated.code.types() {
                report.workflows.push(gated.of(workflow_type, input, &client).await?);
            }
        }
        tracing::info!(replayed = report.replayed(), good = report.is_good(), "histories replayed");
        Ok(report)
    }
}

impl Gated {
    async fn of(&self, workflow_type: &str, input: &GateInput, client: &Client) -> Result<GateType, ActivityError> {
        let mut of = GateType { workflow_type: workflow_type.to_owned(), ..GateType::default() };
        let mut bytes = input.most_bytes;
        for queue in &self.queues {
            let runs = server::newest(client, workflow_type, queue, input.query.as_deref(), input.newest).await;
            for run in runs.map_err(|error| failure("HistoriesNotListed", &error))? {
                self.one(&run, client, &mut of, &mut bytes).await?;
            }
        }
        if of.left_out > 0 {
            let (left_out, most_bytes) = (of.left_out, input.most_bytes);
            tracing::warn!(
                workflow_type,
                left_out,
                most_bytes,
                "histories were left out of the gate: they are too large"
            );
        }
        Ok(of)
    }

    /// `bytes` is what may still be downloaded.
    async fn one(&self, run: &Run, client: &Client, of: &mut GateType, bytes: &mut u64) -> Result<(), ActivityError> {
        if *bytes == 0 {
            of.left_out += 1;
            return Ok(());
        }
        let history = match server::fetch_within(client, run, *bytes).await {
            Ok(history) => history,
            Err(ReplayError::TooLarge { .. }) => {
                *bytes = 0;
                of.left_out += 1;
                return Ok(());
            }
            Err(ReplayError::Incomplete { .. } | ReplayError::NoEvents) => {
                of.passed_over += 1;
                return Ok(());
            }
            Err(error) => return Err(failure("HistoryNotFetched", &error)),
        };
        *bytes = bytes.saturating_sub(history.bytes());
        match self.replayed(history).await {
            None => of.replayed += 1,
            Some(message) => {
                tracing::warn!(
                    workflow_id = run.workflow_id,
                    workflow_run_id = run.run_id,
                    why = message,
                    "does not replay"
                );
                of.failed.push(GateFailure {
                    workflow_id: run.workflow_id.clone(),
                    run_id: run.run_id.clone(),
                    message,
                });
            }
        }
        Ok(())
    }

    /// On a thread of its own. Gives what is wrong.
    async fn replayed(&self, history: History) -> Option<String> {
        let Ok(permit) = REPLAYS.clone().acquire_owned().await else { return Some("it was not replayed".to_owned()) };
        let (send, receive) = oneshot::channel();
        let code = self.code.clone();
        let replay = move || {
            let _permit = permit;
            let message = match code.replay(&history) {
                Ok(replayed) if replayed.verdict.is_good() => None,
                Ok(replayed) => Some(replayed.verdict.without_values()),
                // A panic's text may hold anything.
                Err(ReplayError::Replayer { .. }) => Some(REPLAYER.to_owned()),
                Err(error) => Some(error.to_string()),
            };
            // Nobody listens any more if the activity was cancelled.
            let _ = send.send(message);
        };
        if let Err(error) = std::thread::Builder::new().name("replay".to_owned()).spawn(replay) {
            return Some(format!("the operating system refused a thread: {error}"));
        }
        receive.await.unwrap_or_else(|_| Some("its thread vanished".to_owned()))
    }
}

fn leaving() -> ActivityError {
    let text = "the worker shuts down: histories are replayed from the first one on another";
    ActivityError::application(
        ApplicationFailure::builder(std::io::Error::other(text)).type_name("WorkerShutdown".to_owned()).build(),
    )
}

/// The server may answer the next time.
fn failure(type_name: &str, error: &ReplayError) -> ActivityError {
    let text = with_causes(error);
    ActivityError::application(
        ApplicationFailure::builder(std::io::Error::other(text)).type_name(type_name.to_owned()).build(),
    )
}
