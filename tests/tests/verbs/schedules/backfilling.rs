//! `schedules backfill`, all at once and so many at a time.

use std::process::Stdio;

use mainspring_servers::proxy::WireProxy;
use nix::pty::openpty;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;

use super::{Planner, command, nine_in_the_past, run};
use crate::desk::{Outcome, masked};

#[tokio::test]
async fn a_backfill_says_what_it_did() -> Outcome {
    let planner = Planner::new().await?;
    let (address, id) = (planner.env.address(), planner.schedule("past", nine_in_the_past()).await?);
    let week = ["--start-time", "2026-03-02T00:00:00Z", "--end-time", "2026-03-08T23:00:00Z"];
    let backfill = |more: &[&str]| {
        let arguments: Vec<String> =
            [&["backfill", "-s", &id], &week[..], more].concat().into_iter().map(str::to_owned).collect();
        async move { run(address, &arguments.iter().map(String::as_str).collect::<Vec<_>>()).await }
    };
    let skip = backfill(&[]).await?;
    skip.is(
        0,
        "7\n",
        "schedule past-# is backfilled for 7 times: one, and those that find it running are skipped: --overlap-policy BufferAll \
         or --at-most N runs all\n",
    );
    assert_eq!(planner.started(&id).await?, 1);
    let all: Value = serde_json::from_str(&backfill(&["--overlap-policy", "AllowAll", "-o", "json"]).await?.out)?;
    assert_eq!(all, json!({ "schedule_id": id, "times": 7, "seen": true, "overlap_policy": "AllowAll" }));
    assert_eq!(planner.started(&id).await?, 7, "the first of them goes on, and is not started again");
    let between = ["backfill", "-s", &id, "--start-time", "2026-03-02T10:00:00Z", "--end-time", "2026-03-02T11:00:00Z"];
    run(address, &between).await?.is(0, "0\n", "schedule past-# has no time in that range: nothing was done\n");
    Ok(())
}

#[tokio::test]
async fn a_backfill_of_so_many_at_once_waits_and_says_where_to_go_on() -> Outcome {
    let planner = Planner::new().await?;
    let (address, id) = (planner.env.address(), planner.schedule("bound", nine_in_the_past()).await?);
    let arguments = [
        "backfill",
        "-s",
        &id,
        "--start-time",
        "2026-03-02T00:00:00Z",
        "--end-time",
        "2026-03-06T23:00:00Z",
        "--at-most",
        "2",
    ];
    let proxy = WireProxy::builder(address.parse()?).start().await?;
    // On a terminal there is a bar, and nothing of it elsewhere.
    let pty = openpty(None, None)?;
    let mut first = command(&proxy.address(), &arguments);
    first.stderr(Stdio::from(pty.slave));
    let child = first.spawn()?;
    drop(first);
    // Two are started, and asked whether they have ended.
    proxy.wait_for_count("DescribeWorkflowExecution", 4, std::time::Duration::from_secs(120)).await?;
    assert_eq!(planner.started(&id).await?, 2);
    let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id().ok_or("it has ended")?)?);
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT)?;
    let output = child.wait_with_output().await?;
    let mut screen = Vec::new();
    // At the end of the other side Linux gives an error, not an end of file.
    let _ = tokio::fs::File::from_std(std::fs::File::from(pty.master)).read_to_end(&mut screen).await;
    let screen = String::from_utf8(screen)?;
    assert_eq!(output.status.code(), Some(130), "{screen}");
    assert!(screen.contains("0/5 2 running"), "{screen}");
    let on = "error: interrupted. Of schedule bound-#, 2 of 5 times were handed to Temporal, and what runs goes on: the same \
              command with --start-time 2026-03-03T09:00:00.001Z takes the others\r\n";
    assert!(screen.replace(&id, "bound-#").ends_with(on), "{screen}");

    // From there on, and somebody ends each run: first of those two, which do not count any more.
    let rest = [&arguments[..4], &["2026-03-03T09:00:00.001Z"], &arguments[5..]].concat();
    let mut second = command(address, &rest).spawn()?;
    let mut ended: Vec<String> = Vec::new();
    let status = loop {
        if let Some(status) = second.try_wait()? {
            break status;
        }
        let actions = planner.calls.describe(&id).await?.info.ok_or("no info")?.recent_actions;
        for run in actions.into_iter().filter_map(|action| action.start_workflow_result) {
            if !ended.contains(&run.workflow_id) {
                end(&planner, &run.workflow_id).await?;
                ended.push(run.workflow_id);
            }
        }
    };
    assert!(status.success());
    let output = second.wait_with_output().await?;
    let talk = String::from_utf8(output.stderr)?;
    assert_eq!(
        (String::from_utf8(output.stdout)?.as_str(), masked(&talk).as_str()),
        ("3\n", "schedule bound-# is backfilled for 3 times: all have ended\n")
    );
    assert_eq!(planner.started(&id).await?, 5);
    Ok(())
}

async fn end(planner: &Planner, workflow_id: &str) -> Outcome {
    use temporalio_client::{UntypedWorkflow, WorkflowTerminateOptions};
    let handle = planner.link.get_workflow_handle::<UntypedWorkflow>(workflow_id);
    handle.terminate(WorkflowTerminateOptions::default()).await?;
    Ok(())
}
