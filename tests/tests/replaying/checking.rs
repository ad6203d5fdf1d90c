//! `replay check` over a corpus that was captured.

use crate::rig::{Outcome, Rig};

#[tokio::test]
async fn a_change_without_patched_turns_the_check_red_and_with_it_green() -> Outcome {
    let rig = Rig::new().await?;
    let worker = rig.worker("before").await?;
    rig.begun("open").await?;
    let ended = rig.begun("ended").await?;
    rig.end(&ended).await?;
    rig.captured("before", &[], 2).await?;
    Rig::stop(worker).await?;

    assert_eq!(rig.run("before", &["replay", "check"]).await?.code, 0);
    // Where there is a server is none of its business.
    assert_ne!(rig.run_at("no address", "before", &["replay", "capture"]).await?.code, 0);
    let offline = rig.run_at("no address", "before", &["replay", "check"]).await?;
    assert_eq!(offline.code, 0, "{offline:?}");
    let red = rig.run("after", &["replay", "check", "-o", "json"]).await?;
    assert_eq!(red.code, 1, "{red:?}");
    let report = red.json()?;
    assert_eq!(report["ok"], false);
    let histories = report["histories"].as_array().ok_or("no list")?;
    assert_eq!(histories.len(), 2);
    for history in histories {
        assert_eq!(
            history["message"],
            "at event 11, history has ActivityTaskScheduled echo, the code now wants StartTimer 10ms"
        );
        assert_eq!((&history["workflow"], &history["event_id"]), (&"change".into(), &11.into()));
        assert!(history["sdk"].as_str().is_some_and(|sdk| sdk.contains("TMPRL1100")), "{history}");
    }
    assert!(red.talk.contains("2 histories did not replay: guard the change with `ctx.patched(\"…\")`"), "{red:?}");
    let green = rig.run("patched", &["replay", "check"]).await?;
    assert_eq!(green.code, 0, "{green:?}");
    assert!(green.talk.contains("2 of 2 histories replayed well, "), "{green:?}");
    Ok(())
}

#[tokio::test]
async fn an_empty_corpus_a_workflow_without_a_history_and_a_stranger_are_red() -> Outcome {
    let rig = Rig::new().await?;
    let empty = rig.run("before", &["replay", "check"]).await?;
    assert_eq!(empty.code, 1);
    assert!(empty.talk.contains("product changing has no history in products/changing/histories: "), "{empty:?}");

    let stranger = concat!(env!("CARGO_MANIFEST_DIR"), "/../products/general-purpose/histories");
    let copied = rig.histories();
    std::fs::create_dir_all(&copied)?;
    for file in std::fs::read_dir(stranger)? {
        let file = file?;
        if file.file_name().to_string_lossy().starts_with("no-op-") {
            std::fs::copy(file.path(), copied.join("stranger.json"))?;
        }
    }
    let red = rig.run("before", &["replay", "check"]).await?;
    assert_eq!(red.code, 1);
    assert!(red.out.contains("stranger.json: no-op: no workflow no-op is registered: there is change\n"), "{red:?}");
    assert!(red.out.contains("MISSING workflow change of product changing has no history: "), "{red:?}");
    Ok(())
}

#[tokio::test]
async fn a_file_that_is_no_history_is_red_with_its_place() -> Outcome {
    let rig = Rig::new().await?;
    std::fs::write(rig.folder.path().join("broken.json"), "{\n  \"events\": [\n    {]\n")?;
    let red = rig.run("before", &["replay", "check", "broken.json"]).await?;
    assert_eq!(red.code, 1);
    assert!(red.out.contains("UNREAD  broken.json: line 3, column 6: this is not JSON: "), "{red:?}");
    let missing = rig.run("before", &["replay", "check", "nowhere"]).await?;
    assert_eq!(missing.code, 64);
    assert!(missing.talk.contains("nowhere cannot be read: "), "{missing:?}");
    Ok(())
}

#[tokio::test]
async fn what_temporals_own_cli_prints_is_read() -> Outcome {
    let rig = Rig::new().await?;
    let worker = rig.worker("before").await?;
    let id = rig.begun("cli").await?;
    let mut cli = tokio::process::Command::from(mainspring_testing::program(mainspring_testing::temporal_cli()?));
    cli.args(["workflow", "show", "--address", rig.env.address(), "--workflow-id", &id, "--output", "json"]);
    std::fs::write(rig.folder.path().join("shown.json"), cli.output().await?.stdout)?;
    let green = rig.run("before", &["replay", "check", "shown.json"]).await?;
    assert_eq!(green.code, 0, "{green:?}");
    assert!(green.out.starts_with("ok      shown.json: change, "), "{green:?}");
    Rig::stop(worker).await
}
