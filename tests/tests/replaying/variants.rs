//! Names of variants in saved histories: kept where the type has them, so that branches and results are what they were.

use std::path::Path;

use mainspring_replay::History;
use mainspring_testing::TestError;
use serde_json::{Value, json};
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;

use crate::rig::{Outcome, Rig};

/// The first payload at each place that has one, by the place's name.
fn said(file: &Path) -> Result<Vec<(String, Value)>, TestError> {
    let history = History::from_file(file)?;
    let mut said = Vec::new();
    for placed in history.placed() {
        if let Some(payload) = placed.payloads.first().filter(|payload| !payload.data.is_empty()) {
            said.push((placed.place.to_string(), serde_json::from_slice(&payload.data)?));
        }
    }
    Ok(said)
}

#[tokio::test]
async fn variants_stay_in_inputs_and_results_and_names_go_also_from_local_activities() -> Outcome {
    let rig = Rig::new().await?;
    let worker = rig.worker("chosen").await?;
    // "round" is a variant, and here also somebody's name.
    let ended = rig.begun_with("trip", &json!({ "name": "round", "way": "round" })).await?;
    rig.end(&ended).await?;
    let file = rig.captured("chosen", &["--newest", "1"], 1).await?.remove(0);
    Rig::stop(worker).await?;

    let said = said(&file)?;
    let of =
        |place: &str| said.iter().find(|(known, _)| known == place).map(|(_, value)| value).ok_or("it is not there");
    let input = of("workflow change, input")?;
    let name = input["name"].as_str().ok_or("no name")?.to_owned();
    assert!(name != "round" && name.len() == 5, "{input}");
    assert_eq!(input["way"], "round");
    assert_eq!(*of("workflow change, result")?, json!({ "end": "arrived", "name": name, "way": "round" }));
    // The first is the local one, whose marker bears its argument.
    assert_eq!((of("activity echo, input")?, of("activity echo, result")?), (&json!(name), &json!(name)));
    assert_eq!(local_ids(&file)?, [format!("note-{name}")]);

    let checked = rig.run("chosen", &["replay", "check"]).await?;
    assert_eq!(checked.code, 0, "{checked:?}");
    let update = rig.run("chosen", &["contracts", "update"]).await?;
    assert_eq!(update.code, 0, "{update:?}");
    let check = rig.run("chosen", &["contracts", "check"]).await?;
    assert_eq!(check.code, 0, "{check:?}");

    plant_a_result(&file, r#"{"end":"vanished"}"#)?;
    let red = rig.run("chosen", &["contracts", "check"]).await?;
    assert_eq!(red.code, 1);
    assert!(red.out.starts_with("workflow change, result of products/changing/histories/change-"), "{red:?}");
    assert!(
        red.out.contains("does not decode any more (") && red.out.contains("unknown variant `vanished`"),
        "{red:?}"
    );
    let talk = "error: 1 saved payload cannot be decoded, as in open runs like those that it came from. When no such run is \
                left, delete the histories that are named above and save others with `replay capture`\n";
    assert!(red.talk.ends_with(talk), "{red:?}");
    assert_eq!(rig.run("chosen", &["replay", "check"]).await?.code, 0, "no replay reads a result");
    Ok(())
}

/// A result that this build's type does not have.
fn plant_a_result(file: &Path, result: &str) -> Outcome {
    let mut events = History::from_file(file)?.into_events();
    for event in &mut events {
        if let Some(Attributes::WorkflowExecutionCompletedEventAttributes(completed)) = &mut event.attributes {
            let payload = completed.result.as_mut().and_then(|result| result.payloads.first_mut());
            payload.ok_or("no result")?.data = result.into();
        }
    }
    Ok(std::fs::write(file, History::new(events)?.to_json()?)?)
}

/// Ids of local activities, as the SDK keeps them.
fn local_ids(file: &Path) -> Result<Vec<String>, TestError> {
    let mut ids = Vec::new();
    for event in History::from_file(file)?.events() {
        let Some(Attributes::MarkerRecordedEventAttributes(marker)) = &event.attributes else { continue };
        let data = marker.details.get("data").and_then(|data| data.payloads.first()).ok_or("no data")?;
        let data: Value = serde_json::from_slice(&data.data)?;
        ids.push(data["activity_id"].as_str().ok_or("no id")?.to_owned());
    }
    Ok(ids)
}
