//! `schedules list` and `describe`: times on the clock of the schedule's zone and in UTC.
//! Of 2038, for the next runs must be to come.

use serde_json::json;
use temporalio_common::protos::temporal::api::schedule::v1::ScheduleSpec;

use super::{Planner, cron, json_of, run};
use crate::desk::{Outcome, masked};

/// In this zone, and not before that moment.
fn in_zone(text: &str, zone: &str, from: &str) -> ScheduleSpec {
    let from: Option<std::time::SystemTime> = humantime::parse_rfc3339(from).ok();
    ScheduleSpec { timezone_name: zone.to_owned(), start_time: from.map(Into::into), ..cron(text) }
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
async fn a_description_tells_what_an_operator_asks() -> Outcome {
    let planner = Planner::new().await?;
    let spec = ScheduleSpec {
        end_time: humantime::parse_rfc3339("2038-03-13T00:00:00Z").ok().map(Into::into),
        ..in_zone("30 2 * * 1-5", "America/New_York", "2038-03-10T00:00:00Z")
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
               from 2038-03-10T00:00:00Z
               until 2038-03-13T00:00:00Z
Time zone      America/New_York
Overlap        Skip
Catches up     what it missed for 365 days
Next runs      Wed 2038-03-10 02:30:00 EST  2038-03-10T07:30:00Z
               Thu 2038-03-11 02:30:00 EST  2038-03-11T07:30:00Z
               Fri 2038-03-12 02:30:00 EST  2038-03-12T07:30:00Z
So far         0 started, 0 skipped for another ran, 0 missed, 0 wait, 0 dropped";
    assert_eq!(text.join("\n"), expected);
    let shown = json_of(address, &["describe", "-s", &id]).await?;
    assert_eq!(
        shown["next_runs"][0],
        json!({
            "utc": "2038-03-10T07:30:00Z",
            "local": "2038-03-10T02:30:00-05:00[America/New_York]",
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
            "2038-03-13T00:00:00Z",
            [
                "Sat 2038-03-13 02:30:00 EST  2038-03-13T07:30:00Z",
                // On the 14th there is no half past two.
                "Mon 2038-03-15 02:30:00 EDT  2038-03-15T06:30:00Z",
                "Tue 2038-03-16 02:30:00 EDT  2038-03-16T06:30:00Z",
            ],
        ),
        (
            "autumn-us",
            "America/New_York",
            "30 1 * * *",
            "2038-11-07T00:00:00Z",
            [
                "Sun 2038-11-07 01:30:00 EDT  2038-11-07T05:30:00Z",
                "Sun 2038-11-07 01:30:00 EST  2038-11-07T06:30:00Z",
                "Mon 2038-11-08 01:30:00 EST  2038-11-08T06:30:00Z",
            ],
        ),
        (
            "spring-de",
            "Europe/Berlin",
            "30 2 * * *",
            "2038-03-27T00:00:00Z",
            [
                "Sat 2038-03-27 02:30:00 CET  2038-03-27T01:30:00Z",
                "Mon 2038-03-29 02:30:00 CEST  2038-03-29T00:30:00Z",
                "Tue 2038-03-30 02:30:00 CEST  2038-03-30T00:30:00Z",
            ],
        ),
        (
            "autumn-de",
            "Europe/Berlin",
            "30 2 * * *",
            "2038-10-30T12:00:00Z",
            [
                // There are two of it here as well, and the server takes the second alone.
                "Sun 2038-10-31 02:30:00 CET  2038-10-31T01:30:00Z",
                "Mon 2038-11-01 02:30:00 CET  2038-11-01T01:30:00Z",
                "Tue 2038-11-02 02:30:00 CET  2038-11-02T01:30:00Z",
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
    let spec = in_zone("0 9 * * *", "Europe/Berlin", "2038-07-01T00:00:00Z");
    let id = planner.schedule("listed", spec).await?;
    let listed = planner.indexed(&id, |line| line["paused"] == false).await?;
    assert_eq!(
        listed["next_runs"][0],
        json!({ "utc": "2038-07-01T07:00:00Z", "local": "2038-07-01T09:00:00+02:00[Europe/Berlin]" })
    );
    assert_eq!((&listed["workflow_type"], &listed["time_zone"]), (&json!("wait"), &json!("Europe/Berlin")));
    let filter = format!("ScheduleId = '{id}'");
    let said = run(address, &["list", "--query", &filter]).await?;
    assert_eq!((said.code, said.talk.as_str()), (0, ""));
    let cells = |line: &str| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).map(masked).collect();
    let table: Vec<Vec<String>> = said.out.lines().map(cells).collect();
    assert_eq!(table[0], ["SCHEDULE ID", "STATE", "WORKFLOW", "NEXT RUN", "IN UTC", "NOTE"]);
    assert_eq!(table[1], ["listed-#", "Active", "wait", "Thu 2038-07-01 09:00:00 CEST", "2038-07-01T07:00:00Z"]);
    run(address, &["pause", "-s", &id, "--reason", "why not"]).await?;
    planner.indexed(&id, |line| line["paused"] == true).await?;
    let said = run(address, &["list", "--query", &filter]).await?;
    let table: Vec<Vec<String>> = said.out.lines().map(cells).collect();
    assert_eq!(table[1], ["listed-#", "Paused", "wait", "-", "-", "why not"]);
    let none = run(address, &["list", "--query", "ScheduleId = 'nobodys'"]).await?;
    none.is(0, "", "no schedule matches\n");
    Ok(())
}
