//! Captured log lines.

use mainspring_testing::{ActivityRun, Env, LogLines, Process, capture_logs};
use serde_json::json;

use crate::lab::{Bank, Order, Outcome, Wish, order, product_of};

#[tokio::test]
async fn lines_of_a_worker_are_told_apart_from_those_of_another() -> Outcome {
    let env = Env::shared().await?;
    let logs = capture_logs()?;
    let one = env.worker([product_of(&Bank::default())]).start().await?;
    let two = env.worker([product_of(&Bank::default())]).start().await?;
    one.execute::<Order>(order(1, Wish::Charge)).await?;
    let run = two.start::<Order>(order(2, Wish::Charge)).await?;
    run.result().await?;
    let (lines, others) = (logs.of(&one), logs.of(&two));
    let line = lines.one("charged", json!({ "order": 1, "activity_type": "charge", "attempt": 1 }))?;
    assert_eq!((&line["level"], &line["workflow_type"]), (&json!("info"), &json!("order")));
    assert!(lines.with("charged", json!({ "order": 2 })).is_empty(), "{lines:?}");
    others.one("charged", json!({ "order": 2 }))?;
    // A line may come between two looks: so what the workflow has lies between two looks at its worker.
    let begins = |all: &LogLines, begin: &LogLines| all.iter().take(begin.iter().count()).eq(begin.iter());
    let of_run = logs.of_workflow(run.workflow_id());
    assert!(begins(&of_run, &others), "it ran nothing else: {others:?}{of_run:?}");
    let later = logs.of(&two);
    assert!(begins(&later, &of_run), "nobody else ran it: {of_run:?}{later:?}");
    assert!(logs.all().with("charged", json!({})).len() >= 2);
    let error = lines.one("shipped", json!({ "order": 1 })).unwrap_err().to_string();
    assert!(error.starts_with("0 lines say \"shipped\" with {\"order\":1}, and one should; there are:\n"), "{error}");
    assert!(error.contains("\"msg\":\"charged\""), "it shows what there is: {error}");
    Ok(())
}

#[tokio::test]
async fn lines_of_an_activity_alone_are_found_by_its_workflow() -> Outcome {
    let env = Env::shared().await?;
    let logs = capture_logs()?;
    let id = env.id("alone");
    ActivityRun::new(Bank::charge, 5).workflow_id(&id).attempt(3).on(Bank::default()).await.result?;
    logs.of_workflow(&id).one("charged", json!({ "order": 5, "attempt": 3 }))?;
    Ok(())
}

#[tokio::test]
async fn a_secret_is_masked_as_in_production() -> Outcome {
    let logs = capture_logs()?;
    tracing::info!(api_key = "hunter2", "connected to the bank");
    let lines = logs.all();
    assert_eq!(lines.one("connected to the bank", json!({}))?["api_key"], "***");
    Ok(())
}

/// Run by the test below, in a process of its own.
#[test]
fn inner_chatter() {
    if std::env::var_os("KIT_CHATTER").is_none() {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        ActivityRun::new(Bank::charge, 7).on(Bank::default()).await.result.expect("it is charged");
    });
}

#[tokio::test]
async fn debug_shows_every_line_and_without_it_none() -> Outcome {
    let program = std::env::current_exe()?;
    let program = program.to_str().ok_or("the test's path is no text")?;
    for (debug, shown) in [("1", true), ("0", false), ("", false)] {
        let inner = ["logging::inner_chatter", "--exact"];
        let process = Process::spawn(program, &inner, [("KIT_CHATTER", "1"), ("DEBUG", debug)])?;
        let exit = process.end().await?;
        assert_eq!(exit.code, 0, "{:?}", exit.lines);
        let charged = exit.lines.iter().any(|line| line.contains("charged") && line.contains("order=7"));
        let of_sdk = exit.lines.iter().any(|line| line.contains("temporalio"));
        assert_eq!((charged, of_sdk), (shown, shown), "DEBUG={debug:?}: {:?}", exit.lines);
    }
    Ok(())
}
