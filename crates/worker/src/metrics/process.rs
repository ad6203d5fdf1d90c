//! The process's own figures, under the names that every Prometheus client uses. Read from Linux's /proc at each scrape;
//! elsewhere, or where /proc cannot be read, the figure is left out.

use std::fmt::Write;
use std::fs;

/// Linux shows times to user space in hundredths of a second, whatever the kernel's own tick.
const TICKS_A_SECOND: f64 = 100.0;

/// Appends the figures, with these labels.
pub(super) fn render(text: &mut String, labels: &[(&str, &str)]) {
    let labels = joined(labels);
    let stat = Stat::read();
    let figures = [
        (
            "process_cpu_seconds_total",
            "counter",
            "User and system CPU time spent, in seconds",
            stat.as_ref().map(|stat| stat.cpu_seconds),
        ),
        (
            "process_start_time_seconds",
            "gauge",
            "When the process started, in seconds since the Unix epoch",
            stat.as_ref().and_then(|stat| Some(stat.started_after_boot + boot_seconds()?)),
        ),
        ("process_resident_memory_bytes", "gauge", "Resident memory, in bytes", resident_bytes()),
        ("process_open_fds", "gauge", "Open file descriptors", open_fds()),
        ("process_max_fds", "gauge", "The limit of open file descriptors", max_fds()),
    ];
    for (name, kind, help, value) in figures {
        if let Some(value) = value {
            // Writing into a string cannot fail.
            let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name}{{{labels}}} {value}\n\n");
        }
    }
}

/// Labels as a series bears them, without its braces.
pub(super) fn joined(labels: &[(&str, &str)]) -> String {
    labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escape(value))).collect::<Vec<_>>().join(",")
}

fn escape(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

struct Stat {
    cpu_seconds: f64,
    started_after_boot: f64,
}

impl Stat {
    /// Fields 14, 15 and 22 of proc(5)'s `stat`. The second field is a name that may hold spaces and parentheses.
    fn read() -> Option<Self> {
        let text = fs::read_to_string("/proc/self/stat").ok()?;
        let (_, after_name) = text.rsplit_once(") ")?;
        let ticks = |field: usize| after_name.split(' ').nth(field - 3)?.parse::<f64>().ok();
        Some(Self {
            cpu_seconds: (ticks(14)? + ticks(15)?) / TICKS_A_SECOND,
            started_after_boot: ticks(22)? / TICKS_A_SECOND,
        })
    }
}

fn boot_seconds() -> Option<f64> {
    number_after("/proc/stat", "btime ")
}

fn resident_bytes() -> Option<f64> {
    number_after("/proc/self/status", "VmRSS:").map(|kib| kib * 1024.0)
}

fn max_fds() -> Option<f64> {
    number_after("/proc/self/limits", "Max open files")
}

fn open_fds() -> Option<f64> {
    // One of them is this very listing.
    Some(fs::read_dir("/proc/self/fd").ok()?.count().saturating_sub(1) as f64)
}

/// The first number on the line that begins so.
fn number_after(file: &str, start: &str) -> Option<f64> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(start))?;
    line.split_whitespace().next()?.parse().ok()
}
