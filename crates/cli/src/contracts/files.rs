//! Where schemas are committed: a file for each workflow and activity.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::described::Described;
use crate::exit::Failure;

/// In the place of a product's name.
const PRODUCT: &str = "{product}";
const FOLDERS: [&str; 2] = ["activities", "workflows"];

/// The folder of one product.
pub(super) struct Schemas {
    folder: PathBuf,
    product: String,
}

impl Schemas {
    /// `place` names the product by `{product}`, or has a folder for each.
    pub(super) fn of(place: &str, product: &str) -> Self {
        Self { folder: folder_of(place, product), product: product.to_owned() }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Every committed document by its file. None where nothing was ever committed.
    pub(super) fn read(&self) -> Result<Option<BTreeMap<String, Value>>, Failure> {
        if !self.folder.is_dir() {
            return Ok(None);
        }
        let mut documents = BTreeMap::new();
        for folder in FOLDERS {
            for path in self.list(folder)? {
                let text = std::fs::read(&path).map_err(|error| fault(&path, "cannot be read", &error))?;
                let document = serde_json::from_slice(&text)
                    .map_err(|error| fault(&path, "is no JSON; `git checkout` has the committed one", &error))?;
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                documents.insert(format!("{folder}/{name}"), document);
            }
        }
        Ok(Some(documents))
    }

    fn list(&self, folder: &str) -> Result<Vec<PathBuf>, Failure> {
        let folder = self.folder.join(folder);
        if !folder.is_dir() {
            return Ok(Vec::new());
        }
        let entries = std::fs::read_dir(&folder).map_err(|error| fault(&folder, "cannot be read", &error))?;
        let paths = entries.map(|entry| entry.map(|entry| entry.path()));
        let paths: Vec<PathBuf> =
            paths.collect::<Result<_, _>>().map_err(|error| fault(&folder, "cannot be read", &error))?;
        Ok(paths.into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "json")).collect())
    }

    /// Writes what differs, and removes what nothing stands for.
    pub(super) fn write(&self, present: &[Described]) -> Result<(), Failure> {
        let committed = self.read()?.unwrap_or_default();
        for described in present {
            let document = described.document();
            if committed.get(&described.file) == Some(&document) {
                continue;
            }
            let path = self.folder.join(&described.file);
            let parent = path.parent().unwrap_or(&self.folder);
            std::fs::create_dir_all(parent).map_err(|error| fault(parent, "cannot be made", &error))?;
            std::fs::write(&path, format!("{document:#}\n"))
                .map_err(|error| fault(&path, "cannot be written", &error))?;
        }
        for file in committed.keys().filter(|file| present.iter().all(|described| described.file != **file)) {
            let path = self.folder.join(file);
            std::fs::remove_file(&path).map_err(|error| fault(&path, "cannot be removed", &error))?;
        }
        Ok(())
    }

    /// What to do where nothing was committed.
    pub(super) fn missing(&self) -> Failure {
        Failure::Broken(format!(
            "{} has no schemas in {}: commit what `contracts update` writes, or name their folder with --schemas",
            self.product,
            self.folder.display()
        ))
    }
}

/// A product's folder: `place` names it by `{product}`, or has one for each.
pub(super) fn folder_of(place: &str, product: &str) -> PathBuf {
    if place.contains(PRODUCT) {
        PathBuf::from(place.replace(PRODUCT, product))
    } else {
        Path::new(place).join(product)
    }
}

fn fault(path: &Path, what: &str, error: &dyn std::fmt::Display) -> Failure {
    Failure::Other(format!("{} {what}: {error}", path.display()))
}
