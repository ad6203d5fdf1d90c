//! A folder for a server's data, which goes with the server. A test binary ends without dropping what its tests share,
//! or is killed: so each new folder takes along those whose process is gone. A lock tells that: the kernel lets go of it.

use std::fs::{self, File, Permissions, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::ServersError;

/// How long what a killed server had started itself may go on making files, and the pause between two removals.
const LAST_FILES: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(10);

/// Dropping it removes the folder.
#[derive(Debug)]
pub(crate) struct Scratch {
    folder: PathBuf,
    /// Beside the folder, and locked for as long as this lives.
    lock: PathBuf,
    _locked: File,
}

impl Scratch {
    /// A new folder of that server below the machine's folder for temporary files.
    pub(crate) fn new(server: &str) -> Result<Self, ServersError> {
        Self::below(&std::env::temp_dir().join(format!("mainspring-servers-{}", nix::unistd::getuid())), server)
    }

    fn below(parent: &Path, server: &str) -> Result<Self, ServersError> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        fs::create_dir_all(parent).map_err(failed("create", parent))?;
        // A server may run as another user than this process.
        fs::set_permissions(parent, Permissions::from_mode(0o755)).map_err(failed("open to others", parent))?;
        sweep(parent);
        let (folder, lock, locked) = loop {
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            let folder = parent.join(format!("{server}-{}-{number}", std::process::id()));
            let lock = folder.with_extension("lock");
            if let Some(locked) = take(&lock, |_| {})? {
                break (folder, lock, locked);
            }
        };
        // One of that name is of a dead process with our number.
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).map_err(failed("create", &folder))?;
        Ok(Self { folder, lock, _locked: locked })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let from = Instant::now();
        // A file that was made meanwhile is in the way.
        while fs::remove_dir_all(&self.folder).is_err_and(|error| error.kind() == ErrorKind::DirectoryNotEmpty)
            && from.elapsed() < LAST_FILES
        {
            thread::sleep(PAUSE);
        }
        let _ = fs::remove_file(&self.lock);
    }
}

/// Makes and locks that file, or gives `None` when the sweep of another process was quicker: it may lock a new file before
/// its owner does, and then removes it. `made` is called between the two.
fn take(lock: &Path, made: impl FnOnce(&File)) -> Result<Option<File>, ServersError> {
    let file = File::create(lock).map_err(failed("create", lock))?;
    made(&file);
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(None),
        Err(TryLockError::Error(error)) => return Err(failed("lock", lock)(error)),
    }
    // What was locked may have been removed before.
    let inode = |found: fs::Metadata| (found.dev(), found.ino());
    let ours = file.metadata().map(inode).map_err(failed("look at", lock))?;
    Ok(fs::metadata(lock).is_ok_and(|found| inode(found) == ours).then_some(file))
}

/// Removes the folders that nobody holds.
fn sweep(parent: &Path) {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    for lock in entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|end| end == "lock")) {
        let Ok(file) = File::open(&lock) else { continue };
        if file.try_lock().is_ok() {
            let _ = fs::remove_dir_all(lock.with_extension(""));
            let _ = fs::remove_file(&lock);
        }
    }
}

fn failed<'a>(step: &'static str, path: &'a Path) -> impl Fn(std::io::Error) -> ServersError + 'a {
    move |source| ServersError::Scratch { step, path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_goes_with_its_owner_and_what_a_dead_one_left_goes_with_the_next() {
        let parent = tempfile::tempdir().unwrap();
        let (one, two) = (Scratch::below(parent.path(), "x").unwrap(), Scratch::below(parent.path(), "x").unwrap());
        let (left, kept) = (one.path().to_owned(), two.path().to_owned());
        fs::write(left.join("data"), "").unwrap();
        // As if its process had been killed: the lock is open no longer, and the folder is there.
        let lock = one.lock.clone();
        drop(one);
        fs::create_dir(&left).unwrap();
        fs::write(&lock, "").unwrap();

        let three = Scratch::below(parent.path(), "x").unwrap();
        assert!(!left.exists() && !lock.exists(), "swept");
        assert!(kept.is_dir() && three.path().is_dir(), "held by the living");
        drop((two, three));
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_lock_that_anothers_sweep_takes_between_is_given_up() {
        let parent = tempfile::tempdir().unwrap();
        let lock = parent.path().join("x.lock");
        let mut held = None;
        let sweeping = |_: &File| {
            let swept = File::open(&lock).unwrap();
            swept.try_lock().unwrap();
            held = Some(swept);
        };
        assert!(take(&lock, sweeping).unwrap().is_none(), "locked by the sweep");
        drop(held);
        assert!(take(&lock, |_| fs::remove_file(&lock).unwrap()).unwrap().is_none(), "removed by the sweep");
        // Removed, and made anew by another.
        let anew = |_: &File| {
            fs::rename(&lock, parent.path().join("gone")).unwrap();
            fs::write(&lock, "").unwrap();
        };
        assert!(take(&lock, anew).unwrap().is_none(), "another file");
        assert!(take(&lock, |_| {}).unwrap().is_some());
    }
}
