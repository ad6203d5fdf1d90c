//! Where PostgreSQL's programs are: Debian keeps the server's off `PATH`, in a folder for each version.

use std::path::{Path, PathBuf};

use crate::error::ServersError;
use crate::tools::{How, Installed, Toolbox};

const NAME: &str = "PostgreSQL";
/// All that is needed of it.
const NEEDED: [&str; 4] = ["initdb", "postgres", "createdb", "pg_isready"];
/// Folders of packages: Debian's and Ubuntu's, and those of PostgreSQL's own packages for Red Hat. A version is below.
const PACKAGES: [(&str, &str); 2] = [("/usr/lib/postgresql", ""), ("/usr", "pgsql-")];

impl Toolbox {
    /// The PostgreSQL of this machine: its program `postgres` on the search path, else that of the newest version in the
    /// places of Linux packages. It is not installed from here, for that is the system's business.
    ///
    /// # Errors
    /// [`ServersError::NotFound`], with what to install.
    pub fn postgres(&self) -> Result<Installed, ServersError> {
        // A link on the search path leads to the folder that has the others.
        let on_path = self.on_path("postgres").and_then(|program| program.canonicalize().ok());
        let (folder, how) = match on_path.as_deref().and_then(Path::parent).filter(|folder| is_whole(folder)) {
            Some(folder) => (Some(folder.to_owned()), How::OnPath),
            None => (newest(&PACKAGES.map(|(parent, prefix)| (Path::new(parent), prefix))), How::OfThePackage),
        };
        let folder = folder.ok_or_else(|| ServersError::NotFound {
            program: NEEDED.join("`, `"),
            place: "any folder of PATH, nor in /usr/lib/postgresql/VERSION/bin or /usr/pgsql-VERSION/bin; install \
                    PostgreSQL's server (Debian: postgresql; macOS: brew install postgresql)"
                .to_owned(),
        })?;
        Ok(Installed { name: NAME.to_owned(), version: None, path: folder.join("postgres"), how })
    }
}

fn is_whole(folder: &Path) -> bool {
    NEEDED.iter().all(|program| folder.join(program).is_file())
}

/// The folder `bin` of the newest version that has every program.
fn newest(packages: &[(&Path, &str)]) -> Option<PathBuf> {
    let versions = packages.iter().flat_map(|(parent, prefix)| {
        let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
        entries.filter_map(move |entry| {
            let version: u32 = entry.file_name().to_str()?.strip_prefix(prefix)?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
    });
    versions.filter(|(_, folder)| is_whole(folder)).max().map(|(_, folder)| folder)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_newest_whole_package_is_taken() {
        let parent = tempfile::tempdir().unwrap();
        let install = |version: &str, programs: &[&str]| {
            let folder = parent.path().join(version).join("bin");
            fs::create_dir_all(&folder).unwrap();
            for program in programs {
                fs::write(folder.join(program), "").unwrap();
            }
        };
        let found = || newest(&[(parent.path(), "")]);
        assert_eq!(found(), None);
        install("9", &NEEDED);
        install("13", &NEEDED);
        install("17", &["createdb"]);
        install("common", &NEEDED);
        assert_eq!(found(), Some(parent.path().join("13/bin")));
    }
}
