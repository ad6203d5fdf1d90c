//! How the process's allocator is set up.

/// glibc gives threads arenas of their own, up to eight a core, and what one thread has freed stays in its arena when the
/// next thread takes another. Here threads come and go, so a worker would grow by 0.3 KB an activity without holding more.
/// An arena a core, and two at least, ends that (ARCHITECTURE.md has the figures). An operator's own word, `MALLOC_ARENA_MAX` or
/// `GLIBC_TUNABLES`, stays. For the start of a process, before it has threads; on other allocators it does nothing.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code)]
pub(crate) fn few_arenas() {
    if ["MALLOC_ARENA_MAX", "GLIBC_TUNABLES"].into_iter().any(|name| std::env::var_os(name).is_some()) {
        return;
    }
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    // SAFETY: it sets a limit under the allocator's own lock.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, i32::try_from(cores).unwrap_or(i32::MAX).max(2));
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) const fn few_arenas() {}
