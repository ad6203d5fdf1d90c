//! `mainspring logs tail` of real runs: lines in Kafka, a consumer that writes them, a workflow that ends.

mod lab;

use std::io::Write as _;
use std::process::{Child, ChildStdin};

use lab::Outcome;
use lab::topics::producer;
use mainspring_testing::{Env, Process, TestError, Workflows, kafka, postgres};
use nix::sys::signal::Signal;
use serde_json::{Value, json};

const PROGRAM: &str = env!("CARGO_BIN_EXE_lab-worker");

/// A worker, a topic with somebody who writes it, and a consumer into a database.
struct Rig {
    env: Env,
    queue: String,
    url: String,
    _worker: Process,
    _consumer: Process,
    producer: Child,
    pipe: ChildStdin,
}

impl Rig {
    async fn new(name: &str) -> Result<Self, TestError> {
        let env = Env::shared().await?;
        let kafka = kafka().await?;
        let (brokers, topic) = (kafka.bootstrap_servers(), kafka.topic_prefix(name) + "lines");
        let (producer, pipe) = producer(kafka, &topic)?;
        let (queue, url) = (env.queue(name), postgres().await?.database(name).await?);
        let settings = [
            ("TEMPORAL_ADDRESS", env.address()),
            ("LAB_QUEUES", &queue),
            ("MAINSPRING_HTTP_ADDR", "127.0.0.1:0"),
            ("MAINSPRING_LOG_FORMAT", "json"),
        ];
        let mut worker = Process::spawn(PROGRAM, &[], settings)?;
        worker.line("\"msg\":\"polling\"").await?;
        let consume = ["logs", "consume", "--brokers", &brokers, "--topic", &topic];
        let consumer = Process::spawn(PROGRAM, &consume, [("MAINSPRING_LOG_DATABASE_URL", url.as_str())])?;
        let mut rig = Self { env, queue, url, _worker: worker, _consumer: consumer, producer, pipe };
        // The topic is there from the first line on.
        rig.say("nobody", "info", "hello")?;
        rig._consumer.line("reading topic").await?;
        Ok(rig)
    }

    /// A line, as a worker produces it.
    fn say(&mut self, run: &str, level: &str, message: &str) -> Outcome {
        let now = humantime::format_rfc3339_micros(std::time::SystemTime::now());
        let line = json!({
            "instance_id": run, "level": level, "log_source": "lab", "log_source_id": "7", "message": message, "team_id": 2,
            "timestamp": now.to_string(),
        });
        writeln!(self.pipe, "{line}")?;
        Ok(self.pipe.flush()?)
    }

    fn run(&self, arguments: &[&str]) -> Result<Process, TestError> {
        let settings = [
            ("TEMPORAL_ADDRESS", self.env.address()),
            ("LAB_QUEUES", &self.queue),
            ("MAINSPRING_LOG_DATABASE_URL", &self.url),
            lab::PATIENT,
        ];
        Process::spawn(PROGRAM, arguments, settings)
    }

    /// What a verb prints, as JSON.
    async fn json(&self, arguments: &[&str]) -> Result<Value, TestError> {
        let exit = self.run(&[arguments, &["-o", "json"]].concat())?.end().await?;
        let line = exit.lines.iter().find_map(|line| serde_json::from_str::<Value>(line).ok());
        line.ok_or_else(|| format!("{arguments:?}: {exit:?}").into())
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        let _ = self.producer.kill();
        let _ = self.producer.wait();
    }
}

#[tokio::test]
async fn a_workflow_is_followed_over_its_runs_until_it_has_ended_and_its_lines_are_all_there() -> Outcome {
    let mut rig = Rig::new("followed").await?;
    let id = rig.env.id("turns");
    let started = rig.json(&["workflow", "start", "turns", "0", "--workflow-id", &id]).await?;
    let first = started["run_id"].as_str().ok_or("no run id")?.to_owned();
    rig.say(&first, "info", "of the first run\nin two lines")?;
    rig.say("somebody-else", "info", "of another workflow")?;

    let mut tail = rig.run(&["logs", "tail", "-w", &id, "--follow", "--settle", "6s"])?;
    let line = tail.line("of the first run").await?;
    let shape: String = line.chars().map(|letter| if letter.is_ascii_digit() { 'd' } else { letter }).collect();
    assert_eq!(shape, "dddd-dd-dd dd:dd:dd.dddddd INFO  of the first run");
    tail.line("    in two lines").await?;

    rig.run(&["workflow", "signal", "-w", &id, "--name", "turn", "--input", "null"])?.end().await?;
    let mut looks = tokio::time::interval(std::time::Duration::from_millis(100));
    let second = async {
        loop {
            looks.tick().await;
            let run = rig.json(&["workflow", "describe", "-w", &id]).await?["run_id"].clone();
            if run != first.as_str() {
                return Ok::<_, TestError>(run.as_str().ok_or("no run id")?.to_owned());
            }
        }
    };
    let second = tokio::time::timeout(std::time::Duration::from_secs(30), second).await??;
    rig.say(&second, "warn", "of the second run\u{1b}[2J")?;
    tail.line("WARN  of the second run\\u{1b}[2J").await?;

    rig.env.client().await?.workflow(&id).terminate(Default::default()).await?;
    // Its worker delivers that after the end, and within what it is given for that.
    rig.say(&second, "error", "the last")?;
    tail.line("ERROR the last").await?;
    let exit = tail.end().await?;
    assert_eq!((exit.code, exit.lines), (0, Vec::<String>::new()));

    // All is there for whoever comes later, of each run and of one.
    let late = rig.run(&["logs", "tail", "-w", &id, "--settle", "0s", "-o", "json"])?.end().await?;
    let messages: Vec<Value> = late.lines.iter().map(|line| serde_json::from_str(line)).collect::<Result<_, _>>()?;
    let messages: Vec<&str> = messages.iter().filter_map(|line| line["message"].as_str()).collect();
    assert_eq!(messages, ["of the first run\nin two lines", "of the second run\u{1b}[2J", "the last"]);
    let worse = rig.json(&["logs", "tail", "-w", &id, "--run-id", &second, "--level", "error"]).await?;
    let keys = ["instance_id", "level", "log_source", "log_source_id", "message", "team_id"];
    assert_eq!(
        keys.map(|key| worse[key].clone()),
        [json!(second), json!("error"), json!("lab"), json!("7"), json!("the last"), json!(2)]
    );
    assert_eq!(worse["timestamp"].as_str().map(str::len), Some("2026-11-21T01:02:03.000004Z".len()));
    Ok(())
}

/// The whole way: `tracing` in a worker, Kafka, the table, the terminal.
#[tokio::test]
async fn what_a_workflow_and_its_activity_say_is_on_the_terminal_once_and_in_order() -> Outcome {
    let (env, kafka) = (Env::shared().await?, kafka().await?);
    let (brokers, topic) = (kafka.bootstrap_servers(), kafka.topic_prefix("whole") + "log_entries");
    let (queue, url) = (env.queue("whole"), postgres().await?.database("whole").await?);
    let settings = [
        ("TEMPORAL_ADDRESS", env.address()),
        ("LAB_QUEUES", &queue),
        ("MAINSPRING_HTTP_ADDR", "127.0.0.1:0"),
        ("MAINSPRING_LOG_FORMAT", "json"),
        ("MAINSPRING_LOG_KAFKA_BROKERS", &brokers),
        ("MAINSPRING_LOG_KAFKA_TOPIC", &topic),
        // Nothing cached: every workflow task replays from the first event.
        ("MAINSPRING_MAX_CACHED_WORKFLOWS", "0"),
        ("MAINSPRING_LOG_DATABASE_URL", &url),
        lab::PATIENT,
    ];
    let mut worker = Process::spawn(PROGRAM, &[], settings)?;
    worker.line("\"msg\":\"polling\"").await?;
    let _consumer = Process::spawn(PROGRAM, &["logs", "consume"], settings)?;
    let id = format!("talk-{}", env.id("whole"));
    let start = ["workflow", "execute", "talk", "7", "--workflow-id", &id];
    assert_eq!(Process::spawn(PROGRAM, &start, settings)?.end().await?.code, 0);
    // Its last lines are in Kafka then, however long that took.
    worker.signal(Signal::SIGTERM);
    assert_eq!(worker.end().await?.code, 0);
    // The consumer makes the tables when it has the topic.
    let follow = ["logs", "tail", "-w", &id, "--follow", "-o", "json"];
    let mut tables = tokio::time::interval(std::time::Duration::from_millis(500));
    let followed = async {
        loop {
            tables.tick().await;
            let exit = Process::spawn(PROGRAM, &follow, settings)?.end().await?;
            if exit.code != 78 {
                return Ok::<_, TestError>(exit);
            }
        }
    };
    let followed = tokio::time::timeout(std::time::Duration::from_secs(60), followed).await??;
    assert_eq!(followed.code, 0, "{:?}", followed.lines);
    let lines = followed.lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let said: Vec<String> =
        lines.filter_map(|line| Some(line["message"].as_str()?.chars().take(17).collect())).collect();
    assert_eq!(
        said,
        [
            "workflow: before",
            "async: before",
            "async: for users ",
            "pool",
            "blocking",
            "users",
            "of another source",
            "bytes: caf\u{fffd} \u{fffd}",
            "xxxxxxxxxxxxxxxxx",
            "failed",
            "workflow: after",
        ]
    );
    Ok(())
}

#[tokio::test]
async fn what_tail_cannot_do_it_says() -> Outcome {
    let env = Env::shared().await?;
    let url = postgres().await?.database("said").await?;
    let id = env.id("nobody");
    let refused = async |settings: &[(&str, &str)], arguments: &[&str], code: i32, text: &str| -> Outcome {
        let base = [("TEMPORAL_ADDRESS", env.address()), lab::PATIENT];
        let arguments = [&["logs", "tail"], arguments].concat();
        let exit = Process::spawn(PROGRAM, &arguments, base.into_iter().chain(settings.iter().copied()))?.end().await?;
        assert_eq!(exit.code, code, "{:?}", exit.lines);
        assert!(exit.lines.iter().any(|line| line.contains(text)), "{text:?} is not in {:?}", exit.lines);
        Ok(())
    };
    let database = [("MAINSPRING_LOG_DATABASE_URL", url.as_str())];
    refused(&[], &["-w", &id], 78, "error: no database is given: set MAINSPRING_LOG_DATABASE_URL, or name a file")
        .await?;
    refused(&database, &["-w", &id], 66, &format!("error: Temporal knows no workflow {id} in namespace default"))
        .await?;
    let run = ["-w", &id, "--run-id", "1b4e28ba-2fa1-4d3a-883f-0016d3cca427"];
    refused(&database, &run, 78, "error: there is no table log_entries in the database").await?;
    refused(&database, &["-w", &id, "--level", "loud"], 64, "\"loud\" is no level: write trace, debug").await?;
    let none = [("MAINSPRING_LOG_DATABASE_URL", "postgres://nobody:hunter2@127.0.0.1:9/none")];
    refused(&none, &run, 69, "error: Postgres could not be connected to").await
}
