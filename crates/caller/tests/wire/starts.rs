//! What a start says to the server.

use std::time::Duration;

use mainspring_caller::{Caller, Contract, Run, Status};
use temporalio_client::{NamespacedClient, WorkflowExecutionInfo};
use temporalio_common::protos::temporal::api::history::v1::WorkflowExecutionStartedEventAttributes as Started;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;

use crate::invoice::{Invoice, Letter, Pay};
use crate::{caller, number};

/// Every event of a workflow so far.
pub(crate) async fn events<W: Contract>(caller: &Caller, run: &Run<W>) -> Vec<Attributes> {
    let client = caller.link().client();
    let info = WorkflowExecutionInfo::builder().namespace(client.namespace()).workflow_id(run.workflow_id());
    let history = info.build().bind_untyped(client.clone()).fetch_history(Default::default());
    history.into_events().await.unwrap().into_iter().filter_map(|event| event.attributes).collect()
}

/// What a workflow was started with.
pub(crate) async fn started<W: Contract>(caller: &Caller, run: &Run<W>) -> Started {
    let first = events(caller, run).await.into_iter().next();
    let Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) = first else { panic!("{first:?}") };
    started
}

#[tokio::test]
async fn the_contract_says_queue_type_and_id() {
    let (caller, number) = (caller().await, number());
    let run = caller.start(Invoice, number).await.unwrap();
    assert_eq!(run.workflow_id(), format!("invoice-{number}"));
    assert_eq!(run.status().await.unwrap(), Status::Running);
    let started = started(&caller, &run).await;
    assert_eq!(Some(started.original_execution_run_id.as_str()), run.run_id());
    assert_eq!(started.workflow_type.unwrap().name, "invoice");
    assert_eq!(started.task_queue.unwrap().name, "invoices-without-a-worker");
    assert_eq!(started.input.unwrap().payloads[0].data, number.to_string().into_bytes());
    assert!(started.identity.starts_with(&format!("{}@", std::process::id())), "{}", started.identity);
}

#[tokio::test]
async fn without_an_id_in_the_contract_it_is_random_or_follows_from_the_request() {
    let caller = caller().await;
    let (first, second) = (caller.start(Letter, ()).await.unwrap(), caller.start(Letter, ()).await.unwrap());
    assert!(first.workflow_id().starts_with("letter-"), "{first:?}");
    assert_ne!(first.workflow_id(), second.workflow_id());
    let key = format!("key-{}", number());
    let (once, twice) = (
        caller.start(Letter, ()).request_id(&key).await.unwrap(),
        caller.start(Letter, ()).request_id(&key).await.unwrap(),
    );
    assert_eq!(once.workflow_id(), format!("letter-{key}"));
    assert_eq!((once.workflow_id(), once.run_id()), (twice.workflow_id(), twice.run_id()));
}

#[tokio::test]
async fn a_start_takes_what_its_caller_says() {
    let (caller, number) = (caller().await, number());
    let memo = caller.payloads().memo([("note".to_owned(), "y".to_owned())]).await.unwrap();
    let start = caller.start(Invoice, 17).with_id(format!("mine-{number}")).task_queue("elsewhere");
    let start = start.start_delay(Duration::from_secs(3600)).execution_timeout(Duration::from_secs(7200));
    let run = start.customize(move |request| request.memo = Some(memo)).await.unwrap();
    assert_eq!(run.workflow_id(), format!("mine-{number}"));
    let started = started(&caller, &run).await;
    assert_eq!(started.task_queue.unwrap().name, "elsewhere");
    assert_eq!(started.first_workflow_task_backoff.unwrap().seconds, 3600);
    assert_eq!(started.workflow_execution_timeout.unwrap().seconds, 7200);
    assert_eq!(started.memo.unwrap().fields["note"].data, b"\"y\"");
}

#[tokio::test]
async fn a_signal_comes_with_the_start_or_reaches_the_running_one() {
    let (caller, number) = (caller().await, number());
    let first = caller.start(Invoice, number).with_signal(Pay, "cash".to_owned()).await.unwrap();
    let second = caller.start(Invoice, number).with_signal(Pay, "card".to_owned()).await.unwrap();
    assert_eq!(first.run_id(), second.run_id());
    first.signal(Pay, "coins".to_owned()).await.unwrap();
    let signals = events(&caller, &first).await.into_iter().filter_map(|event| match event {
        Attributes::WorkflowExecutionSignaledEventAttributes(signal) => {
            Some((signal.signal_name, String::from_utf8(signal.input.unwrap().payloads.remove(0).data).unwrap()))
        }
        _ => None,
    });
    let pay = |what: &str| ("pay".to_owned(), format!("\"{what}\""));
    assert_eq!(signals.collect::<Vec<_>>(), [pay("cash"), pay("card"), pay("coins")]);
}
