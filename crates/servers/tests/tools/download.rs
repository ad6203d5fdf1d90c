//! The download from a local server: whole or not at all.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use mainspring_servers::ServersError;
use mainspring_servers::tools::{Archive, How, Progress, Tool, Toolbox};
use tempfile::TempDir;

use crate::published::{PATH, Publisher, Reply, WORDS, archive, hello, platform, sum};

struct Cache(TempDir);

impl Cache {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn toolbox(&self, publisher: &Publisher) -> Toolbox {
        Toolbox::new(self.0.path()).download_base(&publisher.base)
    }

    /// Every file in the cache but locks, and every empty folder.
    fn files(&self) -> Vec<PathBuf> {
        fn list(folder: &Path, into: &mut Vec<PathBuf>) {
            let mut entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).peekable();
            if entries.peek().is_none() {
                into.push(folder.to_owned());
            }
            entries.for_each(|path| if path.is_dir() { list(&path, into) } else { into.push(path) });
        }
        let mut files = Vec::new();
        list(self.0.path(), &mut files);
        files.retain(|path| path.extension().is_none_or(|extension| extension != "lock"));
        files
    }
}

/// The one failed download among the attempts.
fn refusal(outcome: Result<mainspring_servers::tools::Installed, ServersError>) -> ServersError {
    let Err(ServersError::NotInstalled { attempts, .. }) = outcome else { panic!("{outcome:?}") };
    attempts.into_iter().find(|attempt| attempt.way == "download").unwrap().error
}

#[test]
fn a_good_archive_is_installed_once_and_runs() {
    let (cache, archive) = (Cache::new(), archive("hello"));
    let publisher = Publisher::new([Reply::Moved("/elsewhere"), Reply::Whole(archive.clone())]);
    let toolbox = cache.toolbox(&publisher);
    let installed = toolbox.provide(&hello(&archive), &Progress::silent()).unwrap();
    assert_eq!((installed.how, installed.version.as_deref()), (How::Downloaded, Some("1.8.9")));
    assert_eq!(cache.files(), std::slice::from_ref(&installed.path));
    let output = Command::new(&installed.path).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), WORDS);
    assert_eq!(publisher.requests(), [format!("/{PATH}"), "/elsewhere".to_owned()]);

    // Nobody serves it any more, and nobody has to.
    let again = toolbox.provide(&hello(&archive), &Progress::silent()).unwrap();
    assert_eq!((again.how, again.path), (How::Cached, installed.path));
}

#[test]
fn a_bad_checksum_is_refused_with_both_sums() {
    let (cache, good, bad) = (Cache::new(), archive("hello"), archive("other"));
    let publisher = Publisher::new([Reply::Whole(bad.clone())]);
    let error = refusal(cache.toolbox(&publisher).provide(&hello(&good), &Progress::silent()));
    let url = format!("{}/{PATH}", publisher.base);
    assert_eq!(
        error.to_string(),
        format!(
            "the download of {url} was refused: its SHA-256 is {}, and must be {}; \
             the file was changed on its way, or the mirror serves another one",
            sum(&bad),
            sum(&good)
        )
    );
    assert_eq!(cache.files(), [] as [PathBuf; 0]);
}

#[test]
fn a_cut_stream_is_refused_and_a_retry_works() {
    let (cache, archive) = (Cache::new(), archive("hello"));
    let publisher = Publisher::new([Reply::Cut(archive.clone()), Reply::Missing, Reply::Whole(archive.clone())]);
    let toolbox = cache.toolbox(&publisher);
    let error = refusal(toolbox.provide(&hello(&archive), &Progress::silent()));
    assert!(matches!(error, ServersError::Download { .. }), "{error:?}");
    assert!(error.to_string().starts_with(&format!("the download of {}/{PATH} failed: ", publisher.base)), "{error}");
    let error = refusal(toolbox.provide(&hello(&archive), &Progress::silent()));
    assert!(error.to_string().contains("failed: http status: 404"), "{error}");
    assert_eq!(cache.files(), [] as [PathBuf; 0]);

    let installed = toolbox.provide(&hello(&archive), &Progress::silent()).unwrap();
    assert_eq!(cache.files(), [installed.path]);
}

#[test]
fn a_download_over_the_limit_is_refused_announced_or_not() {
    let cache = Cache::new();
    let publisher = Publisher::new([Reply::Whole(vec![0; 5001]), Reply::Zeros(64 << 20)]);
    let toolbox = cache.toolbox(&publisher).download_limit(5000);
    for _ in 0..2 {
        let error = refusal(toolbox.provide(&hello(b""), &Progress::silent()));
        let expected = format!("the download of {}/{PATH} was refused: it is larger than 5000 bytes", publisher.base);
        assert_eq!(error.to_string(), expected);
    }
    assert_eq!(cache.files(), [] as [PathBuf; 0]);
}

#[test]
fn an_archive_without_the_program_is_refused() {
    let cache = Cache::new();
    for (archive, reason) in [
        (archive("goodbye"), "there is no file `hello` in it"),
        (b"no archive at all".to_vec(), "it is no .tar.gz that can be read"),
    ] {
        let publisher = Publisher::new([Reply::Whole(archive.clone())]);
        let error = refusal(cache.toolbox(&publisher).provide(&hello(&archive), &Progress::silent()));
        assert!(error.to_string().contains(reason), "{error}");
    }
    assert_eq!(cache.files(), [] as [PathBuf; 0]);
}

#[test]
fn a_platform_without_an_archive_is_said() {
    let cache = Cache::new();
    let tool = Tool::new("Hello", "hello", "1.8.9").archive(Archive::new("plan9_mips", PATH, sum(b"")));
    let error = refusal(Toolbox::new(cache.0.path()).provide(&tool, &Progress::silent()));
    assert_eq!(error.to_string(), format!("no archive is published for {}", platform()));
}

#[test]
fn of_eight_who_install_at_once_one_downloads() {
    let (cache, archive) = (Cache::new(), archive("hello"));
    let publisher = Publisher::new([Reply::Whole(archive.clone())]);
    let (toolbox, tool) = (cache.toolbox(&publisher), hello(&archive));
    let ways: Vec<How> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..8).map(|_| scope.spawn(|| toolbox.provide(&tool, &Progress::silent()).unwrap().how)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(ways.iter().filter(|how| **how == How::Downloaded).count(), 1, "{ways:?}");
    assert_eq!(ways.iter().filter(|how| **how == How::Cached).count(), 7, "{ways:?}");
}

#[test]
fn an_installation_killed_half_way_leaves_nothing_in_the_way_of_the_next() {
    const ROLE: &str = "MAINSPRING_TEST_INSTALL_INTO";
    let archive = archive("hello");
    if let Some(cache) = std::env::var_os(ROLE) {
        // This is the one that gets killed, in a process of its own.
        let base = std::env::var("MAINSPRING_TEST_INSTALL_FROM").unwrap();
        let outcome = Toolbox::new(cache).download_base(base).provide(&hello(&archive), &Progress::silent());
        unreachable!("{outcome:?}");
    }

    let cache = Cache::new();
    let (sent, half) = mpsc::channel();
    let publisher = Publisher::new([Reply::Hang(archive.clone(), sent), Reply::Whole(archive.clone())]);
    let mut killed = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "download::an_installation_killed_half_way_leaves_nothing_in_the_way_of_the_next"])
        .env(ROLE, cache.0.path())
        .env("MAINSPRING_TEST_INSTALL_FROM", &publisher.base)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    half.recv_timeout(Duration::from_secs(20)).unwrap();
    killed.kill().unwrap();
    killed.wait().unwrap();
    let tool = hello(&archive);
    assert_eq!(cache.toolbox(&publisher).find(&tool), None, "half a program is none");

    let installed = cache.toolbox(&publisher).provide(&tool, &Progress::silent()).unwrap();
    assert_eq!(installed.how, How::Downloaded);
    assert_eq!(cache.files(), [installed.path], "what the killed one left is cleared away");
}
