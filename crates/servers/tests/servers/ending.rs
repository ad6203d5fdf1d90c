//! The end of a server: asked for by its process id, and seen by its port when whoever started it was killed.

use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

const ROLE: &str = "MAINSPRING_TEST_IS_TO_BE_KILLED";
const HERE: &str = "the server listens on ";
/// The kernel kills the server with its parent; seconds are for a machine that is busy.
const SOON: Duration = Duration::from_secs(20);

pub(crate) fn is_gone(pid: u32) -> bool {
    kill(Pid::from_raw(pid.cast_signed()), None) == Err(Errno::ESRCH)
}

/// Whether this is the process that a test started to kill it.
pub(crate) fn is_to_be_killed() -> bool {
    std::env::var_os(ROLE).is_some()
}

/// That process has started its server, and waits for its end.
#[allow(clippy::print_stdout, reason = "its parent reads it there")]
pub(crate) async fn wait_to_be_killed(address: &str) {
    println!("\n{HERE}{address}");
    std::future::pending::<()>().await;
}

/// Runs a test of this binary as a process that starts a server, kills that process, and waits for the server's port to
/// close.
pub(crate) fn assert_the_server_dies_with(test: &str) {
    let mut parent = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(ROLE, "yes")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(parent.stdout.take().unwrap()).lines().map(Result::unwrap);
    let address = lines.find_map(|line| line.strip_prefix(HERE).map(str::to_owned)).expect("it starts a server");
    let address: SocketAddr = address.parse().unwrap();
    TcpStream::connect(address).expect("it lives as long as its parent");

    parent.kill().unwrap();
    assert_eq!(parent.wait().unwrap().signal(), Some(Signal::SIGKILL as i32));
    let killed = Instant::now();
    while TcpStream::connect(address).is_ok() {
        assert!(killed.elapsed() < SOON, "{address} still answers: the server outlived its parent");
        std::thread::yield_now();
    }
}
