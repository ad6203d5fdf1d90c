//! One installation at a time for each tool, by the first way that works, and whole or not at all.

use std::fs::{self, File, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::{How, Installed, Progress, Tool, Toolbox, cargo, download, go};
use crate::error::{Attempt, ServersError};

pub(super) fn install(toolbox: &Toolbox, tool: &Tool, progress: &Progress) -> Result<Installed, ServersError> {
    let tools = toolbox.tools();
    fs::create_dir_all(&tools).map_err(cache_error("create", &tools))?;
    let _lock = lock(&tools, tool, progress)?;
    // Somebody else may have installed it while we waited.
    if let Some(found) = toolbox.find(tool) {
        return Ok(found);
    }
    clear_away(&tools, tool);
    let mut attempts = vec![
        Attempt { way: "PATH", error: missing(tool, "any folder of PATH".to_owned()) },
        Attempt { way: "cache", error: missing(tool, tools.display().to_string()) },
    ];
    type Way = fn(&Toolbox, &Tool, &Path, &Progress) -> Result<PathBuf, ServersError>;
    let ways: [(&str, How, Way, bool); 3] = [
        ("download", How::Downloaded, download::download, !tool.archives.is_empty()),
        ("go install", How::BuiltWithGo, go::build, tool.go.is_some()),
        ("cargo install", How::BuiltWithCargo, cargo::build, tool.crate_name.is_some()),
    ];
    for (way, how, attempt, _) in ways.into_iter().filter(|(.., known)| *known) {
        let workplace = workplace(&tools, tool)?;
        match attempt(toolbox, tool, workplace.path(), progress) {
            Ok(program) => {
                let path = toolbox.place(tool);
                settle(&program, &path)?;
                progress.say(&format!("{} {}: {how}, kept at {}", tool.name, tool.version, path.display()));
                return Ok(tool.installed(path, how));
            }
            Err(error) => {
                progress.say(&format!("{} {}: {way}: {error}", tool.name, tool.version));
                attempts.push(Attempt { way, error });
            }
        }
    }
    Err(ServersError::NotInstalled {
        name: tool.name.clone(),
        version: tool.version.clone(),
        attempts,
        advice: advice(tool),
    })
}

fn advice(tool: &Tool) -> String {
    let mut advice = tool.manual.clone();
    if !tool.archives.is_empty() {
        advice.push_str(
            "; or set MAINSPRING_DOWNLOAD_BASE to a mirror of https://github.com that this machine can reach",
        );
    }
    if tool.go.is_some() {
        advice.push_str("; or install Go (https://go.dev/dl), and set GOPROXY if its modules need a mirror");
    }
    if tool.crate_name.is_some() {
        advice.push_str("; or install Rust's cargo (https://rustup.rs)");
    }
    advice
}

fn missing(tool: &Tool, place: String) -> ServersError {
    ServersError::NotFound { program: tool.program.clone(), place }
}

/// Held until it is dropped. The kernel lets go of it when its process dies, so no lock is ever left behind.
pub(super) fn lock(tools: &Path, tool: &Tool, progress: &Progress) -> Result<File, ServersError> {
    let path = tools.join(format!(".{}.lock", tool.slug()));
    let file = File::options().create(true).truncate(false).write(true).open(&path);
    let file = file.map_err(cache_error("open the lock", &path))?;
    match file.try_lock() {
        Ok(()) => return Ok(file),
        Err(TryLockError::WouldBlock) => {
            progress.say(&format!("{} {}: another process is installing it; waiting", tool.name, tool.version));
        }
        Err(TryLockError::Error(source)) => return Err(cache_error("lock", &path)(source)),
    }
    file.lock().map_err(cache_error("lock", &path))?;
    Ok(file)
}

fn workplace_prefix(tool: &Tool) -> String {
    format!(".{}.installing-", tool.slug())
}

/// A folder on the same file system as the cache, so that a rename is atomic; gone when it is dropped.
pub(super) fn workplace(tools: &Path, tool: &Tool) -> Result<TempDir, ServersError> {
    tempfile::Builder::new()
        .prefix(&workplace_prefix(tool))
        .tempdir_in(tools)
        .map_err(cache_error("create a folder in", tools))
}

/// Removes what a killed installation left. We hold the lock, so nobody works in it.
pub(super) fn clear_away(tools: &Path, tool: &Tool) {
    let prefix = workplace_prefix(tool);
    for entry in fs::read_dir(tools).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(&prefix) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Puts the finished program under its name, in one step.
fn settle(program: &Path, path: &Path) -> Result<(), ServersError> {
    let settled = || {
        fs::set_permissions(program, Permissions::from_mode(0o755))?;
        // Else a power cut could leave the name and lose the content.
        File::open(program)?.sync_all()?;
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::rename(program, path)
    };
    settled().map_err(cache_error("put a program at", path))
}

pub(super) fn cache_error<'a>(step: &'static str, path: &'a Path) -> impl Fn(io::Error) -> ServersError + 'a {
    move |source| ServersError::Cache { step, path: path.to_owned(), source }
}
