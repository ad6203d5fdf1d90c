//! The wire breaks off in the middle of each verb: what was asked is done once, and the command says what is so.

use std::time::Duration;

use mainspring_servers::proxy::{Fault, Match, WireProxy};
use mainspring_testing::{TestError, Workflows};
use serde_json::{Value, json};

use crate::desk::{Desk, Outcome, masked};

const SOON: Duration = Duration::from_secs(30);
const ACCOUNT: &str = r#"{"owner": "ann", "goal": 1000}"#;

/// The desk, the same behind a proxy, and a worker that sees none of it.
async fn cut() -> Result<(Desk, Desk, WireProxy, mainspring_testing::Process), TestError> {
    let (desk, worker) = Desk::with_worker().await?;
    let proxy = WireProxy::builder(desk.env.address().parse()?).start().await?;
    let behind = desk.behind(proxy.address());
    Ok((desk, behind, proxy, worker))
}

/// Once before the server has the request, and once before the command has the answer.
fn break_twice(proxy: &WireProxy, method: &str) {
    proxy.fault(Match::method(method).times(1), Fault::Cut);
    proxy.fault(Match::method(method).times(1), Fault::CutAfterForward);
}

/// It was asked three times: two attempts were cut.
fn was_repeated(proxy: &WireProxy, method: &str) {
    assert!(proxy.count_of(method) >= 3, "{method} was asked {} times", proxy.count_of(method));
}

#[tokio::test]
async fn a_workflow_is_started_and_signalled_and_updated_once() -> Outcome {
    let (desk, behind, proxy, _worker) = cut().await?;
    break_twice(&proxy, "StartWorkflowExecution");
    let id = desk.env.id("cut");
    let started = behind.json(&["start", "ledger", ACCOUNT, "--workflow-id", &id]).await?;
    was_repeated(&proxy, "StartWorkflowExecution");
    assert_eq!(desk.json(&["describe", "--workflow-id", &id]).await?["run_id"], started["run_id"]);

    break_twice(&proxy, "SignalWorkflowExecution");
    let said = behind.run(&["signal", "--workflow-id", &id, "--name", "add", "-i", "5"]).await?;
    said.is(0, "", "signal add sent to workflow cut-#\n");
    was_repeated(&proxy, "SignalWorkflowExecution");

    break_twice(&proxy, "QueryWorkflow");
    behind.run(&["query", "--workflow-id", &id, "--name", "balance"]).await?.is(0, "5\n", "");

    break_twice(&proxy, "UpdateWorkflowExecution");
    behind.run(&["update", "--workflow-id", &id, "--name", "spend", "-i", "2"]).await?.is(0, "3\n", "");
    was_repeated(&proxy, "UpdateWorkflowExecution");
    desk.run(&["query", "--workflow-id", &id, "--name", "balance"]).await?.is(0, "3\n", "");
    Ok(())
}

#[tokio::test]
async fn a_workflow_that_ended_before_its_start_was_answered_is_ours() -> Outcome {
    let (desk, behind, proxy, _worker) = cut().await?;
    let (id, client) = (desk.env.id("quick"), desk.env.client().await?);
    // The first attempt lands, and its answer is lost; the second is held until the workflow has ended.
    proxy.fault(Match::method("StartWorkflowExecution").times(1), Fault::CutAfterForward);
    proxy.fault(Match::method("StartWorkflowExecution").times(1), Fault::Hang);
    let waiting = behind.spawn(&["execute", "chain", "0", "--workflow-id", &id])?;
    proxy.wait_for_count("StartWorkflowExecution", 2, SOON).await?;
    // Not by a command: the one that is held gives up after ten seconds.
    client.result::<Value>(&id).await?;
    proxy.clear_faults();
    let exit = waiting.end().await?;
    assert_eq!(exit.code, 0, "{:?}", exit.lines);
    assert!(exit.lines.contains(&"\"the last\"".to_owned()), "{:?}", exit.lines);
    Ok(())
}

#[tokio::test]
async fn a_signal_is_not_repeated_on_the_next_run() -> Outcome {
    let (desk, behind, proxy, _worker) = cut().await?;
    let id = desk.started("turns", "0").await?;
    let client = desk.env.client().await?;
    let first = client.workflow(&id).describe(Default::default()).await?.run_id().to_owned();
    // The first attempt lands, and its answer is lost; the second is held until the workflow has continued as new.
    proxy.fault(Match::method("SignalWorkflowExecution").times(1), Fault::CutAfterForward);
    proxy.fault(Match::method("SignalWorkflowExecution").times(1), Fault::Hang);
    let signal = behind.spawn(&["signal", "--workflow-id", &id, "--name", "turn"])?;
    proxy.wait_for_count("SignalWorkflowExecution", 2, SOON).await?;
    // Started, and its first task scheduled, started and completed.
    const TAKEN: usize = 4;
    let mut looks = tokio::time::interval(Duration::from_millis(50));
    let taken = async {
        loop {
            looks.tick().await;
            let shown = client.workflow(&id).describe(Default::default()).await?;
            if shown.run_id() != first && shown.history_length() == TAKEN {
                return Ok::<_, TestError>(shown.run_id().to_owned());
            }
        }
    };
    let second = tokio::time::timeout(SOON, taken).await??;
    proxy.clear_faults();
    let exit = signal.end().await?;
    assert_eq!(
        (exit.code, masked(&exit.lines.join("\n")).as_str()),
        (0, "signal turn sent to workflow turns-#"),
        "Temporal knows the request by the run"
    );
    let now = desk.json(&["describe", "--workflow-id", &id, "--run-id", &second]).await?;
    assert_eq!((&now["status"], &now["history_length"]), (&json!("Running"), &json!(TAKEN)), "it got no signal");
    // And one that no attempt can have reached finds the run of today.
    desk.run(&["signal", "--workflow-id", &id, "--name", "turn"]).await?.is(
        0,
        "",
        "signal turn sent to workflow turns-#\n",
    );
    desk.until(&id, |shown| shown["run_id"] != second.as_str()).await?;
    Ok(())
}

#[tokio::test]
async fn an_update_is_waited_for_beyond_the_servers_own_patience_and_a_broken_wire() -> Outcome {
    let (desk, behind, proxy, _worker) = cut().await?;
    let id = desk.started("ledger", ACCOUNT).await?;
    let mut waiting = behind.spawn(&["update", "--workflow-id", &id, "--name", "save", "--input", "10"])?;
    break_twice(&proxy, "PollWorkflowExecutionUpdate");
    waiting.line("accepted; it is not done yet").await?;
    assert_eq!(desk.run(&["signal", "--workflow-id", &id, "--name", "add", "-i", "12"]).await?.code, 0);
    proxy.wait_for_count("PollWorkflowExecutionUpdate", 2, SOON).await?;
    let exit = waiting.end().await?;
    assert_eq!((exit.code, exit.lines), (0, vec!["12".to_owned()]));
    was_repeated(&proxy, "PollWorkflowExecutionUpdate");
    Ok(())
}

#[tokio::test]
async fn a_workflow_is_cancelled_terminated_and_reset_once() -> Outcome {
    let (desk, behind, proxy, _worker) = cut().await?;
    let id = desk.started("ledger", ACCOUNT).await?;
    break_twice(&proxy, "RequestCancelWorkflowExecution");
    let said = behind.run(&["cancel", "--workflow-id", &id]).await?;
    said.is(0, "", "workflow ledger-# was asked to cancel itself\n");
    was_repeated(&proxy, "RequestCancelWorkflowExecution");

    let id = desk.started("ledger", ACCOUNT).await?;
    desk.until(&id, |shown| shown["pending_workflow_task"].is_null()).await?;
    break_twice(&proxy, "ResetWorkflowExecution");
    let reset = behind.json(&["reset", "--workflow-id", &id, "--type", "FirstWorkflowTask", "--reason", "x"]).await?;
    was_repeated(&proxy, "ResetWorkflowExecution");
    let runs = format!("WorkflowId = '{id}'");
    desk.indexed(&runs, 2).await?;
    assert_eq!(desk.json(&["describe", "--workflow-id", &id]).await?["run_id"], reset["run_id"]);

    break_twice(&proxy, "TerminateWorkflowExecution");
    let said = behind.run(&["terminate", "--workflow-id", &id]).await?;
    said.is(0, "", "workflow ledger-# was terminated\n");
    was_repeated(&proxy, "TerminateWorkflowExecution");
    Ok(())
}

#[tokio::test]
async fn what_is_only_read_is_read_again() -> Outcome {
    let (desk, behind, proxy, _worker) = cut().await?;
    let id = desk.started("ledger", ACCOUNT).await?;
    desk.indexed(&desk.query(), 1).await?;
    for (method, arguments) in [
        ("DescribeWorkflowExecution", &["describe", "--workflow-id", &id][..]),
        ("ListWorkflowExecutions", &["list", "--query", &desk.query()]),
        ("CountWorkflowExecutions", &["count", "--query", &desk.query()]),
    ] {
        break_twice(&proxy, method);
        let said = behind.run(arguments).await?;
        assert_eq!((said.code, said.talk.as_str()), (0, ""), "{arguments:?}");
        was_repeated(&proxy, method);
    }
    Ok(())
}

#[tokio::test]
async fn a_batch_is_started_once() -> Outcome {
    let (desk, behind, proxy, _worker) = cut().await?;
    let id = desk.started("wait", "1").await?;
    desk.indexed(&desk.query(), 1).await?;
    break_twice(&proxy, "StartBatchOperation");
    break_twice(&proxy, "DescribeBatchOperation");
    let query = desk.query();
    let done = behind.json(&["signal", "--query", &query, "--name", "number", "-i", "3", "--yes"]).await?;
    assert_eq!((&done["total"], &done["done"]), (&json!(1), &json!(1)));
    was_repeated(&proxy, "StartBatchOperation");
    desk.run(&["result", "--workflow-id", &id]).await?.is(0, "3\n", "");
    Ok(())
}

#[tokio::test]
async fn waiting_outlives_a_network_that_is_gone_for_a_while() -> Outcome {
    let (desk, behind, proxy, _worker) = cut().await?;
    let id = desk.started("wait", "1").await?;
    let waiting = behind.spawn(&["result", "--workflow-id", &id])?;
    proxy.wait_for_count("GetWorkflowExecutionHistory", 1, SOON).await?;
    proxy.pause_accepting();
    proxy.cut_all();
    desk.run(&["signal", "--workflow-id", &id, "--name", "number", "-i", "9"]).await?;
    desk.until(&id, |shown| shown["status"] == "Completed").await?;
    proxy.resume_accepting();
    let exit = waiting.end().await?;
    assert_eq!((exit.code, exit.lines), (0, vec!["9".to_owned()]));
    Ok(())
}

#[tokio::test]
async fn an_execution_is_waited_for_over_a_broken_wire() -> Outcome {
    let (desk, behind, proxy, _worker) = cut().await?;
    for method in ["StartWorkflowExecution", "DescribeTaskQueue", "GetWorkflowExecutionHistory"] {
        break_twice(&proxy, method);
    }
    let id = desk.env.id("executed");
    let said = behind.run(&["execute", "chain", "1", "--workflow-id", &id]).await?;
    let told = "workflow executed-# run RUN started on desk-#\n\
                workflow executed-# continued as new: it goes on as run RUN\n";
    said.is(0, "\"the last\"\n", told);
    was_repeated(&proxy, "GetWorkflowExecutionHistory");
    Ok(())
}

#[tokio::test]
async fn a_start_that_nobody_answers_says_that_it_is_not_known() -> Outcome {
    let (_desk, behind, proxy, _worker) = cut().await?;
    proxy.fault(Match::method("StartWorkflowExecution"), Fault::Status(14, "not now".to_owned()));
    let id = behind.env.id("silent");
    let said = behind.run(&["start", "ledger", ACCOUNT, "--workflow-id", &id]).await?;
    let look = "look with `mainspring workflow describe --workflow-id silent-#`: not now (";
    said.refuses(69, "");
    let talk = masked(&said.talk);
    assert!(talk.starts_with(&format!("error: workflow silent-# may have been started or not, {look}")), "{talk}");
    assert!(talk.contains(" attempts in "), "{talk}");
    Ok(())
}

#[tokio::test]
async fn a_server_without_leave_is_not_asked_again() -> Outcome {
    let (_desk, behind, proxy, _worker) = cut().await?;
    proxy.fault(Match::method("ListWorkflowExecutions"), Fault::Status(7, "not yours".to_owned()));
    behind.run(&["list"]).await?.is(69, "", "error: workflows could not be listed: not yours\n");
    assert_eq!(proxy.count_of("ListWorkflowExecutions"), 1);
    Ok(())
}
