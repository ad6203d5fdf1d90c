//! Invariants 3 and 11: no value breaks a line, its caller or a secret.

use std::fmt;
use std::time::{Duration, UNIX_EPOCH};

use mainspring_context::{Scope, Workflow};
use mainspring_settings::Secret;
use proptest::prelude::*;
use tracing_subscriber::layer::SubscriberExt;

use super::{json, logged, parsed};
use crate::form::Form;
use crate::{LogLayer, writer};

#[test]
fn secrets_are_masked_by_name_and_by_type() {
    let text = json(|| {
        let _span = tracing::info_span!("call", bank.api_key = "hunter2", session_token = 1234).entered();
        let error = std::io::Error::other("hunter2");
        let key = Secret::new("hunter2".to_owned());
        tracing::info!(password = "hunter2", passphrase = ?Some("hunter2"), authorization = %"hunter2",
            credentials = &error as &(dyn std::error::Error + 'static), ?key, has_token = true, tokens = 5, "called");
    });
    assert!(!text.contains("hunter2") && !text.contains("1234"), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn quotes_newlines_and_control_characters_are_escaped() {
    let nasty = "\"quoted\" back\\slash\nline\r\ttab\0nul\x1b[31mred\u{9b}31m é \u{2028} 🦀";
    let (text, _) = logged(Form::Json, 4096, "info", || tracing::info!(nasty, "{nasty}"));
    assert_eq!(text.lines().count(), 1);
    assert!(!text.trim_end().chars().any(char::is_control), "{text}");
    assert_eq!(parsed(&text)[0]["msg"], nasty);
    assert_eq!(parsed(&text)[0]["nasty"], nasty);
}

#[test]
fn numbers_that_json_has_no_word_for_are_texts() {
    insta::assert_snapshot!(json(|| {
        tracing::info!(
            nan = f64::NAN,
            infinite = f64::INFINITY,
            small = 1e-7,
            huge = 1e300,
            wide = u128::MAX,
            narrow = 5_i128,
            "n"
        );
    }));
}

#[test]
fn a_clock_before_1970_fails_nobody() {
    let kept = super::Kept::default();
    let (sink, guard) = writer::start(Box::new(kept.clone()), writer::CAPACITY).unwrap();
    let layer = LogLayer::new(sink, Form::Json, 1024).with_clock(|| UNIX_EPOCH - Duration::from_secs(1));
    let subscriber = tracing_subscriber::registry().with(layer);
    tracing::subscriber::with_default(subscriber, || tracing::info!("early"));
    assert!(guard.flush(Duration::from_secs(30)));
    let text = String::from_utf8(kept.0.lock().clone()).unwrap();
    assert_eq!(parsed(&text)[0]["timestamp"], "1970-01-01T00:00:00.000000Z");
}

struct Panics;

impl fmt::Debug for Panics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("half of ")?;
        panic!("on purpose");
    }
}

struct Logs;

impl fmt::Debug for Logs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        tracing::info!("from inside");
        f.write_str("after it logged")
    }
}

#[test]
fn a_value_that_panics_does_not_take_its_caller_down() {
    insta::assert_snapshot!(json(|| tracing::info!(bad = ?Panics, good = 1, "still here")));
}

#[test]
fn a_value_that_logs_does_not_mix_two_lines() {
    let text = json(|| {
        let span = tracing::info_span!("span", recorded = tracing::field::Empty);
        let _entered = span.enter();
        span.record("recorded", tracing::field::debug(Logs));
        tracing::info!(first = 1, value = ?Logs, "outside");
    });
    insta::assert_snapshot!(text);
}

#[test]
fn a_long_line_is_cut_and_marked_and_counted() {
    let (text, stats) = logged(Form::Json, 1024, "info", || {
        let workflow = Workflow { workflow_id: "w".repeat(500), ..Workflow::default() };
        let _scope = Scope::workflow(workflow, false).enter();
        let _span = tracing::info_span!("span", of_span = "s".repeat(5000)).entered();
        tracing::info!(of_event = "e".repeat(5000), rows = 1, "{}", "m".repeat(5000));
        tracing::info!("short");
    });
    let lines = parsed(&text);
    assert!(text.lines().all(|line| line.len() < 1024), "{text}");
    for cut in ["msg", "workflow_id", "of_span"] {
        assert!(lines[0][cut].as_str().unwrap().ends_with("…[cut]"), "{cut}: {text}");
    }
    assert_eq!(lines[0]["cut"], true);
    assert!(!lines[1].contains_key("of_event"));
    assert_eq!(stats.cut(), 2, "the id is too long for the second line too");
}

#[test]
fn a_value_that_never_ends_is_stopped() {
    struct Endless;
    impl fmt::Debug for Endless {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            loop {
                f.write_str("and ")?;
            }
        }
    }
    let (text, stats) = logged(Form::Json, 1024, "info", || tracing::info!(value = ?Endless, "on"));
    assert!(parsed(&text)[0]["value"].as_str().unwrap().ends_with("…[cut]"));
    assert_eq!(stats.cut(), 1);
    let (text, stats) = logged(Form::Text { colour: true }, 1024, "info", || {
        tracing::info!(one = ?Endless, two = ?Endless, "on");
    });
    assert!(text.len() <= 1024 && text.ends_with("…[cut]\x1b[0m\n"), "{text}");
    assert_eq!(stats.cut(), 1);
}

proptest! {
    #[test]
    fn every_line_is_one_object_within_the_limit(
        message in any::<String>(),
        fields in proptest::collection::vec(any::<String>(), 4),
        repeats in proptest::collection::vec(0_usize..200, 5),
        limit in 1024_usize..3000,
    ) {
        let long = |i: usize| fields[i].repeat(repeats[i]);
        let (text, stats) = logged(Form::Json, limit, "info", || {
            let _scope = Scope::workflow(Workflow { workflow_id: long(0), ..Workflow::default() }, false).enter();
            let _span = tracing::info_span!("span", a = long(1), error = ?Panics).entered();
            let error = std::io::Error::other(long(2));
            tracing::info!(b = long(3), error = &error as &(dyn std::error::Error + 'static), c = 1, "{}", message.repeat(repeats[4]));
        });
        prop_assert_eq!(text.matches('\n').count(), 1);
        prop_assert!(text.len() <= limit, "{} bytes of {limit}: {text}", text.len());
        let lines = parsed(&text);
        prop_assert_eq!(stats.cut() == 1, lines[0].contains_key("cut"));
    }
}
