//! Workers in Python on the other side, without a codec: each language's workflow calls the other's activity on its queue.
#![cfg(feature = "full")]

mod lab;

use lab::{Outcome, worker};
use mainspring_caller::settings::{Sources, load};
use mainspring_caller::{Caller, CallerError, Contract};
use mainspring_servers::tools::{PYTHON_SDK, Progress, Toolbox};
use mainspring_testing::{Env, Process, TestError};
use serde_json::{Value, json};
use temporalio_common::WorkflowDefinition;
use temporalio_common::data_converters::MultiArgs3;

/// In Rust: calls one activity, wherever it is.
#[derive(Default)]
struct Call;

impl WorkflowDefinition for Call {
    type Input = Value;
    type Output = String;

    fn name(&self) -> &'static str {
        "call"
    }
}

impl Contract for Call {
    const TASK_QUEUE: &'static str = "each-test-says-which";
}

/// In Python: the same, with its queue, name and argument as three arguments.
#[derive(Default)]
struct PythonCalls;

impl WorkflowDefinition for PythonCalls {
    type Input = MultiArgs3<String, String, String>;
    type Output = String;

    fn name(&self) -> &'static str {
        "python-calls"
    }
}

impl Contract for PythonCalls {
    const TASK_QUEUE: &'static str = "each-test-says-which";
}

/// A worker of each language on a queue of its own.
struct Pair {
    caller: Caller,
    rust: String,
    python: String,
    _workers: [Process; 2],
}

impl Pair {
    async fn new() -> Result<Self, TestError> {
        let env = Env::shared().await?;
        let (rust, python) = (env.queue("rust"), env.queue("python"));
        let ours = worker(&env, &rust, &[]).await?;
        let provided = tokio::task::spawn_blocking(|| {
            Toolbox::from_env()?.python_with(PYTHON_SDK.0, PYTHON_SDK.1, &Progress::stderr())
        });
        let program = provided.await??.path.display().to_string();
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/python.py");
        let settings = [("TEMPORAL_ADDRESS", env.address()), ("PEER_QUEUE", &python)];
        let mut theirs = Process::spawn(&program, &[script], settings)?;
        theirs.line("polling").await?;
        let caller = Caller::connect(load(&Sources::from_pairs([("TEMPORAL_ADDRESS", env.address())]))?).await?;
        Ok(Self { caller, rust, python, _workers: [ours, theirs] })
    }

    /// What a workflow in Python gets of an activity in Rust.
    async fn python_calls(&self, activity: &str, argument: &str) -> Result<String, CallerError> {
        let input = MultiArgs3(self.rust.clone(), activity.to_owned(), argument.to_owned());
        self.caller.start(PythonCalls, input).task_queue(&self.python).await?.result().await
    }

    /// What a workflow in Rust gets of an activity in Python.
    async fn rust_calls(&self, activity: &str, argument: &str) -> Result<String, CallerError> {
        let input = json!({ "activity": activity, "arg": argument, "queue": self.python });
        self.caller.start(Call, input).task_queue(&self.rust).await?.result().await
    }
}

#[tokio::test]
async fn each_language_calls_the_others_activities() -> Outcome {
    let pair = Pair::new().await?;
    assert_eq!(pair.python_calls("echo", "aus Rust: ä").await?, "aus Rust: ä");
    assert_eq!(pair.rust_calls("reverse", "drow").await?, "word");
    Ok(())
}

#[tokio::test]
async fn each_language_reads_the_others_errors() -> Outcome {
    let pair = Pair::new().await?;
    let read = pair.python_calls("fail", "terminal").await?;
    assert_eq!(read, "Terminal, non_retryable=True: terminal on purpose");
    let Err(CallerError::Failed { failure, .. }) = pair.rust_calls("decline", "no money").await else {
        return Err("the activity in Python declines".into());
    };
    assert_eq!(failure.type_name(), Some("Declined"));
    assert_eq!(mainspring::client::with_causes(&failure), "activity decline failed: declined in Python: no money");
    Ok(())
}
