//! A source or an output on the worker's own disk.

use std::fmt;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use general_purpose_contract::{BATCH_ROWS, DatasetError};
use parquet::arrow::async_reader::AsyncFileReader;

use super::part_offset;
use super::store::Found;

/// How an unfinished part is called, until it is whole and gets its name.
const UNFINISHED: (&str, &str) = (".part-", ".tmp");

/// A folder, or one file of a source.
#[derive(Clone, Debug)]
pub(crate) struct Folder {
    path: PathBuf,
}

impl Folder {
    pub(crate) const fn new(path: PathBuf) -> Self {
        Self { path }
    }

    pub(super) async fn parquet_files(&self) -> Result<Vec<Found>, DatasetError> {
        let failed = |error: io::Error| failed(&self.path, "read", &error);
        let metadata = tokio::fs::metadata(&self.path).await.map_err(failed)?;
        if !metadata.is_dir() {
            return Ok(vec![found(&self.path, metadata.len())?]);
        }
        let mut entries = tokio::fs::read_dir(&self.path).await.map_err(failed)?;
        let mut files = Vec::new();
        while let Some(entry) = entries.next_entry().await.map_err(failed)? {
            let path = entry.path();
            if path.extension().is_some_and(|extension| extension == "parquet") {
                // Of what a link leads to, too.
                let metadata = tokio::fs::metadata(&path).await.map_err(failed)?;
                if metadata.is_file() {
                    files.push(found(&path, metadata.len())?);
                }
            }
        }
        Ok(files)
    }

    pub(super) async fn open(path: &str) -> Result<Box<dyn AsyncFileReader>, DatasetError> {
        let file = tokio::fs::File::open(path).await.map_err(|error| failed(path.as_ref(), "read", &error))?;
        Ok(Box::new(file))
    }

    /// By another name first: a kill leaves the whole part or none.
    pub(super) async fn put(&self, name: &str, content: Vec<u8>) -> Result<(), DatasetError> {
        let (folder, path) = (self.path.clone(), self.path.join(name));
        blocking(&path, "written", move |path| {
            std::fs::create_dir_all(&folder)?;
            let (prefix, suffix) = UNFINISHED;
            let mut part = tempfile::Builder::new();
            #[cfg(unix)]
            let part = {
                use std::os::unix::fs::PermissionsExt;
                // As any file that the worker makes, and not for its user alone; the umask still counts.
                part.permissions(std::fs::Permissions::from_mode(0o666))
            };
            let mut part = part.prefix(prefix).suffix(suffix).tempfile_in(&folder)?;
            part.write_all(&content)?;
            part.as_file().sync_all()?;
            part.persist(path).map_err(|error| error.error)?;
            // The next heartbeat says that the part is there: so its name must outlive a power cut, too.
            std::fs::File::open(&folder)?.sync_all()
        })
        .await
    }

    pub(super) async fn sweep(&self, total: u64) -> Result<(), DatasetError> {
        blocking(&self.path.clone(), "swept", move |folder| {
            std::fs::create_dir_all(folder)?;
            for entry in std::fs::read_dir(folder)? {
                let entry = entry?;
                let name = entry.file_name();
                let is_left_over = name.to_str().is_some_and(|name| {
                    let (prefix, suffix) = UNFINISHED;
                    name.starts_with(prefix) && name.ends_with(suffix) || is_foreign(name, total)
                });
                match is_left_over.then(|| std::fs::remove_file(entry.path())) {
                    // Another attempt may sweep at the same time.
                    Some(Err(error)) if error.kind() != ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
            }
            Ok(())
        })
        .await
    }
}

/// Whether it is a part, and of no batch of a dataset of so many rows.
pub(super) fn is_foreign(name: &str, total: u64) -> bool {
    part_offset(name).is_some_and(|offset| offset >= total || !offset.is_multiple_of(BATCH_ROWS))
}

fn found(path: &Path, bytes: u64) -> Result<Found, DatasetError> {
    let name = path.to_str().ok_or_else(|| DatasetError::UnusableFile {
        file: path.display().to_string(),
        reason: "its path is no UTF-8: rename it".to_owned(),
    })?;
    Ok(Found { name: name.to_owned(), bytes })
}

async fn blocking(
    path: &Path,
    done: &'static str,
    work: impl FnOnce(&Path) -> io::Result<()> + Send + 'static,
) -> Result<(), DatasetError> {
    let owned = path.to_owned();
    let outcome =
        tokio::task::spawn_blocking(move || work(&owned)).await.unwrap_or_else(|error| Err(io::Error::other(error)));
    outcome.map_err(|error| failed(path, done, &error))
}

/// What the input or the machine's owner must mend is terminal; a full or broken disk is not.
pub(super) fn failed(path: &Path, done: &'static str, error: &io::Error) -> DatasetError {
    let place = path.display().to_string();
    let refused =
        |right: &str| DatasetError::Refused { place: place.clone(), done, reason: format!("{error}: {right}") };
    match error.kind() {
        ErrorKind::NotFound => {
            DatasetError::NothingToRead { reason: format!("{place} does not exist on the worker's machine") }
        }
        ErrorKind::PermissionDenied => refused("give the worker's user the right to"),
        ErrorKind::ReadOnlyFilesystem => refused("name a folder on a file system that can be written"),
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists | ErrorKind::IsADirectory => {
            refused("name a folder, and no file, as the output")
        }
        _ => DatasetError::Unavailable { place, done, reason: error.to_string() },
    }
}

impl fmt::Display for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::part_name;

    #[test]
    fn a_part_is_told_from_everything_else() {
        for (name, foreign) in [
            (part_name(0), false),
            (part_name(20_000), false),
            (part_name(30_000), true),
            (part_name(5), true),
            ("part-20000.jsonl".to_owned(), false),
            ("part-00000003000x.jsonl".to_owned(), false),
            ("notes.txt".to_owned(), false),
        ] {
            assert_eq!(is_foreign(&name, 25_000), foreign, "{name}");
        }
        assert!(is_foreign(&part_name(0), 0), "a dataset without rows has no part");
    }

    #[test]
    fn what_is_wrong_with_a_path_is_said_and_has_its_class() {
        use mainspring::prelude::Classified;
        let of = |kind: ErrorKind| failed(Path::new("/out"), "written", &kind.into());
        for (kind, said, retryable) in [
            (
                ErrorKind::PermissionDenied,
                "/out could not be written: permission denied: give the worker's user",
                false,
            ),
            (ErrorKind::NotADirectory, "/out could not be written: not a directory: name a folder, and no file", false),
            (ErrorKind::StorageFull, "/out could not be written now: no storage space", true),
        ] {
            let error = of(kind);
            assert!(error.to_string().starts_with(said), "{error}");
            assert_eq!(error.retryable(), retryable, "{error}");
        }
    }
}
