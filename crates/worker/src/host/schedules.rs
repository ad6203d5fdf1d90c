//! MAINSPRING_APPLY_SCHEDULES: what the products of this binary declare is brought about when it starts. Beside its work and never in the way of
//! it: what goes wrong is a line in the log. Nothing is deleted, for the replicas of the last version may still run.

use mainspring_client::{Connector, PATIENCE_WORKER};
use mainspring_schedules::{Done, Planner, Schedule, Scope};

/// Plans and applies; replicas that start at the same time do no harm.
pub(super) async fn apply(schedules: Vec<Schedule>, connector: Connector, namespace: String) {
    let again = "`mainspring schedules apply` does it at any time";
    let link = match connector.connect(PATIENCE_WORKER).await {
        Ok(link) => link,
        Err(error) => return tracing::error!(%error, "schedules were not applied: {again}"),
    };
    let planner = Planner::new(&link, namespace, connector.payloads());
    let owners = schedules.iter().filter_map(Schedule::owned_by).cloned().collect();
    let scope = Scope { owners, ..Scope::default() };
    let plan = match planner.plan(&schedules, &scope, &|_, _| {}).await {
        Ok(plan) => plan,
        Err(error) => return tracing::error!(%error, "schedules were not applied: {again}"),
    };
    let applied = planner.apply(plan, &|_, _| {}).await;
    for (step, error) in applied.failures() {
        tracing::error!(schedule_id = step.id, %error, "a schedule was not applied: {again}");
    }
    let changed = applied.steps.iter().filter(|(_, done)| matches!(done, Ok(Done::Changed))).count();
    tracing::info!(schedules = schedules.len(), changed, failed = applied.failures().count(), "schedules applied");
}
