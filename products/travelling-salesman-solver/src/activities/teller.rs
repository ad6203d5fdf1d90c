//! Tells the workflow of shorter tours, but seldom: each signal is an event of its history, and a workflow task.

use std::time::{Duration, Instant};

use temporalio_sdk::activities::ActivityContext;
use travelling_salesman_solver_contract::{BestLength, BetterTour, TravellingSalesman};

/// The least pause between two signals.
const PAUSE: Duration = Duration::from_secs(10);
/// The search goes on if Temporal does not take a signal by then.
const LIMIT: Duration = Duration::from_secs(2);

pub(super) struct Teller {
    not_before: Option<Instant>,
}

impl Teller {
    /// After another attempt, for that one may just have told something.
    pub(super) fn new(resumed: bool) -> Self {
        Self { not_before: resumed.then(|| Instant::now() + PAUSE) }
    }

    /// Nobody depends on a signal: one that does not arrive is logged, and the search goes on.
    pub(super) async fn tell(&mut self, ctx: &ActivityContext, best: BestLength) {
        let now = Instant::now();
        if self.not_before.is_some_and(|not_before| now < not_before) {
            return;
        }
        self.not_before = Some(now + PAUSE);
        let Some(workflow) = ctx.workflow_handle::<TravellingSalesman>() else { return };
        let sent = tokio::time::timeout(LIMIT, workflow.signal(BetterTour, best, Default::default())).await;
        let reason = match sent {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {LIMIT:?}"),
        };
        tracing::warn!(length = best.length, round = best.round, reason, "the workflow was not told of a shorter tour");
    }
}
