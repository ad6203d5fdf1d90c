//! A caller and a real worker: all that a web backend does with a workflow, also while the network breaks.

mod lab;

use lab::{Outcome, worker};
use mainspring_caller::settings::{Sources, load};
use mainspring_caller::{Caller, CallerError, Contract, Start, Status};
use mainspring_servers::proxy::{Fault, Match, WireProxy};
use mainspring_testing::{Env, Process, TestError};
use temporalio_common::{QueryDefinition, SignalDefinition, UpdateDefinition, WorkflowDefinition};

/// The lab's workflows as a contract crate would have them, but for the queue, which each test has for itself.
#[derive(Default)]
struct Tally;

impl WorkflowDefinition for Tally {
    type Input = u32;
    type Output = u32;

    fn name(&self) -> &'static str {
        "tally"
    }
}

impl Contract for Tally {
    const TASK_QUEUE: &'static str = "each-test-says-which";
}

#[derive(Default)]
struct Call;

impl WorkflowDefinition for Call {
    type Input = serde_json::Value;
    type Output = String;

    fn name(&self) -> &'static str {
        "call"
    }
}

impl Contract for Call {
    const TASK_QUEUE: &'static str = "each-test-says-which";
}

struct Add;

impl SignalDefinition for Add {
    type Workflow = Tally;
    type Input = u32;

    fn name(&self) -> &'static str {
        "add"
    }
}

struct Total;

impl QueryDefinition for Total {
    type Workflow = Tally;
    type Input = ();
    type Output = u32;

    fn name(&self) -> &'static str {
        "total"
    }
}

struct Share;

impl QueryDefinition for Share {
    type Workflow = Tally;
    type Input = u32;
    type Output = u32;

    fn name(&self) -> &'static str {
        "share"
    }
}

struct Take;

impl UpdateDefinition for Take {
    type Workflow = Tally;
    type Input = u32;
    type Output = u32;

    fn name(&self) -> &'static str {
        "take"
    }
}

/// A worker on a queue of its own, and a caller behind a proxy.
struct Bench {
    caller: Caller,
    proxy: WireProxy,
    queue: String,
    id: String,
    _worker: Process,
}

impl Bench {
    async fn new(name: &str) -> Result<Self, TestError> {
        let env = Env::shared().await?;
        let (queue, id) = (env.queue(name), env.id(name));
        let worker = worker(&env, &queue, &[]).await?;
        let proxy = WireProxy::builder(env.address().parse()?).start().await?;
        let address = proxy.address();
        let caller = Caller::connect(load(&Sources::from_pairs([("TEMPORAL_ADDRESS", address.as_str())]))?).await?;
        Ok(Self { caller, proxy, queue, id, _worker: worker })
    }

    fn start<W: Contract>(&self, workflow: W, input: W::Input) -> Start<W> {
        self.caller.start(workflow, input).with_id(&self.id).task_queue(&self.queue)
    }
}

#[tokio::test]
async fn a_workflow_is_started_signalled_asked_updated_and_awaited() -> Outcome {
    let bench = Bench::new("tally").await?;
    let run = bench.start(Tally, 10).await?;
    run.signal(Add, 1).await?;
    assert_eq!(run.update(Take, 2).await?, 3);
    assert_eq!(run.query(Total, ()).await?, 3);
    assert_eq!(run.status().await?, Status::Running);
    run.signal(Add, 7).await?;
    assert_eq!(run.result().await?, 10);
    assert_eq!(run.status().await?, Status::Completed);
    assert_eq!(bench.caller.workflow(Tally, &bench.id).result().await?, 10);
    assert_eq!(run.query(Total, ()).await?, 10, "a worker answers for one that has ended");
    let Err(CallerError::AlreadyClosed { status, .. }) = bench.start(Tally, 10).await else {
        return Err("a success is not followed by another run".into());
    };
    assert_eq!(status, Status::Completed);
    Ok(())
}

#[tokio::test]
async fn an_update_starts_its_workflow_or_reaches_the_running_one() -> Outcome {
    let bench = Bench::new("update").await?;
    let (run, total) = bench.start(Tally, 10).with_update(Take, 4).await?;
    assert_eq!(total, 4);
    let (same, total) = bench.start(Tally, 10).with_update(Take, 5).await?;
    assert_eq!((same.run_id(), total), (run.run_id(), 9));
    let started = bench.start(Tally, 10).with_signal(Add, 1).await?;
    assert_eq!(started.run_id(), run.run_id());
    assert_eq!(run.result().await?, 10);
    Ok(())
}

#[tokio::test]
async fn an_update_whose_answer_is_lost_counts_once() -> Outcome {
    let bench = Bench::new("lost").await?;
    let lose = |method: &str| bench.proxy.fault(Match::method(method).times(1), Fault::CutAfterForward);
    lose("ExecuteMultiOperation");
    let (run, total) = bench.start(Tally, 10).with_update(Take, 4).await?;
    assert_eq!(total, 4);
    lose("UpdateWorkflowExecution");
    assert_eq!(run.update(Take, 2).await?, 6);
    assert_eq!(run.update_as(Take, 3, "once").await?, 9);
    assert_eq!(run.update_as(Take, 3, "once").await?, 9);
    let sent = ["ExecuteMultiOperation", "UpdateWorkflowExecution"].map(|method| bench.proxy.count_of(method));
    assert!(sent[0] >= 2 && sent[1] >= 4, "{sent:?}");
    assert_eq!(run.query(Total, ()).await?, 9);
    Ok(())
}

#[tokio::test]
async fn a_query_without_an_answer_is_asked_again() -> Outcome {
    let bench = Bench::new("asked").await?;
    let run = bench.start(Tally, 10).await?;
    assert_eq!(run.update(Take, 8).await?, 8);
    bench.proxy.fault(Match::method("QueryWorkflow").times(1), Fault::Hang);
    assert_eq!(run.query(Share, 4).await?, 2);
    assert!(bench.proxy.count_of("QueryWorkflow") >= 2, "{:?}", bench.proxy.records_of("QueryWorkflow"));
    Ok(())
}

#[tokio::test]
async fn the_same_request_is_the_same_update_with_start() -> Outcome {
    let bench = Bench::new("request").await?;
    let request = || bench.start(Tally, 10).request_id("request-1").with_update(Take, 4);
    let ((first, one), (second, two)) = (request().await?, request().await?);
    assert_eq!((first.run_id(), one, two), (second.run_id(), 4, 4));
    assert_eq!(first.query(Total, ()).await?, 4);
    Ok(())
}

#[tokio::test]
async fn what_the_workflow_refuses_comes_with_its_words() -> Outcome {
    let bench = Bench::new("refused").await?;
    let run = bench.start(Tally, 10).await?;
    let Err(error @ CallerError::UpdateFailed { .. }) = run.update(Take, 0).await else {
        return Err("the validator lets nothing through".into());
    };
    assert_eq!(error.to_string(), format!("workflow {} refused update take: nothing to take", bench.id));
    let Err(error @ CallerError::Refused { .. }) = run.query(Share, 0).await else {
        return Err("the query fails".into());
    };
    assert_eq!(error.to_string(), format!("could not query share of workflow {}: nobody to share it with", bench.id));
    Ok(())
}

#[tokio::test]
async fn a_failure_comes_with_its_type_its_message_and_its_causes() -> Outcome {
    let bench = Bench::new("failure").await?;
    let run = bench.start(Call, lab::call("fail", "terminal")).await?;
    let Err(error) = run.result().await else { return Err("it fails".into()) };
    let text = error.to_string();
    let CallerError::Failed { failure, .. } = error else { return Err(error.into()) };
    assert_eq!(failure.type_name(), Some("Terminal"));
    assert!(failure.is("Terminal") && !failure.is("TryAgain"));
    assert_eq!(text, format!("workflow {} failed: activity fail failed: terminal on purpose", bench.id));
    assert_eq!(run.status().await?, Status::Failed);
    let next = bench.start(Call, lab::call("echo", "again")).await?;
    assert_eq!(next.result().await?, "again");
    Ok(())
}

#[tokio::test]
async fn one_that_is_cancelled_says_so() -> Outcome {
    let bench = Bench::new("cancelled").await?;
    let run = bench.start(Tally, 10).await?;
    run.cancel("no longer wanted").await?;
    let Err(error) = run.result().await else { return Err("it has no result".into()) };
    assert_eq!(error.to_string(), format!("workflow {} was cancelled", bench.id));
    Ok(())
}

#[tokio::test]
async fn a_result_is_awaited_through_a_broken_connection() -> Outcome {
    let bench = Bench::new("broken").await?;
    let run = bench.start(Tally, 1).await?;
    let waiting = tokio::spawn({
        let run = run.clone();
        async move { run.result().await }
    });
    let limit = std::time::Duration::from_secs(30);
    bench.proxy.wait_for_count("GetWorkflowExecutionHistory", 1, limit).await?;
    bench.proxy.cut_all();
    bench.proxy.wait_for_count("GetWorkflowExecutionHistory", 2, limit).await?;
    run.signal(Add, 1).await?;
    assert_eq!(tokio::time::timeout(limit, waiting).await???, 1);
    Ok(())
}
