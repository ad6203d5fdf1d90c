//! `signal`, `query`, `update`, `describe`, `list`, `count`.

use serde_json::{Value, json};

use crate::desk::{Desk, Outcome, masked};

#[tokio::test]
async fn a_workflow_is_signalled_asked_and_updated() -> Outcome {
    let (desk, _worker) = Desk::with_worker().await?;
    let id = desk.started("ledger", r#"{"owner": "ann", "goal": 100}"#).await?;
    let on = |verb: &'static str, rest: &[&'static str]| {
        [&[verb, "--workflow-id", &id], rest].concat().into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let run = async |verb, rest: &[&'static str]| {
        let arguments = on(verb, rest);
        desk.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).await
    };
    run("signal", &["--name", "add", "--input", "5"]).await?.is(0, "", "signal add sent to workflow ledger-#\n");
    run("signal", &["--name", "add", "-i", "2", "-o", "json"]).await?.is(
        0,
        "{\"signal\":\"add\",\"workflow_id\":\"ledger-#\"}\n",
        "signal add sent to workflow ledger-#\n",
    );
    run("query", &["--name", "balance"]).await?.is(0, "7\n", "");
    let json = "{\"query\":\"balance\",\"result\":7,\"workflow_id\":\"ledger-#\"}\n";
    run("query", &["--name", "balance", "-o", "json", "--reject-condition", "not_open"]).await?.is(0, json, "");
    let unknown = "error: query nope of workflow ledger-# got no answer: No query handler for 'nope'\n";
    run("query", &["--name", "nope"]).await?.is(64, "", unknown);

    run("update", &["--name", "spend", "--input", "3"]).await?.is(0, "4\n", "");
    let update = ["--name", "spend", "-i", "1", "--update-id", "once", "-o", "json"];
    let json = "{\"result\":3,\"update\":\"spend\",\"update_id\":\"once\",\"workflow_id\":\"ledger-#\"}\n";
    run("update", &update).await?.is(0, json, "");
    run("update", &update).await?.is(0, json, "");
    let refused = "error: update spend of workflow ledger-# failed: 50 is more than 3\n";
    run("update", &["--name", "spend", "-i", "50"]).await?.is(1, "", refused);

    let end = run("signal", &["--name", "add", "-i", "200"]).await?;
    assert_eq!(end.code, 0, "{end:?}");
    run("result", &[]).await?.is(0, "\"ann has 203\"\n", "");
    let rejected = "error: workflow ledger-# is Completed, and --reject-condition refuses to ask it then; without it, it is asked all \
                    the same\n";
    run("query", &["--name", "balance", "--reject-condition", "not_open"]).await?.is(64, "", rejected);
    let ended = "error: signal add could not be sent to workflow ledger-#: workflow execution already completed\n";
    run("signal", &["--name", "add", "-i", "1"]).await?.is(66, "", ended);
    Ok(())
}

#[tokio::test]
async fn an_activity_that_is_retried_shows_how_far_it_was_and_why_it_failed() -> Outcome {
    let (desk, _worker) = Desk::with_worker().await?;
    let input = r#"{"activity": "stuck", "arg": "orders", "heartbeat_seconds": 30, "attempts": 9}"#;
    let id = desk.started("call", input).await?;
    let shown = desk.until(&id, |shown| shown["pending_activities"][0]["attempt"] == 2).await?;
    let activity = &shown["pending_activities"][0];
    assert_eq!(activity["heartbeat_details"], json!([{ "row": 3, "of": "orders" }]));
    assert_eq!((&activity["type"], &activity["maximum_attempts"]), (&json!("stuck"), &json!(9)));
    assert_eq!(
        activity["last_failure"],
        json!({ "message": "row 4 is locked", "type": "Locked", "non_retryable": false, "text": "Locked: row 4 is locked" })
    );
    let said = desk.run(&["describe", "--workflow-id", &id]).await?;
    let text: Vec<String> = masked(&said.out).lines().map(str::to_owned).collect();
    let stable = |line: &&String| !["History", "Attributes"].iter().any(|label| line.starts_with(label));
    let text: Vec<String> = text.iter().filter(stable).map(|line| without_worker(line)).collect();
    assert_eq!(
        text,
        [
            "Workflow       call-#",
            "Run            RUN",
            "Type           call",
            "Status         Running",
            "Task queue     desk-#",
            "Started        TIME",
            "Activity       1 stuck, Scheduled, attempt 2 of 9",
            "  next attempt TIME",
            "  last beat    TIME: {\"of\":\"orders\",\"row\":3}",
            "  failed last  Locked: row 4 is locked",
        ]
    );
    assert!(said.talk.is_empty(), "{}", said.talk);
    Ok(())
}

/// The worker's identity has a process id and a host in it.
fn without_worker(line: &str) -> String {
    line.split_once(", worker ").map_or(line, |(before, _)| before).to_owned()
}

#[tokio::test]
async fn a_workflow_task_that_fails_again_and_again_shows_why() -> Outcome {
    let (desk, _worker) = Desk::with_worker().await?;
    let id = desk.started("fragile", "1").await?;
    let shown = desk.until(&id, |shown| shown["pending_workflow_task"]["attempt"].as_i64() > Some(1)).await?;
    let failure = &shown["pending_workflow_task"]["last_failure"];
    assert_eq!(failure["reason"], "WorkflowWorkerUnhandledFailure");
    assert_eq!(failure["message"], "Workflow function panicked: a bug of this build");
    let said = desk.run(&["describe", "--workflow-id", &id]).await?;
    let line = "  failed last  WorkflowWorkerUnhandledFailure: Workflow function panicked: a bug of this build\n";
    assert!(said.out.contains(line), "{}", said.out);
    Ok(())
}

#[tokio::test]
async fn a_closed_workflow_shows_how_it_ended() -> Outcome {
    let (desk, _worker) = Desk::with_worker().await?;
    let (good, bad) = (desk.env.id("good"), desk.env.id("bad"));
    assert_eq!(desk.run(&["execute", "chain", "0", "--workflow-id", &good]).await?.code, 0);
    let unlucky = r#"{"owner": "ann", "goal": 13}"#;
    assert_eq!(desk.run(&["execute", "ledger", unlucky, "--workflow-id", &bad]).await?.code, 1);
    let good = desk.json(&["describe", "--workflow-id", &good]).await?;
    assert_eq!((&good["status"], &good["result"]), (&json!("Completed"), &json!("the last")));
    assert!(good["close_time"].is_string(), "{good}");
    let said = desk.run(&["describe", "--workflow-id", &bad]).await?;
    assert!(said.out.contains("Status         Failed\n"), "{}", said.out);
    assert!(said.out.ends_with("Failure        Unlucky: 13 is no goal\n"), "{}", said.out);
    Ok(())
}

#[tokio::test]
async fn workflows_are_listed_and_counted() -> Outcome {
    let (desk, _worker) = Desk::with_worker().await?;
    let query = desk.query();
    for n in 0..3 {
        let id = desk.env.id(&format!("done-{n}"));
        assert_eq!(desk.run(&["execute", "chain", "0", "--workflow-id", &id]).await?.code, 0);
    }
    desk.started("wait", "1").await?;
    desk.indexed(&format!("{query} AND ExecutionStatus = 'Completed'"), 3).await?;
    desk.indexed(&query, 4).await?;
    let said = desk.run(&["list", "--query", &query]).await?;
    let lines: Vec<String> = said.out.lines().map(masked).collect();
    assert_eq!(lines.len(), 5, "{}", said.out);
    assert!(lines[0].starts_with("STATUS     WORKFLOW ID ") && lines[0].ends_with("TYPE   STARTED"), "{}", lines[0]);
    assert_eq!(lines[1].split_whitespace().collect::<Vec<_>>(), ["Running", "wait-#", "wait", "TIME"]);
    assert_eq!(lines[2].split_whitespace().collect::<Vec<_>>(), ["Completed", "done-2-#", "chain", "TIME"]);
    assert!(said.talk.is_empty(), "{}", said.talk);

    let said = desk.run(&["list", "--query", &query, "--limit", "2", "-o", "json"]).await?;
    let listed: Result<Vec<Value>, _> = said.out.lines().map(serde_json::from_str).collect();
    let listed = listed?;
    assert_eq!(listed.iter().map(|workflow| &workflow["status"]).collect::<Vec<_>>(), ["Running", "Completed"]);
    assert_eq!(said.talk, "the first 2; --limit shows more, `mainspring workflow count` counts them\n");

    desk.run(&["count", "--query", &query]).await?.is(0, "4\n", "");
    let groups = format!("{query} GROUP BY ExecutionStatus");
    let counted = desk.json(&["count", "--query", &groups]).await?;
    assert_eq!(counted["count"], 4);
    let mut groups: Vec<String> = counted["groups"].as_array().into_iter().flatten().map(Value::to_string).collect();
    groups.sort();
    assert_eq!(groups, ["{\"count\":1,\"values\":[\"Running\"]}", "{\"count\":3,\"values\":[\"Completed\"]}"]);
    desk.run(&["list", "--query", "WorkflowType = 'nobody-has-it'"]).await?.is(0, "", "no workflow matches\n");
    desk.run(&["list", "--query", "(("]).await?.refuses(64, "workflows could not be listed: invalid query");
    desk.run(&["count", "--query", "(("]).await?.refuses(64, "workflows could not be counted: invalid query");
    Ok(())
}
