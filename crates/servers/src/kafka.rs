//! Apache Kafka, one node that is broker and controller, as a child of this process. It is ready when it answers a
//! client's first question.

use std::fmt;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::error::ServersError;
use crate::launch::{Means, Race, STOP_LIMIT, launch, means};
use crate::process::OwnedProcess;
use crate::scratch::Scratch;
use crate::tools::{Jars, Progress, Toolbox};
use crate::{java, ports};

const NAME: &str = "Kafka";
/// Any id does: the cluster has one node, and lives as long as the test.
const CLUSTER: &str = "bWFpbnNwcmluZ3Rlc3RzIQ";
const HEAP: &str = "-Xmx512m";
const PROPERTIES: &str = "server.properties";

/// A running Kafka on 127.0.0.1, which creates a topic, of one partition, when it is first named, unless it is told not to.
/// Dropping it kills it and removes its data.
pub struct Kafka {
    address: SocketAddr,
    prefixes: AtomicU32,
    java: PathBuf,
    jars: PathBuf,
    start_limit: Duration,
    process: OwnedProcess,
    // After the process.
    data: Scratch,
}

/// How a [`Kafka`] is to start.
#[derive(Clone, Debug)]
#[must_use = "nothing runs before `start`"]
pub struct KafkaBuilder {
    means: Means,
    creates_topics: bool,
}

impl Kafka {
    /// A server on free ports.
    pub fn builder() -> KafkaBuilder {
        KafkaBuilder { means: Means::new(), creates_topics: true }
    }

    /// Where clients connect.
    pub fn socket_address(&self) -> SocketAddr {
        self.address
    }

    /// `127.0.0.1:PORT`, for `bootstrap.servers`. It speaks without TLS and asks for no password.
    pub fn bootstrap_servers(&self) -> String {
        self.address.to_string()
    }

    /// A beginning for the names of topics and groups, which begins so itself and is no other's on this server.
    pub fn topic_prefix(&self, name: &str) -> String {
        let plain = |letter: char| if letter.is_ascii_alphanumeric() || letter == '-' { letter } else { '_' };
        let name: String = name.chars().map(plain).collect();
        format!("{name}-{}-", self.prefixes.fetch_add(1, Ordering::Relaxed))
    }

    /// One of Kafka's command-line tools, by its class, as `org.apache.kafka.tools.consumer.ConsoleConsumer`.
    pub fn tool(&self, class: &str) -> Command {
        let mut command = java::command(&self.java, &self.jars, HEAP);
        command.arg(class);
        command
    }

    /// The server's process id, while there is a process.
    pub fn pid(&self) -> Option<u32> {
        self.process.exit().is_none().then(|| self.process.pid())
    }

    /// The last 100 lines it wrote, oldest first.
    pub fn last_lines(&self) -> Vec<String> {
        self.process.last_lines()
    }

    /// Asks the server to stop (SIGTERM), and kills it when it has not within 10 s. Returns when it is gone.
    pub async fn stop(&mut self) {
        self.process.stop(STOP_LIMIT).await;
    }

    /// Kills the server (SIGKILL), as a machine that loses its power would; its data stay. Returns when it is gone.
    pub async fn kill(&mut self) {
        self.process.kill().await;
    }

    /// Starts a server that has ended again, on its ports and its data, and returns when it answers.
    ///
    /// # Errors
    /// [`ServersError::Ended`] and [`ServersError::NotReady`] with the server's last lines; [`ServersError::Spawn`].
    pub async fn start_again(&mut self) -> Result<(), ServersError> {
        // Two servers on one folder would harm it.
        self.process.wait().await;
        let command = server(&self.java, &self.jars, &self.data);
        self.process = launch(NAME, command, (self.address, self.start_limit), || ask(self.address)).await?;
        Ok(())
    }
}

impl KafkaBuilder {
    means!("Java and Kafka's jars are looked for and installed");

    /// A topic is there when it was created, and not for being named.
    pub fn without_creating_topics(mut self) -> Self {
        self.creates_topics = false;
        self
    }

    /// Fetches Kafka's jars if the cache lacks them, makes a folder of data, starts the server, and returns when it
    /// answers.
    ///
    /// # Errors
    /// [`ServersError::NotFound`] without Java, or without a way to the jars; [`ServersError::Refused`] with what the
    /// formatting of the folder said; [`ServersError::Ended`] and [`ServersError::NotReady`] with the server's last
    /// lines; and the errors of an installation, as [`Toolbox::jars`] has them.
    pub async fn start(self) -> Result<Kafka, ServersError> {
        let (java, jars) = self.means.provide(program).await?;
        let data = Scratch::new("kafka")?;
        let mut race = Race::default();
        loop {
            let port = |purpose| ports::choose(NAME, purpose, Ipv4Addr::LOCALHOST.into(), None);
            let (broker, controller) = (port("port")?, port("controller's port")?);
            let file = data.path().join(PROPERTIES);
            let properties = properties(data.path(), (broker, controller), self.creates_topics);
            fs::write(&file, properties).map_err(|source| ServersError::Scratch {
                step: "write",
                path: file.clone(),
                source,
            })?;
            format(java::command(&java, &jars, HEAP), &file).await?;
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, broker));
            let (command, start_limit) = (server(&java, &jars, &data), self.means.start_limit);
            match launch(NAME, command, (address, start_limit), || ask(address)).await {
                Ok(process) => {
                    let prefixes = AtomicU32::new(1);
                    return Ok(Kafka { address, prefixes, java, jars, start_limit, process, data });
                }
                Err(error) => race.again(error)?,
            }
        }
    }
}

/// Java, and the folder of jars.
fn program(toolbox: &Toolbox, progress: &Progress) -> Result<(PathBuf, PathBuf), ServersError> {
    let java = toolbox.java()?;
    Ok((java, toolbox.jars(&Jars::kafka(), progress)?.path))
}

/// The server over a folder that is formatted.
fn server(java: &Path, jars: &Path, data: &Scratch) -> Command {
    let mut command = java::command(java, jars, HEAP);
    command.arg("kafka.Kafka").arg(data.path().join(PROPERTIES)).current_dir(data.path());
    command
}

fn properties(data: &Path, (broker, controller): (u16, u16), creates_topics: bool) -> String {
    let log = data.join("log");
    // One of everything, and no pause for members of a group who might still come.
    format!(
        "process.roles=broker,controller\nnode.id=1\ncontroller.quorum.voters=1@127.0.0.1:{controller}\n\
         listeners=PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}\n\
         advertised.listeners=PLAINTEXT://127.0.0.1:{broker}\ncontroller.listener.names=CONTROLLER\n\
         inter.broker.listener.name=PLAINTEXT\n\
         listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT\nlog.dirs={}\n\
         auto.create.topics.enable={creates_topics}\nnum.partitions=1\ndefault.replication.factor=1\n\
         offsets.topic.num.partitions=1\noffsets.topic.replication.factor=1\n\
         transaction.state.log.num.partitions=1\ntransaction.state.log.replication.factor=1\n\
         transaction.state.log.min.isr=1\ngroup.initial.rebalance.delay.ms=0\n",
        log.display()
    )
}

/// Kafka starts on a formatted folder only. One from a start that lost its port is taken as it is.
async fn format(mut command: Command, properties: &Path) -> Result<(), ServersError> {
    const PROGRAM: &str = "kafka.tools.StorageTool format";
    command.args(["kafka.tools.StorageTool", "format", "--ignore-formatted", "-t", CLUSTER, "-c"]).arg(properties);
    let process = OwnedProcess::start(PROGRAM, command)?;
    let exit = process.wait().await;
    if exit.success() {
        return Ok(());
    }
    Err(ServersError::Refused { program: PROGRAM.to_owned(), exit, lines: process.last_lines() })
}

/// Whether it tells the versions of its interface. Each question and answer begins with its length.
async fn ask(address: SocketAddr) -> Result<(), String> {
    // The key of ApiVersions, its version 0, our number for the question, and no name of the client.
    const QUESTION: [u8; 14] = [0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 7, 0xff, 0xff];
    let exchange = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(&QUESTION).await?;
        // The length, our number, an error code.
        let mut answer = [0; 10];
        stream.read_exact(&mut answer).await?;
        Ok::<_, std::io::Error>(answer)
    };
    match exchange.await {
        Ok([_, _, _, _, 0, 0, 0, 7, 0, 0]) => Ok(()),
        Ok(answer) => Err(format!("it answered {answer:?}")),
        Err(error) => Err(error.to_string()),
    }
}

impl fmt::Debug for Kafka {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Kafka")
            .field("address", &self.address)
            .field("pid", &self.pid())
            .finish_non_exhaustive()
    }
}
