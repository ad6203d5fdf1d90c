//! The gate workflow, on a build that follows the histories of the one before and on one that does not.

use std::time::{Duration, Instant};

use mainspring_testing::Workflows;
use prost::Message;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;

use crate::rig::{Outcome, Rig, Said};

#[tokio::test]
async fn a_good_build_passes_the_gate_and_a_broken_one_does_not() -> Outcome {
    let rig = Rig::new().await?;
    let before = rig.worker("before").await?;
    let open = rig.begun("open").await?;
    let ended = rig.begun("ended").await?;
    rig.end(&ended).await?;
    let gate = ["replay", "gate", "--queue", &rig.queue, "--newest", "5", "-o", "json"];
    let replayed = |said: &Said| said.json().is_ok_and(|json| json["workflows"][0]["replayed"] == 2);
    let green = rig.until("before", &gate, replayed).await?;
    assert_eq!(green.code, 0, "{green:?}");
    assert_eq!(green.json()?["build_id"], "before");
    let mut of_another = gate.to_vec();
    of_another.extend(["--build-id", "after"]);
    let red = rig.run("before", &of_another).await?;
    assert_eq!(red.code, 1, "{red:?}");
    assert!(red.talk.contains("build before answered on "), "{red:?}");
    of_another.pop();
    of_another.push("before");
    assert_eq!(rig.run("before", &of_another).await?.code, 0);
    Rig::stop(before).await?;

    let mut broken = rig.worker("after").await?;
    let red = rig.run("after", &gate).await?;
    assert_eq!(red.code, 1, "{red:?}");
    let json = red.json()?;
    let failed = json["workflows"][0]["failed"].as_array().ok_or("no list")?;
    assert_eq!((json["ok"].as_bool(), failed.len()), (Some(false), 2), "{json}");
    assert!(failed.iter().any(|failed| failed["workflow_id"] == open.as_str()), "{json}");
    for failed in failed {
        assert_eq!(
            failed["message"],
            "at event 11, history has ActivityTaskScheduled echo, the code now wants StartTimer 10ms"
        );
    }
    assert!(red.talk.contains("2 histories do not replay on build after: give it no traffic"), "{red:?}");
    // The worker says it too, and still works.
    broken.line("does not replay").await?;
    assert_eq!(rig.run("after", &gate).await?.code, 1);
    Rig::stop(broken).await?;

    let patched = rig.worker("patched").await?;
    let green = rig.run("patched", &["replay", "gate", "--queue", &rig.queue]).await?;
    assert_eq!((green.code, green.out.as_str()), (0, "change: 2 replayed, 0 failed\n"), "{green:?}");
    assert!(green.talk.ends_with("2 histories replayed well on build patched\n"), "{green:?}");
    Rig::stop(patched).await
}

#[tokio::test]
async fn a_gate_that_nobody_takes_says_so_and_is_closed_by_the_server_after_a_day() -> Outcome {
    let rig = Rig::new().await?;
    let said = rig.run("before", &["replay", "gate", "--queue", &rig.queue, "--poller-wait", "1s"]).await?;
    assert_eq!(said.code, 69, "{said:?}");
    assert!(said.talk.contains("nobody polls task queue "), "{said:?}");
    let id = said.talk.split_whitespace().find(|word| word.starts_with("mainspring-replay-gate-")).ok_or("no id")?;
    let events = rig.client.workflow(id).fetch_history(Default::default()).into_events().await?;
    let Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) = &events[0].attributes else {
        return Err(format!("{events:?}").into());
    };
    assert_eq!(started.workflow_execution_timeout.map(|timeout| timeout.seconds), Some(24 * 60 * 60));
    Ok(())
}

#[tokio::test]
async fn a_gate_without_a_history_is_closed_unless_that_is_allowed() -> Outcome {
    let rig = Rig::new().await?;
    let worker = rig.worker("before").await?;
    let gate = ["replay", "gate", "--queue", &rig.queue];
    let red = rig.run("before", &gate).await?;
    assert_eq!(red.code, 1, "{red:?}");
    assert!(red.talk.contains("there was no history of change to replay"), "{red:?}");
    let allowed = rig.run("before", &[&gate[..], &["--allow-empty"]].concat()).await?;
    assert_eq!(allowed.code, 0, "{allowed:?}");
    assert!(allowed.talk.contains("warning: there was no history to replay"), "{allowed:?}");
    Rig::stop(worker).await
}

#[tokio::test]
async fn what_is_downloaded_has_a_bound_that_is_said() -> Outcome {
    let rig = Rig::new().await?;
    let worker = rig.worker("before").await?;
    rig.begun("open").await?;
    let ended = rig.begun("ended").await?;
    rig.end(&ended).await?;
    let events = rig.client.workflow(&ended).fetch_history(Default::default()).into_events().await?;
    let bytes: usize = events.iter().map(Message::encoded_len).sum();

    // That of the closed run is fetched first, and nothing fits beside it.
    let gate = |bytes: usize| {
        let bytes = bytes.to_string();
        ["replay", "gate", "--queue", &rig.queue, "--most-bytes", &bytes].map(str::to_owned)
    };
    let one = gate(bytes);
    let one: Vec<&str> = one.iter().map(String::as_str).collect();
    let warned = rig.until("before", &one, |said| said.out == "change: 1 replayed, 0 failed, 1 left out\n").await?;
    assert_eq!(warned.code, 0, "{warned:?}");
    let warning = format!(
        "warning: 1 of change were left out, for {bytes} bytes of histories are downloaded at most: allow more with --most-bytes\n"
    );
    assert!(warned.talk.contains(&warning), "{warned:?}");

    let none = gate(bytes - 1);
    let red = rig.run("before", &none.iter().map(String::as_str).collect::<Vec<_>>()).await?;
    assert_eq!((red.code, red.out.as_str()), (1, "change: 0 replayed, 0 failed, 2 left out\n"), "{red:?}");
    let said = format!(
        "error: the newest history of change has more than {} bytes, so nothing is known of build before: allow more with --most-bytes\n",
        bytes - 1
    );
    assert!(red.talk.ends_with(&said), "{red:?}");
    Rig::stop(worker).await
}

#[tokio::test]
async fn a_worker_leaves_in_the_middle_of_a_gate_and_another_begins_it_anew() -> Outcome {
    let rig = Rig::new().await?;
    let before = rig.worker("before").await?;
    rig.begun("open").await?;
    let gate = ["replay", "gate", "--queue", &rig.queue];
    rig.until("before", &gate, |said| said.out.starts_with("change: 1 replayed")).await?;
    Rig::stop(before).await?;

    let mut blocked = rig.worker("blocks").await?;
    let leaving = async {
        // Its replay would be given up after two minutes, and its grace is five.
        blocked.line("it blocks now").await?;
        blocked.signal(nix::sys::signal::Signal::SIGTERM);
        let from = Instant::now();
        let exit = blocked.end_within(Duration::from_secs(100)).await?;
        assert_eq!(exit.code, 0, "{exit:?}");
        assert!(from.elapsed() < Duration::from_secs(100), "{:?}", from.elapsed());
        rig.worker("before").await
    };
    let (said, another) = tokio::join!(rig.run("before", &gate), leaving);
    let said = said?;
    assert_eq!((said.code, said.out.as_str()), (0, "change: 1 replayed, 0 failed\n"), "{said:?}");
    assert!(said.talk.ends_with("1 history replayed well on build before\n"), "{said:?}");
    Rig::stop(another?).await
}

#[tokio::test]
async fn a_deployments_gate_is_taken_by_the_version_that_it_names() -> Outcome {
    let rig = Rig::new().await?;
    let before = rig.worker("before").await?;
    rig.begun("open").await?;
    Rig::stop(before).await?;

    let deployment = rig.env.id("deployment");
    let versioned = [("MAINSPRING_VERSIONING", "pinned"), ("TEMPORAL_DEPLOYMENT_NAME", deployment.as_str())];
    // Side by side on one queue; neither has any traffic.
    let (patched, after) = tokio::join!(rig.worker_with("patched", &versioned), rig.worker_with("after", &versioned));
    let gate = |build: &'static str| {
        ["replay", "gate", "--queue", &rig.queue, "--deployment", &deployment, "--build-id", build, "-o", "json"]
    };
    let asked = |said: &Said| said.json().is_ok_and(|json| json["build_id"].is_string());
    for _ in 0..3 {
        let green = rig.until("patched", &gate("patched"), asked).await?;
        assert_eq!((green.code, green.json()?["build_id"].as_str()), (0, Some("patched")), "{green:?}");
        let red = rig.until("after", &gate("after"), asked).await?;
        assert_eq!((red.code, red.json()?["build_id"].as_str()), (1, Some("after")), "{red:?}");
        assert!(red.talk.contains("1 history does not replay on build after: give it no traffic"), "{red:?}");
    }
    // Others poll the queue, which is no help.
    let unknown = rig.run("after", &[&gate("nobodys")[..], &["--poller-wait", "1s"]].concat()).await?;
    assert_eq!(unknown.code, 69, "{unknown:?}");
    let said = format!("no worker of build nobodys of deployment {deployment} polls task queue {}", rig.queue);
    assert!(unknown.talk.contains(&format!("warning: {said}: workflow ")), "{unknown:?}");
    assert!(unknown.talk.contains(&format!("error: {said}, for ")), "{unknown:?}");
    Rig::stop(patched?).await?;
    Rig::stop(after?).await
}
