//! A server that is started and never answers.

use std::time::Duration;

use mainspring_servers::ServersError;

use crate::ending::is_gone;

/// A start by a program that says `my process is PID` and never answers ends after its limit, with what it asked last in the
/// message, and takes the program along.
pub(crate) async fn assert_given_up(start: impl AsyncFn(Duration) -> ServersError, asked: &str) {
    // A busy machine may take longer to start a shell.
    for limit in [Duration::from_millis(1500), Duration::from_secs(20)] {
        let message = start(limit).await.to_string();
        let Some((_, pid)) = message.rsplit_once("my process is ") else { continue };
        let expected = format!("was not ready within {limit:?} (last answer: {asked}: Connection refused");
        assert!(message.contains(&expected), "{message}");
        assert!(is_gone(pid.parse().unwrap()), "{message}");
        return;
    }
    panic!("the shell never said what its process is");
}
