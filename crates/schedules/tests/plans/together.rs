//! Many at once, and a server that goes away.

use std::time::Duration;

use futures::future::{BoxFuture, FutureExt};
use mainspring_schedules::{Action, Orphans, Schedule, ScheduleError};
use mainspring_servers::proxy::{Fault, Match, WireProxy};
use temporalio_common::data_converters::{
    DataConverter, DefaultFailureConverter, PayloadCodec, PayloadConversionError, PayloadConverter,
    SerializationContextData,
};
use temporalio_common::protos::temporal::api::common::v1::Payload;

use crate::desk::{Desk, address, steps};

/// Some of the 300 that the slow tier has, by processes of their own: tests/tests/verbs/many_schedules.rs.
const MANY: usize = 60;

#[tokio::test]
async fn schedules_applied_by_five_at_once_are_there_once_each() {
    let desk = Desk::new().await;
    let schedules: Vec<Schedule> = (0..MANY).map(|number| desk.schedule(&format!("{number:03}"))).collect();
    let edited: Vec<Schedule> =
        schedules.iter().map(|schedule| schedule.clone().jitter(Duration::from_secs(9))).collect();
    for round in [&schedules, &edited] {
        let five = futures::future::join_all((0..5).map(|_| async {
            let process = Desk::new().await;
            let scope = desk.scope(Orphans::Delete);
            let plan = process.planner.plan(round, &scope, &|_, _| {}).await.unwrap();
            let applied = process.planner.apply(plan, &|_, _| {}).await;
            applied.failures().map(|(_, error)| error.to_string()).collect::<Vec<_>>()
        }));
        assert_eq!(five.await, vec![Vec::<String>::new(); 5]);
        assert_eq!(steps(&desk.plan(round).await), vec![(Action::Unchanged, vec![]); MANY]);
    }
}

#[tokio::test]
async fn a_server_that_goes_away_in_the_middle_leaves_what_the_next_apply_completes() {
    let proxy = WireProxy::builder(address().await).start().await.unwrap();
    let desk = Desk::at(proxy.address().parse().unwrap(), DataConverter::default()).await;
    let schedules: Vec<Schedule> = (0..60).map(|number| desk.schedule(&format!("{number:02}"))).collect();
    let plan = desk.plan(&schedules).await;
    let hasty = desk.planner.clone().patience(Duration::from_secs(1));
    // The 20th that is made cuts the line.
    let done = |done: usize, all: usize| {
        assert_eq!(all, 60);
        if done == 20 {
            proxy.fault(Match::all(), Fault::Status(14, "gone".to_owned()));
        }
    };
    let applied = hasty.apply(plan, &done).await;
    let failed: Vec<&ScheduleError> = applied.failures().map(|(_, error)| error).collect();
    assert!(failed.iter().any(|error| error.is_silence()), "{failed:?}");
    let not_tried = failed.iter().filter(|error| matches!(error, ScheduleError::NotTried { .. })).count();
    assert!(not_tried > 0 && failed.len() <= 40, "{failed:?}");
    proxy.clear_faults();
    desk.apply(&schedules).await;
    assert_eq!(steps(&desk.plan(&schedules).await), vec![(Action::Unchanged, vec![]); 60]);
}

#[tokio::test]
async fn answers_that_are_lost_make_no_schedule_twice_and_no_failure() {
    let proxy = WireProxy::builder(address().await).start().await.unwrap();
    let desk = Desk::at(proxy.address().parse().unwrap(), DataConverter::default()).await;
    for (method, schedules) in
        [("CreateSchedule", vec![desk.schedule("one")]), ("UpdateSchedule", vec![desk.schedule("one").note("new")])]
    {
        proxy.fault(Match::method(method).times(1), Fault::CutAfterForward);
        desk.apply(&schedules).await;
        assert!(proxy.count_of(method) >= 2, "{method} was not repeated");
        assert_eq!(desk.plan(&schedules).await.pending(), 0);
    }
}

/// Another ciphertext each time, as an encryption's is.
#[derive(Debug)]
struct Scramble;

type Coded = BoxFuture<'static, Result<Vec<Payload>, PayloadConversionError>>;

impl PayloadCodec for Scramble {
    fn encode(&self, _: &SerializationContextData, mut payloads: Vec<Payload>) -> Coded {
        for payload in &mut payloads {
            let key = uuid::Uuid::new_v4().into_bytes().to_vec();
            payload.data = payload.data.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect();
            payload.metadata.insert("key".to_owned(), key);
        }
        async { Ok(payloads) }.boxed()
    }

    fn decode(&self, _: &SerializationContextData, mut payloads: Vec<Payload>) -> Coded {
        for payload in &mut payloads {
            if let Some(key) = payload.metadata.remove("key") {
                payload.data = payload.data.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect();
            }
        }
        async { Ok(payloads) }.boxed()
    }
}

#[tokio::test]
async fn encrypted_payloads_are_compared_by_what_they_say() {
    let converter = DataConverter::new(PayloadConverter::default(), DefaultFailureConverter::default(), Scramble);
    let desk = Desk::at(address().await, converter).await;
    let schedules = [desk.schedule("one").memo("team", 7).summary("a secret")];
    desk.apply(&schedules).await;
    assert_eq!(desk.plan(&schedules).await.pending(), 0);
    let message = desk.describe("one").await.schedule.unwrap();
    let text = format!("{message:?}");
    assert!(!text.contains("days") && !text.contains("0 3 * * *") && !text.contains("a secret"), "{text}");
    let changed = [desk.schedule("one").memo("team", 8).summary("a secret")];
    assert_eq!(steps(&desk.plan(&changed).await), [(Action::Update, vec!["memo"])]);
    // A mark that only the key reads.
    desk.until_listed(1).await;
    let plan = desk.plan_in(&[], &desk.scope(Orphans::Delete)).await;
    assert_eq!(steps(&plan), [(Action::Delete, vec![])]);
}
