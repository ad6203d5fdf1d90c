//! A worker's lines in Kafka: they are there when it has left, and a Kafka that is away does not hold it.

mod lab;

use std::time::Duration;

use lab::topics::records;
use lab::{Outcome, call, unready};
use mainspring_testing::{Env, Workflows};
use nix::sys::signal::Signal;
use serde_json::json;

/// The sum of a metric's samples, over every cause.
fn shown(metrics: &str, name: &str) -> f64 {
    let samples = metrics.lines().filter_map(|line| line.strip_prefix(name)?.rsplit_once("} "));
    samples.filter_map(|(_, value)| value.parse::<f64>().ok()).sum()
}

#[tokio::test]
async fn lines_are_in_kafka_when_the_worker_has_left() -> Outcome {
    let (env, kafka) = (Env::shared().await?, mainspring_testing::kafka().await?);
    let (queue, id) = (env.queue("told"), env.id("told"));
    let topic = format!("{}lines", kafka.topic_prefix("told"));
    let brokers = kafka.bootstrap_servers();
    let settings = [
        ("MAINSPRING_LOG_KAFKA_BROKERS", &*brokers),
        ("MAINSPRING_LOG_KAFKA_TOPIC", &*topic),
        ("GRACEFUL_SHUTDOWN_TIMEOUT_SECONDS", "60"),
    ];
    let mut worker = unready(env.address(), &queue, &settings)?;
    let probes = lab::probes_of(&worker.line("\"msg\":\"polling\"").await?)?;
    let client = env.client().await?;
    client.begin(&queue, &id, "call", &call("tell", "500")).await?;
    assert_eq!(client.result::<String>(&id).await?, "told");
    let (_, metrics) = lab::ask(probes, "/metrics").await?;
    assert_eq!(shown(&metrics, "mainspring_log_lines_produced_total"), 500.0, "{metrics}");
    worker.signal(Signal::SIGTERM);
    let exit = worker.end().await?;
    assert_eq!(exit.code, 0);
    assert!(exit.logged("log lines did not get to Kafka before the worker ended").is_empty());

    let records = records(kafka, &topic, 500)?;
    let run = client.workflow(&id).describe(Default::default()).await?.raw_description;
    let run = run.workflow_execution_info.and_then(|info| info.execution).ok_or("no execution")?.run_id;
    let expected = |number: usize| {
        json!({
            "instance_id": run, "level": "info", "log_source": "lab", "log_source_id": id,
            "message": format!("line {number} — naïve"), "team_id": 2, "timestamp": records[number]["timestamp"],
        })
    };
    assert_eq!(records.len(), 500);
    (0..500).for_each(|number| assert_eq!(records[number], expected(number)));
    let times: Vec<&str> = records.iter().filter_map(|record| record["timestamp"].as_str()).collect();
    assert!(times.len() == 500 && times.is_sorted_by(|one, next| one < next), "each has a time of its own");
    Ok(())
}

#[tokio::test]
async fn a_kafka_that_is_away_costs_lines_and_does_not_hold_the_worker() -> Outcome {
    let env = Env::shared().await?;
    let (queue, id) = (env.queue("untold"), env.id("untold"));
    // Nobody listens at the port of discard.
    let mut worker = unready(env.address(), &queue, &[("KAFKA_HOSTS", "127.0.0.1:9")])?;
    let probes = lab::probes_of(&worker.line("\"msg\":\"polling\"").await?)?;
    let client = env.client().await?;
    client.begin(&queue, &id, "call", &call("tell", "500")).await?;
    assert_eq!(client.result::<String>(&id).await?, "told");
    let (_, metrics) = lab::ask(probes, "/metrics").await?;
    assert_eq!(shown(&metrics, "mainspring_log_queue_lines"), 500.0, "{metrics}");
    assert_eq!(shown(&metrics, "mainspring_log_lines_dropped_total"), 0.0, "{metrics}");
    worker.signal(Signal::SIGTERM);
    let exit = worker.end().await?;
    assert_eq!(exit.code, 0);
    assert!(exit.took < Duration::from_secs(30), "by the sum: {:?}", exit.took);
    let away = "log lines wait in memory: no Kafka broker can be reached; see whether MAINSPRING_LOG_KAFKA_BROKERS names \
                them, and whether they run";
    assert_eq!(exit.logged(away).len(), 1);
    let lost = exit.logged("log lines did not get to Kafka before the worker ended");
    assert_eq!(lost.len(), 1, "{lost:?}");
    assert_eq!((&lost[0]["dropped"], &lost[0]["delivered"]), (&json!(500), &json!(0)));
    Ok(())
}
