//! How many workflows fit into memory, from the limit that the kernel sets on this process.

use std::fs;

/// What one cached workflow costs, in bytes: measured at 12–20 KB for small ones (`cargo xtask bench worker`), and the
/// budget is the upper end.
const BYTES_A_WORKFLOW: u64 = 20 * 1024;
/// The share of the memory limit that cached workflows may fill: activities need the rest.
const SHARE: u64 = 4;

/// Workflows to keep in memory under a limit of that many bytes: a quarter of it at 20 KB each, at least 100 and at most
/// 10,000 (an eviction costs a replay, and a larger cache costs more to walk than it saves).
///
/// ```
/// use mainspring_worker::cache_size;
///
/// assert_eq!(cache_size(512 << 20), 6553);
/// assert_eq!(cache_size(1 << 20), 100);
/// assert_eq!(cache_size(64 << 30), 10_000);
/// ```
pub fn cache_size(memory_limit_bytes: u64) -> usize {
    usize::try_from(memory_limit_bytes / SHARE / BYTES_A_WORKFLOW).unwrap_or(usize::MAX).clamp(100, 10_000)
}

/// The memory limit of this process in bytes: the cgroup's (version 2, then 1), else the machine's memory, else 1 GiB.
pub(super) fn memory_limit() -> u64 {
    let cgroup = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]
        .into_iter()
        .filter_map(|path| fs::read_to_string(path).ok()?.trim().parse::<u64>().ok())
        .min();
    let machine = fs::read_to_string("/proc/meminfo").ok().and_then(|text| total_memory(&text));
    cgroup.into_iter().chain(machine).min().unwrap_or(1 << 30)
}

fn total_memory(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machines_memory_is_read() {
        assert_eq!(total_memory("MemTotal:       24576000 kB\nMemFree: 1 kB\n"), Some(24_576_000 * 1024));
        assert_eq!(total_memory("nothing"), None);
        assert!(memory_limit() > 0);
    }
}
