//! A host that runs, and how it leaves.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use mainspring_context::ShutdownTrigger;
use mainspring_traces::Traces;
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use super::plan::QueuePlan;
use super::{HostError, Report, Runtimes, WorkerSettings};
use crate::layers::EveryActivityTwice;
use crate::metrics::Metrics;
use crate::probes::{Health, RunningProbes};

/// A host whose workers poll. Dropped without a drain, it leaves at once, and Temporal times its tasks out.
pub struct RunningHost {
    pub(super) settings: Arc<WorkerSettings>,
    pub(super) plans: Vec<Arc<QueuePlan>>,
    pub(super) health: Arc<Health>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) probes: Option<RunningProbes>,
    pub(super) control: Option<RunningProbes>,
    pub(super) traces: Option<Traces>,
    pub(super) trigger: ShutdownTrigger,
    pub(super) drain: CancellationToken,
    pub(super) twice: Option<Arc<EveryActivityTwice>>,
    pub(super) keepers: JoinSet<Result<(), HostError>>,
    /// What runs beside the workers, and ends with them.
    pub(super) beside: Vec<JoinHandle<()>>,
    pub(super) _runtimes: Runtimes,
}

impl RunningHost {
    /// Where probes and metrics listen.
    pub fn http_addr(&self) -> Option<SocketAddr> {
        self.probes.as_ref().map(RunningProbes::local_addr)
    }

    /// Where MAINSPRING_CONTROL_ADDR listens.
    pub fn control_addr(&self) -> Option<SocketAddr> {
        self.control.as_ref().map(RunningProbes::local_addr)
    }

    /// The exposition that `/metrics` shows.
    pub fn metrics(&self) -> String {
        self.metrics.render()
    }

    /// Ends when a worker cannot be kept alive, with the cause.
    pub async fn failed(&mut self) -> HostError {
        loop {
            match self.keepers.join_next().await {
                Some(Ok(Ok(()))) => {}
                Some(Ok(Err(error))) => return error,
                Some(Err(error)) => return HostError::Build(format!("a worker's keeper ended: {error}")),
                None => return HostError::Build("every worker ended without being asked to".to_owned()),
            }
        }
    }

    /// Leaves by the one sum: readiness goes, activities are told, polling stops, activities are cancelled near the end
    /// of the grace, and what still runs at its end is given up, one log line each.
    pub async fn drain(mut self) -> Report {
        let told = Instant::now();
        let sum = self.settings.sum();
        self.health.draining();
        self.trigger.fire();
        self.drain.cancel();
        let running: usize = self.plans.iter().map(|plan| plan.surroundings.attempts.running()).sum();
        tracing::info!(running, grace_seconds = self.settings.grace.as_secs_f64(), "draining");
        let all = async { while self.keepers.join_next().await.is_some() {} };
        // Workers that end in time may still leave something behind: one that died does.
        let _ = tokio::time::timeout(sum.abandon().saturating_sub(told.elapsed()), all).await;
        let mut abandoned = Vec::new();
        for attempt in self.plans.iter().flat_map(|plan| plan.surroundings.attempts.list()) {
            tracing::warn!(
                activity_type = attempt.activity.activity_type,
                activity_id = attempt.activity.activity_id,
                attempt = attempt.activity.attempt,
                workflow_id = attempt.activity.workflow_id,
                seconds = attempt.running.as_secs_f64(),
                "abandoned: it did not end within the grace"
            );
            metrics::counter!("mainspring_activities_abandoned_total").increment(1);
            abandoned.push(attempt);
        }
        self.beside.iter().for_each(JoinHandle::abort);
        if let Some(traces) = self.traces.take() {
            let limit = sum.flushed().saturating_sub(told.elapsed());
            // It blocks, on a thread that nobody else needs now.
            let _ = tokio::task::spawn_blocking(move || traces.flush(limit)).await;
        }
        if let Some(report) = self.twice.as_ref().map(|twice| twice.report()) {
            report.unchecked.iter().for_each(|(activity_type, why)| {
                tracing::warn!(activity_type, why, "not run twice, so not checked");
            });
            let (alike, different) = (report.alike.values().sum::<u64>(), report.different.len());
            tracing::info!(alike, different, unchecked = report.unchecked.len(), "activities were run twice");
        }
        tracing::info!(abandoned = abandoned.len(), seconds = told.elapsed().as_secs_f64(), "drained");
        Report { abandoned }
    }
}

impl std::fmt::Debug for RunningHost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RunningHost").field("http", &self.http_addr()).finish_non_exhaustive()
    }
}
