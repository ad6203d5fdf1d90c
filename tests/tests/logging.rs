//! Lines of a worker, on stdout and in Kafka.

mod lab;

use std::collections::BTreeMap;
use std::net::SocketAddr;

use lab::topics::records;
use lab::{Outcome, ask, probes_of, unready, until};
use mainspring_testing::{Env, TestError, Workflows, kafka};
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

#[tokio::test]
async fn each_line_goes_where_it_is_meant_to_with_its_ids_from_whatever_thread_and_from_no_replay() -> Outcome {
    let (env, kafka) = (Env::shared().await?, kafka().await?);
    let topic = format!("{}log_entries", kafka.topic_prefix("logging"));
    let queue = env.queue("talks");
    let brokers = kafka.bootstrap_servers();
    // Nothing cached: every workflow task replays from the first event.
    let settings = [
        ("MAINSPRING_LOG_KAFKA_BROKERS", brokers.as_str()),
        ("MAINSPRING_LOG_KAFKA_TOPIC", &topic),
        ("MAINSPRING_MAX_CACHED_WORKFLOWS", "0"),
        ("MAINSPRING_LOG_MAX_LINE_BYTES", "2048"),
    ];
    let mut worker = unready(env.address(), &queue, &settings)?;
    let polling = worker.line("\"msg\":\"polling\"").await?;
    let probes = probes_of(&polling)?;
    let id = format!("talk-{}", env.id("seven"));
    let client = env.client().await?;
    client.begin(&queue, &id, "talk", &7).await?;
    let run = client.workflow(&id).describe(Default::default()).await?.run_id().to_owned();
    client.result::<()>(&id).await?;
    const PRODUCED: usize = 11;
    // A line is counted as delivered a moment before the queue lets go of it.
    let delivered = format!("mainspring_log_lines_delivered_total {PRODUCED}\n");
    let settled = [delivered.as_str(), "mainspring_log_queue_lines 0\n", "mainspring_log_queue_bytes 0\n"];
    let is_settled = |page: &str| settled.iter().all(|line| page.contains(*line));
    until(probes, "/metrics", |_, page| is_settled(&unlabelled(page))).await?;
    let page = unlabelled(&ask(probes, "/metrics").await?.1);
    let produced = format!("mainspring_log_lines_produced_total {PRODUCED}\n");
    assert!(page.contains(&produced), "no {produced:?} in {page}");
    assert!(replayed(&page) > 0, "no workflow task was replayed: {page}");
    worker.signal(Signal::SIGTERM);
    let end = worker.end().await?;

    let records = records(kafka, &topic, PRODUCED)?;
    let produced: Vec<&str> = records.iter().filter_map(|record| record["message"].as_str()).collect();
    let long = produced.iter().find(|message| message.starts_with("xxx")).ok_or("the long line is missing")?;
    assert!(long.ends_with("…[cut]") && long.len() < 2048, "{} bytes", long.len());
    let short: Vec<&str> = produced.iter().copied().filter(|message| !message.starts_with("xxx")).collect();
    assert_eq!(
        short,
        [
            "workflow: before",
            "async: before",
            "async: for users who look closely",
            "pool",
            "blocking",
            "users",
            "of another source",
            "bytes: caf\u{fffd} \u{fffd}",
            "failed",
            "workflow: after",
        ],
        "each once, and nothing from a replay"
    );
    let times: Vec<&str> = records.iter().filter_map(|record| record["timestamp"].as_str()).collect();
    assert!(times.windows(2).all(|pair| pair[0] < pair[1]), "{times:?}");
    let source_id = id.strip_prefix("talk-");
    for mut record in records {
        let other = record["message"] == "of another source";
        let (level, message) = (record["level"].take(), record["message"].take());
        assert!(["info", "debug", "error"].iter().any(|known| level == *known), "{level} of {message}");
        assert!(record["timestamp"].take().as_str().is_some_and(|time| time.len() == 26), "{message}");
        let (source, source_id) = if other { ("invoices", Some("9")) } else { ("talks", source_id) };
        let expected = json!({
            "instance_id": run, "level": null, "log_source": source, "log_source_id": source_id, "message": null,
            "team_id": 7, "timestamp": null,
        });
        assert_eq!(record, expected, "{message}");
    }

    let written: BTreeMap<String, Value> = end
        .lines
        .iter()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|line| line["workflow_id"] == id.as_str())
        .map(|line| (line["msg"].as_str().unwrap_or_default().chars().take(40).collect(), line))
        .collect();
    for message in ["workflow: before", "async: before", "pool", "blocking", "operators", "failed", "workflow: after"] {
        let line = written.get(message).ok_or_else(|| format!("{message:?} was not written: {written:?}"))?;
        assert_eq!((&line["team_id"], &line["workflow_type"]), (&json!(7), &json!("talk")), "{line}");
        assert_eq!(line["workflow_run_id"], run.as_str(), "{line}");
        assert_eq!(line["activity_type"] == "talk", !message.starts_with("workflow"), "{line}");
    }
    assert_eq!(written["async: before"]["rows"], 42);
    assert_eq!(written["async: before"]["func_name"], "talk");
    assert_eq!(written["operators"]["api_key"], "***");
    assert_eq!(written["failed"]["error"], json!([{ "message": "the disk is full" }]));
    assert!(!written.contains_key("users") && !written.contains_key("async: for users who look closely"));
    Ok(())
}

/// The page with bare names, so that labels of the whole process need not be spelled.
fn unlabelled(page: &str) -> String {
    let bare = |line: &str| match (line.split_once('{'), line.rsplit_once('}')) {
        (Some((name, _)), Some((_, value))) if name.starts_with("mainspring_log") => format!("{name}{value}\n"),
        _ => format!("{line}\n"),
    };
    page.lines().map(bare).collect()
}

/// How many workflow tasks were replayed, by the SDK's own count.
fn replayed(page: &str) -> u64 {
    let counts = page
        .lines()
        .filter(|line| line.starts_with("temporal_workflow_task_replay_latency") && line.contains("_count"));
    counts.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
}

/// A PUT to a worker's listener. Gives the status and the body.
async fn put(addr: SocketAddr, path: &str, levels: &str, header: &str) -> Result<(u16, String), TestError> {
    let mut stream = tokio::net::TcpStream::connect(addr).await?;
    let length = levels.len();
    let request = format!("PUT {path} HTTP/1.0\r\nContent-Length: {length}\r\n{header}\r\n{levels}");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("no answer")?;
    Ok((head.split_whitespace().nth(1).ok_or("no status")?.parse()?, body.to_owned()))
}

#[tokio::test]
async fn levels_change_while_a_worker_runs_on_loopback_alone() -> Outcome {
    let env = Env::shared().await?;
    let (queue, client) = (env.queue("levels"), env.client().await?);
    let settings = [
        ("TEMPORAL_LOG_LEVEL", "error,mainspring_worker=info"),
        ("MAINSPRING_HTTP_ADDR", "0.0.0.0:0"),
        ("MAINSPRING_CONTROL_ADDR", "127.0.0.1:0"),
    ];
    let mut worker = unready(env.address(), &queue, &settings)?;
    let polling = worker.line("\"msg\":\"polling\"").await?;
    let said: Value = serde_json::from_str(&polling)?;
    let addr = |key: &str| -> Result<SocketAddr, TestError> { Ok(said[key].as_str().ok_or("no address")?.parse()?) };
    let (open, control) = (SocketAddr::from(([127, 0, 0, 1], addr("probes")?.port())), addr("control")?);

    let shown = json!({ "written": "error,mainspring_worker=info", "produced": null });
    assert_eq!(serde_json::from_str::<Value>(&ask(open, "/log-levels").await?.1)?, shown);
    for (at, path, levels, header, status, answer) in [
        (
            open,
            "/log-levels/written",
            "info",
            "",
            403,
            "log levels are changed on loopback alone, and this listener is open to a network: set MAINSPRING_CONTROL_ADDR=127.0.0.1:9091 for a second one (kubectl port-forward reaches it)\n",
        ),
        (
            control,
            "/log-levels/written",
            "info",
            "Origin: http://example.com\r\n",
            403,
            "log levels are not changed from a browser\n",
        ),
        (
            control,
            "/log-levels/written",
            "loud",
            "",
            400,
            "\"loud\" was given, which is not understood: write a level (off, error, warn, info, debug, trace), or target=level, such as info,my_product=debug\n",
        ),
        (
            control,
            "/log-levels/written",
            " ",
            "",
            400,
            "no levels were given: send them as the body, such as info,my_product=debug\n",
        ),
        (
            control,
            "/log-levels/produced",
            "info",
            "",
            409,
            "nothing is produced here: set MAINSPRING_LOG_KAFKA_BROKERS\n",
        ),
        (control, "/log-levels", "info", "", 405, "only GET and HEAD are answered here\n"),
    ] {
        let said = put(at, path, levels, header).await?;
        assert_eq!(said, (status, answer.to_owned()), "PUT {path} of {levels:?} to {at}");
    }
    let long = put(control, "/log-levels/written", &"x".repeat(5000), "").await?;
    assert_eq!(long, (413, "levels have at most 4096 bytes\n".to_owned()));

    let run = async |word: &str| -> Result<(), TestError> {
        let id = env.id(word);
        client.begin(&queue, &id, "call", &lab::call("echo", word)).await?;
        assert_eq!(client.result::<String>(&id).await?, word);
        Ok(())
    };
    run("unheard").await?;
    let (status, now) = put(control, "/log-levels/written", "info\n", "").await?;
    assert_eq!((status, serde_json::from_str::<Value>(&now)?), (200, json!({ "written": "info", "produced": null })));
    run("heard").await?;
    worker.line("the levels of written lines are changed until the process ends").await?;
    worker.signal(Signal::SIGTERM);
    let echoed: Vec<Value> = worker.end().await?.logged("echoed").iter().map(|line| line["text"].clone()).collect();
    assert_eq!(echoed, ["heard"]);
    Ok(())
}
