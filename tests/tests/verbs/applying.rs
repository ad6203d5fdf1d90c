//! `schedules plan`, `apply` and `reconcile`, and a worker that applies when it starts.

use mainspring_testing::{Process, TestError};
use serde_json::{Value, json};

use crate::desk::{Desk, Outcome, PROGRAM, Said, fed, said};

/// A desk whose product declares schedules.
pub(crate) struct Declaring {
    pub(crate) desk: Desk,
    pub(crate) lines: Vec<Value>,
}

impl Declaring {
    async fn new(count: usize) -> Result<Self, TestError> {
        Ok(Self::at(Desk::idle().await?, count))
    }

    pub(crate) fn at(desk: Desk, count: usize) -> Self {
        let id = desk.env.id("schedule");
        let line = |number: usize| {
            let id = format!("{id}-{number}");
            json!({
                "id": id, "workflow": "wait", "task_queue": desk.queue, "input": 7, "cron": ["0 9 * * 1-5"], "jitter": "5m", "paused": true,
                "time_zone": "Europe/Berlin",
            })
        };
        let lines = (0..count).map(line).collect();
        Self { lines, desk }
    }

    fn text(&self) -> String {
        self.lines.iter().map(|line| format!("{line}\n")).collect()
    }

    /// A product of its own, for others' schedules would be orphans of the same.
    fn product(&self) -> String {
        format!("declaring-{}", self.desk.queue)
    }

    fn id(&self, number: usize) -> &str {
        self.lines[number]["id"].as_str().unwrap_or_default()
    }

    pub(crate) async fn run(&self, arguments: &[&str]) -> Result<Said, TestError> {
        let mut command = self.desk.command_of("schedules", arguments);
        command.env("LAB_SCHEDULES", self.text()).env("LAB_PRODUCT", self.product());
        said(command).await
    }

    pub(crate) async fn json(&self, arguments: &[&str]) -> Result<(i32, Value), TestError> {
        let said = self.run(&[arguments, &["-o", "json"]].concat()).await?;
        Ok((said.code, serde_json::from_str(&said.out).map_err(|error| format!("{error}: {said:?}"))?))
    }
}

/// What a plan says, with the ids and the queue of this test taken out.
fn masked(text: &str, declaring: &Declaring) -> String {
    let text = declaring
        .lines
        .iter()
        .enumerate()
        .fold(text.to_owned(), |text, (number, _)| text.replace(declaring.id(number), &format!("ID-{number}")));
    text.replace(&declaring.product(), "PRODUCT").replace(&declaring.desk.queue, "QUEUE")
}

#[tokio::test]
async fn a_plan_reads_like_what_will_be_done_and_its_code_tells_that_something_is_pending() -> Outcome {
    let mut declaring = Declaring::new(2).await?;
    let plan = declaring.run(&["plan"]).await?;
    let create = |number: usize| {
        format!(
            "+ ID-{number} (product:PRODUCT)\n    cron        0 9 * * 1-5\n    input       7\n    jitter      5m\n    overlap     skip\n    \
             task_queue  QUEUE\n    time_zone   Europe/Berlin\n    workflow    wait\n"
        )
    };
    assert_eq!(masked(&plan.out, &declaring), format!("{}{}2 create\n", create(0), create(1)), "{plan:?}");
    assert_eq!((plan.code, plan.talk.as_str()), (2, ""));
    let applied = declaring.run(&["apply"]).await?;
    assert_eq!((applied.code, applied.out == plan.out), (0, true), "{applied:?}");
    for verb in ["plan", "apply"] {
        let again = declaring.run(&[verb]).await?;
        assert_eq!((again.code, again.out.as_str()), (0, "2 unchanged\n"), "{again:?}");
    }
    // The code changes, and so does the server.
    declaring.lines[0]["cron"] = json!(["0 10 * * 1-5", "@every 1h"]);
    declaring.lines[0]["input"] = json!(8);
    let paused = declaring.run(&["pause", "--schedule-id", declaring.id(1), "--reason", "ada"]).await?;
    assert_eq!(paused.code, 0, "{paused:?}");
    let plan = declaring.run(&["plan"]).await?;
    let update = "~ ID-0 (product:PRODUCT)\n    cron   0 9 * * 1-5 -> 0 10 * * 1-5 | @every 1h\n    input  7 -> 8\n1 update, 1 unchanged\n";
    assert_eq!((plan.code, masked(&plan.out, &declaring).as_str()), (2, update));
    let dry = declaring.run(&["apply", "--dry-run"]).await?;
    assert_eq!((dry.code, masked(&dry.out, &declaring).as_str()), (0, update));
    assert_eq!(declaring.run(&["apply"]).await?.code, 0);
    assert_eq!(declaring.run(&["plan"]).await?.code, 0);
    Ok(())
}

#[tokio::test]
async fn prune_deletes_what_the_product_no_longer_declares_and_json_says_so() -> Outcome {
    let mut declaring = Declaring::new(3).await?;
    assert_eq!(declaring.run(&["apply"]).await?.code, 0);
    let gone = declaring.lines.pop().unwrap_or_default();
    let gone = gone["id"].as_str().unwrap_or_default();
    let action = |plan: &Value| {
        plan["schedules"]
            .as_array()
            .and_then(|all| all.iter().find(|one| one["schedule_id"] == gone))
            .map(|one| one["action"].clone())
    };
    // The list is behind.
    let mut asks = tokio::time::interval(std::time::Duration::from_millis(200));
    loop {
        asks.tick().await;
        let (code, plan) = declaring.json(&["plan"]).await?;
        assert_eq!(code, 0, "{plan}");
        if action(&plan) == Some(json!("orphan")) {
            break;
        }
    }
    let (code, plan) = declaring.json(&["plan", "--prune"]).await?;
    assert_eq!((code, action(&plan)), (2, Some(json!("delete"))));
    let (code, applied) = declaring.json(&["apply", "--prune"]).await?;
    assert_eq!(
        (code, &applied["counts"]["delete"], &applied["counts"]["unchanged"]),
        (0, &json!(1), &json!(2)),
        "{applied}"
    );
    let (code, plan) = declaring.json(&["plan", "--prune"]).await?;
    assert_eq!((code, action(&plan)), (0, None), "{plan}");
    // The product itself goes.
    let product = declaring.product();
    declaring.run(&["plan", "--former", &product]).await?.refuses(64, "is not gone: leave out --former");
    let mut elsewhere = Declaring::new(0).await?;
    elsewhere.lines.clear();
    let mut planned = (0, Value::Null);
    for _ in 0..150 {
        asks.tick().await;
        planned = elsewhere.json(&["plan", "--prune", "--former", &product]).await?;
        if planned.1["counts"]["delete"] == 2 {
            break;
        }
    }
    let (code, plan) = planned;
    assert_eq!((code, &plan["counts"]["delete"]), (2, &json!(2)), "{plan}");
    Ok(())
}

#[tokio::test]
async fn what_is_wrong_with_a_schedule_stops_every_verb_with_the_field_named() -> Outcome {
    let mut declaring = Declaring::new(1).await?;
    declaring.lines[0]["workflow"] = json!("weight");
    let said = declaring.run(&["plan"]).await?;
    said.refuses(78, "workflow: the product has no workflow weight; it has ");
    Ok(())
}

#[tokio::test]
async fn rows_of_an_application_are_reconciled_from_lines_on_stdin() -> Outcome {
    let declaring = Declaring::new(2).await?;
    let owner = format!("app-{}", declaring.desk.queue);
    let reconcile = async |lines: &str, more: &[&str]| {
        let arguments = [&["reconcile", "--owner", &owner], more].concat();
        fed(declaring.desk.command_of("schedules", &arguments), lines.as_bytes()).await
    };
    let made = reconcile(&declaring.text(), &["-o", "json"]).await?;
    assert_eq!(made.code, 0, "{made:?}");
    assert_eq!(serde_json::from_str::<Value>(&made.out)?["counts"]["create"], 2);
    reconcile("", &[]).await?.refuses(64, "there is no line, and so every schedule of");
    reconcile("nonsense", &[]).await?.refuses(64, "line 1 is no schedule");
    let same = reconcile(&declaring.text(), &[]).await?;
    assert_eq!((same.code, same.out.as_str()), (0, "2 unchanged\n"), "{same:?}");
    // The list is behind.
    let first = declaring.lines[0].to_string();
    let mut asks = tokio::time::interval(std::time::Duration::from_millis(200));
    loop {
        asks.tick().await;
        let fewer = reconcile(&first, &[]).await?;
        assert_eq!(fewer.code, 0, "{fewer:?}");
        if fewer.out.ends_with("1 delete, 1 unchanged\n") {
            return Ok(());
        }
    }
}

#[tokio::test]
async fn workers_that_start_at_once_apply_their_schedules_once() -> Outcome {
    let declaring = Declaring::new(20).await?;
    let (text, product) = (declaring.text(), declaring.product());
    let settings = [
        ("TEMPORAL_ADDRESS", declaring.desk.env.address()),
        ("LAB_QUEUES", &declaring.desk.queue),
        ("LAB_SCHEDULES", &text),
        ("LAB_PRODUCT", &product),
        ("MAINSPRING_APPLY_SCHEDULES", "on"),
        ("MAINSPRING_HTTP_ADDR", "127.0.0.1:0"),
        ("MAINSPRING_LOG_FORMAT", "json"),
    ];
    let mut workers = Vec::new();
    for _ in 0..3 {
        workers.push(Process::spawn(PROGRAM, &[], settings)?);
    }
    let mut changed = 0;
    for worker in &mut workers {
        let line: Value = serde_json::from_str(&worker.line("\"msg\":\"schedules applied\"").await?)?;
        assert_eq!((&line["schedules"], &line["failed"]), (&json!(20), &json!(0)), "{line}");
        changed += line["changed"].as_u64().unwrap_or_default();
    }
    assert_eq!(changed, 20);
    assert_eq!(declaring.run(&["plan"]).await?.code, 0);
    Ok(())
}
