//! The download of a published archive: bounded, and refused unless its SHA-256 is the pinned one.

use std::error::Error;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{Read, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use flate2::read::GzDecoder;
use sha2::{Digest as _, Sha256};

use super::install::cache_error;
use super::tool::platform;
use super::{Progress, Tool, Toolbox};
use crate::error::ServersError;

/// A machine that cannot reach the outside must hear so soon.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);
const ANSWER_LIMIT: Duration = Duration::from_secs(30);
const BODY_LIMIT: Duration = Duration::from_secs(900);
/// A program may be this many times the size limit of its archive.
const UNPACKED_FACTOR: u64 = 4;

/// Downloads the tool's archive and unpacks its program into `workplace`.
pub(super) fn download(
    toolbox: &Toolbox,
    tool: &Tool,
    workplace: &Path,
    progress: &Progress,
) -> Result<PathBuf, ServersError> {
    let platform = platform();
    let archive = tool.archives.iter().find(|archive| archive.platform == platform);
    let archive = archive.ok_or(ServersError::NoArchive { platform })?;
    let url = format!("{}/{}", toolbox.base, archive.path);
    let path = workplace.join("archive.tar.gz");
    let mut file = fetch(&url, &archive.sha256, toolbox.limit, &path, &|total| {
        progress.step(&format!("{} {}: downloading {url}", tool.name, tool.version), total)
    })?;
    file.rewind().map_err(cache_error("read", workplace))?;
    unpack(&url, file, tool, workplace, toolbox.limit.saturating_mul(UNPACKED_FACTOR))
}

/// Downloads into a new file at `path`, which is handed back at its end.
pub(super) fn fetch(
    url: &str,
    sha256: &str,
    limit: u64,
    path: &Path,
    begin: &dyn Fn(Option<u64>) -> super::progress::Step,
) -> Result<File, ServersError> {
    let failed = |source: Box<dyn Error + Send + Sync>| ServersError::Download { url: url.to_owned(), source };
    let too_large = || ServersError::TooLarge { url: url.to_owned(), limit };
    let agent = ureq::Agent::new_with_config(
        ureq::Agent::config_builder()
            .timeout_connect(Some(CONNECT_LIMIT))
            .timeout_recv_response(Some(ANSWER_LIMIT))
            .timeout_recv_body(Some(BODY_LIMIT))
            .build(),
    );
    let mut response = agent.get(url).call().map_err(|error| failed(error.into()))?;
    let announced = response.body().content_length();
    if announced.is_some_and(|bytes| bytes > limit) {
        return Err(too_large());
    }

    let mut step = begin(announced);
    let file = File::options().create(true).truncate(true).read(true).write(true).open(path);
    let mut file = file.map_err(cache_error("create", path))?;
    let mut body = response.body_mut().as_reader();
    let mut sum = Sha256::new();
    let mut buffer = vec![0; 64 << 10];
    let mut received: u64 = 0;
    loop {
        let count = body.read(&mut buffer).map_err(|error| failed(error.into()))?;
        if count == 0 {
            break;
        }
        let bytes = &buffer[..count];
        received += count as u64;
        if received > limit {
            return Err(too_large());
        }
        sum.update(bytes);
        file.write_all(bytes).map_err(cache_error("write", path))?;
        step.advance(count as u64);
    }

    let actual = hex(&sum.finalize());
    if actual != sha256 {
        return Err(ServersError::Checksum { url: url.to_owned(), expected: sha256.to_owned(), actual });
    }
    Ok(file)
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unpack(url: &str, file: File, tool: &Tool, workplace: &Path, limit: u64) -> Result<PathBuf, ServersError> {
    let refused = |reason: String| ServersError::Archive { url: url.to_owned(), reason };
    let unreadable = |error: std::io::Error| refused(format!("it is no .tar.gz that can be read: {error}"));
    let mut archive = tar::Archive::new(GzDecoder::new(file));
    for entry in archive.entries().map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let wanted = entry.header().entry_type().is_file()
            && entry.path().map_err(unreadable)?.file_name().is_some_and(|name| name == tool.program.as_str());
        if !wanted {
            continue;
        }
        if entry.size() > limit {
            return Err(refused(format!("its `{}` is larger than {limit} bytes", tool.program)));
        }
        let path = workplace.join(&tool.program);
        let mut program = File::create(&path).map_err(cache_error("create", &path))?;
        let mut entry = entry.take(limit);
        std::io::copy(&mut entry, &mut program).map_err(unreadable)?;
        return Ok(path);
    }
    Err(refused(format!("there is no file `{}` in it", tool.program)))
}
