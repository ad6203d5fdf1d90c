//! By query: counted, confirmed, limited in rate, followed, come back to.

use std::process::Stdio;
use std::time::Duration;

use mainspring_servers::proxy::{Fault, Match, WireProxy};
use mainspring_testing::TestError;
use nix::pty::openpty;
use nix::sys::signal::Signal;
use prost::Message;
use serde_json::{Value, json};
use temporalio_common::protos::temporal::api::workflowservice::v1::StartBatchOperationRequest;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::desk::{Desk, Outcome, masked};

const SOON: Duration = Duration::from_secs(30);
/// A message on the wire comes after one byte of flags and four of length.
const GRPC_HEAD: usize = 5;

/// So many workflows that wait.
async fn waiting(desk: &Desk, count: u64) -> Result<Vec<String>, TestError> {
    let mut ids = Vec::new();
    for _ in 0..count {
        ids.push(desk.started("wait", "1").await?);
    }
    desk.indexed(&format!("{} AND ExecutionStatus = 'Running'", desk.query()), count).await?;
    Ok(ids)
}

#[tokio::test]
async fn a_dry_run_counts_and_without_a_terminal_nobody_is_asked() -> Outcome {
    let desk = Desk::idle().await?;
    waiting(&desk, 3).await?;
    let query = desk.query();
    let all = "(TaskQueue = 'desk-#') AND ExecutionStatus = 'Running'";
    for verb in [&["cancel"][..], &["terminate"], &["signal", "--name", "number"]] {
        let dry = desk.run(&[verb, &["--query", &query, "--dry-run"]].concat()).await?;
        dry.is(0, "3\n", &format!("3 workflows match {all}; nothing was done, for it is a dry run\n"));
    }
    let said =
        desk.run(&["reset", "--query", &query, "--dry-run", "--type", "FirstWorkflowTask", "--reason", "x"]).await?;
    said.is(0, "3\n", "3 workflows match TaskQueue = 'desk-#'; nothing was done, for it is a dry run\n");
    let unasked = desk.run(&["terminate", "--query", &query]).await?;
    let there_is_none = "There is no terminal to answer at: give --yes, or --dry-run to only count";
    unasked.is(64, "", &format!("error: 3 workflows match {all}. Terminate them? {there_is_none}\n"));
    let none = desk.run(&["cancel", "--query", "WorkflowType = 'nobody-has-it'", "--yes", "-o", "json"]).await?;
    assert_eq!((none.code, serde_json::from_str::<Value>(&none.out)?["count"].as_i64()), (0, Some(0)), "{none:?}");
    assert_eq!(
        desk.json(&["count", "--query", &format!("{query} AND ExecutionStatus = 'Running'")]).await?["count"],
        3
    );
    Ok(())
}

#[tokio::test]
async fn a_batch_reaches_every_workflow_once_and_its_job_is_come_back_to() -> Outcome {
    let (desk, _worker) = Desk::with_worker().await?;
    let ids = waiting(&desk, 5).await?;
    let (query, job) = (desk.query(), desk.env.id("job"));
    let arguments =
        ["signal", "--query", &query, "--name", "number", "-i", "7", "--job-id", &job, "--reason", "test", "--yes"];
    desk.run(&arguments).await?.is(
        0,
        "5\n",
        "batch job job-#: signal 5 workflows\nbatch job job-# is done: 5 of 5 workflows\n",
    );
    for id in &ids {
        desk.run(&["result", "--workflow-id", id]).await?.is(0, "7\n", "");
    }
    let again = desk.run(&arguments).await?;
    again.is(
        0,
        "5\n",
        "batch job job-# is there already (\"test\"): nothing is started, it is followed\n\
         batch job job-# is done: 5 of 5 workflows\n",
    );
    let other = desk.run(&["terminate", "--query", &query, "--job-id", &job, "--yes"]).await?;
    other.refuses(64, "is there already, and is of another kind (Signal");
    Ok(())
}

#[tokio::test]
async fn workflows_are_cancelled_terminated_and_reset_by_query() -> Outcome {
    let (desk, _worker) = Desk::with_worker().await?;
    let query = desk.query();
    let ended =
        async |status: &str, count| desk.indexed(&format!("{query} AND ExecutionStatus = '{status}'"), count).await;
    waiting(&desk, 2).await?;
    let done = desk.json(&["cancel", "--query", &query, "--yes"]).await?;
    assert_eq!(
        (&done["total"], &done["done"], &done["failed"], &done["completed"]),
        (&json!(2), &json!(2), &json!(0), &json!(true))
    );
    ended("Canceled", 2).await?;
    let reset = ["reset", "--query", &query, "--type", "FirstWorkflowTask", "--reason", "again", "--yes"];
    assert_eq!(desk.json(&reset).await?["done"], 2);
    ended("Running", 2).await?;
    assert_eq!(desk.json(&["terminate", "--query", &query, "--yes", "--reason", "enough"]).await?["done"], 2);
    ended("Terminated", 2).await
}

#[tokio::test]
async fn a_batch_that_leaves_some_undone_is_1() -> Outcome {
    let desk = Desk::idle().await?;
    waiting(&desk, 2).await?;
    // Nobody has taken a task of them, so there is no point to go back to.
    let query = desk.query();
    let reset = ["reset", "--query", &query, "--type", "FirstWorkflowTask", "--reason", "x", "--yes"];
    desk.run(&reset).await?.is(
        1,
        "0\n",
        "batch job RUN: reset 2 workflows\n\
         error: batch job RUN has ended with 0 of 2 workflows done and 2 failed; the same command without --job-id takes what \
         still matches\n",
    );
    Ok(())
}

/// On a terminal of its own; gives what is on it at the end, and the exit code.
async fn at_a_terminal(desk: &Desk, arguments: &[&str], typed: &str) -> Result<(String, i32), TestError> {
    let pty = openpty(None, None)?;
    let mut command = desk.command(arguments);
    command.stdin(Stdio::from(pty.slave.try_clone()?)).stderr(Stdio::from(pty.slave));
    let child = command.spawn()?;
    // The command holds the other end now, and closes it when it ends.
    drop(command);
    let mut screen = tokio::fs::File::from_std(std::fs::File::from(pty.master));
    let (mut seen, mut chunk) = (Vec::new(), [0; 1024]);
    let mut answered = false;
    // At the end of the other side Linux gives an error, not an end of file.
    while let Ok(Ok(count)) = tokio::time::timeout(SOON, screen.read(&mut chunk)).await {
        if count == 0 {
            break;
        }
        seen.extend_from_slice(&chunk[..count]);
        if !answered && String::from_utf8_lossy(&seen).contains("[y/N] ") {
            answered = true;
            screen.write_all(typed.as_bytes()).await?;
            screen.flush().await?;
        }
    }
    let output = tokio::time::timeout(SOON, child.wait_with_output()).await??;
    Ok((String::from_utf8(seen)?, output.status.code().unwrap_or(-1)))
}

#[tokio::test]
async fn at_a_terminal_it_asks_and_only_a_yes_goes_on() -> Outcome {
    let desk = Desk::idle().await?;
    waiting(&desk, 2).await?;
    let query = desk.query();
    let arguments = ["terminate", "--query", &query];
    for typed in ["n\n", "\n", "yep\n"] {
        let (screen, code) = at_a_terminal(&desk, &arguments, typed).await?;
        assert_eq!(code, 130, "{screen}");
        let question =
            "2 workflows match (TaskQueue = 'desk-#') AND ExecutionStatus = 'Running'. Terminate them? [y/N] ";
        assert!(masked(&screen).starts_with(question), "{screen}");
        assert!(screen.ends_with("error: not confirmed: nothing was done\r\n"), "{screen}");
    }
    let running = format!("{query} AND ExecutionStatus = 'Running'");
    assert_eq!(desk.json(&["count", "--query", &running]).await?["count"], 2);
    let (screen, code) = at_a_terminal(&desk, &arguments, "y\n").await?;
    assert_eq!(code, 0, "{screen}");
    assert!(masked(&screen).contains("batch job RUN is done: 2 of 2 workflows"), "{screen}");
    desk.indexed(&running, 0).await
}

#[tokio::test]
async fn a_batch_asks_for_its_rate_and_goes_on_without_its_command() -> Outcome {
    let desk = Desk::idle().await?;
    waiting(&desk, 6).await?;
    let (query, job) = (desk.query(), desk.env.id("slow"));
    let arguments = ["terminate", "--query", &query, "--job-id", &job, "--rate", "2.5", "--yes"];
    let proxy = WireProxy::builder(desk.env.address().parse()?).capture("StartBatchOperation").start().await?;
    // The first look finds no such job; the next one would follow it.
    proxy.fault(Match::method("DescribeBatchOperation").times(1), Fault::Delay(Duration::ZERO));
    proxy.fault(Match::method("DescribeBatchOperation"), Fault::Hang);
    let mut first = desk.behind(proxy.address()).spawn(&arguments)?;
    first.line("terminate 6 workflows, at most 2.5 a second asked for").await?;
    proxy.wait_for_count("DescribeBatchOperation", 2, SOON).await?;
    first.signal(Signal::SIGINT);
    let exit = first.end().await?;
    let last = exit.lines.last().map(|line| masked(line)).unwrap_or_default();
    assert_eq!(
        (exit.code, last.as_str()),
        (
            130,
            "error: interrupted. Temporal goes on with batch job slow-#: the same command with --job-id slow-# follows it"
        )
    );
    // The dev server of 1.29 does not keep to it, so what can be seen is what it was asked.
    let body = proxy.records_of("StartBatchOperation")[0].body.clone().ok_or("no body")?;
    let asked = StartBatchOperationRequest::decode(&body[GRPC_HEAD..])?;
    assert!((asked.max_operations_per_second - 2.5).abs() < f32::EPSILON, "{asked:?}");
    let said = desk.run(&arguments).await?;
    assert_eq!((said.code, said.out.as_str()), (0, "6\n"), "{}", said.talk);
    Ok(())
}
