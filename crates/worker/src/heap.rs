//! How the process's allocator is set up.

/// glibc gives threads arenas of their own, eight a core, and what one thread has freed stays in its arena when the next
/// thread takes another. Here threads come and go, so a worker would grow by 0.3 KB an activity without holding more.
/// Two arenas end that (ARCHITECTURE.md has the figures). An operator's own word, `MALLOC_ARENA_MAX` or
/// `GLIBC_TUNABLES`, stays. For the start of a process, before it has threads; on other allocators it does nothing.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code)]
pub(crate) fn two_arenas() {
    if ["MALLOC_ARENA_MAX", "GLIBC_TUNABLES"].into_iter().any(|name| std::env::var_os(name).is_some()) {
        return;
    }
    // SAFETY: it sets a limit under the allocator's own lock.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 2);
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) const fn two_arenas() {}
