//! Names are longer and shorter than the template's, so lines break elsewhere: rustfmt says where.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// The text as the workspace's own rules format it; as it is, where there is no rustfmt.
pub(super) fn formatted(root: &Path, text: String) -> String {
    try_formatted(root, &text).unwrap_or(text)
}

fn try_formatted(root: &Path, text: &str) -> Option<String> {
    let mut command = Command::new("rustfmt");
    command.args(["--edition", "2024"]).current_dir(root);
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let mut child = child.ok()?;
    // The end of its input: it reads all before it writes.
    child.stdin.take()?.write_all(text.as_bytes()).ok()?;
    let output = child.wait_with_output().ok()?;
    output.status.success().then(|| String::from_utf8(output.stdout).ok()).flatten()
}
