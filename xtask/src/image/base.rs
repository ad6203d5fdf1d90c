//! What the images stand on, laid out here. `gcr.io/distroless/cc-debian12` is made of Debian's packages, so its files are
//! taken from the same packages of this machine: on Debian 12 they are the same files, elsewhere those of the same names.

use std::{
    fs, io,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
    process::Command,
};

use crate::{failure::Failure, repository::output};

/// The only base that is known.
pub(crate) const BASE: &str = "gcr.io/distroless/cc-debian12:nonroot";

/// The packages that it unpacks.
const PACKAGES: [&str; 9] =
    ["base-files", "netbase", "media-types", "tzdata", "libc6", "libssl3", "libgcc-s1", "libgomp1", "libstdc++6"];

/// What it sets.
pub(crate) const ENV: [(&str, &str); 2] = [
    ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
    ("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt"),
];

const CERTIFICATES: &str = "etc/ssl/certs/ca-certificates.crt";

/// Lays the base out in an empty folder, without the packages `without`. Gives back what this machine could not provide.
pub(crate) fn lay_out(root: &Path, without: &[String]) -> Result<Vec<String>, Failure> {
    let mut missing = Vec::new();
    for package in PACKAGES.into_iter().filter(|package| !without.iter().any(|left| left == package)) {
        match output(Command::new("dpkg-query").args(["--listfiles", package])) {
            Ok(listed) => {
                for path in listed.lines() {
                    take(Path::new(path), root)?;
                }
            }
            Err(Failure::Command { .. }) => missing.push(format!("package {package} is not installed here")),
            Err(failure) => return Err(failure),
        }
    }
    merge_usr(root)?;
    if Path::new("/").join(CERTIFICATES).is_file() {
        folder(&root.join("etc/ssl/certs"))?;
        take(&Path::new("/").join(CERTIFICATES), root)?;
    } else {
        missing.push(format!("/{CERTIFICATES} is not here; the package ca-certificates makes it"));
    }
    for (path, mode) in [("dev", 0o755), ("proc", 0o755), ("sys", 0o755), ("tmp", 0o1777)] {
        folder(&root.join(path))?;
        let open = fs::set_permissions(root.join(path), fs::Permissions::from_mode(mode));
        open.map_err(|source| Failure::Write { path: root.join(path), source })?;
    }
    folder(&root.join("etc"))?;
    let passwd = concat!(
        "root:x:0:0:root:/ro",
        "ot:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/ho",
        "me/nonroot:/sbin/nologin\n"
    );
    write(&root.join("etc/passwd"), passwd)?;
    write(&root.join("etc/group"), "root:x:0:\nnonroot:x:65532:\n")?;
    Ok(missing)
}

/// Ubuntu's packages, and Debian's from 13 on, know these folders below /usr alone. Binaries name their loader by the short
/// path, which is a link there.
fn merge_usr(root: &Path) -> Result<(), Failure> {
    for name in ["bin", "lib", "lib64", "sbin"] {
        let (short, long) = (root.join(name), Path::new("usr").join(name));
        // What is not empty stays: the packages have the short path too.
        let is_free = !short.exists() || fs::remove_dir(&short).is_ok();
        if is_free && root.join(&long).is_dir() {
            symlink(&long, &short).map_err(|source| Failure::Write { path: short, source })?;
        }
    }
    Ok(())
}

/// Copies what has that path on this machine. A name that dpkg lists and that is not there was left out at its installation,
/// as documents often are.
fn take(path: &Path, root: &Path) -> Result<(), Failure> {
    let to = root.join(path.strip_prefix("/").unwrap_or(path));
    let failed = |source| Failure::Read { path: path.to_owned(), source };
    let kind = match fs::symlink_metadata(path) {
        Ok(found) => found.file_type(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
    };
    // Where this machine has /lib as a link to /usr/lib, the package has a folder.
    if path.is_dir() {
        return folder(&to);
    }
    if kind.is_symlink() {
        let target = fs::read_link(path).map_err(failed)?;
        return symlink(target, &to).map_err(|source| Failure::Write { path: to, source });
    }
    fs::copy(path, &to).map(drop).map_err(failed)
}

fn folder(path: &Path) -> Result<(), Failure> {
    fs::create_dir_all(path).map_err(|source| Failure::Write { path: path.to_owned(), source })
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    fs::write(path, text).map_err(|source| Failure::Write { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loader_that_the_packages_have_below_usr_alone_is_found_by_its_short_path() {
        let root = tempfile::tempdir().unwrap();
        let loader = |folder: &str| root.path().join(folder).join("ld-linux-x86-64.so.2");
        // As Ubuntu 24.04 lists them: the short path is base-files' link, taken for a folder.
        for path in ["usr/lib64", "lib64", "usr/lib", "lib"] {
            folder(&root.path().join(path)).unwrap();
        }
        write(&loader("usr/lib64"), "the loader").unwrap();
        // As Debian 12 does.
        write(&loader("lib"), "a file of its own").unwrap();
        merge_usr(root.path()).unwrap();
        assert_eq!(fs::read_to_string(loader("lib64")).unwrap(), "the loader");
        assert_eq!(fs::read_link(root.path().join("lib64")).unwrap(), Path::new("usr/lib64"));
        assert_eq!(fs::read_to_string(loader("lib")).unwrap(), "a file of its own");
        assert!(!root.path().join("sbin").exists(), "there is nothing that it would lead to");
    }
}
