//! A process as a container has it: alone in its process ids, so it is PID 1; a root file system of its own, read-only; a
//! user that is nobody else, without capabilities and without a way to get any. The network is this machine's.
//!
//! Two processes, both this program again: one makes the namespaces, stays outside, and passes on how the other ended; the
//! other sets up its root file system, gives up its rights, and becomes the program.

use std::{
    convert::Infallible,
    ffi::OsString,
    fs, io,
    os::unix::process::{CommandExt as _, ExitStatusExt as _},
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    sync::{Arc, atomic::AtomicBool},
};

use clap::Args;
use nix::{
    errno::Errno,
    mount::{MntFlags, MsFlags, mount, umount2},
    sched::{CloneFlags, unshare},
    sys::{
        prctl,
        signal::Signal,
        statvfs::{FsFlags, statvfs},
    },
    unistd::{Gid, Uid, chdir, getegid, geteuid, pivot_root, setgroups, setresgid, setresuid},
};

use crate::failure::Failure;

/// What a process in /dev may expect; a container has these.
const DEVICES: [&str; 5] = ["null", "zero", "full", "random", "urandom"];

/// What the hidden verb takes. The environment is handed on as it is.
#[derive(Args)]
pub(crate) struct CellArguments {
    /// The root file system
    #[arg(long)]
    root: PathBuf,
    #[arg(long)]
    uid: u32,
    #[arg(long)]
    gid: u32,
    /// The namespaces are there
    #[arg(long)]
    inside: bool,
    /// They are inside a user namespace
    #[arg(long)]
    mapped: bool,
    #[arg(last = true, required = true)]
    command: Vec<OsString>,
}

/// The command that runs `entrypoint` in that root file system, as that user and group, with that environment alone.
pub(crate) fn command(
    root: &Path,
    (uid, gid): (u32, u32),
    env: &[(String, String)],
    entrypoint: &[String],
) -> Result<Command, Failure> {
    let mut command = Command::new(this_program()?);
    command.arg("image-cell").arg("--root").arg(root);
    command.args(["--uid", &uid.to_string(), "--gid", &gid.to_string(), "--"]).args(entrypoint);
    command.env_clear().envs(env.iter().map(|(name, value)| (name, value)));
    Ok(command)
}

/// The hidden verb.
pub(crate) fn run(arguments: &CellArguments) -> Result<ExitCode, Failure> {
    if arguments.inside {
        let Err(failure) = inside(arguments);
        return Err(failure);
    }
    // The signal goes to the whole group; this process stays to say how the other ended.
    for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT] {
        let heard = Arc::new(AtomicBool::new(false));
        signal_hook::flag::register(signal, heard).map_err(refused("to handle a signal"))?;
    }
    let mapped = !geteuid().is_root();
    isolate(mapped)?;
    let mut command = Command::new(this_program()?);
    command.arg("image-cell").arg("--inside").args(mapped.then_some("--mapped")).arg("--root").arg(&arguments.root);
    command.args(["--uid", &arguments.uid.to_string(), "--gid", &arguments.gid.to_string(), "--"]);
    let status = command.args(&arguments.command).status().map_err(refused("a process in new namespaces"))?;
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    Ok(code.and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}

fn this_program() -> Result<PathBuf, Failure> {
    std::env::current_exe().map_err(|source| Failure::Start { program: "xtask".to_owned(), source })
}

/// New namespaces. Root makes them as a container's runtime does; others by way of a user namespace, in which they are root.
fn isolate(mapped: bool) -> Result<(), Failure> {
    if mapped {
        become_in_a_user_namespace(0, 0)?;
    }
    let namespaces = CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWPID | CloneFlags::CLONE_NEWIPC;
    unshare(namespaces).map_err(forbidden("namespaces of mounts and process ids"))
}

/// A new user namespace, in which this user, and no other, has that id.
fn become_in_a_user_namespace(uid: u32, gid: u32) -> Result<(), Failure> {
    let (outer_uid, outer_gid) = (geteuid(), getegid());
    unshare(CloneFlags::CLONE_NEWUSER).map_err(forbidden("a user namespace"))?;
    let map = |file: &str, text: String| fs::write(file, text).map_err(refused("to map the user"));
    map("/proc/self/setgroups", "deny".to_owned())?;
    map("/proc/self/uid_map", format!("{uid} {outer_uid} 1"))?;
    map("/proc/self/gid_map", format!("{gid} {outer_gid} 1"))
}

fn inside(arguments: &CellArguments) -> Result<Infallible, Failure> {
    mount_all(&arguments.root)?;
    give_up_rights(arguments)?;
    let (program, rest) = arguments
        .command
        .split_first()
        .ok_or_else(|| Failure::Start { program: "the image".to_owned(), source: io::ErrorKind::NotFound.into() })?;
    let source = Command::new(program).args(rest).exec();
    Err(Failure::Start { program: program.to_string_lossy().into_owned(), source })
}

/// The folder becomes the root, with what a container finds in it besides the image's files.
fn mount_all(root: &Path) -> Result<(), Failure> {
    const NONE: Option<&str> = None;
    let plain = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount(NONE, "/", NONE, MsFlags::MS_REC | MsFlags::MS_PRIVATE, NONE).map_err(forbidden("mounts of its own"))?;
    mount(Some(root), root, NONE, MsFlags::MS_BIND, NONE).map_err(forbidden("the root file system"))?;
    mount(Some("proc"), &root.join("proc"), Some("proc"), plain, NONE).map_err(forbidden("a /proc of its own"))?;
    let sys = MsFlags::MS_BIND | MsFlags::MS_REC;
    mount(Some("/sys"), &root.join("sys"), NONE, sys, NONE).map_err(forbidden("/sys"))?;
    let dev = root.join("dev");
    mount(Some("dev"), &dev, Some("tmpfs"), MsFlags::MS_NOSUID | MsFlags::MS_NOEXEC, Some("mode=755"))
        .map_err(forbidden("a /dev of its own"))?;
    for device in DEVICES {
        let (from, to) = (Path::new("/dev").join(device), dev.join(device));
        fs::write(&to, "").map_err(refused("to make a device's place"))?;
        mount(Some(&from), &to, NONE, MsFlags::MS_BIND, NONE).map_err(forbidden("a device"))?;
    }
    read_only(&dev)?;
    read_only(root)?;
    // The old root goes under the new one, and away.
    chdir(root).and_then(|()| pivot_root(".", ".")).map_err(forbidden("a root of its own"))?;
    umount2(".", MntFlags::MNT_DETACH).and_then(|()| chdir("/")).map_err(forbidden("a root of its own"))
}

/// What the mount below has set, a user namespace may not take away.
fn read_only(path: &Path) -> Result<(), Failure> {
    let set = statvfs(path).map_err(forbidden("to look at a mount"))?.flags();
    let kept = [
        (FsFlags::ST_NOSUID, MsFlags::MS_NOSUID),
        (FsFlags::ST_NODEV, MsFlags::MS_NODEV),
        (FsFlags::ST_NOEXEC, MsFlags::MS_NOEXEC),
        (FsFlags::ST_NOATIME, MsFlags::MS_NOATIME),
        (FsFlags::ST_NODIRATIME, MsFlags::MS_NODIRATIME),
        (FsFlags::ST_RELATIME, MsFlags::MS_RELATIME),
    ];
    let kept = kept.into_iter().filter(|(there, _)| set.contains(*there)).map(|(_, flag)| flag);
    let flags = kept.fold(MsFlags::MS_BIND | MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY, |all, flag| all | flag);
    mount(None::<&str>, path, None::<&str>, flags, None::<&str>).map_err(forbidden("a read-only root file system"))
}

/// Becoming another user takes root's capabilities away, and starting a program as one those of a user namespace.
fn give_up_rights(arguments: &CellArguments) -> Result<(), Failure> {
    if arguments.mapped {
        become_in_a_user_namespace(arguments.uid, arguments.gid)?;
    } else {
        let (uid, gid) = (Uid::from_raw(arguments.uid), Gid::from_raw(arguments.gid));
        setgroups(&[]).map_err(forbidden("to leave its groups"))?;
        setresgid(gid, gid, gid).and_then(|()| setresuid(uid, uid, uid)).map_err(forbidden("to change the user"))?;
    }
    prctl::set_no_new_privs().map_err(forbidden("to give up rights"))?;
    // After the change of user, which would clear it.
    prctl::set_pdeathsig(Signal::SIGKILL).map_err(forbidden("to die with its parent"))
}

fn forbidden(step: &'static str) -> impl Fn(Errno) -> Failure {
    move |errno| Failure::Cell { step, source: errno.into() }
}

fn refused(step: &'static str) -> impl Fn(io::Error) -> Failure {
    move |source| Failure::Cell { step, source }
}
