//! The command with a product on a queue of its own, and what it said, with ids and times masked.

use std::process::Stdio;
use std::time::Duration;

use mainspring_testing::{Env, Process, TestError, program};
use serde_json::Value;
use temporalio_common::protos::temporal::api::enums::v1::TaskQueueType;
use temporalio_common::protos::temporal::api::taskqueue::v1::TaskQueue;
use temporalio_common::protos::temporal::api::workflowservice::v1::DescribeTaskQueueRequest;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

pub(crate) type Outcome = Result<(), TestError>;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_lab-worker");

/// Time to connect, for a command on a machine with much else to do.
pub(crate) const PATIENT: (&str, &str) = ("MAINSPRING_CONNECT_TIMEOUT", "60");

/// The longest that a verb may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// Somebody at a terminal.
pub(crate) struct Desk {
    pub(crate) env: Env,
    pub(crate) queue: String,
}

/// What a command said.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) talk: String,
}

impl Desk {
    /// On a queue that nobody polls.
    pub(crate) async fn idle() -> Result<Self, TestError> {
        let env = Env::shared().await?;
        Ok(Self { queue: env.queue("desk"), env })
    }

    /// With a worker, which runs for as long as it is kept.
    pub(crate) async fn with_worker() -> Result<(Self, Process), TestError> {
        let desk = Self::idle().await?;
        let worker = desk.worker().await?;
        Ok((desk, worker))
    }

    pub(crate) async fn worker(&self) -> Result<Process, TestError> {
        let settings = [
            ("TEMPORAL_ADDRESS", self.env.address()),
            ("LAB_QUEUES", &self.queue),
            ("MAINSPRING_HTTP_ADDR", "127.0.0.1:0"),
            ("MAINSPRING_LOG_FORMAT", "json"),
        ];
        let mut worker = Process::spawn(PROGRAM, &[], settings)?;
        worker.line("\"msg\":\"polling\"").await?;
        self.polled().await?;
        Ok(worker)
    }

    /// Waits until Temporal knows of a worker: till then a command warns that there is none.
    async fn polled(&self) -> Outcome {
        let client = self.env.client().await?;
        let request = DescribeTaskQueueRequest {
            namespace: "default".to_owned(),
            task_queue: Some(TaskQueue { name: self.queue.clone(), ..Default::default() }),
            task_queue_type: TaskQueueType::Workflow.into(),
            ..Default::default()
        };
        let mut asks = tokio::time::interval(Duration::from_millis(50));
        let polled = async {
            loop {
                asks.tick().await;
                let mut service = client.client().connection().workflow_service();
                let answer = service.describe_task_queue(tonic::Request::new(request.clone())).await?;
                if !answer.into_inner().pollers.is_empty() {
                    return Ok(());
                }
            }
        };
        tokio::time::timeout(PATIENCE, polled).await?
    }

    /// The same desk behind another address.
    pub(crate) fn behind(&self, address: String) -> Self {
        Self { env: Env::at(address), queue: self.queue.clone() }
    }

    /// `mainspring workflow …`.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        self.command_of("workflow", arguments)
    }

    /// `mainspring VERB …`.
    pub(crate) fn command_of(&self, verb: &str, arguments: &[&str]) -> Command {
        let mut command = Command::from(program(PROGRAM));
        command.arg(verb).args(arguments);
        command.env("TEMPORAL_ADDRESS", self.env.address()).env("LAB_QUEUES", &self.queue).envs([PATIENT]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }

    pub(crate) async fn run(&self, arguments: &[&str]) -> Result<Said, TestError> {
        said(self.command(arguments)).await
    }

    /// With that on stdin.
    pub(crate) async fn fed(&self, arguments: &[&str], stdin: &[u8]) -> Result<Said, TestError> {
        fed(self.command(arguments), stdin).await
    }

    /// What it said, which must have succeeded, as JSON.
    pub(crate) async fn json(&self, arguments: &[&str]) -> Result<Value, TestError> {
        let said = self.run(&[arguments, &["-o", "json"]].concat()).await?;
        if said.code == 0 {
            Ok(serde_json::from_str(&said.out)?)
        } else {
            Err(format!("{arguments:?}: {said:?}").into())
        }
    }

    /// A running process, for signals and for lines as they come.
    pub(crate) fn spawn(&self, arguments: &[&str]) -> Result<Process, TestError> {
        let settings = [("TEMPORAL_ADDRESS", self.env.address()), ("LAB_QUEUES", &self.queue), PATIENT];
        Process::spawn(PROGRAM, &[&["workflow"], arguments].concat(), settings)
    }

    /// Starts a workflow under an id that no other test has.
    pub(crate) async fn started(&self, workflow: &str, input: &str) -> Result<String, TestError> {
        let id = self.env.id(workflow);
        self.json(&["start", workflow, input, "--workflow-id", &id]).await?;
        Ok(id)
    }

    /// A filter for the workflows of this desk alone.
    pub(crate) fn query(&self) -> String {
        format!("TaskQueue = '{}'", self.queue)
    }

    /// Waits until Temporal has indexed so many that match.
    pub(crate) async fn indexed(&self, query: &str, count: u64) -> Outcome {
        let mut asks = tokio::time::interval(Duration::from_millis(200));
        for _ in 0..150 {
            asks.tick().await;
            if self.json(&["count", "--query", query]).await?["count"] == count {
                return Ok(());
            }
        }
        Err(format!("Temporal never counted {count} of {query}").into())
    }

    /// Describes until it is so.
    pub(crate) async fn until(&self, id: &str, is_so: impl Fn(&Value) -> bool) -> Result<Value, TestError> {
        let mut asks = tokio::time::interval(Duration::from_millis(200));
        let mut last = Value::Null;
        for _ in 0..150 {
            asks.tick().await;
            last = self.json(&["describe", "--workflow-id", id]).await?;
            if is_so(&last) {
                return Ok(last);
            }
        }
        Err(format!("workflow {id} never came so far: {last}").into())
    }
}

/// With that on stdin.
pub(crate) async fn fed(mut command: Command, stdin: &[u8]) -> Result<Said, TestError> {
    let mut child = command.stdin(Stdio::piped()).spawn()?;
    let mut pipe = child.stdin.take().ok_or("no stdin")?;
    pipe.write_all(stdin).await?;
    drop(pipe);
    Said::of(tokio::time::timeout(PATIENCE, child.wait_with_output()).await??)
}

pub(crate) async fn said(mut command: Command) -> Result<Said, TestError> {
    // `output` would take a stdout that the test has set for its own.
    Said::of(tokio::time::timeout(PATIENCE, command.spawn()?.wait_with_output()).await??)
}

impl Said {
    fn of(output: std::process::Output) -> Result<Self, TestError> {
        Ok(Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout)?,
            talk: String::from_utf8(output.stderr)?,
        })
    }

    /// Exit code, stdout and stderr, masked, are exactly these.
    #[track_caller]
    pub(crate) fn is(&self, code: i32, out: &str, talk: &str) {
        let seen = (self.code, masked(&self.out), masked(&self.talk));
        assert_eq!((seen.0, seen.1.as_str(), seen.2.as_str()), (code, out, talk));
    }

    /// It was refused with that code and that in the message, and nothing on stdout.
    #[track_caller]
    pub(crate) fn refuses(&self, code: i32, text: &str) {
        assert_eq!((self.code, self.out.as_str()), (code, ""), "{self:?}");
        assert!(self.talk.contains(text), "{text:?} is not in {:?}", self.talk);
    }
}

/// Run ids are RUN, ids of tests end in #, times with what follows in brackets are TIME.
pub(crate) fn masked(text: &str) -> String {
    const MASKS: [(&str, &str); 3] = [
        ("xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", "RUN"),
        ("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "#"),
        ("dddd-dd-ddTdd:dd:dd.dddZ", "TIME"),
    ];
    let mut masked = String::new();
    let mut rest = text;
    'text: while let Some(first) = rest.chars().next() {
        for (shape, name) in MASKS {
            if has_shape(rest, shape) {
                masked.push_str(name);
                rest = &rest[shape.len()..];
                if name == "TIME" && rest.starts_with(" (") {
                    rest = rest.split_once(')').map_or(rest, |(_, rest)| rest);
                }
                continue 'text;
            }
        }
        masked.push(first);
        rest = &rest[first.len_utf8()..];
    }
    masked
}

/// `x` is a hexadecimal digit, `d` a decimal one, anything else is itself.
fn has_shape(text: &str, shape: &str) -> bool {
    let fits = |(wanted, seen): (u8, u8)| match wanted {
        b'x' => seen.is_ascii_hexdigit(),
        b'd' => seen.is_ascii_digit(),
        other => other == seen,
    };
    text.len() >= shape.len() && shape.bytes().zip(text.bytes()).all(fits)
}

#[test]
fn ids_and_times_are_masked_and_nothing_else() {
    let text = "workflow two-0123456789abcdef0123456789abcdef run 01a1fd29-9d63-7436-8ae9-7540b60156da at 2026-11-21T08:12:05.267Z (1m 2s ago), 5 times";
    assert_eq!(masked(text), "workflow two-# run RUN at TIME, 5 times");
}
