//! What an apply does, and above all what it leaves alone.

use mainspring_schedules::{Action, Done, Orphans, Owner, Schedule};
use serde_json::json;
use temporalio_common::protos::temporal::api::schedule::v1::Schedule as Message;
use temporalio_common::protos::temporal::api::workflowservice::v1::CreateScheduleRequest;

use crate::desk::{Desk, LIMIT, steps};

#[tokio::test]
async fn what_was_created_is_unchanged_afterwards_and_a_second_apply_does_nothing() {
    let desk = Desk::new().await;
    let schedules = [desk.schedule("a"), desk.schedule("b")];
    let plan = desk.plan(&schedules).await;
    assert_eq!(plan.steps.iter().map(|step| step.action).collect::<Vec<_>>(), [Action::Create; 2]);
    desk.carry_out(plan).await;
    assert_eq!(steps(&desk.plan(&schedules).await), vec![(Action::Unchanged, vec![]); 2]);
    let again = desk.apply(&schedules).await;
    assert!(again.steps.iter().all(|(_, done)| matches!(done, Ok(Done::Nothing))));
}

#[tokio::test]
async fn an_operators_pause_and_note_survive_an_apply_that_changes_something_else() {
    let desk = Desk::new().await;
    let schedule = |jitter: u64| {
        let schedule =
            Schedule::untyped(desk.id("one"), "sweep", []).cron("0 0 1 1 *").note("by the code").remaining_actions(9);
        schedule.owner(desk.owner.clone()).task_queue("nobody-polls").jitter(std::time::Duration::from_secs(jitter))
    };
    desk.apply(&[schedule(60)]).await;
    desk.schedules.pause(&desk.id("one"), Some("ada: the warehouse moves")).await.unwrap();
    desk.schedules
        .update(&desk.id("one"), |change| {
            change.schedule.state.get_or_insert_default().remaining_actions = 4;
        })
        .await
        .unwrap();
    assert_eq!(desk.plan(&[schedule(60)]).await.pending(), 0, "a pause, a note and a count are no drift");
    desk.apply(&[schedule(61)]).await;
    let state = desk.describe("one").await.schedule.unwrap().state.unwrap();
    assert_eq!((state.paused, state.notes.as_str(), state.remaining_actions), (true, "ada: the warehouse moves", 4));
    // The code has its say when it changes.
    let changed = [schedule(61).note("by the new code").remaining_actions(20)];
    let plan = desk.plan(&changed).await;
    assert_eq!(steps(&plan), [(Action::Update, vec!["note", "remaining_actions"])]);
    desk.carry_out(plan).await;
    let state = desk.describe("one").await.schedule.unwrap().state.unwrap();
    assert_eq!((state.paused, state.notes.as_str(), state.remaining_actions), (true, "by the new code", 20));
}

#[tokio::test]
async fn what_somebody_changed_on_the_server_is_shown_and_put_right() {
    let desk = Desk::new().await;
    let schedules = [desk.schedule("one")];
    desk.apply(&schedules).await;
    desk.schedules
        .update(&desk.id("one"), |change| {
            change.schedule.policies.get_or_insert_default().overlap_policy = 6;
            change.schedule.spec.get_or_insert_default().timezone_name = "Asia/Tokyo".to_owned();
        })
        .await
        .unwrap();
    let plan = desk.plan(&schedules).await;
    let changes: Vec<_> = plan.steps[0].changes.iter().map(|change| serde_json::to_value(change).unwrap()).collect();
    assert_eq!(
        changes,
        [
            json!({ "field": "overlap", "before": "allow_all", "after": "skip", "cause": "drift" }),
            json!({ "field": "time_zone", "before": "Asia/Tokyo", "after": null, "cause": "drift" }),
        ]
    );
    desk.carry_out(plan).await;
    assert_eq!(desk.plan(&schedules).await.pending(), 0);
}

#[tokio::test]
async fn a_schedule_whose_record_somebody_replaced_is_still_ours_and_recorded_anew() {
    let desk = Desk::new().await;
    let schedules = [desk.schedule("one")];
    desk.apply(&schedules).await;
    desk.schedules
        .update(&desk.id("one"), |change| {
            // As `temporal schedule update` does, which knows of no memo.
            use temporalio_common::protos::temporal::api::schedule::v1::schedule_action::Action;
            if let Some(Action::StartWorkflow(workflow)) =
                change.schedule.action.as_mut().and_then(|action| action.action.as_mut())
            {
                workflow.memo = None;
            }
        })
        .await
        .unwrap();
    let plan = desk.plan(&schedules).await;
    assert_eq!(steps(&plan), [(Action::Update, vec!["record"])]);
    desk.carry_out(plan).await;
    assert_eq!(desk.plan(&schedules).await.pending(), 0);
}

#[tokio::test]
async fn only_our_own_are_pruned_also_after_the_server_has_begun_a_new_run_of_them() {
    let desk = Desk::new().await;
    let (app, foreign) = (Owner::application(format!("{}.app", desk.name)).unwrap(), desk.id("foreign"));
    let both = [desk.schedule("kept"), desk.schedule("gone"), desk.schedule("at-run-time").owner(app)];
    desk.apply(&both).await;
    let request = CreateScheduleRequest {
        schedule_id: foreign.clone(),
        schedule: Some(Message::default()),
        ..CreateScheduleRequest::default()
    };
    desk.schedules.create(request).await.unwrap();
    // A change, and a new run of the workflow behind it, as after many actions: the mark must outlive both.
    let gone = [desk.schedule("gone").note("changed")];
    desk.apply(&gone).await;
    desk.begin_anew("gone").await;
    let kept = &both[..1];
    desk.until_listed(4).await;
    // A list that is behind may have no run of one that has begun anew.
    let shown = desk.until_planned(kept, &desk.scope(Orphans::Show), &[Action::Orphan, Action::Unchanged]).await;
    assert_eq!(steps(&shown), [(Action::Orphan, vec![]), (Action::Unchanged, vec![])]);
    assert_eq!(shown.pending(), 0);
    let plan = desk.until_planned(kept, &desk.scope(Orphans::Delete), &[Action::Delete, Action::Unchanged]).await;
    assert_eq!(steps(&plan), [(Action::Delete, vec![]), (Action::Unchanged, vec![])]);
    desk.carry_out(plan).await;
    let mut there = Vec::new();
    for id in ["kept", "gone", "at-run-time", "foreign"] {
        there.push(desk.schedules.exists(&desk.id(id)).await.unwrap());
    }
    assert_eq!(there, [true, false, true, true]);
}

#[tokio::test]
async fn a_schedule_of_somebody_else_is_refused_and_can_be_taken_over() {
    let desk = Desk::new().await;
    let request = CreateScheduleRequest {
        schedule_id: desk.id("one"),
        schedule: Some(Message::default()),
        ..CreateScheduleRequest::default()
    };
    desk.schedules.create(request).await.unwrap();
    let other = desk.schedule("two").owner(Owner::application("somebody-else").unwrap());
    desk.apply(&[other]).await;
    let schedules = [desk.schedule("one"), desk.schedule("two"), desk.schedule("three")];
    let plan = desk.plan(&schedules).await;
    assert_eq!((plan.pending(), plan.refused()), (1, 2));
    let applied = desk.planner.apply(plan, &|_, _| {}).await;
    let said: Vec<String> = applied.failures().map(|(_, error)| error.to_string()).collect();
    let take = "give this one another id, or take it over with --adopt";
    assert_eq!(
        said,
        [
            format!("schedule {} is there already, and nothing says that it is ours: {take}", desk.id("one")),
            format!("schedule {} belongs to somebody-else: {take}", desk.id("two")),
        ]
    );
    assert!(desk.schedules.exists(&desk.id("three")).await.unwrap(), "one that is refused does not stop the rest");
    let mut scope = desk.scope(Orphans::Delete);
    scope.adopt = true;
    let plan = desk.plan_in(&schedules, &scope).await;
    desk.carry_out(plan).await;
    assert_eq!(desk.plan(&schedules).await.pending(), 0);
    // Lists show no mark of those, so they are known by their workflow.
    scope.workflows.insert(format!("sweep-{}", desk.name));
    let renamed = |id: &str| desk.owned(Schedule::untyped(desk.id(id), &format!("sweep-{}", desk.name), []));
    desk.apply(&[renamed("one")]).await;
    let listed = async {
        loop {
            let plan = desk.plan_in(&[renamed("three")], &scope).await;
            if plan.steps.iter().any(|step| step.id == desk.id("one")) {
                return plan.steps.iter().find(|step| step.id == desk.id("one")).map(|step| step.action);
            }
        }
    };
    assert_eq!(tokio::time::timeout(LIMIT, listed).await.unwrap(), Some(Action::Delete));
}

#[tokio::test]
async fn a_schedule_whose_end_has_passed_is_not_made_again() {
    let desk = Desk::new().await;
    let ended = [desk.schedule("ended").end("2024-01-01T00:00:00Z".parse().unwrap())];
    assert_eq!(steps(&desk.plan(&ended).await), [(Action::Finished, vec![])]);
    desk.apply(&ended).await;
    assert!(!desk.schedules.exists(&desk.id("ended")).await.unwrap());
}

#[tokio::test]
async fn a_schedule_that_used_its_actions_up_is_not_made_again_until_its_limit_changes() {
    let desk = Desk::new().await;
    let limited = |limit: u32| [desk.schedule("limited").remaining_actions(limit), desk.schedule("other")];
    desk.apply(&limited(3)).await;
    assert_eq!(desk.plan(&limited(3)).await.pending(), 0);
    // As the server does some days after the last action.
    desk.schedules.delete(&desk.id("limited")).await.unwrap();
    desk.schedules.delete(&desk.id("other")).await.unwrap();
    let plan = desk.plan(&limited(3)).await;
    assert_eq!(plan.steps.iter().map(|step| step.action).collect::<Vec<_>>(), [Action::Finished, Action::Create]);
    desk.carry_out(plan).await;
    desk.apply(&limited(3)).await;
    assert!(!desk.schedules.exists(&desk.id("limited")).await.unwrap());
    let plan = desk.plan(&limited(5)).await;
    assert_eq!(plan.steps.iter().map(|step| step.action).collect::<Vec<_>>(), [Action::Create, Action::Unchanged]);
    desk.carry_out(plan).await;
    assert!(desk.schedules.exists(&desk.id("limited")).await.unwrap());
}

#[tokio::test]
async fn a_schedule_with_a_limit_that_was_pruned_is_made_again_when_it_is_declared_again() {
    let desk = Desk::new().await;
    let once = [desk.schedule("once").remaining_actions(1)];
    desk.apply(&once).await;
    desk.until_listed(1).await;
    let plan = desk.plan_in(&[], &desk.scope(Orphans::Delete)).await;
    assert_eq!(steps(&plan), [(Action::Delete, vec![])]);
    desk.carry_out(plan).await;
    desk.apply(&once).await;
    assert!(desk.schedules.exists(&desk.id("once")).await.unwrap());
}

#[tokio::test]
async fn an_applications_schedules_follow_its_rows_and_no_product_prunes_them() {
    let desk = Desk::new().await;
    let owner = Owner::application(format!("{}.exports", desk.name)).unwrap();
    let row = |id: &str, hour: u32| desk.schedule(id).cron(format!("0 {hour} * * *"));
    desk.planner.reconcile(&owner, vec![row("x", 1), row("y", 1)]).await.unwrap();
    desk.until_listed(2).await;
    let next = desk.planner.reconcile(&owner, vec![row("y", 2), row("z", 1)]).await.unwrap();
    let done: Vec<_> = next.steps.iter().map(|(step, done)| (step.action, *done.as_ref().unwrap())).collect();
    assert_eq!(
        done,
        [(Action::Delete, Done::Changed), (Action::Update, Done::Changed), (Action::Create, Done::Changed)]
    );
}
