//! What a reader is told. The sentences are made of the SDK's own, so these tests also pin those.

use std::num::NonZeroUsize;

use mainspring_replay::{Code, Verdict, on_every_core};

use crate::builds::{self, code};
use crate::onboarded;

fn said(code: &Code) -> String {
    code.replay(&onboarded()).unwrap().verdict.to_string()
}

#[test]
fn code_that_blocks_its_thread_is_named_in_time_and_nothing_else_is_begun_on_it() {
    let code = code!(builds::Blocked).patience(std::time::Duration::from_millis(400));
    let clone = code.clone();
    let error = code.replay(&onboarded()).unwrap_err().to_string();
    assert!(error.contains("workflow onboarding blocks or spins, it did not come back within 400ms"), "{error}");
    let error = clone.replay(&onboarded()).unwrap_err().to_string();
    assert!(error.starts_with("this history was not replayed: an earlier one on this code blocks or spins"), "{error}");
}

#[test]
fn what_goes_into_logs_has_no_text_of_the_code() {
    let verdict = code!(builds::Panics).replay(&onboarded()).unwrap().verdict;
    let short = verdict.without_values();
    assert!(matches!(verdict, Verdict::Failed { .. }), "{verdict}");
    assert!(short.starts_with("the code failed after event ") && !short.contains("panic"), "{short}");
    let parted = code!(builds::TimerFirst).replay(&onboarded()).unwrap().verdict;
    assert_eq!(parted.without_values(), parted.to_string());
}

#[test]
fn code_that_does_what_history_says_replays() {
    let replayed = code!(builds::Same).replay(&onboarded()).unwrap();
    assert_eq!((replayed.workflow_type.as_str(), replayed.events), ("onboarding", 31));
    assert_eq!(replayed.verdict, Verdict::Same);
}

#[test]
fn a_change_without_patched_is_red_and_with_it_green() {
    assert_ne!(code!(builds::OneMore).replay(&onboarded()).unwrap().verdict, Verdict::Same);
    assert_eq!(code!(builds::Patched).replay(&onboarded()).unwrap().verdict, Verdict::Same);
}

#[test]
fn another_kind_of_command_is_named_with_the_event() {
    assert_eq!(
        said(&code!(builds::TimerFirst)),
        "at event 5, history has ActivityTaskScheduled create_user_account, the code now wants StartTimer 1s"
    );
}

#[test]
fn another_activity_is_named_with_the_event() {
    assert_eq!(
        said(&code!(builds::Renamed)),
        "at event 5, history has ActivityTaskScheduled create_user_account, the code now wants ScheduleActivityTask \
         create_account"
    );
}

#[test]
fn a_child_in_place_of_activities_is_named() {
    assert_eq!(
        said(&code!(builds::Child)),
        "at event 11, history has ActivityTaskScheduled send_welcome_email, the code now wants \
         StartChildWorkflowExecution set-up"
    );
}

#[test]
fn code_that_ends_too_early_is_named() {
    assert_eq!(
        said(&code!(builds::EndsEarly)),
        "at event 25, history has ActivityTaskScheduled send_follow_up, the code now wants CompleteWorkflowExecution"
    );
}

#[test]
fn code_that_does_more_is_named_also_in_the_last_task() {
    assert_eq!(
        said(&code!(builds::OneMore)),
        "at event 31, history has WorkflowExecutionCompleted, the code now wants ScheduleActivityTask send_survey"
    );
}

#[test]
fn code_that_waits_where_history_went_on_wants_nothing() {
    assert_eq!(
        said(&code!(builds::Stuck)),
        "at event 11, history has ActivityTaskScheduled send_welcome_email, the code now wants nothing there"
    );
}

#[test]
fn the_sdks_own_words_are_kept() {
    let Verdict::Parted(parting) = code!(builds::TimerFirst).replay(&onboarded()).unwrap().verdict else {
        panic!("it parted")
    };
    assert!(parting.sdk.contains("[TMPRL1100]"), "{}", parting.sdk);
    assert!(parting.sdk.contains("Timer machine does not handle this event: HistoryEvent(id: 5, "), "{}", parting.sdk);
    assert_eq!(parting.event_id, Some(5));
}

#[test]
fn code_that_panics_is_a_failure_with_its_place() {
    let said = said(&code!(builds::Panics));
    assert!(said.starts_with("the code failed after event 9: "), "{said}");
    assert!(said.contains("a bug of this build"), "{said}");
}

#[test]
fn a_workflow_that_nobody_registered_is_named_with_those_that_are() {
    let mut options = temporalio_sdk::workflow_replayer::WorkflowReplayerOptions::new().build();
    options.register_workflow::<builds::Same>().unwrap();
    let code = Code::new(["offboarding".to_owned()], options);
    assert_eq!(said(&code), "no workflow onboarding is registered: there is offboarding");
}

#[test]
fn a_corpus_is_judged_one_by_one() {
    let codes = vec![code!(builds::Same), code!(builds::Stuck), code!(builds::Panics), code!(builds::Patched)];
    let threads = NonZeroUsize::new(2).unwrap();
    let verdicts = on_every_core(codes, threads, |code| code.replay(&onboarded()).unwrap().verdict.is_good(), |_| {});
    assert_eq!(verdicts, [true, false, false, true]);
}
