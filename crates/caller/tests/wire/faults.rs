//! The network in the middle of a call: it is repeated by itself, takes effect once, and says in the end what was wrong.

use std::time::Instant;

use mainspring_caller::{Caller, CallerError};
use mainspring_servers::proxy::{Fault, Match};
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;

use crate::invoice::{Due, Invoice, Pay, Remind};
use crate::starts::events;
use crate::{SHORT, caller_at, number, proxied, refusal, runs, server};

#[tokio::test]
async fn a_start_whose_answer_is_lost_starts_exactly_one_workflow() {
    let (proxy, caller) = proxied().await;
    let number = number();
    proxy.fault(Match::method("StartWorkflowExecution").times(2), Fault::CutAfterForward);
    let run = caller.start(Invoice, number).await.unwrap();
    let sent = proxy.records_of("StartWorkflowExecution");
    assert!(sent.iter().filter(|record| record.forwarded).count() >= 3, "{sent:?}");
    assert_eq!(runs(&run, &caller).await, 1);
    let error = refusal(caller.start(Invoice, number).await);
    let CallerError::AlreadyRunning { run_id, .. } = &error else { panic!("{error:?}") };
    assert_eq!(Some(run_id.as_str()), run.run_id());
}

#[tokio::test]
async fn a_start_that_is_cut_before_it_arrives_is_repeated() {
    let (proxy, caller) = proxied().await;
    proxy.fault(Match::method("StartWorkflowExecution").times(2), Fault::Cut);
    proxy.fault(Match::method("StartWorkflowExecution").times(1), Fault::Status(14, "not yet".to_owned()));
    let run = caller.start(Invoice, number()).await.unwrap();
    assert!(proxy.count_of("StartWorkflowExecution") >= 4, "{:?}", proxy.records_of("StartWorkflowExecution"));
    assert_eq!(runs(&run, &caller).await, 1);
}

#[tokio::test]
async fn a_signal_whose_answer_is_lost_is_delivered_once() {
    let (proxy, caller) = proxied().await;
    proxy.fault(Match::method("SignalWithStartWorkflowExecution").times(1), Fault::CutAfterForward);
    proxy.fault(Match::method("SignalWorkflowExecution").times(1), Fault::CutAfterForward);
    let run = caller.start(Invoice, number()).with_signal(Pay, "cash".to_owned()).await.unwrap();
    run.signal(Pay, "card".to_owned()).await.unwrap();
    let signal = |event: &Attributes| matches!(event, Attributes::WorkflowExecutionSignaledEventAttributes(_));
    assert_eq!(events(&caller, &run).await.iter().filter(|event| signal(event)).count(), 2);
    let sent = ["SignalWithStartWorkflowExecution", "SignalWorkflowExecution"].map(|method| proxy.count_of(method));
    assert!(sent.iter().all(|count| *count >= 2), "{sent:?}");
}

#[tokio::test]
async fn without_temporal_it_gives_up_within_its_limit_and_says_why() {
    let (proxy, caller) = proxied().await;
    let hasty = caller.clone().with_limit(SHORT * 4);
    proxy.fault(Match::all(), Fault::Status(14, "the cluster is being moved".to_owned()));
    let number = number();
    let start = Instant::now();
    let error = refusal(hasty.start(Invoice, number).await);
    assert!(start.elapsed() < SHORT * 8, "{:?}", start.elapsed());
    assert!(error.is_transient());
    assert_eq!(
        error.to_string(),
        format!(
            "could not start workflow invoice-{number}: Temporal is unavailable: the cluster is being moved. It may have \
             taken effect: repeat it under the same id"
        )
    );
    assert!(proxy.count_of("StartWorkflowExecution") >= 3, "{}", proxy.count_of("StartWorkflowExecution"));
    proxy.clear_faults();
    proxy.pause_accepting();
    proxy.cut_all();
    let error = refusal(hasty.workflow(Invoice, "x").status().await).to_string();
    assert!(error.starts_with("could not describe workflow x: Temporal is unavailable: "), "{error}");
    assert!(caller.answers().await.is_err());
    proxy.resume_accepting();
    caller.start(Invoice, number).await.unwrap();
    caller.answers().await.unwrap();
}

#[tokio::test]
async fn a_server_that_says_nothing_does_not_outlast_the_limit() {
    let (proxy, caller) = proxied().await;
    let caller = caller.with_limit(SHORT / 4);
    proxy.fault(Match::method("StartWorkflowExecution"), Fault::Hang);
    let number = number();
    let error = refusal(caller.start(Invoice, number).await);
    assert!(matches!(error, CallerError::Timeout { .. }) && error.is_transient(), "{error:?}");
    assert_eq!(
        error.to_string(),
        format!(
            "could not start workflow invoice-{number}: no answer within 500ms. It may have taken effect: repeat it under \
             the same id. A query or an update needs a worker: is one polling?"
        )
    );
}

#[tokio::test]
async fn without_a_worker_a_query_and_an_update_say_so() {
    let caller = caller_at(&server().await.to_string()).await;
    let number = number();
    let run = caller.start(Invoice, number).await.unwrap();
    let caller = caller.with_limit(SHORT);
    let run = caller.workflow(Invoice, run.workflow_id());
    for (error, what) in [
        (refusal(run.query(Due, ()).await), "query due of"),
        (refusal(run.update(Remind, "now".to_owned()).await), "send update remind to"),
        (refusal(caller.start(Invoice, number).with_update(Remind, "now".to_owned()).await), "start"),
    ] {
        let text = error.to_string();
        assert!(text.starts_with(&format!("could not {what} workflow invoice-{number}: ")), "{text}");
        assert!(text.contains("worker"), "{text}");
    }
}

#[tokio::test]
async fn what_the_server_refuses_is_said_in_its_words() {
    let (proxy, caller) = proxied().await;
    proxy.fault(Match::method("StartWorkflowExecution"), Fault::Status(7, "not yours".to_owned()));
    let error = refusal(caller.start(Invoice, 1).with_id("x").await);
    assert!(matches!(error, CallerError::Refused { .. }) && !error.is_transient(), "{error:?}");
    assert_eq!(error.to_string(), "could not start workflow x: not yours");
    assert_eq!(proxy.count_of("StartWorkflowExecution"), 1);
}

#[tokio::test]
async fn without_a_server_connecting_says_what_it_tried() {
    use mainspring_caller::settings::{Sources, load};
    let free = format!("127.0.0.1:{}", mainspring_servers::free_port().unwrap());
    let pairs = [("TEMPORAL_ADDRESS", free.as_str()), ("MAINSPRING_CONNECT_TIMEOUT", "0.3")];
    let error = refusal(Caller::connect(load(&Sources::from_pairs(pairs)).unwrap()).await);
    assert!(error.to_string().starts_with(&format!("could not reach Temporal at {free} ")), "{error}");
    assert!(error.is_transient());
}
