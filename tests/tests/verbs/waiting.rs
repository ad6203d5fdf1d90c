//! What a command that waits says when nobody works, when it is interrupted, when nobody reads it.

use std::process::Stdio;
use std::time::Duration;

use mainspring_servers::proxy::WireProxy;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;

use crate::desk::{Desk, Outcome, masked, said};

const SOON: Duration = Duration::from_secs(30);
const ACCOUNT: &str = r#"{"owner": "ann", "goal": 5}"#;

#[tokio::test]
async fn nobody_polling_is_a_warning_at_once_and_an_error_after_the_wait() -> Outcome {
    let desk = Desk::idle().await?;
    let id = desk.env.id("alone");
    let mut said = desk.run(&["execute", "ledger", ACCOUNT, "--workflow-id", &id, "--poller-wait", "1s"]).await?;
    let waited = said.talk.split_once(", for ").and_then(|(_, rest)| rest.split_once(" now: "));
    let (waited, _) = waited.ok_or_else(|| format!("no time: {said:?}"))?;
    assert!(humantime::parse_duration(waited)? >= Duration::from_secs(1), "{said:?}");
    said.talk = said.talk.replacen(&format!(", for {waited} now: "), ", for a while now: ", 1);
    said.is(
        69,
        "",
        "workflow alone-# run RUN started on desk-#\n\
         warning: nobody polls task queue desk-#: workflow alone-# waits until a worker does\n\
         error: nobody polls task queue desk-#, for a while now: workflow alone-# goes on when a worker does. Start one that has it, \
         and wait with `mainspring workflow result --workflow-id alone-#`; or wait longer with --poller-wait\n",
    );
    let said = desk.run(&["query", "--workflow-id", &id, "--name", "balance"]).await?;
    said.is(
        69,
        "",
        "error: query balance of workflow alone-# got no answer: nobody polls task queue desk-#. Start a worker that has it, \
         and ask again\n",
    );
    let warning = "warning: nobody polls task queue";
    let mut result = desk.spawn(&["result", "--workflow-id", &id])?;
    result.line(warning).await?;
    let said = desk.run(&["update", "--workflow-id", &id, "--name", "spend", "-i", "1", "--poller-wait", "1s"]).await?;
    said.refuses(69, "nobody polls task queue");
    Ok(())
}

#[tokio::test]
async fn a_worker_that_comes_within_the_wait_is_waited_for() -> Outcome {
    let desk = Desk::idle().await?;
    let mut waiting = desk.spawn(&["execute", "chain", "1", "--poller-wait", "80s"])?;
    waiting.line("warning: nobody polls task queue").await?;
    let _worker = desk.worker().await?;
    waiting.line("\"the last\"").await?;
    assert_eq!(waiting.end().await?.code, 0);
    Ok(())
}

#[tokio::test]
async fn ctrl_c_says_that_the_workflow_goes_on() -> Outcome {
    const GOES_ON: &str =
        "error: interrupted. The workflow goes on: mainspring workflow result --workflow-id patient-#";
    let (desk, _worker) = Desk::with_worker().await?;
    let id = desk.env.id("patient");
    // That a command waits is seen on the wire: it has asked for the history.
    let proxy = WireProxy::builder(desk.env.address().parse()?).start().await?;
    let behind = desk.behind(proxy.address());
    for (n, arguments) in [(1, &["execute", "ledger", ACCOUNT][..]), (2, &["result"])] {
        let waiting = behind.spawn(&[arguments, &["--workflow-id", &id]].concat())?;
        proxy.wait_for_count("GetWorkflowExecutionHistory", n, SOON).await?;
        waiting.signal(Signal::SIGINT);
        let exit = waiting.end().await?;
        assert_eq!((exit.code, exit.lines.last().map(|line| masked(line)).as_deref()), (130, Some(GOES_ON)));
    }
    assert_eq!(desk.json(&["describe", "--workflow-id", &id]).await?["status"], "Running");
    Ok(())
}

#[tokio::test]
async fn ctrl_c_is_heard_while_stdin_is_read() -> Outcome {
    let desk = Desk::idle().await?;
    let (stdin, _kept_open) = std::io::pipe()?;
    let mut command = desk.command(&["start", "ledger", "-"]);
    command.stdin(Stdio::from(stdin));
    let child = command.spawn()?;
    let pid = Pid::from_raw(child.id().ok_or("no pid")?.try_into()?);
    // It has a handler of its own for the signal from when it reads.
    caught(pid, Signal::SIGINT).await?;
    kill(pid, Signal::SIGINT)?;
    let output = tokio::time::timeout(SOON, child.wait_with_output()).await??;
    let talk = String::from_utf8(output.stderr)?;
    assert_eq!((output.status.code(), talk.as_str()), (Some(130), "error: interrupted. Nothing was done\n"));
    Ok(())
}

/// Waits until the process catches that signal, as Linux tells it.
async fn caught(pid: Pid, signal: Signal) -> Outcome {
    let mut looks = tokio::time::interval(Duration::from_millis(20));
    for _ in 0..1_000 {
        looks.tick().await;
        let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        let caught = u64::from_str_radix(caught.ok_or("no SigCgt")?.trim(), 16)?;
        if caught & (1 << (signal as u64 - 1)) != 0 {
            return Ok(());
        }
    }
    Err("the signal was never caught".into())
}

#[tokio::test]
async fn a_closed_stdout_is_no_panic() -> Outcome {
    let (desk, _worker) = Desk::with_worker().await?;
    let (reader, writer) = std::io::pipe()?;
    drop(reader);
    let into_it = |arguments: &[&str]| {
        let mut command = desk.command(arguments);
        command.stdout(Stdio::from(writer.try_clone()?));
        Ok::<_, std::io::Error>(command)
    };
    let execute = said(into_it(&["execute", "chain", "0"])?).await?;
    execute.is(70, "", "workflow chain-RUN run RUN started on desk-#\n");
    let describe = said(into_it(&["describe", "--workflow-id", &desk.started("wait", "1").await?])?).await?;
    describe.is(70, "", "");
    said(into_it(&["--help"])?).await?.is(0, "", "");
    Ok(())
}

#[tokio::test]
async fn a_chain_of_runs_is_followed_to_its_end() -> Outcome {
    let (desk, _worker) = Desk::with_worker().await?;
    let id = desk.env.id("chained");
    let next = "workflow chained-# continued as new: it goes on as run RUN\n";
    let said = desk.run(&["execute", "chain", "2", "--workflow-id", &id]).await?;
    said.is(0, "\"the last\"\n", &format!("workflow chained-# run RUN started on desk-#\n{next}{next}"));
    let shown = desk.json(&["result", "--workflow-id", &id]).await?;
    assert_eq!((&shown["status"], &shown["result"]), (&json!("Completed"), &json!("the last")));
    Ok(())
}

#[tokio::test]
async fn a_workflow_that_is_not_there_is_66() -> Outcome {
    let desk = Desk::idle().await?;
    for (verb, text) in [
        ("result", "workflow nowhere cannot be read: workflow not found for ID: nowhere"),
        ("describe", "workflow nowhere cannot be read: workflow not found for ID: nowhere"),
        ("cancel", "could not cancel workflow nowhere: workflow not found for ID: nowhere"),
        ("terminate", "could not terminate workflow nowhere: workflow not found for ID: nowhere"),
    ] {
        desk.run(&[verb, "--workflow-id", "nowhere"]).await?.is(66, "", &format!("error: {text}\n"));
    }
    for (verb, text) in [
        ("signal", "signal x could not be sent to workflow nowhere"),
        ("query", "query x of workflow nowhere got no answer"),
        ("update", "workflow nowhere cannot be updated"),
    ] {
        let said = desk.run(&[verb, "--workflow-id", "nowhere", "--name", "x"]).await?;
        said.is(66, "", &format!("error: {text}: workflow not found for ID: nowhere\n"));
    }
    Ok(())
}
