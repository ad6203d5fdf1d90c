//! A child never outlives its parent, whatever ends the parent; and what it says is kept.

#![allow(clippy::unwrap_used, reason = "what a test sets up for itself fails the test")]

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use mainspring_servers::ServersError;
use mainspring_servers::process::OwnedProcess;
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::stat::Mode;
use nix::unistd::{Pid, getpgid, getpgrp, mkfifo};
use tempfile::TempDir;

const SOON: Duration = Duration::from_secs(20);

/// A pipe with a name. A child that holds it open tells of its death by that: the other end reads its end.
struct Lifeline {
    _folder: TempDir,
    path: PathBuf,
}

enum News {
    Born(Pid),
    Dead,
}

impl Lifeline {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lifeline");
        mkfifo(&path, Mode::S_IRWXU).unwrap();
        Self { _folder: folder, path }
    }

    fn watch(&self) -> mpsc::Receiver<News> {
        let (tell, news) = mpsc::channel();
        let path = self.path.clone();
        std::thread::spawn(move || {
            let mut pipe = BufReader::new(File::open(path).unwrap());
            let mut line = String::new();
            pipe.read_line(&mut line).unwrap();
            tell.send(News::Born(Pid::from_raw(line.trim().parse().unwrap()))).unwrap();
            assert_eq!(pipe.read_to_string(&mut line).unwrap(), 0);
            let _ = tell.send(News::Dead);
        });
        news
    }
}

/// Writes its process id into the lifeline and holds that open for ever, deaf to polite signals.
fn immortal(lifeline: &Path) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' TERM INT HUP; exec 9>\"$0\"; echo $$ >&9; exec sleep 3600"]).arg(lifeline);
    command
}

fn shell(script: &str) -> OwnedProcess {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    OwnedProcess::start("a script", command).unwrap()
}

/// What it said, once `last` is the end of it: on a busy machine its output is read after its end.
fn said(child: &OwnedProcess, last: &str) -> Vec<String> {
    let asked = Instant::now();
    loop {
        let lines = child.last_lines();
        if lines.last().is_some_and(|line| line == last) || asked.elapsed() > SOON {
            return lines;
        }
        std::thread::yield_now();
    }
}

fn born(news: &mpsc::Receiver<News>) -> Pid {
    match news.recv_timeout(SOON).unwrap() {
        News::Born(pid) => pid,
        News::Dead => panic!("dead before it was born"),
    }
}

fn assert_dies(news: &mpsc::Receiver<News>) {
    assert!(matches!(news.recv_timeout(SOON), Ok(News::Dead)), "the child outlived its parent");
}

fn is_gone(pid: Pid) -> bool {
    kill(pid, None) == Err(Errno::ESRCH)
}

#[cfg(target_os = "linux")]
#[test]
fn a_child_dies_when_its_parent_is_killed() {
    const ROLE: &str = "MAINSPRING_TEST_LIFELINE";
    if let Some(lifeline) = std::env::var_os(ROLE) {
        // This is the parent, in a process of its own: it has a child and waits to be killed.
        let child = OwnedProcess::start("the child", immortal(Path::new(&lifeline))).unwrap();
        child.wait_blocking(Duration::from_secs(3600));
        unreachable!("neither was killed");
    }

    let lifeline = Lifeline::new();
    let news = lifeline.watch();
    let mut parent = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_child_dies_when_its_parent_is_killed", "--nocapture"])
        .env(ROLE, &lifeline.path)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let child = born(&news);
    assert!(!is_gone(child) && news.try_recv().is_err(), "it lives as long as its parent");

    parent.kill().unwrap();
    assert_eq!(parent.wait().unwrap().signal(), Some(Signal::SIGKILL as i32));
    assert_dies(&news);
}

#[test]
fn a_child_dies_when_its_owner_panics() {
    let lifeline = Lifeline::new();
    let news = lifeline.watch();
    let path = lifeline.path;
    let (tell, told) = mpsc::channel();
    let owner = std::thread::spawn(move || {
        let child = OwnedProcess::start("the child", immortal(&path)).unwrap();
        let pid = born(&news);
        tell.send((news, pid)).unwrap();
        panic!("the owner of process {} panics, as this test wants it to", child.pid());
    });
    let (news, pid) = told.recv_timeout(SOON).unwrap();
    assert!(owner.join().is_err());
    assert!(is_gone(pid), "the child is collected before the panic has unwound");
    assert_dies(&news);
}

#[test]
fn a_child_outlives_the_thread_that_started_it() {
    let lifeline = Lifeline::new();
    let path = lifeline.path.clone();
    let child = std::thread::spawn(move || {
        let mut command = Command::new("sh");
        // It answers when it is written to, and that is after its thread has gone.
        command.args(["-c", "read word < \"$0\"; echo heard $word"]).arg(path);
        OwnedProcess::start("the child", command).unwrap()
    });
    let child = child.join().unwrap();
    std::fs::write(&lifeline.path, "you\n").unwrap();
    assert!(child.wait_blocking(SOON).unwrap().success());
    assert_eq!(said(&child, "heard you"), ["heard you"]);
}

#[test]
fn what_a_child_started_dies_with_it() {
    let start = || {
        let (lifeline, leave) = (Lifeline::new(), Lifeline::new());
        let news = lifeline.watch();
        let mut command = Command::new("sh");
        let script = "(exec 9>\"$0\"; echo 1 >&9; exec sleep 3600) & read word < \"$1\"";
        command.args(["-c", script]).args([&lifeline.path, &leave.path]);
        let child = OwnedProcess::start("the child", command).unwrap();
        born(&news);
        (child, news, leave)
    };
    let (child, news, _) = start();
    drop(child);
    assert_dies(&news);

    // One that ends by itself takes it along too.
    let (child, news, leave) = start();
    std::fs::write(&leave.path, "leave\n").unwrap();
    assert!(child.wait_blocking(SOON).unwrap().success());
    assert_dies(&news);
}

#[tokio::test]
async fn a_child_has_a_process_group_of_its_own() {
    let child = shell("echo up; exec sleep 3600");
    child.wait_for_line("up").await.unwrap();
    let pid = Pid::from_raw(child.pid().cast_signed());
    assert_eq!(getpgid(Some(pid)).unwrap(), pid);
    assert_ne!(pid, getpgrp(), "a terminal's Ctrl-C would reach it");
}

#[tokio::test]
async fn stop_asks_first_and_kills_who_does_not_listen() {
    let polite = shell("trap 'echo bye; exit 7' TERM; echo up; while :; do sleep 3600 & wait; done");
    polite.wait_for_line("up").await.unwrap();
    assert_eq!(polite.stop(SOON).await.code(), Some(7));
    assert_eq!(said(&polite, "bye"), ["up", "bye"]);
    assert!(is_gone(Pid::from_raw(polite.pid().cast_signed())));

    let deaf = shell("trap '' TERM; echo up; while :; do sleep 3600 & wait; done");
    deaf.wait_for_line("up").await.unwrap();
    let exit = deaf.stop(Duration::from_millis(100)).await;
    assert_eq!(exit.signal(), Some(Signal::SIGKILL as i32));
    assert!(exit.to_string().contains("SIGKILL"), "{exit}");
    assert_eq!(deaf.stop(SOON).await, exit, "stopping twice is harmless");
}

#[tokio::test]
async fn the_last_hundred_lines_of_both_outputs_are_kept_and_long_ones_are_cut() {
    let child = shell("i=0; while [ $i -lt 150 ]; do echo out $i; echo err $i >&2; i=$((i+1)); done");
    assert!(child.wait().await.success());
    let expected: Vec<String> = (100..150).flat_map(|i| [format!("out {i}"), format!("err {i}")]).collect();
    assert_eq!(said(&child, "err 149"), expected);

    let child = shell("head -c 10000 /dev/zero | tr '\\0' x; exit 3");
    assert_eq!(child.wait().await.code(), Some(3));
    assert_eq!(said(&child, &"x".repeat(1808)).iter().map(String::len).collect::<Vec<_>>(), [4096, 4096, 1808]);
}

#[tokio::test]
async fn a_line_that_never_comes_is_an_error_with_what_came_instead() {
    let error = shell("echo starting; echo out of luck").wait_for_line("ready").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "a script ended its output without a line that has \"ready\"; its last lines:\n    | starting\n    | out of luck"
    );
}

#[test]
fn a_missing_program_is_an_error_that_names_it() {
    let error = OwnedProcess::start("the dev server", Command::new("/no/such/program")).unwrap_err();
    assert!(matches!(error, ServersError::Spawn { .. }));
    let message = error.to_string();
    assert!(message.starts_with("cannot start the dev server (/no/such/program): No such file"), "{message}");
}
