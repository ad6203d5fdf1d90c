//! The whole life of a patch: brought in, deprecated, gone.

use mainspring_testing::Workflows;

use crate::rig::{Outcome, Rig, Said, sources};

/// What is said of the one patch when the code is that of this build.
async fn said_of(rig: &Rig, build: &str, is_so: impl Fn(&str) -> bool) -> Result<Said, mainspring_testing::TestError> {
    let sources = sources(build);
    let arguments = ["patches", "--sources", &sources, "-o", "json"];
    let told = |said: &Said| {
        let json = said.json().ok();
        json.is_some_and(|json| is_so(json["patches"][0]["message"].as_str().unwrap_or("nothing")))
    };
    rig.until(build, &arguments, told).await
}

#[tokio::test]
async fn a_patch_is_followed_from_its_first_run_to_its_last() -> Outcome {
    let rig = Rig::new().await?;
    let before = rig.worker("before").await?;
    let first = rig.begun("first").await?;
    said_of(&rig, "before", |said| said == "nothing").await?;
    Rig::stop(before).await?;

    let patched = rig.worker("patched").await?;
    let second = rig.begun("second").await?;
    let stays = "stays: 1 open without its marker may need the old branch";
    let said = said_of(&rig, "patched", |said| said == stays).await?;
    assert_eq!(said.code, 0, "{said:?}");
    let row = &said.json()?["patches"][0];
    assert_eq!((&row["id"], &row["code"], &row["may"]), (&"wait-first".into(), &"patched".into(), &"stay".into()));
    assert_eq!(row["workflows"], serde_json::json!(["change"]));

    rig.end(&first).await?;
    said_of(&rig, "patched", |said| said == "may become deprecate_patch: no open run may need the old branch").await?;
    Rig::stop(patched).await?;

    let deprecated = rig.worker("deprecated").await?;
    let third = rig.begun("third").await?;
    said_of(&rig, "deprecated", |said| said == "stays: 1 open recorded it by patched").await?;
    let gone = "is gone from the code, and 1 open recorded it by patched: put deprecate_patch back";
    let said = said_of(&rig, "after", |said| said == gone).await?;
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.talk.contains("wait-first gone from the code, and open runs recorded them: "), "{said:?}");

    rig.end(&second).await?;
    said_of(&rig, "deprecated", |said| said == "may go: no open run recorded it by patched").await?;
    let said = said_of(&rig, "after", |said| said == "nothing").await?;
    assert_eq!(said.code, 0, "{said:?}");
    Rig::stop(deprecated).await?;

    // And so it was: the last run that recorded it ends on code that knows nothing of it.
    let after = rig.worker("after").await?;
    rig.end(&third).await?;
    Rig::stop(after).await
}

#[tokio::test]
async fn runs_that_were_started_when_every_worker_had_the_patch_do_not_count() -> Outcome {
    let rig = Rig::new().await?;
    let before = rig.worker("before").await?;
    rig.begun("first").await?;
    let sources = sources("patched");
    let counts = |since: &'static str, count: i64| {
        let arguments = ["patches", "--sources", &sources, "-o", "json", "--since", since].map(str::to_owned);
        let rig = &rig;
        async move {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let is = |said: &Said| said.json().is_ok_and(|json| json["patches"][0]["open_without_marker"] == count);
            rig.until("patched", &arguments, is).await
        }
    };
    counts("2099-01-01T00:00:00Z", 1).await?;
    let said = counts("2020-01-01T00:00:00Z", 0).await?;
    assert_eq!(said.json()?["patches"][0]["may"], "deprecate");
    Rig::stop(before).await
}

#[tokio::test]
async fn open_runs_of_a_workflow_in_another_file_count() -> Outcome {
    let rig = Rig::new().await?;
    let worker = rig.worker("two").await?;
    let id = rig.env.id("beside");
    rig.client.begin(&rig.queue, &id, "beside", &"open").await?;
    let sources = sources("patched");
    let arguments = ["patches", "--sources", &sources, "-o", "json"];
    let counts = |said: &Said| said.json().is_ok_and(|json| json["patches"][0]["open_without_marker"] == 1);
    let said = rig.until("two", &arguments, counts).await?;
    let row = &said.json()?["patches"][0];
    assert_eq!((&row["may"], &row["workflows"]), (&"stay".into(), &serde_json::json!(["change"])));
    Rig::stop(worker).await
}
