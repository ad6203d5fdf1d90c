//! A queue of its own, a worker in some build, and the command in some build.

use std::path::{Path, PathBuf};
use std::time::Duration;

use mainspring_testing::{Env, Process, TestClient, TestError, Workflows, program};
use nix::sys::signal::Signal;
use serde_json::Value;
use temporalio_client::UntypedSignal;
use temporalio_common::data_converters::{PayloadConverter, RawValue};
use temporalio_common::protos::temporal::api::enums::v1::EventType;
use tokio::process::Command;

pub(crate) type Outcome = Result<(), TestError>;

const PROGRAM: &str = env!("CARGO_BIN_EXE_lab-worker");
const PATIENCE: Duration = Duration::from_secs(90);

pub(crate) struct Rig {
    pub(crate) env: Env,
    pub(crate) client: TestClient,
    pub(crate) queue: String,
    pub(crate) folder: tempfile::TempDir,
}

/// What a command said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) talk: String,
}

impl Said {
    pub(crate) fn json(&self) -> Result<Value, TestError> {
        Ok(serde_json::from_str(&self.out).map_err(|error| format!("{error}: {self:?}"))?)
    }
}

impl Rig {
    pub(crate) async fn new() -> Result<Self, TestError> {
        let env = Env::shared().await?;
        let client = env.client().await?;
        Ok(Self { queue: env.queue("changing"), env, client, folder: tempfile::tempdir()? })
    }

    /// A worker of that build, polling. It caches nothing, so each task of a workflow is a replay from its first event.
    pub(crate) async fn worker(&self, build: &str) -> Result<Process, TestError> {
        self.worker_with(build, &[]).await
    }

    /// The same, with more settings.
    pub(crate) async fn worker_with(&self, build: &str, more: &[(&str, &str)]) -> Result<Process, TestError> {
        let settings = [
            ("TEMPORAL_ADDRESS", self.env.address()),
            ("LAB_QUEUES", &self.queue),
            ("LAB_BUILD", build),
            ("TEMPORAL_WORKER_BUILD_ID", build),
            ("MAINSPRING_MAX_CACHED_WORKFLOWS", "0"),
            ("MAINSPRING_HTTP_ADDR", "127.0.0.1:0"),
            ("MAINSPRING_LOG_FORMAT", "json"),
        ];
        let mut worker = Process::spawn(PROGRAM, &[], settings.into_iter().chain(more.iter().copied()))?;
        worker.line("\"msg\":\"polling\"").await?;
        Ok(worker)
    }

    pub(crate) async fn stop(worker: Process) -> Outcome {
        worker.signal(Signal::SIGTERM);
        assert_eq!(worker.end().await?.code, 0);
        Ok(())
    }

    /// A run that waits to be ended, after so many activities.
    pub(crate) async fn begun(&self, name: &str) -> Result<String, TestError> {
        self.begun_with(name, &name.into()).await
    }

    /// The same, with another input.
    pub(crate) async fn begun_with(&self, name: &str, input: &Value) -> Result<String, TestError> {
        let id = self.env.id(name);
        self.client.begin(&self.queue, &id, "change", input).await?;
        let mut looks = tokio::time::interval(Duration::from_millis(100));
        for _ in 0..600 {
            looks.tick().await;
            let events = self.client.workflow(&id).fetch_history(Default::default()).into_events().await?;
            let of = |kind: EventType| events.iter().filter(|event| event.event_type() == kind).count();
            let idle = events.last().is_some_and(|event| event.event_type() == EventType::WorkflowTaskCompleted);
            if of(EventType::ActivityTaskCompleted) == 2 && idle {
                return Ok(id);
            }
        }
        Err(format!("workflow {id} never came so far").into())
    }

    /// Ends it, which replays it from its first event.
    pub(crate) async fn end(&self, id: &str) -> Outcome {
        let workflow = self.client.workflow(id);
        let nothing = RawValue::from_value(&Value::Null, &PayloadConverter::default());
        workflow.signal(UntypedSignal::new("end"), nothing, Default::default()).await?;
        self.client.result::<Value>(id).await?;
        Ok(())
    }

    /// The command in that build, in this rig's folder.
    pub(crate) async fn run(&self, build: &str, arguments: &[&str]) -> Result<Said, TestError> {
        self.run_at(self.env.address(), build, arguments).await
    }

    /// The same, with another address for the server.
    pub(crate) async fn run_at(&self, address: &str, build: &str, arguments: &[&str]) -> Result<Said, TestError> {
        let mut command = Command::from(program(PROGRAM));
        command.args(arguments).current_dir(self.folder.path());
        command.env("TEMPORAL_ADDRESS", address).env("LAB_QUEUES", &self.queue).env("LAB_BUILD", build);
        // It has time to connect on a machine with much else to do.
        command.env("MAINSPRING_CONNECT_TIMEOUT", "60");
        let output = tokio::time::timeout(PATIENCE, command.kill_on_drop(true).output()).await??;
        Ok(Said {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout)?,
            talk: String::from_utf8(output.stderr)?,
        })
    }

    /// Runs it until it is so: what Temporal lists is a second or so behind.
    pub(crate) async fn until(
        &self,
        build: &str,
        arguments: &[&str],
        is_so: impl Fn(&Said) -> bool,
    ) -> Result<Said, TestError> {
        let mut runs = tokio::time::interval(Duration::from_millis(300));
        let mut last = None;
        for _ in 0..60 {
            runs.tick().await;
            let said = self.run(build, arguments).await?;
            if is_so(&said) {
                return Ok(said);
            }
            last = Some(said);
        }
        Err(format!("it never came so far, the last: {last:?}").into())
    }

    /// Where the product's histories are saved.
    pub(crate) fn histories(&self) -> PathBuf {
        self.folder.path().join("products/changing/histories")
    }

    /// Captures, once so many runs are listed, and gives the files.
    pub(crate) async fn captured(
        &self,
        build: &str,
        arguments: &[&str],
        files: usize,
    ) -> Result<Vec<PathBuf>, TestError> {
        let arguments: Vec<&str> = ["replay", "capture"].into_iter().chain(arguments.iter().copied()).collect();
        self.until(build, &arguments, |_| saved(&self.histories()).len() == files).await?;
        Ok(saved(&self.histories()))
    }
}

fn saved(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

/// The sources of a build.
pub(crate) fn sources(build: &str) -> String {
    format!("{}/src/builds/{build}", env!("CARGO_MANIFEST_DIR"))
}
