//! `mainspring schedules …` as it is typed.

use std::process::Stdio;

use mainspring_client::{Connector, Link};
use mainspring_schedules::calls::Schedules;
use mainspring_servers::proxy::WireProxy;
use mainspring_settings::Sources;
use mainspring_testing::{Env, TestError, program};
use nix::pty::openpty;
use serde_json::{Value, json};
use temporalio_common::protos::temporal::api::common::v1::WorkflowType;
use temporalio_common::protos::temporal::api::schedule::v1::schedule_action::Action;
use temporalio_common::protos::temporal::api::schedule::v1::{Schedule, ScheduleAction, ScheduleSpec};
use temporalio_common::protos::temporal::api::taskqueue::v1::TaskQueue;
use temporalio_common::protos::temporal::api::workflow::v1::NewWorkflowExecutionInfo;
use temporalio_common::protos::temporal::api::workflowservice::v1::CreateScheduleRequest;
use tokio::io::AsyncReadExt;
use tokio::process::Command;

use crate::desk::{Outcome, PROGRAM, Said, masked, said};

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
        tokio::time::timeout(std::time::Duration::from_secs(30), seen).await?
    }
}

pub(crate) fn cron(text: &str) -> ScheduleSpec {
    ScheduleSpec { cron_string: vec![text.to_owned()], ..Default::default() }
}

/// In this zone, and not before that moment.
fn in_zone(text: &str, zone: &str, from: &str) -> ScheduleSpec {
    let from: Option<std::time::SystemTime> = humantime::parse_rfc3339(from).ok();
    ScheduleSpec { timezone_name: zone.to_owned(), start_time: from.map(Into::into), ..cron(text) }
}

/// `mainspring schedules …`.
pub(crate) fn command(address: &str, arguments: &[&str]) -> Command {
    let mut command = Command::from(program(PROGRAM));
    command.arg("schedules").args(arguments).env("TEMPORAL_ADDRESS", address);
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

/// The lines of that label, without it.
fn lines_of(text: &str, label: &str) -> Vec<String> {
    let lines = text.lines().skip_while(|line| !line.starts_with(label));
    let others = |(place, line): &(usize, &str)| *place == 0 || line.starts_with(' ');
    lines
        .enumerate()
        .take_while(others)
        .map(|(_, line)| line[15..].split("  (").next().unwrap_or("").to_owned())
        .collect()
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
async fn a_description_tells_what_an_operator_asks() -> Outcome {
    let planner = Planner::new().await?;
    let spec = ScheduleSpec {
        end_time: humantime::parse_rfc3339("2027-03-13T00:00:00Z").ok().map(Into::into),
        ..in_zone("30 2 * * 1-5", "America/New_York", "2027-03-10T00:00:00Z")
    };
    let (address, id) = (planner.env.address(), planner.schedule("told", spec).await?);
    let said = run(address, &["describe", "-s", &id]).await?;
    let text: Vec<String> = masked(&said.out)
        .lines()
        .filter(|line| !line.starts_with("Created"))
        .map(|line| line.split("  (in ").next().unwrap_or("").to_owned())
        .collect();
    let expected = "\
Schedule       told-#
State          Active
Workflow       wait
Task queue     nobody
Workflow id    run-of-told-#
Runs at        30 2 * * 1-5
               from 2027-03-10T00:00:00Z
               until 2027-03-13T00:00:00Z
Time zone      America/New_York
Overlap        Skip
Catches up     what it missed for 365 days
Next runs      Wed 2027-03-10 02:30:00 EST  2027-03-10T07:30:00Z
               Thu 2027-03-11 02:30:00 EST  2027-03-11T07:30:00Z
               Fri 2027-03-12 02:30:00 EST  2027-03-12T07:30:00Z
So far         0 started, 0 skipped for another ran, 0 missed, 0 wait, 0 dropped";
    assert_eq!(text.join("\n"), expected);
    let shown = json_of(address, &["describe", "-s", &id]).await?;
    assert_eq!(
        shown["next_runs"][0],
        json!({
            "utc": "2027-03-10T07:30:00Z",
            "local": "2027-03-10T02:30:00-05:00[America/New_York]",
        })
    );
    assert_eq!(shown["spec"][0], "30 2 * * 1-5");
    Ok(())
}

/// When clocks change, some times do not come, and some come twice; the server decides, and both clocks show it.
#[tokio::test]
async fn the_days_on_which_clocks_change_are_shown_as_they_are() -> Outcome {
    let planner = Planner::new().await?;
    let address = planner.env.address();
    for (name, zone, text, from, runs) in [
        (
            "spring-us",
            "America/New_York",
            "30 2 * * *",
            "2027-03-13T00:00:00Z",
            [
                "Sat 2027-03-13 02:30:00 EST  2027-03-13T07:30:00Z",
                // On the 14th there is no half past two.
                "Mon 2027-03-15 02:30:00 EDT  2027-03-15T06:30:00Z",
                "Tue 2027-03-16 02:30:00 EDT  2027-03-16T06:30:00Z",
            ],
        ),
        (
            "autumn-us",
            "America/New_York",
            "30 1 * * *",
            "2027-11-07T00:00:00Z",
            [
                "Sun 2027-11-07 01:30:00 EDT  2027-11-07T05:30:00Z",
                "Sun 2027-11-07 01:30:00 EST  2027-11-07T06:30:00Z",
                "Mon 2027-11-08 01:30:00 EST  2027-11-08T06:30:00Z",
            ],
        ),
        (
            "spring-de",
            "Europe/Berlin",
            "30 2 * * *",
            "2027-03-27T00:00:00Z",
            [
                "Sat 2027-03-27 02:30:00 CET  2027-03-27T01:30:00Z",
                "Mon 2027-03-29 02:30:00 CEST  2027-03-29T00:30:00Z",
                "Tue 2027-03-30 02:30:00 CEST  2027-03-30T00:30:00Z",
            ],
        ),
        (
            "autumn-de",
            "Europe/Berlin",
            "30 2 * * *",
            "2027-10-30T12:00:00Z",
            [
                // There are two of it here as well, and the server takes the second alone.
                "Sun 2027-10-31 02:30:00 CET  2027-10-31T01:30:00Z",
                "Mon 2027-11-01 02:30:00 CET  2027-11-01T01:30:00Z",
                "Tue 2027-11-02 02:30:00 CET  2027-11-02T01:30:00Z",
            ],
        ),
    ] {
        let id = planner.schedule(name, in_zone(text, zone, from)).await?;
        let said = run(address, &["describe", "-s", &id]).await?;
        let shown = lines_of(&said.out, "Next runs");
        assert_eq!(shown[..3], runs, "{name}");
        // In UTC they are the server's own.
        let told = planner.calls.describe(&id).await?.info.ok_or("no info")?.future_action_times;
        let told = told.into_iter().filter_map(|time| std::time::SystemTime::try_from(time).ok());
        let told: Vec<String> = told.map(|time| humantime::format_rfc3339_seconds(time).to_string()).collect();
        let utc: Vec<&str> = shown.iter().filter_map(|line| line.rsplit("  ").next()).collect();
        assert_eq!(utc, told, "{name}");
        // And the clock of the wall is the one that the cron string means, each time.
        let clock = if text.starts_with("30 2") { "02:30" } else { "01:30" };
        assert!(shown.iter().all(|line| line.contains(&format!(" {clock}:00 "))), "{name}: {shown:?}");
    }
    Ok(())
}

#[tokio::test]
async fn schedules_are_listed_with_their_next_run_on_both_clocks() -> Outcome {
    let planner = Planner::new().await?;
    let address = planner.env.address();
    let spec = in_zone("0 9 * * *", "Europe/Berlin", "2027-07-01T00:00:00Z");
    let id = planner.schedule("listed", spec).await?;
    let listed = planner.indexed(&id, |line| line["paused"] == false).await?;
    assert_eq!(
        listed["next_runs"][0],
        json!({ "utc": "2027-07-01T07:00:00Z", "local": "2027-07-01T09:00:00+02:00[Europe/Berlin]" })
    );
    assert_eq!((&listed["workflow_type"], &listed["time_zone"]), (&json!("wait"), &json!("Europe/Berlin")));
    let filter = format!("ScheduleId = '{id}'");
    let said = run(address, &["list", "--query", &filter]).await?;
    assert_eq!((said.code, said.talk.as_str()), (0, ""));
    let cells = |line: &str| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).map(masked).collect();
    let table: Vec<Vec<String>> = said.out.lines().map(cells).collect();
    assert_eq!(table[0], ["SCHEDULE ID", "STATE", "WORKFLOW", "NEXT RUN", "IN UTC", "NOTE"]);
    assert_eq!(table[1], ["listed-#", "Active", "wait", "Thu 2027-07-01 09:00:00 CEST", "2027-07-01T07:00:00Z"]);
    run(address, &["pause", "-s", &id, "--reason", "why not"]).await?;
    planner.indexed(&id, |line| line["paused"] == true).await?;
    let said = run(address, &["list", "--query", &filter]).await?;
    let table: Vec<Vec<String>> = said.out.lines().map(cells).collect();
    assert_eq!(table[1], ["listed-#", "Paused", "wait", "-", "-", "why not"]);
    let none = run(address, &["list", "--query", "ScheduleId = 'nobodys'"]).await?;
    none.is(0, "", "no schedule matches\n");
    Ok(())
}

#[tokio::test]
async fn a_trigger_prints_the_run_that_it_started() -> Outcome {
    let planner = Planner::new().await?;
    let (address, id) = (planner.env.address(), planner.schedule("now", cron("0 0 1 1 *")).await?);
    let started = run(address, &["trigger", "-s", &id]).await?;
    let run_of = planner.calls.describe(&id).await?.info.ok_or("no info")?.recent_actions[0].clone();
    let execution = run_of.start_workflow_result.ok_or("no run")?;
    assert_eq!(
        (started.code, started.out, started.talk.as_str()),
        (0, format!("{} {}\n", execution.workflow_id, execution.run_id), "")
    );
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
    let beside = json_of(address, &["trigger", "-s", &id, "--overlap-policy", "allowall"]).await?;
    assert_eq!(beside["outcome"], "started");
    Ok(())
}

#[tokio::test]
async fn a_backfill_says_what_it_did() -> Outcome {
    let planner = Planner::new().await?;
    let (address, id) = (planner.env.address(), planner.schedule("past", cron("0 9 * * *")).await?);
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
    let (address, id) = (planner.env.address(), planner.schedule("bound", cron("0 9 * * *")).await?);
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
    proxy.wait_for_count("DescribeWorkflowExecution", 4, std::time::Duration::from_secs(30)).await?;
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
