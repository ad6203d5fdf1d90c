//! Where the table is.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use mainspring_settings::{Reader, Secret, Section};

use crate::LogEntriesError;

/// The settings of those who write and read the table.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct LogReaderSettings {
    /// The URL itself, for it has a password in it.
    pub database_url: Option<Secret>,
    /// The file that holds the URL; `-` is stdin.
    pub database_url_file: Option<PathBuf>,
}

impl Section for LogReaderSettings {
    const NAME: &'static str = "log reader";

    fn read(reader: &mut Reader<'_>) -> Self {
        let database_url = reader
            .field("MAINSPRING_LOG_DATABASE_URL")
            .doc("Where `logs consume` writes lines and `logs tail` reads them, as postgres://USER:PASSWORD@HOST/DATABASE")
            .secret();
        let database_url_file = reader
            .field("MAINSPRING_LOG_DATABASE_URL_FILE")
            .doc("File that holds that URL, in place of it; - is stdin")
            .optional_path();
        if database_url.is_some() && database_url_file.is_some() {
            reader.fault("MAINSPRING_LOG_DATABASE_URL", "and MAINSPRING_LOG_DATABASE_URL_FILE are both set: keep one");
        }
        Self { database_url, database_url_file }
    }
}

impl LogReaderSettings {
    /// The URL, from where the settings say.
    ///
    /// # Errors
    /// [`LogEntriesError::NoDatabase`] if none is set, [`LogEntriesError::UrlFile`] if its file cannot be read.
    pub fn database(&self) -> Result<Secret, LogEntriesError> {
        if let Some(url) = &self.database_url {
            return Ok(url.clone());
        }
        let path = self.database_url_file.as_deref().ok_or(LogEntriesError::NoDatabase)?;
        let text = text(path).map_err(|source| LogEntriesError::UrlFile { path: path.to_owned(), source })?;
        match text.trim() {
            "" => Err(LogEntriesError::NoDatabase),
            url => Ok(Secret::new(url.to_owned())),
        }
    }
}

fn text(path: &Path) -> std::io::Result<String> {
    if path != Path::new("-") {
        return std::fs::read_to_string(path);
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use mainspring_settings::{Sources, load};

    use super::*;

    #[test]
    fn the_url_comes_from_the_environment_or_from_a_file_and_never_shows() {
        let url = "postgres://me:hunter2@db/logs";
        let settings: LogReaderSettings = load(&Sources::from_pairs([("MAINSPRING_LOG_DATABASE_URL", url)])).unwrap();
        assert_eq!(settings.database().unwrap().expose(), url);
        assert!(!format!("{settings:?}").contains("hunter2"));

        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("url");
        std::fs::write(&file, format!("{url}\n")).unwrap();
        let name = file.to_str().unwrap();
        let settings: LogReaderSettings =
            load(&Sources::from_pairs([("MAINSPRING_LOG_DATABASE_URL_FILE", name)])).unwrap();
        assert_eq!(settings.database().unwrap().expose(), url);
    }

    #[test]
    fn no_url_two_urls_and_no_file_are_said() {
        let both = [("MAINSPRING_LOG_DATABASE_URL", "postgres://a"), ("MAINSPRING_LOG_DATABASE_URL_FILE", "b")];
        assert_eq!(
            load::<LogReaderSettings>(&Sources::from_pairs(both)).unwrap_err().to_string(),
            "MAINSPRING_LOG_DATABASE_URL and MAINSPRING_LOG_DATABASE_URL_FILE are both set: keep one"
        );
        let none = LogReaderSettings::default().database().unwrap_err().to_string();
        assert!(none.starts_with("no database is given: set MAINSPRING_LOG_DATABASE_URL, or name a file"), "{none}");
        let lost = LogReaderSettings { database_url_file: Some("/no/such/file".into()), ..Default::default() };
        let said = lost.database().unwrap_err().to_string();
        assert!(said.starts_with("the database's URL could not be read from /no/such/file: No such file"), "{said}");
    }
}
