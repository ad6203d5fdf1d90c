//! What operators see of an outbox.

use std::time::{Duration, Instant};

use metrics::{counter, gauge};

use crate::{Outbox, Store};

/// Counting reads the whole table, so it is done no more often than this.
const EVERY: Duration = Duration::from_secs(15);

/// When the gauges were last set.
#[derive(Debug, Default)]
pub(super) struct Figures(Option<Instant>);

impl Figures {
    pub(super) async fn show<DB: Store>(&mut self, outbox: &Outbox<DB>) {
        if self.0.is_some_and(|last| last.elapsed() < EVERY) {
            return;
        }
        self.0 = Some(Instant::now());
        // A database that is away is what the claim says next.
        if let Ok(backlog) = outbox.backlog().await {
            #[allow(clippy::cast_precision_loss, reason = "a gauge is a float")]
            let float = |count: u64| count as f64;
            gauge!("mainspring_outbox_waiting").set(float(backlog.waiting));
            gauge!("mainspring_outbox_oldest_seconds").set(backlog.oldest.as_secs_f64());
            gauge!("mainspring_outbox_set_aside").set(float(backlog.set_aside));
        }
    }
}

pub(super) fn started() {
    counter!("mainspring_outbox_starts_total", "outcome" => "started").increment(1);
}

pub(super) fn there() {
    counter!("mainspring_outbox_starts_total", "outcome" => "there").increment(1);
}

pub(super) fn failed() {
    counter!("mainspring_outbox_starts_total", "outcome" => "failed").increment(1);
}

pub(super) fn set_aside() {
    counter!("mainspring_outbox_starts_total", "outcome" => "set_aside").increment(1);
}
