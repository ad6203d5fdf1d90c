//! How a server in Java is run.

use std::path::Path;
use std::process::Command;

/// Java with the jars of a folder, on its way to a class of them. A server of a test lives for seconds to minutes: it
/// should start fast and stay small.
pub(crate) fn command(java: &Path, jars: &Path, heap: &str) -> Command {
    let mut command = Command::new(java);
    command.args(["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto", heap]);
    command.arg("-cp").arg(jars.join("*"));
    // What is meant for the Java programs of this machine's user would be said on stderr, and may not fit this one.
    command.env_remove("JAVA_TOOL_OPTIONS").env_remove("_JAVA_OPTIONS").env_remove("CLASSPATH");
    command
}
