//! What operators see of an outbox.

use std::time::{Duration, Instant};

use metrics::{Unit, counter, describe_counter, describe_gauge, gauge};

use crate::{Outbox, Store};

const STARTS: &str = "mainspring_outbox_starts_total";
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
        if self.0.replace(Instant::now()).is_none() {
            describe();
        }
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

/// What is said of each beside it.
fn describe() {
    describe_gauge!("mainspring_outbox_waiting", Unit::Count, "Intents that wait to be started");
    describe_gauge!("mainspring_outbox_oldest_seconds", Unit::Seconds, "How long the oldest intent has waited");
    describe_gauge!("mainspring_outbox_set_aside", Unit::Count, "Intents that a person has to look at");
    describe_counter!(
        STARTS,
        Unit::Count,
        "Intents that the relay took: started, there already, failed for now, or set aside, by outcome"
    );
}

pub(super) fn started() {
    counter!(STARTS, "outcome" => "started").increment(1);
}

pub(super) fn there() {
    counter!(STARTS, "outcome" => "there").increment(1);
}

pub(super) fn failed() {
    counter!(STARTS, "outcome" => "failed").increment(1);
}

pub(super) fn set_aside() {
    counter!(STARTS, "outcome" => "set_aside").increment(1);
}
