//! Each field, changed alone: one update, of that field and no other, and then nothing more.

use std::time::Duration;

use mainspring_schedules::{Action, Calendar, Orphans, Overlap, Schedule};
use serde_json::json;
use temporalio_common::RetryPolicy;
use temporalio_common::search_attributes::SearchAttributeKey;

use crate::desk::{Desk, steps};

const REGION: SearchAttributeKey<String> = SearchAttributeKey::keyword("PlanRegion");
const SIZE: SearchAttributeKey<i64> = SearchAttributeKey::int("PlanSize");

/// The rules of Berlin, of the IANA database.
const BERLIN: &[u8] = include_bytes!("berlin.tzif");

type Edit = Box<dyn Fn(Schedule) -> Schedule>;

fn edit(change: impl Fn(Schedule) -> Schedule + 'static) -> Edit {
    Box::new(change)
}

const fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

/// Each field's name, and an edit of it alone.
fn edits() -> Vec<(&'static str, Edit)> {
    let retry = |attempts| RetryPolicy::builder().maximum_attempts(attempts).maximum_interval(minutes(9)).build();
    vec![
        ("task_queue", edit(|schedule| schedule.task_queue("elsewhere"))),
        ("workflow_id", edit(|schedule| schedule.workflow_id("sweeping"))),
        ("execution_timeout", edit(|schedule| schedule.execution_timeout(minutes(60)))),
        ("run_timeout", edit(|schedule| schedule.run_timeout(minutes(50)))),
        ("task_timeout", edit(|schedule| schedule.task_timeout(minutes(1)))),
        ("retry", edit(move |schedule| schedule.retry(&retry(3)))),
        ("memo", edit(|schedule| schedule.memo("team", json!({ "id": 7 })))),
        (
            "search_attributes",
            edit(|schedule| schedule.search_attribute(REGION, "eu".to_owned()).search_attribute(SIZE, 17)),
        ),
        ("schedule_search_attributes", edit(|schedule| schedule.schedule_search_attribute(REGION, "us".to_owned()))),
        ("summary", edit(|schedule| schedule.summary("sweeps"))),
        ("details", edit(|schedule| schedule.details("all of it"))),
        ("priority", edit(|schedule| schedule.priority(2).fairness("tenant-7", 2.5))),
        ("intervals", edit(|schedule| schedule.every_after(minutes(60), minutes(5)))),
        ("calendars", edit(|schedule| schedule.calendar(Calendar::new().hour("17").day_of_week("fri")))),
        ("cron", edit(|schedule| schedule.cron("0 4 * * * # another"))),
        (
            "except",
            edit(|schedule| schedule.except(Calendar::new().second("*").minute("*").hour("*").day_of_month("1"))),
        ),
        ("jitter", edit(|schedule| schedule.jitter(minutes(5)))),
        ("time_zone", edit(|schedule| schedule.time_zone("Europe/Berlin"))),
        ("time_zone_data", edit(|schedule| schedule.time_zone_data(BERLIN))),
        ("start", edit(|schedule| schedule.start("2020-01-01T00:00:00Z".parse().unwrap()))),
        ("end", edit(|schedule| schedule.end("2090-01-01T00:00:00.5Z".parse().unwrap()))),
        ("overlap", edit(|schedule| schedule.overlap(Overlap::BufferAll))),
        ("catchup_window", edit(|schedule| schedule.catchup_window(minutes(30)))),
        ("pause_on_failure", edit(Schedule::pause_on_failure)),
        ("keep_workflow_id", edit(Schedule::keep_workflow_id)),
        ("remaining_actions", edit(|schedule| schedule.remaining_actions(5))),
        ("note", edit(|schedule| schedule.note("by the code"))),
    ]
}

#[tokio::test]
async fn an_edit_of_each_field_is_one_update_and_so_is_its_undoing() {
    let desk = Desk::new().await;
    let plain: Vec<Schedule> = edits().iter().map(|(field, _)| desk.schedule(field)).collect();
    let edited: Vec<Schedule> = edits().iter().map(|(field, edit)| edit(desk.schedule(field))).collect();
    desk.apply(&plain).await;
    assert_eq!(desk.plan(&plain).await.pending(), 0);
    for (there, back) in [(&plain, &edited), (&edited, &plain)] {
        let plan = desk.plan(back).await;
        for step in &plan.steps {
            let field = step.id.split_once('-').unwrap().1;
            let changed: Vec<&str> = step.changes.iter().map(|change| change.field.as_str()).collect();
            assert_eq!((step.action, changed), (Action::Update, vec![field]));
        }
        desk.carry_out(plan).await;
        assert_eq!(steps(&desk.plan(back).await), vec![(Action::Unchanged, vec![]); back.len()]);
        assert_eq!(desk.plan(there).await.pending(), there.len());
    }
}

#[tokio::test]
async fn the_workflow_and_its_input_are_fields_too() {
    let desk = Desk::new().await;
    let schedule =
        |workflow: &str, input: Vec<serde_json::Value>| desk.owned(Schedule::untyped(desk.id("one"), workflow, input));
    desk.apply(&[schedule("sweep", vec![json!({ "days": 30, "dry": false })])]).await;
    let same = schedule("sweep", vec![json!({ "dry": false, "days": 30 })]);
    assert_eq!(desk.plan(&[same]).await.pending(), 0, "the order of an input's fields is none");
    for (changed, next) in [
        (vec!["input"], schedule("sweep", vec![json!({ "days": 31, "dry": false })])),
        (vec!["workflow"], schedule("mop", vec![json!({ "days": 31, "dry": false })])),
        (vec!["input", "inputs"], schedule("mop", vec![json!(1), json!(2)])),
        (vec!["inputs"], schedule("mop", vec![])),
    ] {
        let next = [next];
        let plan = desk.plan(&next).await;
        assert_eq!(steps(&plan), [(Action::Update, changed)]);
        desk.carry_out(plan).await;
        assert_eq!(desk.plan(&next).await.pending(), 0);
    }
}

#[tokio::test]
async fn a_schedule_of_every_field_is_made_as_it_is_declared_and_unchanged_after() {
    let desk = Desk::new().await;
    let all = edits().into_iter().fold(desk.schedule("all"), |schedule, (_, edit)| edit(schedule));
    let all = [all];
    let plan = desk.plan_in(&all, &desk.scope(Orphans::Show)).await;
    assert_eq!(plan.steps[0].action, Action::Create);
    let shown: Vec<&str> = plan.steps[0].changes.iter().map(|change| change.field.as_str()).collect();
    for (field, _) in edits() {
        assert!(shown.contains(&field), "{field} is not in {shown:?}");
    }
    desk.carry_out(plan).await;
    assert_eq!(steps(&desk.plan(&all).await), [(Action::Unchanged, vec![])]);
}
