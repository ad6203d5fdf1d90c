//! `start` and `execute`: input, task queue, id, conflicts.

use serde_json::{Value, json};

use crate::desk::{Desk, Outcome, said};

const ACCOUNT: &str = r#"{"owner": "ann", "goal": 5, "entries": [{"amount": 7}]}"#;

#[tokio::test]
async fn the_result_is_alone_on_stdout() -> Outcome {
    let (desk, _worker) = Desk::with_worker().await?;
    let id = desk.env.id("account");
    let queue = "desk-#";
    let said = desk.run(&["execute", "ledger", ACCOUNT, "--workflow-id", &id]).await?;
    said.is(0, "\"ann has 7\"\n", &format!("workflow account-# run RUN started on {queue}\n"));
    let id = desk.env.id("account");
    let said = desk.run(&["execute", "ledger", ACCOUNT, "--workflow-id", &id, "-o", "json"]).await?;
    let shown: Value = serde_json::from_str(&said.out)?;
    assert_eq!(
        (&shown["workflow_id"], &shown["status"], &shown["result"]),
        (&json!(id), &json!("Completed"), &json!("ann has 7"))
    );
    assert_eq!(shown.as_object().map(serde_json::Map::len), Some(4), "with run_id these are all: {shown}");
    let random = desk.run(&["start", "ledger", ACCOUNT]).await?;
    random.is(0, "ledger-RUN RUN\n", &format!("workflow ledger-RUN run RUN started on {queue}\n"));
    Ok(())
}

#[tokio::test]
async fn input_comes_from_an_argument_a_flag_a_file_or_stdin() -> Outcome {
    let (desk, _worker) = Desk::with_worker().await?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("input.json");
    std::fs::write(&file, ACCOUNT)?;
    let path = file.display().to_string();
    for arguments in [&["-i", ACCOUNT][..], &["--input", ACCOUNT], &["--input-file", &path]] {
        let said = desk.run(&[&["execute", "ledger"], arguments].concat()).await?;
        assert_eq!((said.code, said.out.as_str()), (0, "\"ann has 7\"\n"), "{arguments:?}: {}", said.talk);
    }
    for arguments in [&["-"][..], &["--input", "-"], &["--input-file", "-"]] {
        let said = desk.fed(&[&["execute", "ledger"], arguments].concat(), ACCOUNT.as_bytes()).await?;
        assert_eq!((said.code, said.out.as_str()), (0, "\"ann has 7\"\n"), "{arguments:?}: {}", said.talk);
    }
    let typed = desk.run(&["execute", "--type", "ledger", "-i", ACCOUNT]).await?;
    assert_eq!((typed.code, typed.out.as_str()), (0, "\"ann has 7\"\n"), "{}", typed.talk);
    Ok(())
}

#[tokio::test]
async fn a_contract_gives_the_id_and_a_second_start_finds_the_first() -> Outcome {
    let desk = Desk::idle().await?;
    let number = u32::from_ne_bytes(uuid_bytes(&desk.env.id("n"))?);
    let input = format!("{{\"number\": {number}}}");
    let first = desk.json(&["start", "book", &input]).await?;
    let id = format!("invoice-{number}");
    assert_eq!(first["workflow_id"], id);
    let run_id = first["run_id"].as_str().ok_or("no run id")?;
    desk.run(&["start", "book", &input]).await?.is(
        64,
        "",
        &format!(
            "error: workflow {id} is already running: run RUN. Wait for it with `mainspring workflow result --workflow-id {id}`, \
             or give another --workflow-id\n"
        ),
    );
    let again = desk.run(&["start", "book", &input]).await?;
    assert!(again.talk.contains(run_id), "{}", again.talk);
    let used = desk.run(&["start", "book", &input, "--id-conflict-policy", "UseExisting"]).await?;
    assert_eq!(used.out, format!("{id} {run_id}\n"));
    assert!(
        used.talk.starts_with(&format!("workflow {id} run {run_id} was running already on lab-books\n")),
        "{used:?}"
    );
    let other = desk.json(&["start", "book", &input, "--workflow-id", &desk.env.id("other")]).await?;
    assert_ne!(other["workflow_id"], id, "the flag beats the contract");
    Ok(())
}

/// The first bytes of the random part of a test's id.
fn uuid_bytes(id: &str) -> Result<[u8; 4], mainspring_testing::TestError> {
    let random = id.rsplit('-').next().and_then(|random| random.get(..8)).ok_or("no random part")?;
    Ok(u32::from_str_radix(random, 16)?.to_ne_bytes())
}

#[tokio::test]
async fn what_has_run_before_runs_again_only_if_it_failed_or_if_asked() -> Outcome {
    let (desk, _worker) = Desk::with_worker().await?;
    let id = desk.env.id("twice");
    let start = ["execute", "ledger", ACCOUNT, "--workflow-id", &id];
    assert_eq!(desk.run(&start).await?.code, 0);
    desk.run(&start).await?.is(
        64,
        "",
        "error: workflow twice-# has run before and ended as Completed: run RUN. --id-reuse-policy AllowDuplicate starts it again; \
         or give another --workflow-id\n",
    );
    let asked = desk.run(&[&start[..], &["--id-reuse-policy", "AllowDuplicate"]].concat()).await?;
    assert_eq!((asked.code, asked.out.as_str()), (0, "\"ann has 7\"\n"), "{}", asked.talk);
    let id = desk.env.id("failed");
    let unlucky = r#"{"owner": "ann", "goal": 13}"#;
    let failed = desk.run(&["execute", "ledger", unlucky, "--workflow-id", &id]).await?;
    failed.is(
        1,
        "",
        "workflow failed-# run RUN started on desk-#\nerror: workflow failed-# failed: Unlucky: 13 is no goal\n",
    );
    let after = desk.run(&["execute", "ledger", ACCOUNT, "--workflow-id", &id]).await?;
    assert_eq!((after.code, after.out.as_str()), (0, "\"ann has 7\"\n"), "{}", after.talk);
    Ok(())
}

#[tokio::test]
async fn a_task_queue_is_the_registrys_unless_it_is_given_and_must_handle_the_workflow() -> Outcome {
    let desk = Desk::idle().await?;
    let elsewhere = desk.env.queue("elsewhere");
    let flag = desk.run(&["start", "ledger", ACCOUNT, "--task-queue", &elsewhere]).await?;
    flag.is(
        0,
        "ledger-RUN RUN\n",
        "workflow ledger-RUN run RUN started on elsewhere-#\n\
         warning: nobody polls task queue elsewhere-#: workflow ledger-RUN waits until a worker does\n",
    );
    let mut command = desk.command(&["start", "ledger", ACCOUNT]);
    command.env("TEMPORAL_TASK_QUEUE", &elsewhere);
    let setting = said(command).await?;
    assert!(setting.talk.contains(&format!("started on {elsewhere}\n")), "{}", setting.talk);
    let mut command = desk.command(&["start", "ledger", ACCOUNT]);
    command.env("MAINSPRING_QUEUES", format!("lab-0={elsewhere}"));
    let moved = said(command).await?;
    assert!(moved.talk.contains(&format!("started on {elsewhere}\n")), "{}", moved.talk);
    let wrong = desk.run(&["start", "ledger", ACCOUNT, "--task-queue", "lab-books"]).await?;
    wrong.is(64, "", "error: task queue lab-books does not handle ledger: desk-# does\n");
    let neither = desk.run(&["start", "ledgers", ACCOUNT, "--task-queue", "lab-books"]).await?;
    neither.is(64, "", "error: task queue lab-books does not handle ledgers: there is book\n");
    let two = Desk { env: desk.env.clone(), queue: format!("{},{elsewhere}", desk.queue) };
    let which = two.run(&["start", "ledger", ACCOUNT]).await?;
    which.is(64, "", "error: workflow ledger is on desk-#, elsewhere-#: say which with --task-queue\n");
    let foreign = desk.run(&["start", "of-another-team", "{}", "--task-queue", &elsewhere]).await?;
    assert_eq!(foreign.code, 0, "a queue that the registry does not know may handle anything: {}", foreign.talk);
    Ok(())
}

#[tokio::test]
async fn a_delay_and_a_note_arrive_and_an_unknown_attribute_is_refused() -> Outcome {
    let desk = Desk::idle().await?;
    let id = desk.env.id("later");
    let options = ["--start-delay", "90m", "--execution-timeout", "2d", "--memo", "why={\"ticket\": 7}"];
    let start = [&["start", "ledger", ACCOUNT, "--workflow-id", &id][..], &options].concat();
    let said = desk.run(&start).await?;
    assert!(said.talk.contains(", to begin in 1h 30m\n"), "{said:?}");
    let shown = desk.json(&["describe", "--workflow-id", &id]).await?;
    assert_eq!(shown["memo"], json!({ "why": { "ticket": 7 } }));
    let time = |name: &str| humantime::parse_rfc3339(shown[name].as_str().unwrap_or_default());
    assert_eq!(time("execution_time")?.duration_since(time("start_time")?)?.as_secs(), 90 * 60);
    let said = desk.run(&["start", "ledger", ACCOUNT, "--search-attribute", "Nope=1"]).await?;
    said.refuses(64, "could not be started: Namespace default has no mapping defined for search attribute Nope");
    Ok(())
}
