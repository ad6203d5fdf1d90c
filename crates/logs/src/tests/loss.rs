//! Invariant 3: a stream that does not take lines costs lines, counted, and nothing else.

use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use super::Kept;
use crate::writer::{LogGuard, Sink, start};

const LONG: Duration = Duration::from_secs(30);

/// A stream that says when a write begins, and goes on when it is told to.
struct Gate {
    begun: Sender<()>,
    go: Receiver<()>,
    kept: Kept,
}

impl io::Write for Gate {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.begun.send(()).map_err(io::Error::other)?;
        // An error when the test has let go of the gate: open from then on.
        let _ = self.go.recv();
        self.kept.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn gate(capacity: usize) -> (Sink, LogGuard, Receiver<()>, Sender<()>, Kept) {
    let ((begun, has_begun), (go, may_go), kept) = (channel(), channel(), Kept::default());
    let (sink, guard) = start(Box::new(Gate { begun, go: may_go, kept: kept.clone() }), capacity).unwrap();
    (sink, guard, has_begun, go, kept)
}

#[test]
fn a_stuck_stream_costs_the_lines_that_do_not_fit() {
    let (sink, guard, has_begun, go, kept) = gate(100);
    sink.write("first\n");
    has_begun.recv_timeout(LONG).unwrap();
    for i in 0..15 {
        sink.write(&format!("line {i:04}\n"));
    }
    assert_eq!(guard.stats().lost(), 5, "ten lines of ten bytes fit");
    assert!(!guard.flush(Duration::from_millis(1)), "nothing can be written yet");
    assert_eq!(guard.stats().written(), 0);
    drop(go);
    assert!(guard.flush(LONG));
    assert_eq!(guard.stats().written(), 11);
    let text = String::from_utf8(kept.0.lock().clone()).unwrap();
    assert!(text.starts_with("first\nline 0000\n") && text.ends_with("line 0009\n"), "{text}");
}

#[test]
fn a_stream_that_recovers_takes_lines_again() {
    struct FailsOnce(bool, Kept);
    impl io::Write for FailsOnce {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if std::mem::replace(&mut self.0, true) {
                self.1.write(bytes)
            } else {
                Err(io::ErrorKind::StorageFull.into())
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let kept = Kept::default();
    let (sink, guard) = start(Box::new(FailsOnce(false, kept.clone())), 1000).unwrap();
    sink.write("lost\n");
    assert!(guard.flush(LONG));
    sink.write("written\n");
    assert!(guard.flush(LONG));
    assert_eq!((guard.stats().lost(), guard.stats().written()), (1, 1));
    assert_eq!(*kept.0.lock(), b"written\n");
}

#[test]
fn an_interrupted_or_busy_stream_loses_nothing() {
    struct Bumpy(Vec<io::ErrorKind>, Kept);
    impl io::Write for Bumpy {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            match self.0.pop() {
                Some(kind) => Err(kind.into()),
                None => self.1.write(&bytes[..1]),
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let kept = Kept::default();
    let bumps = vec![io::ErrorKind::WouldBlock, io::ErrorKind::Interrupted, io::ErrorKind::WouldBlock];
    let (sink, guard) = start(Box::new(Bumpy(bumps, kept.clone())), 1000).unwrap();
    sink.write("byte by byte\n");
    assert!(guard.flush(LONG));
    assert_eq!((guard.stats().lost(), guard.stats().written()), (0, 1));
    assert_eq!(*kept.0.lock(), b"byte by byte\n");
}

#[test]
fn the_thread_ends_with_the_last_caller() {
    struct TellsTheEnd(Sender<()>, Kept);
    impl io::Write for TellsTheEnd {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.1.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    impl Drop for TellsTheEnd {
        fn drop(&mut self) {
            let _ = self.0.send(());
        }
    }
    let (ended, has_ended) = channel();
    let kept = Kept::default();
    let (sink, guard) = start(Box::new(TellsTheEnd(ended, kept.clone())), 1000).unwrap();
    sink.write("last\n");
    drop(sink);
    has_ended.recv_timeout(LONG).unwrap();
    assert_eq!(*kept.0.lock(), b"last\n");
    assert!(guard.flush(LONG));
}
