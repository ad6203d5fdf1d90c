//! S3, as versitygw over a folder: a child of this process. It is ready when it answers over HTTP.

use std::fmt;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::error::ServersError;
use crate::launch::{Means, Race, STOP_LIMIT, launch, means};
use crate::ports;
use crate::process::{OwnedProcess, forget_variables};
use crate::scratch::Scratch;
use crate::tools::Tool;

const NAME: &str = "the S3 server";
/// Its keys open nothing but itself.
const ACCESS_KEY: &str = "mainspring";
const SECRET_KEY: &str = "mainspring-secret";
/// A bucket's name has 63 letters at most.
const LONGEST_NAME: usize = 40;

/// A running S3 server on 127.0.0.1. Dropping it kills it and removes what it keeps.
pub struct S3 {
    address: SocketAddr,
    buckets: AtomicU32,
    process: OwnedProcess,
    // After the process.
    data: Scratch,
}

/// How an [`S3`] is to start.
#[derive(Clone, Debug)]
#[must_use = "nothing runs before `start`"]
pub struct S3Builder {
    means: Means,
}

impl S3 {
    /// A server on a free port.
    pub fn builder() -> S3Builder {
        S3Builder { means: Means::new() }
    }

    /// Where clients connect.
    pub fn socket_address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:PORT`. Buckets are in the path, not in the host.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The region that requests are signed for.
    pub fn region(&self) -> &'static str {
        "us-east-1"
    }

    /// The access key of the only account, which may do everything.
    pub fn access_key(&self) -> &'static str {
        ACCESS_KEY
    }

    /// Its secret key: no secret, for it opens nothing but this server.
    pub fn secret_key(&self) -> &'static str {
        SECRET_KEY
    }

    /// A new, empty bucket, whose name begins so and is no other's on this server. Gives its name.
    ///
    /// # Errors
    /// [`ServersError::Scratch`] when the folder of its objects cannot be made.
    pub fn bucket(&self, name: &str) -> Result<String, ServersError> {
        let number = self.buckets.fetch_add(1, Ordering::Relaxed);
        let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' };
        let name: String = name.chars().take(LONGEST_NAME).map(plain).collect();
        let bucket = format!("b-{name}-{number}");
        // The server takes every folder for a bucket.
        let folder = self.data.path().join("buckets").join(&bucket);
        fs::create_dir(&folder).map_err(|source| ServersError::Scratch { step: "create", path: folder, source })?;
        Ok(bucket)
    }

    /// The server's process id, while there is a process.
    pub fn pid(&self) -> Option<u32> {
        self.process.exit().is_none().then(|| self.process.pid())
    }

    /// The last 100 lines it wrote, oldest first: each request is one.
    pub fn last_lines(&self) -> Vec<String> {
        self.process.last_lines()
    }

    /// Asks the server to stop (SIGTERM), and kills it when it has not within 10 s. Returns when it is gone.
    pub async fn stop(&mut self) {
        self.process.stop(STOP_LIMIT).await;
    }
}

impl S3Builder {
    means!("versitygw is looked for and installed");

    /// Installs versitygw if this machine lacks it, starts it over an empty folder, and returns when it answers.
    ///
    /// # Errors
    /// [`ServersError::Ended`] and [`ServersError::NotReady`] with the server's last lines, [`ServersError::Scratch`],
    /// and the errors of an installation.
    pub async fn start(self) -> Result<S3, ServersError> {
        let provided = self.means.provide(|toolbox, progress| toolbox.provide(&Tool::versitygw(), progress));
        let program = provided.await?.path;
        let data = Scratch::new("s3")?;
        for folder in ["buckets", "metadata"].map(|name| data.path().join(name)) {
            fs::create_dir(&folder).map_err(|source| ServersError::Scratch { step: "create", path: folder, source })?;
        }
        let mut race = Race::default();
        loop {
            let port = ports::choose(NAME, "port", Ipv4Addr::LOCALHOST.into(), None)?;
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            let mut command = Command::new(&program);
            // Metadata beside the objects: not every file system keeps attributes.
            command.args(["--port", &address.to_string(), "posix", "--sidecar"]);
            command.args(["metadata", "buckets"].map(|name| data.path().join(name)));
            forget_variables(&mut command, &["VGW_", "AWS_"]);
            command.env("ROOT_ACCESS_KEY", ACCESS_KEY).env("ROOT_SECRET_KEY", SECRET_KEY);
            match launch(NAME, command, (address, self.means.start_limit), || ask(address)).await {
                Ok(process) => return Ok(S3 { address, buckets: AtomicU32::new(1), process, data }),
                Err(error) => race.again(error)?,
            }
        }
    }
}

/// Whether it speaks: it refuses this question, for it is not signed.
async fn ask(address: SocketAddr) -> Result<(), String> {
    let exchange = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(format!("GET / HTTP/1.0\r\nHost: {address}\r\n\r\n").as_bytes()).await?;
        let mut answer = [0; 5];
        stream.read_exact(&mut answer).await?;
        Ok::<_, std::io::Error>(answer)
    };
    match exchange.await {
        Ok(answer) if answer == *b"HTTP/" => Ok(()),
        Ok(answer) => Err(format!("it answered {:?}", String::from_utf8_lossy(&answer))),
        Err(error) => Err(error.to_string()),
    }
}

impl fmt::Debug for S3 {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("S3").field("address", &self.address).field("pid", &self.pid()).finish_non_exhaustive()
    }
}
