//! What is produced, as what, and what is not.

use std::sync::Arc;

use mainspring_context::{Activity, Scope, Workflow};
use serde_json::{Value, json};
use tracing_subscriber::layer::SubscriberExt;

use super::{Kept, parsed};
use crate::form::Form;
use crate::gate::{Gate, LiveLevels};
use crate::kafka::{Bounds, Dropped, ProduceStats, Queue};
use crate::produce::Outlet;
use crate::{Levels, LogLayer, LogRules, LogSource, Sinks, SourceId, writer};

const LIMIT: usize = 4096;

struct Said {
    written: Vec<serde_json::Map<String, Value>>,
    produced: Vec<Value>,
    stats: ProduceStats,
}

impl Said {
    fn messages(&self) -> (Vec<&str>, Vec<&str>) {
        let written = self.written.iter().map(|line| line["msg"].as_str().unwrap());
        (written.collect(), self.produced.iter().map(|record| record["message"].as_str().unwrap()).collect())
    }
}

fn rules() -> LogRules {
    LogRules::default()
        .with_crate("mainspring_logs")
        .with_source(&LogSource::new("orders", SourceId::BeforeTime).of("Order"))
        .with_source(&LogSource::new("jobs", SourceId::After("job-")).of("Job"))
}

fn said_at(written: &str, produced: &str, rules: LogRules, code: impl FnOnce(&LiveLevels)) -> Said {
    let kept = Kept::default();
    let (sink, guard) = writer::start(Box::new(kept.clone()), writer::CAPACITY).unwrap();
    let levels = |text| Levels::parse(text).unwrap();
    let live = LiveLevels::new(levels(written), Some(levels(produced)), rules.clone());
    let queue = Arc::new(Queue::new(Bounds { lines: 10_000, bytes: 16 * 1024 * 1024 }, ProduceStats::default()));
    let outlet = Outlet::new(queue.clone(), rules);
    // The clock stands still: only stamps tell two lines apart.
    let layer = LogLayer::new(sink, Form::Json, LIMIT).with_clock(super::noon).producing(live.clone(), outlet);
    let subscriber = tracing_subscriber::registry().with(Gate(live.clone())).with(layer);
    tracing::subscriber::with_default(subscriber, || code(&live));
    assert!(guard.flush(std::time::Duration::from_secs(30)));
    let written = parsed(&String::from_utf8(kept.0.lock().clone()).unwrap());
    let mut produced = Vec::new();
    while let Some(chunk) = queue.take(None) {
        produced.extend((0..chunk.len()).map(|at| serde_json::from_str(chunk.get(at).unwrap().1).unwrap()));
    }
    Said { written, produced, stats: queue.stats().clone() }
}

fn said(code: impl FnOnce()) -> Said {
    said_at("info", "debug", rules(), |_| code())
}

fn activity(workflow_type: &str, workflow_id: &str) -> Scope {
    Scope::activity(Activity {
        namespace: "default".into(),
        task_queue: "orders".into(),
        workflow_id: Some(workflow_id.into()),
        workflow_run_id: Some("0f1c".into()),
        workflow_type: Some(workflow_type.into()),
        activity_id: "3".into(),
        activity_type: "charge".into(),
        attempt: 2,
        ..Activity::default()
    })
}

fn workflow(replaying: bool) -> Scope {
    let workflow = Workflow {
        workflow_id: "order-7".into(),
        workflow_run_id: "0f1c".into(),
        workflow_type: "Order".into(),
        ..Workflow::default()
    };
    Scope::workflow(workflow, replaying)
}

#[test]
fn a_line_has_the_seven_keys_and_the_time_of_the_written_one() {
    let said = said(|| {
        let _scope = activity("Order", "order-7-2026-11-21T01:02:03Z").enter();
        let _span = tracing::info_span!("order", team_id = 2).entered();
        tracing::warn!(cents = 5, "card \"{}\" was\ndeclined", "4242");
    });
    let time = said.written[0]["timestamp"].as_str().unwrap();
    assert_eq!(time.len(), "2026-11-21T01:02:03.000004Z".len());
    let time = time.replace('T', " ").replace('Z', "");
    let expected = json!({
        "instance_id": "0f1c", "level": "warn", "log_source": "orders", "log_source_id": "order-7",
        "message": "card \"4242\" was\ndeclined", "team_id": 2, "timestamp": time,
    });
    assert_eq!(said.produced, [expected]);
}

#[test]
fn a_workflows_lines_are_produced_and_those_of_a_replay_are_not() {
    for (replaying, messages) in [(false, vec!["began"]), (true, vec![])] {
        let said = said(|| {
            let _scope = workflow(replaying).enter();
            tracing::info!(team_id = 2, "began");
        });
        assert_eq!(said.messages(), (messages.clone(), messages));
        assert_eq!(said.stats.dropped(), 0);
    }
}

#[test]
fn the_innermost_word_says_where_a_line_goes() {
    let said = said(|| {
        let _scope = workflow(false).enter();
        let _team = tracing::info_span!("order", team_id = 2).entered();
        tracing::info!("both");
        tracing::info!(write_only = true, "operators");
        tracing::info!(produce_only = true, "users");
        let _operators = tracing::info_span!("keys", write_only = true).entered();
        tracing::info!("operators too");
        tracing::info!(produce_only = true, "users too");
        tracing::info!(write_only = false, "both again");
    });
    assert_eq!(
        said.messages(),
        (vec!["both", "operators", "operators too", "both again"], vec!["both", "users", "users too", "both again"])
    );
    assert!(said.written.iter().all(|line| !line.contains_key("write_only")), "{:?}", said.written);
}

#[test]
fn a_logger_has_its_sinks_and_a_foreign_one_is_only_written() {
    let rules = rules().with_logger("keys", Sinks::WriteOnly).with_logger("news", Sinks::ProduceOnly);
    let rules = rules.with_logger("shared", Sinks::Both);
    let lines = || {
        let _scope = workflow(false).enter();
        let _team = tracing::info_span!("order", team_id = 2).entered();
        tracing::info!(target: "keys::of", "keys");
        tracing::info!(target: "news", "news");
        tracing::info!(target: "shared", "shared");
        tracing::info!(target: "sqlx::query", "a query");
        tracing::info!("own");
    };
    let said = said_at("info", "debug", rules.clone(), |_| lines());
    assert_eq!(said.messages(), (vec!["keys", "shared", "a query", "own"], vec!["news", "shared", "own"]));

    // What an operator names beats what is built in.
    let said = said_at("info,news=info", "debug,keys=info,sqlx=info,shared=off", rules, |_| lines());
    assert_eq!(
        said.messages(),
        (vec!["keys", "news", "shared", "a query", "own"], vec!["keys", "news", "a query", "own"])
    );
}

#[test]
fn each_sink_has_its_level_and_both_change_while_it_runs() {
    let said = said_at("warn", "debug", rules(), |levels| {
        let line = |message| {
            let _scope = workflow(false).enter();
            let _team = tracing::info_span!("order", team_id = 2).entered();
            tracing::trace!("{message}: trace");
            tracing::debug!("{message}: debug");
            tracing::info!("{message}: info");
            tracing::error!("{message}: error");
        };
        line("first");
        levels.write(Levels::parse("trace").unwrap());
        assert!(levels.produce(Levels::parse("error").unwrap()));
        line("then");
        assert_eq!(
            (levels.written().to_string(), levels.produced().unwrap().to_string()),
            ("trace".into(), "error".into())
        );
        levels.write(Levels::parse("off").unwrap());
        line("last");
    });
    let (written, produced) = said.messages();
    assert_eq!(written, ["first: error", "then: trace", "then: debug", "then: info", "then: error"]);
    assert_eq!(produced, ["first: debug", "first: info", "first: error", "then: error", "last: error"]);
    // The span is of level info, and its line of level error has its fields whatever is written.
    assert_eq!(said.written[0]["team_id"], 2);
}

#[test]
fn where_nothing_is_produced_no_level_makes_it() {
    let levels = LiveLevels::new(Levels::default(), None, LogRules::default());
    assert!(!levels.produce(Levels::parse("debug").unwrap()));
    assert_eq!(levels.produced(), None);
}

#[test]
fn fields_say_the_source_over_every_rule() {
    let said = said(|| {
        let _scope = activity("Order", "order-7").enter();
        tracing::info!(team_id = 2, log_source = "invoices", log_source_id = "9", "both");
        tracing::info!(team_id = 2, log_source_id = "9", "the id");
        let _scope = activity("Unknown", "x").enter();
        tracing::info!(team_id = "3", log_source = "invoices", log_source_id = 9, "without a rule");
    });
    let sources: Vec<_> =
        said.produced.iter().map(|r| json!([r["log_source"], r["log_source_id"], r["team_id"]])).collect();
    assert_eq!(sources, [json!(["invoices", "9", 2]), json!(["orders", "9", 2]), json!(["invoices", "9", 3])]);
}

#[test]
fn what_nobody_could_query_is_counted_and_warned_of_once_a_type() {
    let said = said(|| {
        for _ in 0..3 {
            let _scope = activity("Unknown", "x").enter();
            tracing::info!(team_id = 2, "no rule");
            let _scope = activity("Job", "order-7").enter();
            tracing::info!(team_id = 2, "no id");
        }
        let _scope = activity("Order", "order-7").enter();
        tracing::info!(team_id = "two", "no number");
        tracing::info!(team_id = -2, "no team");
    });
    assert!(said.produced.is_empty(), "{:?}", said.produced);
    let dropped = |cause| said.stats.dropped_for(cause);
    assert_eq!((dropped(Dropped::NoSource), dropped(Dropped::NoSourceId), dropped(Dropped::BadTeamId)), (3, 3, 2));
    assert_eq!(said.stats.produced(), said.stats.dropped(), "each was to be produced");
    let warnings: Vec<_> =
        said.written.iter().filter(|line| line["level"] == "warn").map(|line| line["msg"].as_str().unwrap()).collect();
    assert_eq!(
        warnings,
        [
            "lines of workflow type \"Unknown\" have a team_id and no log source, so they are not produced: give its product \
             a Product::log_source for that type, or the lines a field log_source and log_source_id; this is said once for a type",
            "the log source of workflow type \"Job\" finds no id of up to 512 bytes in workflow id \"order-7\", so its lines \
             are not produced: correct the SourceId of its Product::log_source, or give the lines a field log_source_id; this is said once for a type",
            "a line of workflow type \"Order\" has the team_id \"two\", so it is not produced: a team_id is a whole number, 0 or \
             more; this is said once for a type",
        ]
    );
}

#[test]
fn what_is_for_users_alone_and_cannot_be_produced_is_written() {
    let rules = rules().with_logger("news", Sinks::ProduceOnly);
    let said = said_at("info", "info", rules, |_| {
        tracing::info!(produce_only = true, "no run");
        let _scope = workflow(false).enter();
        tracing::info!(produce_only = true, "no team");
        tracing::info!(target: "news", "no team either");
        tracing::debug!(produce_only = true, team_id = 2, "a level that nobody takes");
        tracing::info!(target: "news", team_id = 2, "news");
        let _scope = activity("Unknown", "x").enter();
        tracing::info!(produce_only = true, team_id = 2, write_only = false, "no source");
    });
    let (written, produced) = said.messages();
    let lines: Vec<_> = written.into_iter().filter(|line| line.starts_with("no ")).collect();
    assert_eq!((lines, produced), (vec!["no run", "no team", "no team either", "no source"], vec!["news"]));
}

#[test]
fn an_id_that_is_too_long_for_a_key_is_counted() {
    let said = said(|| {
        let _scope = activity("Order", "order-7").enter();
        tracing::info!(team_id = 2, log_source_id = "x".repeat(513), "too long");
        tracing::info!(team_id = 2, log_source_id = "x".repeat(512), "long");
    });
    assert_eq!((said.stats.dropped_for(Dropped::NoSourceId), said.produced.len()), (1, 1));
}

#[test]
fn records_of_the_log_crate_follow_a_change_of_levels() {
    let levels = LiveLevels::new(Levels::default(), None, LogRules::default());
    let subscriber = tracing_subscriber::registry().with(Gate(levels.clone()));
    tracing::subscriber::with_default(subscriber, || {
        levels.write(Levels::parse("trace").unwrap());
        assert_eq!(log::max_level(), log::LevelFilter::Trace);
    });
}

#[test]
fn a_line_without_a_team_or_a_run_is_nobodys_and_is_only_written() {
    let said = said(|| {
        tracing::info!(team_id = 2, "outside");
        let _scope = activity("Order", "order-7").enter();
        tracing::info!("no team");
    });
    assert_eq!(said.messages(), (vec!["outside", "no team"], vec![]));
    assert_eq!(said.stats.produced(), 0);
}

#[test]
fn a_thousand_lines_at_once_have_a_thousand_times_in_order() {
    let said = said(|| {
        let _scope = workflow(false).enter();
        let _team = tracing::info_span!("order", team_id = 2).entered();
        (0..1000).for_each(|turn| tracing::info!("{turn}"));
    });
    let times: Vec<_> = said.produced.iter().map(|record| record["timestamp"].as_str().unwrap()).collect();
    assert_eq!(times.len(), 1000);
    assert!(times.windows(2).all(|pair| pair[0] < pair[1]), "{times:?}");
}

#[test]
fn a_long_message_is_cut_in_both_sinks_and_a_secret_is_in_neither() {
    let said = said(|| {
        let _scope = workflow(false).enter();
        let _team = tracing::info_span!("order", team_id = 2, api_key = "hush").entered();
        tracing::info!(password = "hush", "{}", "é".repeat(1024 * 1024));
    });
    let record = said.produced[0].to_string();
    assert!(record.len() <= LIMIT && record.contains("…[cut]"), "{}", record.len());
    assert!(said.written[0]["cut"].as_bool().unwrap());
    assert!(!format!("{:?}{record}", said.written).contains("hush"));
}

#[test]
fn a_value_that_panics_is_said_so_in_both_sinks() {
    struct Bad;
    impl std::fmt::Display for Bad {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            panic!("it cannot be shown")
        }
    }
    let said = said(|| {
        let _scope = workflow(false).enter();
        tracing::info!(team_id = 2, "charged {}", Bad);
        tracing::info!(team_id = 2, "and goes on");
    });
    let (written, produced) = said.messages();
    assert_eq!(written, ["(this value panicked when it was formatted)", "and goes on"]);
    assert_eq!(produced, written);
}
