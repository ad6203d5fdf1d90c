//! What is said of each figure in `/metrics`, beside it: for whoever reads it at night. Figures that another module makes
//! whole, as that of the backlog, are described there.

use ::metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

const COUNTERS: [(&str, &str); 11] = [
    (
        super::WORKFLOW_TASK_FAILURES,
        "Workflow tasks that failed in workflow code, every attempt counted, by workflow type",
    ),
    ("mainspring_worker_deaths_total", "Workers that died and were rebuilt, by queue and kind"),
    (
        super::ACTIVITIES_HELD,
        "Polls of activities that held their thread for longer than MAINSPRING_ACTIVITY_POLL_LIMIT, by activity type",
    ),
    ("mainspring_activities_abandoned_total", "Activities that still ran at the end of the grace"),
    (
        "mainspring_local_activities_long_total",
        "Local activities that ran for 80 % of their workflow task's timeout, by activity type",
    ),
    ("mainspring_heartbeats_sent_total", "Heartbeats that were sent, by activity type"),
    (
        "mainspring_heartbeats_late_total",
        "Heartbeats that came more than two intervals after the one before, by activity type",
    ),
    ("mainspring_heartbeats_failed_total", "Heartbeats that could not be sent, by activity type"),
    (
        "mainspring_activity_stalls_total",
        "Activities that reported no progress for too long, so that beating stopped, by activity type",
    ),
    (
        "mainspring_progress_unreadable_total",
        "Attempts that started over, for the progress of the one before could not be read, by activity type",
    ),
    ("mainspring_malformed_signals_total", "Signals that did not decode and were dropped, by workflow type and signal"),
];

pub(super) fn describe() {
    for (name, text) in COUNTERS {
        describe_counter!(name, Unit::Count, text);
    }
    describe_histogram!(
        "mainspring_heartbeat_details_bytes",
        Unit::Bytes,
        "Sizes of heartbeat details, by activity type"
    );
    describe_gauge!("mainspring_cpu_pool_work", Unit::Count, "Work on a CPU pool, running or in its queue, by pool");
}
