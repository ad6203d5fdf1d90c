//! The one thread that starts children. Linux ties a child's death signal to the *thread* that started it, so children
//! are started from a thread that lives as long as the process.

use std::io;
use std::process::{Child, Command};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;

/// A program that was just written is busy while another thread's fork still holds it open, between that fork and its
/// exec: a matter of milliseconds, so starting it is tried again.
const BUSY_TRIES: u32 = 50;
const BUSY_PAUSE: Duration = Duration::from_millis(10);

struct Job {
    command: Command,
    reply: mpsc::SyncSender<io::Result<Child>>,
}

static JOBS: Mutex<Option<mpsc::Sender<Job>>> = Mutex::new(None);

/// Starts a child that the kernel kills when this process dies.
pub(super) fn spawn(command: Command) -> io::Result<Child> {
    let (reply, answer) = mpsc::sync_channel(1);
    jobs()?.send(Job { command, reply }).map_err(|_| gone())?;
    answer.recv().map_err(|_| gone())?
}

fn gone() -> io::Error {
    io::Error::other("the thread that starts children is gone")
}

fn jobs() -> io::Result<mpsc::Sender<Job>> {
    let mut jobs = JOBS.lock();
    if let Some(jobs) = &*jobs {
        return Ok(jobs.clone());
    }
    let (sender, receiver) = mpsc::channel();
    thread::Builder::new().name("child-spawner".into()).spawn(move || run(&receiver))?;
    Ok(jobs.insert(sender).clone())
}

fn run(jobs: &mpsc::Receiver<Job>) {
    for Job { mut command, reply } in jobs {
        die_with_parent(&mut command);
        let _ = reply.send(start(&mut command));
    }
}

fn start(command: &mut Command) -> io::Result<Child> {
    for _ in 1..BUSY_TRIES {
        match command.spawn() {
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy => thread::sleep(BUSY_PAUSE),
            outcome => return outcome,
        }
    }
    command.spawn()
}

/// The kernel is told to kill the child when the spawner thread ends, that is, when the process does.
///
/// This is the one place in the workspace's servers with `unsafe`: code between fork and exec may only do what is safe
/// in a signal handler. `prctl` and `getppid` are plain system calls, and `from_raw_os_error` does not allocate.
#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
fn die_with_parent(command: &mut Command) {
    use std::os::unix::process::CommandExt as _;

    use nix::errno::Errno;
    use nix::sys::prctl;
    use nix::sys::signal::Signal;
    use nix::unistd::{getpid, getppid};

    let parent = getpid();
    let tie = move || {
        prctl::set_pdeathsig(Signal::SIGKILL).map_err(|errno| io::Error::from_raw_os_error(errno as i32))?;
        // The parent may have died before the line above, and then nothing would kill the child.
        if getppid() == parent { Ok(()) } else { Err(io::Error::from_raw_os_error(Errno::ESRCH as i32)) }
    };
    // SAFETY: see above: `tie` makes two system calls, allocates nothing, takes no lock and owns only a process id.
    unsafe {
        command.pre_exec(tie);
    }
}

#[cfg(not(target_os = "linux"))]
fn die_with_parent(_command: &mut Command) {}
