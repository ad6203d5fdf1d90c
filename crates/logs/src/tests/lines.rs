//! Keys, order, spans and scopes, in both forms.

use mainspring_context::{Activity, Scope, Workflow};
use tracing::field::Empty;

use super::{json, logged, parsed, without_place};
use crate::form::Form;

fn charge() -> Scope {
    Scope::activity(Activity {
        namespace: "default".into(),
        task_queue: "billing".into(),
        workflow_id: Some("order-7".into()),
        workflow_run_id: Some("0f1c".into()),
        workflow_type: Some("Order".into()),
        activity_id: "3".into(),
        activity_type: "charge".into(),
        attempt: 2,
        ..Activity::default()
    })
}

#[test]
fn an_event_keeps_the_types_of_its_fields() {
    let text = json(|| {
        tracing::info!(rows = 42, share = 0.5, whole = 1.0, done = true, table = "events", kind = ?Some(1), "export {}", "ended");
    });
    insta::assert_snapshot!(text);
}

#[test]
fn an_event_says_where_it_is_in_the_source() {
    let (text, _) = logged(Form::Json, 1024, "info", || tracing::info!("here"));
    let line = &parsed(&text)[0];
    assert_eq!(line["filename"], "lines.rs");
    assert_eq!(line["lineno"], u64::from(line!()) - 3);
    assert_eq!(line["logger"], "mainspring_logs::tests::lines");
}

#[test]
fn an_event_without_a_message_has_an_empty_one() {
    insta::assert_snapshot!(json(|| tracing::warn!(rows = 1)));
}

#[test]
fn spans_are_flattened_and_the_innermost_wins() {
    let text = json(|| {
        let outer = tracing::info_span!("outer", table = "events", part = 1, later = Empty, never = Empty);
        let _outer = outer.enter();
        let _inner = tracing::info_span!("inner", part = 2).entered();
        outer.record("later", "recorded");
        tracing::info!("from the span");
        tracing::info!(part = 3, "from the event");
    });
    insta::assert_snapshot!(text);
}

#[test]
fn a_field_recorded_again_and_again_is_there_once() {
    let text = json(|| {
        let span = tracing::info_span!("copy", rows = 0, table = "events", bytes = 0);
        let _entered = span.enter();
        for rows in 1..1000 {
            span.record("rows", rows);
        }
        tracing::info!("copied");
    });
    insta::assert_snapshot!(text);
}

#[test]
fn an_activity_without_a_span_has_its_ids() {
    let text = json(|| {
        let _scope = charge().enter();
        tracing::info!("charged");
    });
    insta::assert_snapshot!(text);
}

#[test]
fn a_workflow_has_its_ids() {
    let workflow = Workflow {
        namespace: "default".into(),
        task_queue: "billing".into(),
        workflow_id: "order-7".into(),
        workflow_run_id: "0f1c".into(),
        workflow_type: "Order".into(),
        attempt: 1,
    };
    let text = json(|| {
        let _scope = Scope::workflow(workflow, false).enter();
        tracing::info!("began");
    });
    insta::assert_snapshot!(text);
}

#[test]
fn the_span_of_the_layers_repeats_no_id() {
    let scope = charge();
    let in_scope = json(|| {
        let _scope = scope.enter();
        tracing::info!("charged");
    });
    let in_both = json(|| {
        let _sdk = tracing::info_span!(
            "RunActivity",
            temporalActivityID = "3",
            temporalWorkflowID = "order-7",
            temporalRunID = "0f1c",
            otel.name = "RunActivity:charge",
            otel.kind = "server"
        )
        .entered();
        let _ours = tracing::info_span!(
            "activity",
            workflow_namespace = "default",
            task_queue = "billing",
            workflow_id = "order-7",
            attempt = 2_u32
        )
        .entered();
        let _scope = scope.enter();
        tracing::info!("charged");
    });
    let mut in_both = parsed(&in_both);
    // The spans are of this module here.
    assert_eq!(in_both[0].remove("func_name").unwrap(), "activity");
    assert_eq!(in_both, parsed(&in_scope));
}

#[test]
fn ids_come_from_the_span_where_there_is_no_scope() {
    let text = json(|| {
        let _span =
            tracing::info_span!("activity", activity_type = "charge", attempt = 2_u32, workflow_id = None::<&str>)
                .entered();
        tracing::info!("from a spawned task");
    });
    insta::assert_snapshot!(text);
}

#[test]
fn a_field_under_a_fixed_name_is_renamed() {
    let text =
        json(|| tracing::info!(level = 9, msg = "theirs", timestamp = 0, logger = "theirs", r#type = "x", "ours"));
    insta::assert_snapshot!(text);
    parsed(&text);
}

#[test]
fn records_of_the_log_crate_look_the_same() {
    use log::Log;
    // The bridge, without making it the process's logger.
    let bridge = tracing_log::LogTracer::new();
    let (text, _) = logged(Form::Json, 4096, "info", || {
        let record = |level, target| {
            let arguments = format_args!("from {target}");
            bridge.log(
                &log::Record::builder()
                    .level(level)
                    .target(target)
                    .file(Some("a/b.rs"))
                    .line(Some(7))
                    .args(arguments)
                    .build(),
            );
        };
        record(log::Level::Warn, "rdkafka");
        record(log::Level::Info, "temporalio_sdk");
    });
    insta::assert_snapshot!(text);
}

fn for_people(colour: bool) -> String {
    let (text, _) = logged(Form::Text { colour }, 4096, "trace", || {
        let _scope = charge().enter();
        tracing::info!(rows = 42, table = "web events", empty = "", "export ended");
        tracing::error!("two\nlines \x1b[31mand a colour");
        tracing::debug!(path = "a=b");
    });
    text
}

#[test]
fn people_read_time_level_message_and_fields() {
    insta::assert_snapshot!(for_people(false));
}

#[test]
fn colours_are_for_the_level_and_fields_are_dim() {
    insta::assert_snapshot!(for_people(true).replace('\x1b', "ESC"));
}

#[test]
fn the_place_is_cut_out_of_snapshots_only() {
    assert_eq!(without_place(r#"{"a":1,"filename":"x.rs","lineno":12,"b":2}"#), r#"{"a":1,"b":2}"#);
}
