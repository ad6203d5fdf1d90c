//! The root file system of an image, as a folder: the base, and what the Dockerfile copies into it.

use std::{
    collections::BTreeMap,
    fs, io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use flate2::{Compression, write::GzEncoder};
use tempfile::TempDir;

use super::{base, dockerfile::Image};
use crate::failure::Failure;

/// A folder with the files of an image. It goes when this is dropped.
pub(crate) struct Root {
    folder: TempDir,
    missing: Vec<String>,
}

/// What a file was like: its bytes, its mode, and when it changed last.
type Look = (u64, u32, i64, i64);

impl Root {
    /// Lays out the base without those packages, and the one binary of the image.
    pub(crate) fn assemble(image: &Image, binary: &Path, without: &[String]) -> Result<Self, Failure> {
        let folder = tempfile::tempdir().map_err(|source| Failure::Write { path: std::env::temp_dir(), source })?;
        // The folder above is this user's alone; this one is what the image's user sees.
        let root = folder.path().join("root");
        fs::create_dir(&root).map_err(|source| Failure::Write { path: root.clone(), source })?;
        let missing = base::lay_out(&root, without)?;
        for copy in &image.copies {
            let ([_], true) = (copy.sources.as_slice(), copy.from.is_some() && !copy.destination.ends_with('/')) else {
                let what =
                    format!("Dockerfile: an image gets one binary of a stage, by its whole name, and not {copy:?}");
                return Err(Failure::Image { what });
            };
            let to = root.join(copy.destination.trim_start_matches('/'));
            let placed = to.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::copy(binary, &to));
            placed.map_err(|source| Failure::Write { path: to, source })?;
        }
        Ok(Self { folder, missing })
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("root")
    }

    /// What of the base this machine could not provide.
    pub(crate) fn missing(&self) -> &[String] {
        &self.missing
    }

    /// The size on a node, and, `packed`, the one that a registry counts.
    pub(crate) fn sizes(&self, binary: &Path, packed: bool) -> Result<String, Failure> {
        let whole: u64 = self.look()?.values().map(|(bytes, ..)| bytes).sum();
        let failed = |source| Failure::Read { path: self.path(), source };
        let binary = fs::metadata(binary).map_err(|source| Failure::Read { path: binary.to_owned(), source })?.len();
        let megabytes = |bytes: u64| format!("{:.1} MB", bytes as f64 / 1e6);
        let unpacked = format!("image {}, of it the binary {}", megabytes(whole), megabytes(binary));
        if !packed {
            return Ok(unpacked);
        }
        let mut archive = tar::Builder::new(GzEncoder::new(Counted(0), Compression::default()));
        archive.follow_symlinks(false);
        archive.append_dir_all(".", self.path()).map_err(failed)?;
        let Counted(packed) = archive.into_inner().and_then(GzEncoder::finish).map_err(failed)?;
        Ok(format!("{unpacked}; {} as gzip packs it", megabytes(packed)))
    }

    /// What every file is like.
    pub(crate) fn look(&self) -> Result<BTreeMap<PathBuf, Look>, Failure> {
        let mut seen = BTreeMap::new();
        look_into(&self.path(), &mut seen).map_err(|source| Failure::Read { path: self.path(), source })?;
        Ok(seen)
    }
}

fn look_into(folder: &Path, seen: &mut BTreeMap<PathBuf, Look>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let found = entry.metadata()?;
        let bytes = if found.is_file() { found.len() } else { 0 };
        seen.insert(entry.path(), (bytes, found.mode(), found.mtime(), found.mtime_nsec()));
        if found.is_dir() {
            look_into(&entry.path(), seen)?;
        }
    }
    Ok(())
}

/// Counts what is written.
struct Counted(u64);

impl io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
