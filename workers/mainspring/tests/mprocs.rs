//! The process manager's file in the real mprocs, in a real terminal: what dies comes back, and q ends everything.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use mainspring_servers::tools::{Progress, Tool, Toolbox};
use mainspring_testing::{TestError, free_port, program};
use nix::errno::Errno;
use nix::pty::{Winsize, openpty};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

type Outcome = Result<(), TestError>;

const MAINSPRING: &str = env!("CARGO_BIN_EXE_mainspring");

/// The worker that dies, and one beside it.
const DIES: &str = "analytics";
const STAYS: &str = "general-purpose-task-queue";

/// The longest wait for an event.
const PATIENCE: Duration = Duration::from_secs(60);

/// mprocs brings back only what has run for a second: what ends at once would end again.
const ITS_PATIENCE: Duration = Duration::from_secs(1);

/// Every task queue of the registry.
fn queues() -> Result<Vec<String>, TestError> {
    let listed = program(MAINSPRING).args(["products", "-o", "json"]).output()?;
    let listed: Value = serde_json::from_slice(&listed.stdout)?;
    let queues = listed["products"].as_array().into_iter().flatten().filter_map(|it| it["task_queue"].as_str());
    Ok(queues.map(str::to_owned).collect::<BTreeSet<_>>().into_iter().collect())
}

/// mprocs in a terminal of its own, which it thinks a person looks at.
struct Terminal {
    mprocs: Child,
    keys: File,
}

impl Terminal {
    fn open(mut mprocs: Command) -> Result<Self, TestError> {
        let size = Winsize { ws_row: 40, ws_col: 140, ws_xpixel: 0, ws_ypixel: 0 };
        let pty = openpty(Some(&size), None)?;
        let (screen, errors): (OwnedFd, OwnedFd) = (pty.slave.try_clone()?, pty.slave.try_clone()?);
        let mprocs = mprocs.stdin(pty.slave).stdout(screen).stderr(errors).spawn()?;
        let keys = File::from(pty.master);
        // A terminal that nobody reads would stop whoever writes to it.
        let mut shown = keys.try_clone()?;
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while shown.read(&mut bytes).is_ok_and(|count| count > 0) {}
        });
        Ok(Self { mprocs, keys })
    }

    fn press(&mut self, key: u8) -> Outcome {
        Ok(self.keys.write_all(&[key])?)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Ended already, when all went well.
        let _ = self.mprocs.kill();
        let _ = self.mprocs.wait();
    }
}

/// Looks until it is so.
async fn until(what: &str, mut is: impl FnMut() -> Result<bool, TestError>) -> Outcome {
    let from = Instant::now();
    let mut looks = tokio::time::interval(Duration::from_millis(50));
    while !is()? {
        if from.elapsed() > PATIENCE {
            return Err(format!("never: {what}").into());
        }
        looks.tick().await;
    }
    Ok(())
}

/// A command that runs ours beside everything else on this machine: on free ports, and noting each process that it became.
fn beside_everything(folder: &Path) -> Result<(PathBuf, String), TestError> {
    let (port, ui_port, folder_name) = (free_port()?, free_port()?, folder.display());
    let script = format!(
        "#!/bin/sh\n\
         case \"$1\" in\n\
         dev) echo $$ >> {folder_name}/temporal.pids; exec {MAINSPRING} \"$@\" --port {port} --ui-port {ui_port} ;;\n\
         *) echo $$ >> {folder_name}/$4.pids\n\
         MAINSPRING_HTTP_ADDR=127.0.0.1:0 exec {MAINSPRING} --address 127.0.0.1:{port} \"$@\" ;;\n\
         esac\n"
    );
    let path = folder.join("mainspring");
    fs::write(&path, script)?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    Ok((path, format!("127.0.0.1:{port}")))
}

/// Each process that the command became under that name.
fn pids(folder: &Path, name: &str) -> Result<Vec<i32>, TestError> {
    let text = fs::read_to_string(folder.join(format!("{name}.pids"))).unwrap_or_default();
    Ok(text.lines().map(str::parse).collect::<Result<_, _>>()?)
}

/// The error with every log: what a person would see in the terminal.
fn with_logs(folder: &Path, queues: &[String], error: &TestError) -> TestError {
    let mut text = error.to_string();
    for name in ["temporal"].into_iter().chain(queues.iter().map(String::as_str)) {
        let log = fs::read_to_string(folder.join(format!("{name}.log"))).unwrap_or_default();
        text.push_str(&format!("\n── {name} {:?}\n{log}", pids(folder, name)));
    }
    text.into()
}

/// How often the worker of that queue began to poll, by the log that mprocs keeps of it.
fn polling(folder: &Path, queue: &str) -> usize {
    fs::read_to_string(folder.join(format!("{queue}.log"))).unwrap_or_default().matches("polling").count()
}

#[tokio::test]
async fn a_worker_that_dies_comes_back_and_quitting_ends_all() -> Outcome {
    let mprocs = Toolbox::from_env()?.provide(&Tool::mprocs(), &Progress::stderr())?.path;
    let folder = tempfile::tempdir()?;
    let folder = folder.path();
    let (ours, address) = beside_everything(folder)?;
    let made = Command::new(MAINSPRING).args(["generate", "mprocs", "--command"]).arg(&ours).output()?;
    fs::write(folder.join("mprocs.yaml"), made.stdout)?;
    let mut command = program(mprocs);
    for service in ["ONBOARDING_ACCOUNTS_URL", "ONBOARDING_EMAIL_URL", "ONBOARDING_RESOURCES_URL"] {
        command.env(service, "http://127.0.0.1:9");
    }
    command.env("ANALYTICS_DATABASE_URL", "sqlite:nowhere.db");
    command.arg("--config").arg(folder.join("mprocs.yaml")).arg("--log-dir").arg(folder);
    let mut terminal = Terminal::open(command)?;
    let queues = queues()?;
    watched(folder, &queues, &mut terminal, &address).await.map_err(|error| with_logs(folder, &queues, &error))
}

async fn watched(folder: &Path, queues: &[String], terminal: &mut Terminal, address: &str) -> Outcome {
    until("every worker polls", || Ok(queues.iter().all(|queue| polling(folder, queue) == 1))).await?;
    let started = fs::metadata(folder.join(format!("{DIES}.pids")))?.modified()?;
    until("mprocs would bring it back", || Ok(started.elapsed()? > ITS_PATIENCE * 2)).await?;
    let first = pids(folder, DIES)?;
    assert_eq!(first.len(), 1, "{first:?}");
    kill(Pid::from_raw(first[0]), Signal::SIGKILL)?;
    until("the worker is back", || Ok(polling(folder, DIES) == 2)).await?;
    assert_eq!(pids(folder, DIES)?.len(), 2, "one process after the other");
    assert_eq!(pids(folder, STAYS)?.len(), 1, "its neighbour was left alone");

    terminal.press(b'q')?;
    let mut status = None;
    until("mprocs quits", || {
        status = terminal.mprocs.try_wait()?;
        Ok(status.is_some())
    })
    .await?;
    assert!(status.is_some_and(|status| status.success()), "{status:?}");
    for name in ["temporal"].into_iter().chain(queues.iter().map(String::as_str)) {
        for pid in pids(folder, name)? {
            until("no process is left", || Ok(kill(Pid::from_raw(pid), None) == Err(Errno::ESRCH))).await?;
        }
    }
    assert!(std::net::TcpStream::connect(address).is_err(), "the server is gone");
    Ok(())
}
