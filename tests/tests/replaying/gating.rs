//! The gate workflow, on a build that follows the histories of the one before and on one that does not.

use crate::rig::{Outcome, Rig};

#[tokio::test]
async fn a_good_build_passes_the_gate_and_a_broken_one_does_not() -> Outcome {
    let rig = Rig::new().await?;
    let before = rig.worker("before").await?;
    let open = rig.begun("open").await?;
    let ended = rig.begun("ended").await?;
    rig.end(&ended).await?;
    let gate = ["replay", "gate", "--queue", &rig.queue, "--newest", "5", "-o", "json"];
    let replayed = |said: &crate::rig::Said| said.json().is_ok_and(|json| json["workflows"][0]["replayed"] == 2);
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
async fn a_gate_that_nobody_takes_says_so() -> Outcome {
    let rig = Rig::new().await?;
    let said = rig.run("before", &["replay", "gate", "--queue", &rig.queue, "--poller-wait", "1s"]).await?;
    assert_eq!(said.code, 69, "{said:?}");
    assert!(said.talk.contains("nobody polls task queue "), "{said:?}");
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
