//! One that is there already, and one that is not.

use mainspring_caller::{CallerError, WorkflowIdConflictPolicy, WorkflowIdReusePolicy};

use crate::invoice::{Due, Invoice, Pay};
use crate::{SHORT, caller, number, refusal, runs};

#[tokio::test]
async fn a_running_one_is_an_error_that_names_its_run() {
    let (caller, number) = (caller().await, number());
    let run = caller.start(Invoice, number).await.unwrap();
    let error = refusal(caller.start(Invoice, number).await);
    let CallerError::AlreadyRunning { workflow_id, run_id } = &error else { panic!("{error:?}") };
    assert_eq!((workflow_id.as_str(), Some(run_id.as_str())), (run.workflow_id(), run.run_id()));
    assert_eq!(
        error.to_string(),
        format!(
            "workflow invoice-{number} is running already, as run {run_id}. Take that one, or start under another id"
        )
    );
    let joined = caller.start(Invoice, number).conflict_policy(WorkflowIdConflictPolicy::UseExisting).await.unwrap();
    assert_eq!(joined.run_id(), run.run_id());
    assert_eq!(runs(&run, &caller).await, 1);
}

#[tokio::test]
async fn one_that_ended_without_success_is_followed_unless_the_policy_says_otherwise() {
    let (caller, number) = (caller().await, number());
    let run = caller.start(Invoice, number).await.unwrap();
    run.terminate("for the test").await.unwrap();
    assert_eq!(run.status().await.unwrap().to_string(), "terminated");
    let error = refusal(caller.start(Invoice, number).reuse_policy(WorkflowIdReusePolicy::RejectDuplicate).await);
    let CallerError::AlreadyClosed { run_id, .. } = &error else { panic!("{error:?}") };
    assert_eq!(Some(run_id.as_str()), run.run_id());
    assert_eq!(
        error.to_string(),
        format!(
            "workflow invoice-{number} has run already, as run {run_id}, which is terminated. Take its result, or start \
             under another id or reuse policy"
        )
    );
    let next = caller.start(Invoice, number).await.unwrap();
    assert_ne!(next.run_id(), run.run_id());
}

#[tokio::test]
async fn the_same_request_id_gets_the_same_run_also_after_its_end() {
    let (caller, number) = (caller().await, number());
    let start = || caller.start(Invoice, number).request_id(format!("request-{number}"));
    let run = start().await.unwrap();
    assert_eq!(start().await.unwrap().run_id(), run.run_id());
    run.terminate("for the test").await.unwrap();
    assert_eq!(start().await.unwrap().run_id(), run.run_id());
    assert_eq!(runs(&run, &caller).await, 1);
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let caller = caller().await;
    let run = caller.workflow(Invoice, "invoice-of-nobody");
    let errors = [
        refusal(run.status().await),
        refusal(run.signal(Pay, "cash".to_owned()).await),
        refusal(run.query(Due, ()).await),
        refusal(run.cancel("for the test").await),
        refusal(run.result().await),
    ];
    for error in errors {
        assert!(matches!(error, CallerError::NotFound { .. }), "{error:?}");
        let text = error.to_string();
        assert!(text.starts_with("there is no workflow invoice-of-nobody that could be asked this: "), "{text}");
    }
}

#[tokio::test]
async fn one_that_was_terminated_has_no_result_and_hears_no_signal() {
    let (caller, number) = (caller().await, number());
    let run = caller.start(Invoice, number).await.unwrap();
    let error = refusal(run.result_within(SHORT / 4).await);
    assert_eq!(error.to_string(), format!("workflow invoice-{number} still runs after a wait of 500ms"));
    run.terminate("for the test").await.unwrap();
    let error = refusal(run.result().await);
    assert_eq!(error.to_string(), format!("workflow invoice-{number} was terminated"));
    let error = refusal(run.signal(Pay, "cash".to_owned()).await);
    assert!(matches!(error, CallerError::NotFound { .. }), "{error:?}");
}
