//! What a scrubbed history still shows.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use mainspring_replay::{Fields, History, Scrub, Scrubbing, Verdict};
use serde_json::{Value, json};

use crate::builds::{self, code};
use crate::onboarded;

fn encoded(value: &Value) -> Value {
    json!({ "metadata": { "encoding": BASE64_STANDARD.encode("json/plain") }, "data": BASE64_STANDARD.encode(value.to_string()) })
}

fn input(history: &History) -> Value {
    let value: Value = serde_json::from_str(&history.to_json().unwrap()).unwrap();
    let payload = &value["events"][0]["workflowExecutionStartedEventAttributes"]["input"]["payloads"][0];
    serde_json::from_slice(&BASE64_STANDARD.decode(payload["data"].as_str().unwrap()).unwrap()).unwrap()
}

/// The history, with this input, as if somebody had called the workflow by it.
fn with(input: &Value) -> History {
    let mut value: Value = serde_json::from_str(&onboarded().to_json().unwrap()).unwrap();
    let started = &mut value["events"][0]["workflowExecutionStartedEventAttributes"];
    started["input"] = json!({ "payloads": [encoded(input)] });
    started["identity"] = json!("41@build-host-7.internal");
    started["workflowId"] = json!("onboarding-ada.lovelace");
    value["events"][4]["activityTaskScheduledEventAttributes"]["activityId"] = json!("1");
    History::read(value.to_string().as_bytes()).unwrap()
}

fn scrubbed(level: Scrubbing, fields: Fields, history: &History) -> History {
    let is_secret = |name: &str| name == "api_key";
    Scrub::new(level, fields, is_secret, "salt").apply(history).unwrap()
}

fn person() -> Value {
    json!({
        "user": "ada.lovelace", "mail": "ada.lovelace@example.com", "api_key": "k-1", "plan": "trial", "seats": 12,
        "born": "1815-12-10", "id": "01a1fdd0-7113-7062-abc2-2c79ecdaacbf", "paid": true, "note": null,
    })
}

#[test]
fn every_string_becomes_another_of_its_shape_and_the_rest_stays() {
    let history = with(&person());
    let after = input(&scrubbed(Scrubbing::Values, Fields::default(), &history));
    for name in ["user", "mail", "api_key", "plan", "id"] {
        let (was, is) = (person()[name].as_str().unwrap().to_owned(), after[name].as_str().unwrap().to_owned());
        assert_ne!(was, is, "{name}");
        let marks = |text: &str| text.chars().map(|c| if c.is_alphanumeric() { 'x' } else { c }).collect::<String>();
        assert_eq!(marks(&was), marks(&is), "{name}");
    }
    assert!(after["id"].as_str().unwrap().chars().all(|c| c == '-' || c.is_ascii_hexdigit()), "{after}");
    for name in ["seats", "born", "paid", "note"] {
        assert_eq!(after[name], person()[name], "{name}");
    }
}

#[test]
fn nothing_of_the_person_the_machine_or_the_secret_is_left() {
    let json = scrubbed(Scrubbing::Values, Fields::default(), &with(&person())).to_json().unwrap();
    let after = input(&History::read(json.as_bytes()).unwrap()).to_string();
    for taken in ["lovelace", "build-host-7", "k-1"] {
        assert!(!json.contains(taken) && !after.contains(taken), "{taken}");
    }
}

#[test]
fn an_id_that_was_made_of_a_value_is_made_of_the_new_one() {
    let history = scrubbed(Scrubbing::Values, Fields::default(), &with(&person()));
    let user = input(&history)["user"].as_str().unwrap().to_owned();
    let id = history.workflow_id().unwrap();
    assert!(id.ends_with(&format!("-{user}")) && !id.starts_with("onboarding"), "{id}");
}

#[test]
fn less_can_be_taken_but_secrets_and_machines_always_go() {
    let personal = input(&scrubbed(Scrubbing::Personal, Fields::default(), &with(&person())));
    assert_eq!((&personal["user"], &personal["plan"]), (&json!("ada.lovelace"), &json!("trial")));
    assert_ne!(personal["mail"], person()["mail"]);
    let history = scrubbed(Scrubbing::Secrets, Fields::default(), &with(&person()));
    assert_eq!(input(&history)["mail"], person()["mail"]);
    assert_ne!(input(&history)["api_key"], person()["api_key"]);
    assert!(!history.to_json().unwrap().contains("build-host-7"));
}

#[test]
fn fields_are_kept_and_masked_by_name_or_by_the_end_of_a_path() {
    let fields = Fields { keep: vec!["plan".to_owned(), "api_key".to_owned()], mask: vec!["input.seats".to_owned()] };
    let after = input(&scrubbed(Scrubbing::Values, fields, &with(&person())));
    // `payloads` of `input` have no name of their own in the path.
    assert_eq!(after["plan"], "trial");
    assert_ne!(after["api_key"], "k-1", "a secret is no exception");
    assert_ne!(after["user"], "ada.lovelace");
    let fields = Fields { keep: Vec::new(), mask: vec!["seats".to_owned()] };
    let after = input(&scrubbed(Scrubbing::Secrets, fields, &with(&person())));
    assert_ne!(after["seats"], 12);
    assert!(after["seats"].is_u64(), "{after}");
}

#[test]
fn what_was_scrubbed_replays_as_before() {
    let mut person = person();
    // As the SDK numbers its activities.
    person["seat"] = json!("1");
    let history = scrubbed(Scrubbing::Values, Fields::default(), &with(&person));
    assert_ne!(input(&history)["seat"], "1");
    assert_eq!(code!(builds::Same).replay(&history).unwrap().verdict, Verdict::Same);
}

/// Its input after scrubbing.
fn value(level: Scrubbing, mask: &str, input_value: &Value) -> Value {
    let fields = Fields { keep: Vec::new(), mask: vec![mask.to_owned()] };
    input(&scrubbed(level, fields, &with(input_value)))
}

#[test]
fn only_the_scheme_of_a_url_stays_of_what_is_before_its_slashes() {
    for planted in ["Dear Ada Lovelace, your code is 4711: https://x/y", "Hunter2://x", "hunter2andmoreofit://x"] {
        let after = value(Scrubbing::Values, "", &json!({ "text": planted }));
        let before = planted.split_once("://").unwrap().0;
        assert!(!after.to_string().contains(before), "{after}");
        assert!(!after.to_string().contains("Lovelace") && !after.to_string().contains("4711"), "{after}");
    }
    for secret in ["hunter2 https://x", "hunter2://x"] {
        let after = value(Scrubbing::Secrets, "", &json!({ "api_key": secret }));
        assert!(!after.to_string().contains("hunter2"), "{after}");
    }
    let url = value(Scrubbing::Values, "", &json!({ "url": "https://ada.example/lovelace" }))["url"].to_string();
    assert!(url.starts_with("\"https://") && !url.contains("ada"), "{url}");
}

#[test]
fn a_date_stays_only_if_it_is_the_whole_text_and_no_secret() {
    for kept in ["2026-01-02", "2026-01-02T03:04:05.678Z", "2026-01-02 03:04:05+01:00", "03:04", "03:04:05"] {
        assert_eq!(value(Scrubbing::Values, "", &json!({ "at": kept }))["at"], kept);
    }
    for planted in
        ["2026-01-02 Ada Lovelace", "10:30 Ada Lovelace", "2024-01-01hunter2", "2026-01-02T03:04 Ada Lovelace"]
    {
        let after = value(Scrubbing::Values, "", &json!({ "text": planted })).to_string();
        assert!(!after.contains("Ada") && !after.contains("hunter2"), "{after}");
    }
    let secret = value(Scrubbing::Secrets, "", &json!({ "api_key": "2024-01-01" }));
    assert_ne!(secret["api_key"], "2024-01-01");
    let born = value(Scrubbing::Secrets, "born", &json!({ "born": "1987-03-12" }))["born"].as_str().unwrap().to_owned();
    assert!(born != "1987-03-12" && born[5..].starts_with('0') && born.len() == 10, "{born}");
}

#[test]
fn texts_and_ids_beside_the_payloads_go_and_ids_stay_alike() {
    let mut events: Value = serde_json::from_str(&with(&person()).to_json().unwrap()).unwrap();
    let events = events["events"].as_array_mut().unwrap();
    events[0]["workflowExecutionStartedEventAttributes"]["workflowId"] = json!("of-Ada-L");
    events[0]["principal"] = json!({ "type": "user", "name": "Grace" });
    let mut add = |kind: &str, field: &str, attributes: Value| {
        let id = (events.len() + 1).to_string();
        let mut event = json!({ "eventId": id, "eventType": format!("EVENT_TYPE_WORKFLOW_EXECUTION_{kind}") });
        event[field] = attributes;
        events.push(event);
    };
    let cancel =
        json!({ "cause": "Ada asked for it", "externalWorkflowExecution": { "workflowId": "of-Ada-L", "runId": "r" } });
    add("CANCEL_REQUESTED", "workflowExecutionCancelRequestedEventAttributes", cancel);
    let accepted =
        json!({ "protocolInstanceId": "update-of-Ada", "acceptedRequestMessageId": "update-of-Ada/request" });
    add("UPDATE_ACCEPTED", "workflowExecutionUpdateAcceptedEventAttributes", accepted);
    let completed = json!({ "meta": { "updateId": "update-of-Ada" }, "acceptedEventId": "33" });
    add("UPDATE_COMPLETED", "workflowExecutionUpdateCompletedEventAttributes", completed);
    let plain = |encoding: &str| json!({ "metadata": { "encoding": BASE64_STANDARD.encode(encoding) }, "data": BASE64_STANDARD.encode("Ada") });
    let signal = json!({ "signalName": "end", "input": { "payloads": [plain("text/plain"), { "data": BASE64_STANDARD.encode("Ada") }] } });
    add("SIGNALED", "workflowExecutionSignaledEventAttributes", signal);
    let history = History::read(json!({ "events": events }).to_string().as_bytes()).unwrap();

    let after = scrubbed(Scrubbing::Values, Fields::default(), &history).to_json().unwrap();
    for taken in ["Ada", "Grace", &BASE64_STANDARD.encode("Ada")] {
        assert!(!after.contains(taken), "{taken} is in {after}");
    }
    let after: Value = serde_json::from_str(&after).unwrap();
    let at = |place: usize, path: &str| after["events"][place].pointer(path).unwrap().as_str().unwrap().to_owned();
    let (cancel, update) =
        (events.len() - 4, at(events.len() - 3, "/workflowExecutionUpdateAcceptedEventAttributes/protocolInstanceId"));
    let own = at(0, "/workflowExecutionStartedEventAttributes/workflowId");
    let external = "/workflowExecutionCancelRequestedEventAttributes/externalWorkflowExecution/workflowId";
    assert_eq!(own, at(cancel, external));
    assert_eq!(update, at(cancel + 2, "/workflowExecutionUpdateCompletedEventAttributes/meta/updateId"));
    let message = at(cancel + 1, "/workflowExecutionUpdateAcceptedEventAttributes/acceptedRequestMessageId");
    assert_eq!(message, format!("{update}/request"));
    let started = "/activityTaskScheduledEventAttributes/activityType/name";
    assert_eq!(at(4, started), history_name(&history, started), "names of types stay");
}

fn history_name(history: &History, path: &str) -> String {
    let value: Value = serde_json::from_str(&history.to_json().unwrap()).unwrap();
    value["events"][4].pointer(path).unwrap().as_str().unwrap().to_owned()
}

/// What a type says of its payloads: those of `onboarding`'s input.
fn knowing(level: Scrubbing, fields: Fields, input_value: &Value) -> Value {
    let schemas = |place: &mainspring_replay::Place| match place.part {
        mainspring_replay::Part::Input if place.of.to_string() == "workflow onboarding" => {
            vec![json!({ "properties": {
            "plan": { "enum": ["trial", "paid"] }, "api_key": { "enum": ["k-1"] }, "mail": { "const": "ada.lovelace@example.com" },
        } })]
        }
        _ => Vec::new(),
    };
    let is_secret = |name: &str| name == "api_key";
    let scrub = Scrub::new(level, fields, is_secret, "salt");
    let scrubbed = scrub.apply_knowing(&with(input_value), &schemas).unwrap();
    assert_eq!(code!(builds::Same).replay(&scrubbed).unwrap().verdict, Verdict::Same);
    input(&scrubbed)
}

#[test]
fn constants_of_the_type_stay_at_their_place_and_nothing_else_does() {
    let mut planted = person();
    planted["user"] = json!("trial");
    let after = knowing(Scrubbing::Values, Fields::default(), &planted);
    assert_eq!((&after["plan"], &after["mail"]), (&json!("trial"), &person()["mail"]));
    assert_ne!(after["user"], "trial", "the same string elsewhere is somebody's");
    assert_ne!(after["api_key"], "k-1", "a secret is no exception");
    planted["plan"] = json!("of-ada");
    assert_ne!(knowing(Scrubbing::Values, Fields::default(), &planted)["plan"], "of-ada", "it is no constant");
    let fields = Fields { keep: Vec::new(), mask: vec!["plan".to_owned()] };
    assert_ne!(knowing(Scrubbing::Values, fields, &person())["plan"], "trial", "it is masked");
    assert_eq!(knowing(Scrubbing::Personal, Fields::default(), &person())["mail"], person()["mail"]);
}
