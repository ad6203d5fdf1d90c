//! `cancel`, `terminate`, `reset`: one workflow.

use serde_json::json;

use crate::desk::{Desk, Outcome};

const ACCOUNT: &str = r#"{"owner": "ann", "goal": 10}"#;

#[tokio::test]
async fn a_cancelled_and_a_terminated_workflow_say_so() -> Outcome {
    let (desk, _worker) = Desk::with_worker().await?;
    let id = desk.started("ledger", ACCOUNT).await?;
    let said = desk.run(&["cancel", "--workflow-id", &id, "--reason", "no longer wanted"]).await?;
    said.is(0, "", "workflow ledger-# was asked to cancel itself\n");
    let said = desk.run(&["result", "--workflow-id", &id, "-o", "json"]).await?;
    said.is(
        1,
        "{\"failure\":{\"message\":\"cancelled\"},\"run_id\":\"RUN\",\"status\":\"Canceled\",\"workflow_id\":\"ledger-#\"}\n",
        "error: workflow ledger-# was cancelled\n",
    );
    let ended = desk.run(&["terminate", "--workflow-id", &id]).await?;
    ended.is(66, "", "error: could not terminate workflow ledger-#: workflow execution already completed\n");

    let id = desk.started("ledger", ACCOUNT).await?;
    let said = desk.run(&["terminate", "--workflow-id", &id, "--reason", "stuck", "-o", "json"]).await?;
    said.is(0, "{\"workflow_id\":\"ledger-#\"}\n", "workflow ledger-# was terminated\n");
    desk.run(&["result", "--workflow-id", &id]).await?.is(1, "", "error: workflow ledger-# was terminated: stuck\n");
    let id = desk.started("ledger", ACCOUNT).await?;
    assert_eq!(desk.run(&["terminate", "--workflow-id", &id]).await?.code, 0);
    let said = desk.run(&["result", "--workflow-id", &id]).await?;
    said.is(1, "", "error: workflow ledger-# was terminated: by `mainspring workflow terminate`\n");
    Ok(())
}

#[tokio::test]
async fn a_reset_workflow_goes_on_as_a_new_run_with_its_signals() -> Outcome {
    let (desk, _worker) = Desk::with_worker().await?;
    let id = desk.started("ledger", ACCOUNT).await?;
    // Its first task has events 2 to 4, if no signal comes in between.
    desk.until(&id, |shown| shown["pending_workflow_task"].is_null()).await?;
    let balance = ["query", "--workflow-id", &id, "--name", "balance"];
    assert_eq!(desk.run(&["signal", "--workflow-id", &id, "--name", "add", "-i", "4"]).await?.code, 0);
    desk.run(&balance).await?.is(0, "4\n", "");
    let old = desk.json(&["describe", "--workflow-id", &id]).await?["run_id"].clone();
    let reset = ["reset", "--workflow-id", &id, "--reason", "try"];
    let first = desk.run(&[&reset[..], &["--type", "FirstWorkflowTask"]].concat()).await?;
    first.is(0, "ledger-# RUN\n", "workflow ledger-# goes on from event 4 of run RUN as run RUN\n");
    desk.run(&balance).await?.is(0, "4\n", "");
    let without = desk.json(&[&reset[..], &["--event-id", "4", "--reapply-exclude", "Signal"]].concat()).await?;
    assert_eq!((&without["workflow_id"], &without["event_id"]), (&json!(id), &json!(4)));
    assert_ne!(without["run_id"], old);
    desk.run(&balance).await?.is(0, "0\n", "");
    let run = old.as_str().unwrap_or_default();
    desk.run(&["result", "--workflow-id", &id, "--run-id", run]).await?.is(
        1,
        "",
        "error: workflow ledger-# was terminated: try\n",
    );
    let wrong = desk.run(&[&reset[..], &["--event-id", "4000"]].concat()).await?;
    wrong.refuses(64, "could not be reset to event 4000: Workflow task finish ID must be > 1");
    Ok(())
}

#[tokio::test]
async fn a_workflow_that_nobody_took_is_at_its_beginning() -> Outcome {
    let desk = Desk::idle().await?;
    let id = desk.started("ledger", ACCOUNT).await?;
    let said = desk.run(&["reset", "--workflow-id", &id, "--type", "LastWorkflowTask", "--reason", "try"]).await?;
    let why = "no worker has taken a task of run RUN yet, so it is at its beginning";
    said.is(64, "", &format!("error: workflow ledger-# cannot be reset: {why}\n"));
    Ok(())
}
