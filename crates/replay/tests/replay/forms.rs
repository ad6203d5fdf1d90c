//! Every form in which a history was ever exported.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use mainspring_replay::History;
use serde_json::{Value, json};
use temporalio_common::protos::temporal::api::history::v1::History as Events;

use crate::onboarded;

fn value() -> Value {
    serde_json::from_str(&onboarded().to_json().unwrap()).unwrap()
}

fn read(value: &Value) -> Result<History, String> {
    History::read(value.to_string().as_bytes()).map_err(|error| error.to_string())
}

/// What is said of it; a history would fill pages.
#[track_caller]
fn refused(value: &Value) -> String {
    read(value).map(|_| "a history").unwrap_err()
}

#[test]
fn the_saved_form_is_stable_and_reads_as_what_it_was() {
    let json = onboarded().to_json().unwrap();
    assert_eq!(History::read(json.as_bytes()).unwrap(), onboarded());
    assert_eq!(History::read(json.as_bytes()).unwrap().to_json().unwrap(), json);
    let keys: Vec<String> = value()["events"][4].as_object().unwrap().keys().cloned().collect();
    assert!(keys.is_sorted(), "{keys:?}");
    assert!(json.contains("\"eventType\": \"EVENT_TYPE_ACTIVITY_TASK_SCHEDULED\""), "{json}");
}

#[test]
fn the_sdks_own_json_is_read() {
    let json = serde_json::to_vec(&Events { events: onboarded().into_events() }).unwrap();
    assert!(String::from_utf8_lossy(&json).contains("\"event_id\":5"));
    assert_eq!(History::read(&json).unwrap(), onboarded());
}

#[test]
fn a_bare_list_and_an_answer_of_the_service_and_batches_are_read() {
    let events = value()["events"].clone();
    assert_eq!(read(&events).unwrap(), onboarded());
    assert_eq!(read(&json!({ "history": { "events": events }, "archived": false })).unwrap(), onboarded());
    let (first, rest) = events.as_array().unwrap().split_at(3);
    assert_eq!(read(&json!([{ "events": first }, { "events": rest }])).unwrap(), onboarded());
}

#[test]
fn a_byte_order_mark_is_passed_over() {
    let json = format!("\u{feff}{}", onboarded().to_json().unwrap());
    assert_eq!(History::read(json.as_bytes()).unwrap(), onboarded());
}

#[test]
fn short_names_of_older_exports_are_read() {
    let json = onboarded().to_json().unwrap();
    let json = json.replace("EVENT_TYPE_ACTIVITY_TASK_SCHEDULED", "ActivityTaskScheduled");
    let json = json.replace("EVENT_TYPE_WORKFLOW_EXECUTION_STARTED", "WorkflowExecutionStarted");
    let json = json.replace("TASK_QUEUE_KIND_NORMAL", "Normal").replace("TASK_QUEUE_KIND_STICKY", "Sticky");
    assert!(!json.contains("TASK_QUEUE_KIND") && json.contains("\"ActivityTaskScheduled\""));
    assert_eq!(History::read(json.as_bytes()).unwrap(), onboarded());
}

#[test]
fn payloads_that_temporals_cli_wrote_short_are_read() {
    let mut short = value();
    let input = &mut short["events"][0]["workflowExecutionStartedEventAttributes"]["input"];
    let data = BASE64_STANDARD.decode(input["payloads"][0]["data"].as_str().unwrap()).unwrap();
    *input = json!([serde_json::from_slice::<Value>(&data).unwrap()]);
    assert_eq!(read(&short).unwrap(), onboarded());
}

#[test]
fn numbers_and_names_of_protos_fields_are_read_and_new_fields_passed_over() {
    let mut other = value();
    other["events"][4]["eventId"] = json!(5);
    let attributes = other["events"][4]["activityTaskScheduledEventAttributes"].as_object_mut().unwrap();
    let id = attributes.remove("activityId").unwrap();
    attributes.insert("activity_id".to_owned(), id);
    attributes.insert("ofNextYear".to_owned(), json!({ "some": ["thing"] }));
    assert_eq!(read(&other).unwrap(), onboarded());
}

#[test]
fn what_is_no_json_is_an_error_with_its_line() {
    let error = History::read(b"{\n  \"events\": [\n    {]\n").unwrap_err().to_string();
    assert_eq!(error, "line 3, column 6: this is not JSON: key must be a string");
}

#[test]
fn a_field_that_does_not_fit_is_named_with_its_event() {
    let mut wrong = value();
    wrong["events"][4]["activityTaskScheduledEventAttributes"]["startToCloseTimeout"] = json!("soon");
    let error = refused(&wrong);
    let place = "event 5, field activityTaskScheduledEventAttributes.startToCloseTimeout: ";
    assert!(error.starts_with(place), "{error}");
    let mut wrong = value();
    wrong["events"][6]["eventType"] = json!("EVENT_TYPE_OF_NEXT_YEAR");
    let error = refused(&wrong);
    assert!(error.starts_with("event 7, field eventType: ") && error.contains("EVENT_TYPE_OF_NEXT_YEAR"), "{error}");
}

#[test]
fn a_field_of_the_sdks_form_that_does_not_fit_is_named_with_its_event() {
    let mut wrong = serde_json::to_value(Events { events: onboarded().into_events() }).unwrap();
    wrong["events"][1]["event_type"] = json!("five");
    let error = refused(&wrong);
    assert!(error.starts_with("event 2, field event_type: invalid type: string \"five\""), "{error}");
}

#[test]
fn what_holds_no_events_says_what_would() {
    for empty in
        [json!({}), json!([]), json!({ "events": [] }), json!("events"), json!({ "workflowExecutionInfo": {} })]
    {
        let error = refused(&empty);
        assert!(error.contains("as `temporal workflow show -o json` prints it"), "{empty}: {error}");
    }
}

#[test]
fn what_cannot_be_replayed_says_why() {
    let events = value()["events"].as_array().unwrap().clone();
    let error = refused(&json!(events[1..]));
    assert!(error.contains("its first event is EVENT_TYPE_WORKFLOW_TASK_SCHEDULED, not "), "{error}");
    let error = refused(&json!(events[..3]));
    assert!(error.ends_with("no workflow task was completed in it, so no code ran yet"), "{error}");
    let mut torn = events.clone();
    torn.remove(7);
    let error = refused(&json!(torn));
    assert!(error.ends_with("event 9 comes after event 7: some are missing"), "{error}");
    let mut nameless = events;
    nameless[0]["workflowExecutionStartedEventAttributes"].as_object_mut().unwrap().remove("originalExecutionRunId");
    let error = refused(&json!(nameless));
    assert!(error.contains("no originalExecutionRunId"), "{error}");
}
