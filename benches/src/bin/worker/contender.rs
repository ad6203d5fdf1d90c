//! The programs that do the same work, how each is built, and what the kernel says of each while it runs.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use mainspring_benches::programs::example;
use mainspring_testing::{Env, TestError};

/// A program that runs the workflow `bench`, and, if it is on Rust, `burn` as well.
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    /// Our CPU time may be at most this share of its CPU time. Mainspring itself has none.
    pub(crate) budget: Option<f64>,
    program: Vec<String>,
    setup: &'static str,
}

/// Mainspring first, then the bare SDK: with its defaults, and set up as Mainspring sets it up.
pub(crate) fn ours() -> Result<Vec<Contender>, TestError> {
    let (mainspring, bare) = (example("mainspring-worker")?, example("bare-worker")?);
    let contender =
        |name, program: &String, setup, budget| Contender { name, budget, program: vec![program.clone()], setup };
    Ok(vec![
        contender("mainspring", &mainspring, "", None),
        contender("bare SDK, defaults", &bare, "defaults", Some(0.75)),
        contender("bare SDK, same setup", &bare, "same", Some(1.03)),
    ])
}

/// The same work on Go's and Python's SDK, built beside this benchmark.
pub(crate) fn peers() -> Result<Vec<Contender>, TestError> {
    let peers = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers");
    let built = std::env::current_exe()?.parent().ok_or("this program is in no folder")?.join("peers");
    std::fs::create_dir_all(&built)?;
    eprintln!("building the worker in Go …");
    let go = built.join("go-worker");
    run(Command::new("go").arg("build").arg("-o").arg(&go).arg(".").current_dir(peers.join("go")))?;
    eprintln!("installing Python's SDK …");
    let venv = built.join("venv");
    let python = venv.join("bin/python");
    run(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
    let requirements = peers.join("python/requirements.txt");
    run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "--requirement"]).arg(requirements))?;
    let text = |path: PathBuf| path.display().to_string();
    let python = vec![text(python), text(peers.join("python/worker.py"))];
    Ok(vec![
        Contender { name: "Go SDK", budget: Some(0.85), program: vec![text(go)], setup: "" },
        Contender { name: "Python SDK", budget: Some(0.3), program: python, setup: "" },
    ])
}

fn run(command: &mut Command) -> Result<(), TestError> {
    let status = command.status().map_err(|error| format!("{command:?}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} ended with {status}").into()) }
}

impl Contender {
    /// Starts it on that queue, through that address. It is killed when it is dropped.
    pub(crate) fn start(&self, address: &str, queue: &str) -> Result<Running, TestError> {
        let mut command = Command::new(&self.program[0]);
        command.args(&self.program[1..]).env("TEMPORAL_ADDRESS", address);
        command.env("BENCH_QUEUE", queue).env("BENCH_SETUP", self.setup);
        command.env("MAINSPRING_HTTP_ADDR", "127.0.0.1:0").env("GRACEFUL_SHUTDOWN_TIMEOUT_SECONDS", "10");
        Ok(Running(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?))
    }

    /// The same on a queue of its own.
    pub(crate) fn on_its_own(&self, env: &Env) -> Result<(Running, String), TestError> {
        let queue = env.queue("bench");
        Ok((self.start(env.address(), &queue)?, queue))
    }
}

/// A contender at work.
pub(crate) struct Running(Child);

impl Running {
    /// Seconds of user and system time; the kernel counts in hundredths.
    pub(crate) fn cpu(&self) -> Result<f64, TestError> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0.id()))?;
        // The name of the program may hold blanks, and ends with the last parenthesis; user time is the 12th from there.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |n: usize| fields.get(n).and_then(|field| field.parse::<f64>().ok()).ok_or("no CPU time in stat");
        Ok((ticks(11)? + ticks(12)?) / 100.0)
    }

    /// Memory that it holds now, in KiB.
    pub(crate) fn rss(&self) -> Result<f64, TestError> {
        self.status("VmRSS:")
    }

    /// What of it is its own: not the pages of the program's file, which come as its code is run.
    pub(crate) fn anonymous(&self) -> Result<f64, TestError> {
        self.status("RssAnon:")
    }

    fn status(&self, name: &str) -> Result<f64, TestError> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id()))?;
        let line = status.lines().find(|line| line.starts_with(name)).ok_or_else(|| format!("no {name} in status"))?;
        Ok(line.split_whitespace().nth(1).ok_or_else(|| format!("no number in {name}"))?.parse()?)
    }

    /// SIGTERM, and waits for the end.
    pub(crate) fn stop(mut self) -> Result<(), TestError> {
        run(Command::new("kill").args(["-TERM", &self.0.id().to_string()]))?;
        self.0.wait()?;
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended already is what is wanted.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
