//! One seat: the place of one worker on a queue, taken by one incarnation after another. It rebuilds a worker that
//! died, recycles the activity worker before its memory grows, and empties at the drain.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mainspring_client::{Connector, Link, PATIENCE_WORKER, with_causes};
use temporalio_sdk::Runtime;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::HostError;
use super::incarnation::Incarnation;
use super::plan::{Kind, QueuePlan};
use crate::layers::Busy;
use crate::probes::{Health, WorkerHealth};

/// How often a seat looks after its worker: counts its activities, and names what holds a thread.
const LOOK: Duration = Duration::from_secs(1);
/// How often a seat asks the server whether it is there.
const ASK: Duration = Duration::from_secs(10);
/// A workflow that holds its thread for so long is named (Temporal's own limit for a workflow task is 10 s).
const NAMED_AFTER: Duration = Duration::from_secs(5);
/// Deaths are counted within this window.
const CRASH_WINDOW: Duration = Duration::from_secs(600);
/// The longest wait before a worker that died is rebuilt; the first is half a second, and each doubles.
const LONGEST_BACKOFF: Duration = Duration::from_secs(30);

pub(super) struct Seat {
    pub(super) plan: Arc<QueuePlan>,
    pub(super) kind: Kind,
    pub(super) core: Arc<Runtime>,
    pub(super) runtime: Handle,
    pub(super) connector: Connector,
    pub(super) health: Arc<Health>,
    pub(super) drain: CancellationToken,
}

/// A worker that polls, and what is counted about it.
struct Tenant {
    incarnation: Incarnation,
    busy: Arc<Busy>,
    health: WorkerHealth,
    slots: usize,
    started_before: u64,
}

impl Seat {
    /// Keeps the seat taken until the drain. `link` is the first connection, made before anything started.
    ///
    /// # Errors
    /// The worker died more often than the crash budget allows.
    pub(super) async fn keep(self, link: Link) -> Result<(), HostError> {
        let mut deaths = VecDeque::new();
        let mut retiring: Vec<Incarnation> = Vec::new();
        let mut next = Some(link);
        let mut tenant = None;
        loop {
            let cause = match self.take(&mut tenant, &mut next, &retiring).await {
                Ok(()) => match tenant.as_mut() {
                    Some(taken) => self.look_after(taken, &mut retiring, &mut next).await,
                    None => Event::Drained,
                },
                Err(cause) => Event::Died(cause),
            };
            match cause {
                Event::Recycle => {
                    if let Some(old) = tenant.take() {
                        tracing::debug!(queue = self.plan.queue, "the activity worker is rebuilt");
                        old.incarnation.stop();
                        retiring.push(old.incarnation);
                    }
                }
                Event::Drained => break,
                Event::Died(cause) => {
                    tenant = None;
                    let wait = self.note_death(&mut deaths, cause)?;
                    tokio::select! {
                        () = tokio::time::sleep(wait) => {}
                        () = self.drain.cancelled() => break,
                    }
                }
            }
        }
        let last = tenant.map(|tenant| tenant.incarnation);
        last.iter().for_each(Incarnation::stop);
        for mut incarnation in retiring.into_iter().chain(last) {
            if let Err(cause) = incarnation.ended().await {
                tracing::warn!(queue = self.plan.queue, kind = self.kind.name(), cause, "a worker ended badly");
            }
        }
        Ok(())
    }

    /// Puts a worker into an empty seat.
    async fn take(
        &self,
        tenant: &mut Option<Tenant>,
        next: &mut Option<Link>,
        retiring: &[Incarnation],
    ) -> Result<(), String> {
        if tenant.is_some() {
            return Ok(());
        }
        let link = match next.take() {
            Some(link) => link,
            None => tokio::select! {
                link = self.connector.connect(PATIENCE_WORKER) => link.map_err(|error| error.to_string())?,
                () = self.drain.cancelled() => return Ok(()),
            },
        };
        let attempts = &self.plan.surroundings.attempts;
        let running = if retiring.is_empty() { 0 } else { attempts.running() };
        let slots = self.plan.settings.activities.saturating_sub(running).max(1);
        let busy = Arc::new(Busy::default());
        let health = self.health.worker(&self.plan.queue, self.kind.name());
        health.connected(true);
        let name = format!("{}:{}", &self.kind.name()[..2], self.plan.queue);
        let options = self.plan.options(self.kind, slots, &busy).map_err(|error| with_causes(&error))?;
        let incarnation = Incarnation::start(&name, &self.core, &self.runtime, link, options, health.clone())?;
        let started_before = attempts.started();
        *tenant = Some(Tenant { incarnation, busy, health, slots, started_before });
        Ok(())
    }

    /// Watches a worker until something happens to it.
    async fn look_after(&self, tenant: &mut Tenant, retiring: &mut Vec<Incarnation>, next: &mut Option<Link>) -> Event {
        let mut looks = tokio::time::interval(LOOK);
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut asked = Instant::now();
        let mut named = None;
        loop {
            tokio::select! {
                biased;
                () = self.drain.cancelled() => return Event::Drained,
                outcome = tenant.incarnation.ended() => {
                    return Event::Died(outcome.err().unwrap_or_else(|| "it ended without being asked to".to_owned()));
                }
                _ = looks.tick() => {}
            }
            name_the_holder(tenant, &mut named);
            self.plan.surroundings.attempts.name_holders();
            if asked.elapsed() >= ASK {
                asked = Instant::now();
                tokio::select! {
                    biased;
                    () = self.drain.cancelled() => return Event::Drained,
                    () = self.note_answer(tenant) => {}
                }
            }
            sweep(retiring).await;
            if self.wants_recycling(tenant, retiring) {
                // The connection first: while it cannot be made, the old worker goes on.
                let connected = tokio::select! {
                    biased;
                    () = self.drain.cancelled() => return Event::Drained,
                    connected = tokio::time::timeout(ASK, self.connector.connect(LOOK)) => connected,
                };
                match connected {
                    Ok(Ok(link)) => {
                        *next = Some(link);
                        return Event::Recycle;
                    }
                    Ok(Err(error)) => {
                        tracing::debug!(error = %error, "no connection yet to rebuild the activity worker");
                    }
                    Err(_) => tracing::debug!("no connection yet to rebuild the activity worker"),
                }
            }
        }
    }

    /// Asks the server whether it is there, for readiness; a change is logged, with what it said.
    async fn note_answer(&self, tenant: &Tenant) {
        let (queue, kind) = (&self.plan.queue, self.kind.name());
        let answer = tenant.incarnation.link().answers().await;
        let was_connected = tenant.health.connected(answer.is_ok());
        match answer {
            Err(cause) if was_connected => {
                tracing::warn!(queue, kind, cause, "Temporal does not answer this worker; it goes on trying");
            }
            Ok(()) if !was_connected => tracing::info!(queue, kind, "Temporal answers this worker again"),
            _ => {}
        }
    }

    /// The SDK keeps a token of every activity (0.6 KB) for as long as the worker lives, so it may not live for ever.
    /// A worker that started with fewer slots, because its predecessor still ran some, is replaced once that has ended.
    /// An activity that would not live to its end puts it off: memory is the smaller loss.
    fn wants_recycling(&self, tenant: &Tenant, retiring: &[Incarnation]) -> bool {
        let every = self.plan.settings.recycle_activities;
        if self.kind == Kind::Workflows || every == 0 {
            return false;
        }
        let started = self.plan.surroundings.attempts.started() - tenant.started_before;
        let short_of_slots = tenant.slots < self.plan.settings.activities && retiring.is_empty();
        // The worker that leaves cancels what still runs when the period has passed that it was given for the drain.
        let patience = self.plan.settings.sum().cancel();
        (retiring.is_empty() && started >= every || short_of_slots)
            && !self.plan.surroundings.attempts.outlive(patience)
    }

    /// Counts a death, and says how long to wait before the next life.
    fn note_death(&self, deaths: &mut VecDeque<Instant>, cause: String) -> Result<Duration, HostError> {
        let now = Instant::now();
        deaths.push_back(now);
        while deaths.front().is_some_and(|first| now.duration_since(*first) > CRASH_WINDOW) {
            deaths.pop_front();
        }
        let queue = self.plan.queue.clone();
        let kind = self.kind.name();
        metrics::counter!("mainspring_worker_deaths_total", "queue" => queue.clone(), "kind" => kind).increment(1);
        if deaths.len() > self.plan.settings.crash_budget {
            return Err(HostError::WorkerDied { queue, kind, deaths: deaths.len(), cause });
        }
        let doublings = u32::try_from(deaths.len().saturating_sub(1)).unwrap_or(u32::MAX).min(10);
        let wait = (Duration::from_millis(500) * 2_u32.pow(doublings)).min(LONGEST_BACKOFF);
        tracing::error!(queue, kind, cause, deaths = deaths.len(), ?wait, "a worker died and is rebuilt");
        Ok(wait)
    }
}

enum Event {
    Recycle,
    Drained,
    Died(String),
}

/// Drops the predecessors that have ended.
async fn sweep(retiring: &mut Vec<Incarnation>) {
    let mut still = Vec::with_capacity(retiring.len());
    for mut incarnation in retiring.drain(..) {
        match tokio::time::timeout(Duration::ZERO, incarnation.ended()).await {
            Ok(Ok(())) => {}
            Ok(Err(cause)) => tracing::warn!(cause, "a worker that was replaced ended badly"),
            Err(_) => still.push(incarnation),
        }
    }
    *retiring = still;
}

fn name_the_holder(tenant: &Tenant, named: &mut Option<Instant>) {
    let Some((workflow, since)) = tenant.busy.with() else {
        tenant.health.busy_with(None);
        return;
    };
    if since.elapsed() < NAMED_AFTER {
        return;
    }
    let holder = format!("{} {} run {}", workflow.workflow_type, workflow.workflow_id, workflow.workflow_run_id);
    tenant.health.busy_with(Some(holder));
    if named.replace(since) != Some(since) {
        tracing::error!(
            task_queue = workflow.task_queue,
            workflow_id = workflow.workflow_id,
            workflow_run_id = workflow.workflow_run_id,
            workflow_type = workflow.workflow_type,
            seconds = since.elapsed().as_secs(),
            "a workflow holds its thread: it must await, and nothing can interrupt it; liveness fails after 60 s"
        );
    }
}
