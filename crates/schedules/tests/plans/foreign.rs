//! What others wrote, or took over, and what of it is no matter of ours.

use mainspring_schedules::{Action, Orphans, Owner, Schedule};
use temporalio_common::protos::temporal::api::common::v1::{Memo, Payload, WorkflowType};
use temporalio_common::protos::temporal::api::schedule::v1::schedule_action::Action as Start;
use temporalio_common::protos::temporal::api::schedule::v1::{Schedule as Message, ScheduleAction, ScheduleState};
use temporalio_common::protos::temporal::api::taskqueue::v1::TaskQueue;
use temporalio_common::protos::temporal::api::workflow::v1::NewWorkflowExecutionInfo;
use temporalio_common::protos::temporal::api::workflowservice::v1::CreateScheduleRequest;

use crate::desk::{Desk, LIMIT};

/// What no converter reads.
fn garbled() -> Payload {
    let metadata = [("encoding".to_owned(), b"json/plain".to_vec())].into();
    Payload { metadata, data: b"{nonsense".to_vec(), ..Payload::default() }
}

/// Changes the memo of the workflow that a schedule starts.
async fn rewrite(desk: &Desk, id: &str, value: Option<&Payload>) {
    let change = |change: &mut mainspring_schedules::calls::Change| {
        let action = change.schedule.action.as_mut().and_then(|action| action.action.as_mut());
        if let Some(Start::StartWorkflow(workflow)) = action {
            match value {
                Some(value) => workflow
                    .memo
                    .iter_mut()
                    .flat_map(|memo| memo.fields.values_mut())
                    .for_each(|there| there.clone_from(value)),
                None => workflow.memo = None,
            }
        }
    };
    desk.schedules.update(id, change).await.unwrap();
}

#[tokio::test]
async fn one_that_cannot_be_read_is_refused_if_it_is_ours_and_else_passed_over() {
    let desk = Desk::new().await;
    let workflow = format!("sweep-{}", desk.name);
    let start = NewWorkflowExecutionInfo {
        workflow_id: desk.id("foreign"),
        workflow_type: Some(WorkflowType { name: workflow.clone() }),
        task_queue: Some(TaskQueue { name: "nobody-polls".to_owned(), ..TaskQueue::default() }),
        memo: Some(Memo { fields: [("MainspringSchedule".to_owned(), garbled())].into() }),
        ..NewWorkflowExecutionInfo::default()
    };
    let foreign = Message {
        action: Some(ScheduleAction { action: Some(Start::StartWorkflow(start)) }),
        state: Some(ScheduleState { paused: true, ..ScheduleState::default() }),
        ..Message::default()
    };
    let request = CreateScheduleRequest {
        schedule_id: desk.id("foreign"),
        schedule: Some(foreign),
        ..CreateScheduleRequest::default()
    };
    desk.schedules.create(request).await.unwrap();
    desk.apply(&[desk.schedule("broken"), desk.schedule("kept")]).await;
    rewrite(&desk, &desk.id("broken"), Some(&garbled())).await;
    desk.until_listed(3).await;
    let mut scope = desk.scope(Orphans::Delete);
    scope.workflows.insert(workflow);
    let plan = desk.plan_in(&[desk.schedule("kept")], &scope).await;
    let planned: Vec<_> = plan.steps.iter().map(|step| (step.id.clone(), step.action)).collect();
    assert_eq!(planned, [(desk.id("broken"), Action::Refused), (desk.id("kept"), Action::Unchanged)]);
    assert!(plan.steps[0].reason.as_ref().unwrap().contains(&desk.id("broken")), "{:?}", plan.steps[0].reason);
}

#[tokio::test]
async fn a_list_of_limits_that_cannot_be_read_stops_only_what_needs_it() {
    let desk = Desk::new().await;
    let schedules = [
        desk.schedule("gone").remaining_actions(3),
        desk.schedule("other"),
        desk.schedule("there").remaining_actions(3),
    ];
    desk.apply(&schedules).await;
    let list = format!("mainspring-limits:{}", desk.owner);
    rewrite(&desk, &list, Some(&garbled())).await;
    desk.schedules.delete(&desk.id("gone")).await.unwrap();
    desk.schedules.delete(&desk.id("other")).await.unwrap();
    let plan = desk.plan(&schedules).await;
    let actions: Vec<_> = plan.steps.iter().map(|step| step.action).collect();
    assert_eq!(actions, [Action::Refused, Action::Create, Action::Unchanged]);
    assert!(plan.steps[0].reason.as_ref().unwrap().contains(&format!("delete schedule {list}")));
    // Applied, it leaves the list to one who can read it.
    desk.planner.apply(plan, &|_, _| {}).await;
    assert_eq!(desk.plan(&schedules).await.refused(), 1);
    desk.schedules.delete(&list).await.unwrap();
    desk.apply(&schedules).await;
    assert!(desk.schedules.exists(&desk.id("gone")).await.unwrap());
}

#[tokio::test]
async fn one_that_was_taken_over_is_pruned_by_its_new_owner_and_never_by_the_former() {
    let desk = Desk::new().await;
    let former = Owner::application(format!("{}.former", desk.name)).unwrap();
    let workflow = format!("sweep-{}", desk.name);
    let schedule = || desk.owned(Schedule::untyped(desk.id("one"), &workflow, []).cron("0 3 * * *"));
    desk.apply(&[schedule().owner(former.clone())]).await;
    let mut scope = desk.scope(Orphans::Delete);
    scope.adopt = true;
    scope.workflows.insert(workflow.clone());
    let plan = desk.plan_in(&[schedule()], &scope).await;
    desk.carry_out(plan).await;
    desk.until_listed(1).await;
    let applied = desk.planner.reconcile(&former, Vec::new()).await.unwrap();
    assert_eq!(applied.steps.len(), 0);

    // As an operator's update does. What is left is the mark of the former owner.
    rewrite(&desk, &desk.id("one"), None).await;
    let applied = desk.planner.reconcile(&former, Vec::new()).await.unwrap();
    assert_eq!(applied.steps.iter().map(|(step, _)| step.action).collect::<Vec<_>>(), [Action::Orphan]);
    assert!(applied.steps[0].0.reason.as_ref().unwrap().contains("its record is gone"));
    assert!(desk.schedules.exists(&desk.id("one")).await.unwrap());
    let plan = desk.plan_in(&[schedule()], &scope).await;
    desk.carry_out(plan).await;

    let pruned = async {
        loop {
            let plan = desk.plan_in(&[], &scope).await;
            if let [step] = plan.steps.as_slice() {
                assert_eq!((step.action, &step.owner), (Action::Delete, &desk.owner));
                return desk.carry_out(plan).await;
            }
        }
    };
    tokio::time::timeout(LIMIT, pruned).await.unwrap();
    assert!(!desk.schedules.exists(&desk.id("one")).await.unwrap());
}
