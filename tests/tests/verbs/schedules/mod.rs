//! `mainspring schedules …` as it is typed.

mod backfilling;
mod clocks;
mod flaky;

use std::process::Stdio;

use mainspring_client::{Connector, Link};
use mainspring_schedules::calls::Schedules;
use mainspring_settings::Sources;
use mainspring_testing::{Env, TestError, program};
use serde_json::{Value, json};
use temporalio_common::protos::temporal::api::common::v1::WorkflowType;
use temporalio_common::protos::temporal::api::schedule::v1::schedule_action::Action;
use temporalio_common::protos::temporal::api::schedule::v1::{Schedule, ScheduleAction, ScheduleSpec};
use temporalio_common::protos::temporal::api::taskqueue::v1::TaskQueue;
use temporalio_common::protos::temporal::api::workflow::v1::NewWorkflowExecutionInfo;
use temporalio_common::protos::temporal::api::workflowservice::v1::CreateScheduleRequest;
use tokio::process::Command;

use crate::desk::{Outcome, PATIENT, PROGRAM, Said, masked, said};

/// Somebody with schedules.
pub(crate) struct Planner {
    pub(crate) env: Env,
    link: Link,
    pub(crate) calls: Schedules,
}

impl Planner {
    pub(crate) async fn new() -> Result<Self, TestError> {
        let env = Env::shared().await?;
        let sources = Sources::from_pairs([("TEMPORAL_ADDRESS", env.address())]);
        let connector = Connector::new(mainspring_settings::load(&sources)?)?;
        let link = connector.connect(mainspring_client::PATIENCE_WORKER).await?;
        let calls = Schedules::new(&link, "default");
        Ok(Self { env, link, calls })
    }

    /// One of workflow `wait`, which nobody runs, under an id of its own.
    pub(crate) async fn schedule(&self, name: &str, spec: ScheduleSpec) -> Result<String, TestError> {
        let id = self.env.id(name);
        let workflow = NewWorkflowExecutionInfo {
            workflow_id: format!("run-of-{id}"),
            workflow_type: Some(WorkflowType { name: "wait".to_owned() }),
            task_queue: Some(TaskQueue { name: "nobody".to_owned(), ..Default::default() }),
            ..Default::default()
        };
        let schedule = Schedule {
            spec: Some(spec),
            action: Some(ScheduleAction { action: Some(Action::StartWorkflow(workflow)) }),
            ..Default::default()
        };
        let request = CreateScheduleRequest { schedule_id: id.clone(), schedule: Some(schedule), ..Default::default() };
        self.calls.create(request).await?;
        Ok(id)
    }

    pub(crate) async fn started(&self, id: &str) -> Result<i64, TestError> {
        Ok(self.calls.describe(id).await?.info.ok_or("no info")?.action_count)
    }

    /// The list tells of it: the server's index is behind.
    async fn indexed(&self, id: &str, wanted: impl Fn(&Value) -> bool) -> Result<Value, TestError> {
        let seen = async {
            loop {
                let listed = run(self.env.address(), &["list", "--limit", "0", "-o", "json"]).await?;
                let lines = listed.out.lines().map(serde_json::from_str::<Value>);
                for line in lines {
                    let line = line?;
                    if line["schedule_id"] == id && wanted(&line) {
                        return Ok::<_, TestError>(line);
                    }
                }
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(120), seen).await?
    }
}

pub(crate) fn cron(text: &str) -> ScheduleSpec {
    ScheduleSpec { cron_string: vec![text.to_owned()], ..Default::default() }
}

/// At nine until the end of March 2026: the clock starts no run in the middle of a test.
pub(crate) fn nine_in_the_past() -> ScheduleSpec {
    let end = humantime::parse_rfc3339("2026-04-01T00:00:00Z").ok();
    ScheduleSpec { end_time: end.map(Into::into), ..cron("0 9 * * *") }
}

/// `mainspring schedules …`.
pub(crate) fn command(address: &str, arguments: &[&str]) -> Command {
    let mut command = Command::from(program(PROGRAM));
    command.arg("schedules").args(arguments).env("TEMPORAL_ADDRESS", address).envs([PATIENT]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

pub(crate) async fn run(address: &str, arguments: &[&str]) -> Result<Said, TestError> {
    said(command(address, arguments)).await
}

async fn json_of(address: &str, arguments: &[&str]) -> Result<Value, TestError> {
    let said = run(address, &[arguments, &["-o", "json"]].concat()).await?;
    if said.code == 0 { Ok(serde_json::from_str(&said.out)?) } else { Err(format!("{arguments:?}: {said:?}").into()) }
}

#[tokio::test]
async fn a_schedule_is_paused_and_unpaused_and_says_so() -> Outcome {
    let planner = Planner::new().await?;
    let (address, id) = (planner.env.address(), planner.schedule("nightly", cron("0 3 * * *")).await?);
    let paused = run(address, &["pause", "--schedule-id", &id, "--reason", "the warehouse moves"]).await?;
    paused.is(0, "", "schedule nightly-# is paused: the warehouse moves\n");
    let shown = json_of(address, &["describe", "-s", &id]).await?;
    assert_eq!((&shown["paused"], &shown["note"]), (&json!(true), &json!("the warehouse moves")));
    let unpaused = json_of(address, &["unpause", "-s", &id]).await?;
    let note = unpaused["note"].as_str().ok_or("no note")?;
    assert!(note.starts_with("unpaused by "), "{note}");
    assert_eq!(unpaused, json!({ "schedule_id": id, "paused": false, "note": note }));
    let shown = json_of(address, &["describe", "-s", &id]).await?;
    assert_eq!((&shown["paused"], &shown["note"]), (&json!(false), &json!(note)));
    Ok(())
}

#[tokio::test]
async fn a_trigger_prints_the_run_that_it_started() -> Outcome {
    let planner = Planner::new().await?;
    let (address, id) = (planner.env.address(), planner.schedule("now", cron("0 0 1 1 *")).await?);
    let started = run(address, &["trigger", "-s", &id]).await?;
    assert_eq!(started.code, 0, "{started:?}");
    let run_of = planner.calls.describe(&id).await?.info.ok_or("no info")?.recent_actions[0].clone();
    let execution = run_of.start_workflow_result.ok_or("no run")?;
    assert_eq!((started.out, started.talk.as_str()), (format!("{} {}\n", execution.workflow_id, execution.run_id), ""));
    let skipped = run(address, &["trigger", "-s", &id, "-o", "json"]).await?;
    let outcome = json!({ "schedule_id": id, "outcome": "skipped", "workflow_id": null, "run_id": null });
    assert_eq!((skipped.code, serde_json::from_str::<Value>(&skipped.out)?), (1, outcome));
    assert_eq!(
        masked(&skipped.talk),
        "error: nothing was started, for an earlier run of schedule now-# goes on: --overlap-policy BufferOne waits for it, \
         AllowAll starts one beside it\n"
    );
    let waits = run(address, &["trigger", "-s", &id, "--overlap-policy", "BufferOne"]).await?;
    waits.is(0, "", "schedule now-# was triggered: the run waits for an earlier one to end\n");
    let told = run(address, &["describe", "-s", &id]).await?.out;
    let second = execution.workflow_id.rsplit_once(&id).map_or("", |(_, second)| second.trim_start_matches('-'));
    let recent = format!("Recent runs    {second}  {}  Running\n", execution.workflow_id);
    assert!(told.contains(&recent), "{recent} is not in {told}");
    assert!(
        told.contains("So far         1 started, 1 skipped for another ran, 0 missed, 1 wait, 0 dropped\n"),
        "{told}"
    );
    let beside = json_of(address, &["trigger", "-s", &id, "--overlap-policy", "allowall"]).await?;
    assert_eq!(beside["outcome"], "started");
    Ok(())
}

#[tokio::test]
async fn a_schedule_is_deleted_and_an_unknown_one_told_with_those_that_are_near() -> Outcome {
    let planner = Planner::new().await?;
    let (address, id) = (planner.env.address(), planner.schedule("report", cron("0 9 * * *")).await?);
    planner.indexed(&id, |_| true).await?;
    let typed = id.replacen("report", "raport", 1);
    for verb in ["describe", "pause", "unpause", "trigger", "delete"] {
        let unknown = run(address, &[verb, "-s", &typed]).await?;
        unknown.refuses(66, &format!("error: there is no schedule {typed}: did you mean {id}"));
    }
    let range = ["--start-time", "2026-03-02T10:00:00Z", "--end-time", "2026-03-03T10:00:00Z"];
    for more in [&[][..], &["--at-most", "2"]] {
        let unknown = run(address, &[&["backfill", "-s", &typed], &range[..], more].concat()).await?;
        unknown.refuses(66, &format!("error: there is no schedule {typed}: did you mean {id}"));
    }
    let far = run(address, &["delete", "-s", "?"]).await?;
    far.is(66, "", "error: there is no schedule ?; `mainspring schedules list` shows what there is\n");
    run(address, &["delete", "--schedule-id", &id]).await?.is(0, "", "schedule report-# was deleted\n");
    let again = run(address, &["delete", "--schedule-id", &id]).await?;
    again.refuses(66, &format!("error: there is no schedule {id}"));
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused_before_anything_is_sent() -> Outcome {
    let backfill = |more: &[&'static str]| [&["backfill", "-s", "x"], more].concat();
    for (arguments, text) in [
        (vec!["describe"], "--schedule-id <SCHEDULE_ID>"),
        (vec!["trigger", "-s", "x", "--overlap-policy", "Sometimes"], "possible values: Skip, BufferOne, BufferAll"),
        (backfill(&["--start-time", "2026-03-02T00:00:00Z"]), "--end-time <END_TIME>"),
        (
            backfill(&["--start-time", "yesterday", "--end-time", "2026-03-02T00:00:00Z"]),
            "write it with its offset, as 2026-01-31T09:00:00Z or 2026-01-31T09:00:00-05:00",
        ),
        (
            backfill(&["--start-time", "2026-03-03T00:00:00Z", "--end-time", "2026-03-02T00:00:00Z"]),
            "--start-time 2026-03-03T00:00:00Z is after --end-time 2026-03-02T00:00:00Z: swap them",
        ),
        (
            backfill(&[
                "--start-time",
                "2026-03-01T00:00:00Z",
                "--end-time",
                "2026-03-02T00:00:00Z",
                "--at-most",
                "3",
                "--overlap-policy",
                "BufferAll",
            ]),
            "--at-most bounds runs that go on side by side, and BufferAll has one at a time: leave one of them out",
        ),
        (
            backfill(&["--start-time", "2026-03-01T00:00:00Z", "--end-time", "2026-03-02T00:00:00Z", "--at-most", "0"]),
            "0 is not in 1..=500",
        ),
    ] {
        run("127.0.0.1:9", &arguments).await?.refuses(64, text);
    }
    for verb in ["list", "describe", "pause", "unpause", "trigger", "backfill", "delete"] {
        let help = run("127.0.0.1:9", &[verb, "--help"]).await?;
        assert!(help.out.contains(&format!("mainspring schedules {verb}")), "{}", help.out);
    }
    Ok(())
}
