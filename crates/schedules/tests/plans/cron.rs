//! Cron strings and calendars against the server: what it takes we take, what it refuses we refuse, and both mean the same.

use std::collections::BTreeMap;

use mainspring_schedules::{Calendar, CallError, Schedule};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use temporalio_common::protos::temporal::api::schedule::v1::{Schedule as Message, ScheduleSpec};
use temporalio_common::protos::temporal::api::workflowservice::v1::CreateScheduleRequest;

use crate::desk::{Desk, steps};

/// Each by hand: forms that the documentation names, and edges of the server's reader.
const STRINGS: [&str; 66] = [
    "0 9 * * 1-5",
    "*/15 * * * *",
    "5/15 * * * *",
    "0 0 1 1 *",
    "30 8 * jan-mar mon,wed,fri",
    "0 0 * * sun",
    "0 0 * * 7",
    "0 0 * * 0-7",
    "0 0 * * 1-7",
    "0 0 * * 3-7",
    "0 0 * * 3-7/2",
    "0 0 * * 1-7/2",
    "0 0 * * */7",
    "0 0 * * SUNDAY",
    "0 0 * * Th",
    "0 0 * * t",
    "0 0 * * fri-sun",
    "0 0 * * 5-7",
    "0 12 * * * 2030",
    "0 12 * * * 2030-2040/5",
    "0 12 * * * *",
    "30 0 12 * * * *",
    "30 0 12 * * * 2031",
    "* * * * * * *",
    "0 0 12 * * * 1999",
    "0 12 * * * 2101",
    "@daily",
    "@midnight",
    "@hourly",
    "@weekly",
    "@monthly",
    "@yearly",
    "@annually",
    "@sometimes",
    "@every 5m",
    "@every 1h30m",
    "@every 2h/30m",
    "@every 1d",
    "@every 1.5h",
    "@every",
    "@every 5",
    "@every 0.5s",
    "@every 5m/5m",
    "@every 5m/6m",
    "@every -5m",
    "@every 5m/",
    "@every five",
    "0 9 * * * # in the morning",
    "0 9 * * * # # twice",
    "@daily # comment",
    "CRON_TZ=Europe/Berlin 0 9 * * *",
    "TZ=Asia/Tokyo 0 9 * * *",
    "CRON_TZ=Nowhere/Land 0 9 * * *",
    "CRON_TZ=UTC",
    "CRON_TZ= 0 9 * * *",
    "  0  9   *  *  *  ",
    "0 9 * *",
    "",
    "#",
    "60 0 * * *",
    "0 24 * * *",
    "0 0 0 * *",
    "0 0 32 * *",
    "0 0 * 13 *",
    "0 0 * foo *",
    "1,,2 * * * *",
];
const MORE: [&str; 14] = [
    "1-2-3 * * * *",
    "9-5 * * * *",
    "*/0 * * * *",
    "*/x * * * *",
    "5/ * * * *",
    "/5 * * * *",
    "1/2/3 * * * *",
    "-5 * * * *",
    "+5 * * * *",
    "*-5 * * * *",
    "0 0 * janx *",
    "0 0 * january *",
    "0 0 31 2 *",
    "0 0 1 jan-3 *",
];
/// Beside those, so many at random.
const RANDOM: usize = 250;

/// A part of a field of these bounds: mostly one that is right.
fn part(least: i32, greatest: i32, names: &'static [&'static str]) -> BoxedStrategy<String> {
    let number = move || prop_oneof![30 => least..=greatest, 1 => 0..=greatest + 3];
    let names: Vec<&str> = names.iter().chain(&["*"]).copied().collect();
    prop_oneof![
        6 => number().prop_map(|n| n.to_string()),
        4 => Just("*".to_owned()),
        3 => (number(), number()).prop_map(|(a, b)| format!("{}-{}", a.min(b), a.max(b))),
        2 => (number(), 1..9_i32).prop_map(|(a, step)| format!("{a}/{step}")),
        2 => (number(), number(), 1..9_i32).prop_map(|(a, b, step)| format!("{}-{}/{step}", a.min(b), a.max(b))),
        1 => (0..9_i32).prop_map(|step| format!("*/{step}")),
        2 => prop::sample::select(names).prop_map(str::to_owned),
    ]
    .boxed()
}

fn field(least: i32, greatest: i32, names: &'static [&'static str]) -> BoxedStrategy<String> {
    let part = move || part(least, greatest, names);
    prop_oneof![5 => part(), 1 => (part(), part()).prop_map(|(a, b)| format!("{a},{b}"))].boxed()
}

fn cron() -> BoxedStrategy<String> {
    let months = &["jan", "dec", "AUGUST", "jan-mar/2", "Sept", "ma", "x"];
    let days = &["mon", "Tue", "we", "SUN", "satur", "mon-fri", "su-we/2", "fri-sun", "7", "3-7/2", "-"];
    let fields = (
        field(0, 59, &[]),
        field(0, 59, &[]),
        field(0, 23, &[]),
        field(1, 31, &[]),
        field(1, 12, months),
        field(0, 7, days),
        field(2000, 2100, &[]),
    );
    let count = prop::sample::select(vec![4, 5, 5, 5, 5, 5, 5, 5, 5, 5, 6, 6, 7, 7, 8]);
    let cron = (fields, count).prop_map(|((second, minute, hour, day, month, week, year), count)| {
        let five = [minute, hour, day, month, week];
        match count {
            4 => five[..4].join(" "),
            5 => five.join(" "),
            6 => format!("{} {year}", five.join(" ")),
            7 => format!("{second} {} {year}", five.join(" ")),
            _ => format!("{second} {} {year} *", five.join(" ")),
        }
    });
    cron.boxed()
}

/// Those by hand, and the random ones of a seed.
fn strings(seed: uuid::Uuid) -> Vec<String> {
    let mut bytes = [0; 32];
    bytes[..16].copy_from_slice(seed.as_bytes());
    let mut runner = TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let cron = cron();
    let random = (0..RANDOM).map(|_| cron.new_tree(&mut runner).unwrap().current());
    STRINGS.iter().chain(&MORE).map(|text| (*text).to_owned()).chain(random).collect()
}

#[tokio::test]
async fn the_server_takes_the_cron_strings_that_we_take_and_reads_them_alike() {
    let desk = Desk::new().await;
    let seed = uuid::Uuid::new_v4();
    let (mut taken, mut refused) = (0, 0);
    for (number, text) in strings(seed).into_iter().enumerate() {
        let id = format!("cron-{number}");
        let ours = desk.owned(Schedule::untyped(desk.id(&id), "sweep", []).cron(&text));
        let faults = ours.faults();
        // The server compiles it.
        let spec = ScheduleSpec { cron_string: vec![text.clone()], ..ScheduleSpec::default() };
        let message = Message { spec: Some(spec), ..Message::default() };
        let request = CreateScheduleRequest {
            schedule_id: desk.id(&id),
            schedule: Some(message),
            ..CreateScheduleRequest::default()
        };
        match desk.schedules.create(request).await {
            Ok(()) => {
                taken += 1;
                assert_eq!(faults, [], "{text:?} of seed {seed}: the server takes it");
                // What we make of it is nothing else than what the server made of it.
                let mut scope = desk.scope(mainspring_schedules::Orphans::Ignore);
                scope.adopt = true;
                let plan = desk.plan_in(&[ours], &scope).await;
                let differing = steps(&plan)[0].1.clone();
                for field in ["times", "time_zone", "except"] {
                    let change = plan.steps[0].changes.iter().find(|change| change.field == field);
                    assert_eq!(change, None, "{text:?} of seed {seed}: {differing:?}");
                }
            }
            Err(CallError::Refused { told, .. }) => {
                refused += 1;
                assert_ne!(faults, [], "{text:?} of seed {seed}: the server says {told}");
            }
            Err(error) => panic!("{text:?}: {error}"),
        }
    }
    assert!(taken > 100 && refused > 60, "too few of a kind: {taken} taken and {refused} refused of seed {seed}");
}

#[tokio::test]
async fn calendars_intervals_and_exclusions_come_back_as_they_were_declared() {
    let desk = Desk::new().await;
    let workday =
        Calendar::new().second("*/30").minute("0,15,16,17").hour("9-17").day_of_week("mon-fri").comment("work");
    let holiday =
        Calendar::new().second("*").minute("*").hour("*").day_of_month("24-26").month("dec").year("2030,2031-2035/2");
    let hours = |hours: u64| std::time::Duration::from_secs(hours * 3600);
    let schedules = [
        desk.owned(
            Schedule::untyped(desk.id("all"), "sweep", [])
                .calendar(workday)
                .except(holiday)
                .every(hours(5))
                .every_after(hours(24), hours(7))
                .time_zone("America/New_York"),
        ),
        desk.owned(
            Schedule::untyped(desk.id("same"), "sweep", []).cron("0 9 * * *").calendar(Calendar::new().hour("9")),
        ),
        desk.owned(Schedule::untyped(desk.id("none"), "sweep", [])),
    ];
    desk.apply(&schedules).await;
    let plan = desk.plan(&schedules).await;
    let by_id: BTreeMap<_, _> = plan.steps.iter().map(|step| (step.id.as_str(), &step.changes)).collect();
    assert!(by_id.values().all(|changes| changes.is_empty()), "{by_id:?}");
    assert_eq!(plan.pending(), 0);
    let spec = desk.describe("all").await.schedule.unwrap().spec.unwrap();
    assert_eq!(
        (spec.structured_calendar.len(), spec.exclude_structured_calendar.len(), spec.interval.len()),
        (1, 1, 2)
    );
    assert_eq!(spec.timezone_name, "America/New_York");
}
