//! Heartbeats that are in flight when something else happens: newer details, the attempt's end, a cancellation, a server
//! that has gone silent.

mod lab;

use std::time::{Duration, Instant};

use lab::{Outcome, unready};
use mainspring_servers::proxy::{Fault, Match, Record, WireProxy};
use mainspring_testing::{Env, Process, TestClient, TestError, Workflows};
use serde_json::{Value, json};

const BEAT: &str = "RecordActivityTaskHeartbeat";
const PATIENCE: Duration = Duration::from_secs(60);

/// An activity that counts, on a worker behind a proxy, with a beat a second.
struct Counting {
    proxy: WireProxy,
    worker: Process,
    client: TestClient,
    id: String,
    folder: tempfile::TempDir,
}

impl Counting {
    async fn start(name: &str) -> Result<Self, TestError> {
        let env = Env::shared().await?;
        let (queue, id) = (env.queue(name), env.id(name));
        let proxy = WireProxy::builder(env.address().parse()?).start().await?;
        let mut worker = unready(&proxy.address(), &queue, &[("MAINSPRING_HEARTBEAT_THROTTLE", "1")])?;
        worker.line("\"msg\":\"polling\"").await?;
        let (client, folder) = (env.client().await?, tempfile::tempdir()?);
        let end = folder.path().join("end");
        let input = json!({ "activity": "counts_until", "arg": end, "heartbeat_seconds": 60 });
        client.begin(&queue, &id, "call", &input).await?;
        proxy.wait_for_count(BEAT, 1, PATIENCE).await?;
        Ok(Self { proxy, worker, client, id, folder })
    }

    /// Lets this fault meet the next beat, and waits until it has come.
    async fn meet_next_beat(&self, which: Match, fault: Fault) -> Result<Record, TestError> {
        let before = self.proxy.total();
        self.proxy.fault(which, fault);
        Ok(self.proxy.wait_for(|record| record.is(BEAT) && record.number >= before, PATIENCE).await?)
    }

    /// What the next such line says of the count.
    async fn count_in(&mut self, line: &str) -> Result<u64, TestError> {
        let line: Value = serde_json::from_str(&self.worker.line(line).await?)?;
        Ok(line["n"].as_u64().ok_or("no count in the line")?)
    }

    /// Ends attempt 1. Gives the last count that it kept.
    async fn end(&mut self) -> Result<u64, TestError> {
        std::fs::write(self.folder.path().join("end"), "")?;
        self.count_in("\"msg\":\"counted\"").await
    }
}

#[tokio::test]
async fn details_that_are_replaced_while_a_beat_is_in_flight_are_the_ones_that_stay() -> Outcome {
    let mut counting = Counting::start("replaced").await?;
    counting.meet_next_beat(Match::method(BEAT).times(1), Fault::Hang).await?;
    let in_flight = counting.count_in("\"msg\":\"counting\"").await?;
    let last = counting.end().await?;
    assert!(last >= in_flight);
    // The older details come to the server only now, at the end of the attempt or after it.
    counting.proxy.clear_faults();
    assert_eq!(counting.client.result::<String>(&counting.id).await?, format!("attempt 2 resumes at {last}"));
    Ok(())
}

#[tokio::test]
async fn a_cancellation_during_a_beat_is_seen_by_the_answer_of_that_beat() -> Outcome {
    let mut counting = Counting::start("cancelled").await?;
    let beat = counting.meet_next_beat(Match::method(BEAT), Fault::Hang).await?;
    counting.client.workflow(&counting.id).cancel(Default::default()).await?;
    counting.proxy.clear_faults();
    let said = counting.worker.line("not wanted any more").await?;
    assert!(said.contains("Cancelled"), "{said}");
    let ended = counting.client.result::<String>(&counting.id).await.unwrap_err().to_string();
    assert!(ended.to_lowercase().contains("cancel"), "{ended}");
    let beats = counting.proxy.records_of(BEAT);
    assert!(beats.iter().any(|record| record.number == beat.number && record.grpc_status == Some(0)), "{beats:?}");
    Ok(())
}

#[tokio::test]
async fn a_cancellation_whose_beat_was_cut_off_is_seen_by_a_later_beat() -> Outcome {
    let mut counting = Counting::start("cut").await?;
    // Right after a beat, so that the next one is sure to come after the cancellation.
    let before = counting.proxy.total();
    let answered = |record: &Record| record.is(BEAT) && record.number >= before && record.grpc_status == Some(0);
    counting.proxy.wait_for(answered, PATIENCE).await?;
    let before = counting.proxy.total();
    // It lands, and the answer that would tell of the cancellation is lost.
    counting.proxy.fault(Match::method(BEAT).times(1), Fault::CutAfterForward);
    counting.client.workflow(&counting.id).cancel(Default::default()).await?;
    let lost = |record: &Record| record.is(BEAT) && record.number >= before && record.finished.is_some();
    counting.proxy.wait_for(lost, PATIENCE).await?;
    counting.worker.line("not wanted any more").await?;
    let ended = counting.client.result::<String>(&counting.id).await.unwrap_err().to_string();
    assert!(ended.to_lowercase().contains("cancel"), "{ended}");
    Ok(())
}

#[tokio::test]
async fn a_server_that_is_silent_for_30_seconds_costs_an_activity_nothing() -> Outcome {
    let mut counting = Counting::start("silent").await?;
    counting.meet_next_beat(Match::all(), Fault::Hang).await?;
    let (start, first) = (Instant::now(), counting.count_in("\"msg\":\"counting\"").await?);
    // A count takes 20 ms, so the activity itself says when the time is over.
    while start.elapsed() < Duration::from_secs(30) {
        counting.count_in("\"msg\":\"counting\"").await?;
    }
    let counted = counting.count_in("\"msg\":\"counting\"").await? - first;
    let wanted = start.elapsed().as_millis() as u64 / 20;
    assert!(counted > wanted / 2, "setting details was held up: {counted} counts, and time for {wanted}");
    let before = counting.proxy.total();
    counting.proxy.clear_faults();
    let beats = |record: &Record| record.is(BEAT) && record.number >= before && record.grpc_status == Some(0);
    counting.proxy.wait_for(beats, PATIENCE).await?;
    let last = counting.end().await?;
    assert_eq!(counting.client.result::<String>(&counting.id).await?, format!("attempt 2 resumes at {last}"));
    Ok(())
}
