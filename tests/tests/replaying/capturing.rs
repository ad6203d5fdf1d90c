//! `replay capture`: what is saved, and what is not.

use crate::rig::{Outcome, Rig};

#[tokio::test]
async fn open_and_closed_runs_are_saved_without_the_values_of_people() -> Outcome {
    let rig = Rig::new().await?;
    let worker = rig.worker("before").await?;
    rig.begun("ada.lovelace").await?;
    let ended = rig.begun("grace.hopper").await?;
    rig.end(&ended).await?;
    let files = rig.captured("before", &["--newest", "1"], 2).await?;
    for file in &files {
        let name = file.file_name().and_then(|name| name.to_str()).ok_or("no name")?;
        assert!(name.starts_with("change-") && name.len() == "change-12345678.json".len(), "{name}");
        let json = std::fs::read_to_string(file)?;
        assert!(json.contains("\"eventType\": \"EVENT_TYPE_WORKFLOW_EXECUTION_STARTED\""), "{json}");
        for taken in ["lovelace", "hopper", "\"identity\": \"1"] {
            assert!(!json.contains(taken), "{taken} is in {json}");
        }
        // "ada.lovelace" and "grace.hopper", as JSON in base64.
        assert!(!json.contains("ImFkYS5sb3ZlbGFjZSI=") && !json.contains("ImdyYWNlLmhvcHBlciI="), "{json}");
    }
    let again = rig.run("before", &["replay", "capture", "--newest", "1", "-o", "json"]).await?;
    assert_eq!(again.code, 0);
    assert!(again.out.lines().all(|line| line.contains("\"there already\"")), "{again:?}");
    Rig::stop(worker).await
}

#[tokio::test]
async fn a_run_that_this_code_does_not_follow_is_not_saved() -> Outcome {
    let rig = Rig::new().await?;
    let worker = rig.worker("before").await?;
    rig.begun("old").await?;
    let refused = rig.until("after", &["replay", "capture"], |said| said.code != 0).await?;
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(
        refused.out.contains(
            "it does not replay on this code, even as it is: at event 11, history has ActivityTaskScheduled echo, the code \
             now wants StartTimer 10ms"
        ),
        "{refused:?}"
    );
    assert!(!rig.histories().exists());
    Rig::stop(worker).await
}

#[tokio::test]
async fn a_value_that_decides_a_branch_is_kept_only_when_that_is_allowed() -> Outcome {
    let rig = Rig::new().await?;
    let worker = rig.worker("before").await?;
    rig.begun("branch-left").await?;
    let refused = rig.until("before", &["replay", "capture"], |said| said.code != 0).await?;
    assert!(refused.out.contains("scrubbed, it takes another branch: "), "{refused:?}");
    assert!(refused.out.contains("Name the fields that decide with --keep, or let it be scrubbed less with --or-less"));
    assert!(!rig.histories().exists());
    let less = rig.run("before", &["replay", "capture", "--or-less"]).await?;
    assert_eq!(less.code, 0, "{less:?}");
    assert!(less.out.contains(" (personal scrubbed)"), "{less:?}");
    Rig::stop(worker).await
}
