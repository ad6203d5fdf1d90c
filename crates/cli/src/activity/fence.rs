//! A process without a network: a network namespace of its own, with nothing in it that is up, not even the loopback.

use crate::exit::Failure;

/// Moves this process behind the fence. Only one of a single thread can be moved.
#[cfg(target_os = "linux")]
pub(super) fn enter() -> Result<(), Failure> {
    use nix::sched::{CloneFlags, unshare};
    // A user namespace, so that nobody needs to be root.
    unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNET).map_err(|error| refused(&error.to_string()))
}

/// There is no such fence elsewhere.
#[cfg(not(target_os = "linux"))]
pub(super) fn enter() -> Result<(), Failure> {
    Err(refused("only Linux has it"))
}

fn refused(cause: &str) -> Failure {
    Failure::Other(format!(
        "this process could not be put into a network namespace of its own ({cause}), so the activity was not run. Allow user \
         namespaces here (sysctl kernel.unprivileged_userns_clone=1 or user.max_user_namespaces, or a container without that \
         seccomp rule), or run it with --allow-effects, if what it does may be done again"
    ))
}
