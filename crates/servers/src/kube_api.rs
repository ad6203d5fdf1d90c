//! Kubernetes' API server with its etcd, as children of this process. It is ready when its `/readyz` says so. There is
//! no kubelet and no controller: what is written is checked, defaulted, admitted and kept, and nobody acts on it.

use std::fmt;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::error::ServersError;
use crate::launch::{Means, Race, STOP_LIMIT, launch, means};
use crate::ports;
use crate::process::{OwnedProcess, forget_variables};
use crate::proxy::TestAuthority;
use crate::scratch::Scratch;
use crate::tools::{Progress, Tool, Toolbox};

const NAME: &str = "the Kubernetes API server";
const STORE: &str = "etcd";
/// One question for `/readyz`.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);
/// The bytes of a token, from the kernel.
const TOKEN: usize = 16;

/// A running API server on 127.0.0.1. Dropping it kills it and its etcd, and removes what they keep.
pub struct KubeApi {
    address: SocketAddr,
    ca_pem: String,
    token: String,
    kubeconfig: PathBuf,
    process: OwnedProcess,
    // After the API server, which would complain.
    store: OwnedProcess,
    // After the processes.
    _data: Scratch,
}

/// How a [`KubeApi`] is to start.
#[derive(Clone, Debug)]
#[must_use = "nothing runs before `start`"]
pub struct KubeApiBuilder {
    means: Means,
}

impl KubeApi {
    /// A server on a free port.
    pub fn builder() -> KubeApiBuilder {
        KubeApiBuilder { means: Means::new() }
    }

    /// Where clients connect.
    pub fn socket_address(&self) -> SocketAddr {
        self.address
    }

    /// `https://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// The authority that signed its certificate, as PEM text.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// The bearer token of a user who may do everything (group `system:masters`).
    pub fn token(&self) -> &str {
        &self.token
    }

    /// A file for `KUBECONFIG`, with that user.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// The process ids of the API server and of its etcd, of those that run.
    pub fn pids(&self) -> Vec<u32> {
        let both = [&self.process, &self.store].into_iter();
        both.filter(|process| process.exit().is_none()).map(OwnedProcess::pid).collect()
    }

    /// The last 100 lines that the API server wrote, oldest first.
    pub fn last_lines(&self) -> Vec<String> {
        self.process.last_lines()
    }

    /// Asks the API server to stop (SIGTERM), then etcd; whichever has not within 10 s is killed. Returns when both are
    /// gone.
    pub async fn stop(&mut self) {
        self.process.stop(STOP_LIMIT).await;
        self.store.stop(STOP_LIMIT).await;
    }
}

impl KubeApiBuilder {
    means!("etcd and kube-apiserver are looked for and installed");

    /// Installs etcd and kube-apiserver if this machine lacks them (minutes, by Go), starts both with nothing in them,
    /// and returns when the API server is ready.
    ///
    /// # Errors
    /// [`ServersError::Ended`] and [`ServersError::NotReady`] with the last lines of the server in question,
    /// [`ServersError::Scratch`], [`ServersError::Certificate`], and the errors of an installation.
    pub async fn start(self) -> Result<KubeApi, ServersError> {
        let (etcd, program) = self.means.provide(programs).await?;
        let data = Scratch::new("kubernetes")?;
        let ca_pem = credentials(data.path())?;
        let token = token()?;
        write(&data.path().join("tokens.csv"), &format!("{token},admin,admin,system:masters\n"))?;
        let (store, store_address) = start_etcd(&etcd, data.path(), self.means.start_limit).await?;

        let mut race = Race::default();
        let (process, address) = loop {
            let address = free_address(NAME)?;
            let command = api_server(&program, data.path(), (address, store_address));
            let ask = || ready(address, ca_pem.clone(), token.clone());
            match launch(NAME, command, (address, self.means.start_limit), ask).await {
                Ok(process) => break (process, address),
                Err(error) => race.again(error)?,
            }
        };
        let kubeconfig = data.path().join("kubeconfig");
        write(&kubeconfig, &kubeconfig_text(address, &data.path().join("ca.pem"), &token))?;
        Ok(KubeApi { address, ca_pem, token, kubeconfig, process, store, _data: data })
    }
}

/// etcd, and the API server.
fn programs(toolbox: &Toolbox, progress: &Progress) -> Result<(PathBuf, PathBuf), ServersError> {
    let provide = |tool: &Tool| toolbox.provide(tool, progress).map(|installed| installed.path);
    Ok((provide(&Tool::etcd())?, provide(&Tool::kube_apiserver())?))
}

fn free_address(server: &'static str) -> Result<SocketAddr, ServersError> {
    let port = ports::choose(server, "port", Ipv4Addr::LOCALHOST.into(), None)?;
    Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
}

async fn start_etcd(program: &Path, data: &Path, limit: Duration) -> Result<(OwnedProcess, SocketAddr), ServersError> {
    let mut race = Race::default();
    loop {
        let (address, peer) = (free_address(STORE)?, free_address(STORE)?);
        let mut command = Command::new(program);
        forget_variables(&mut command, &["ETCD_"]);
        command.arg("--data-dir").arg(data.join("etcd")).args(["--name", "only", "--logger", "zap"]);
        command.args(["--log-level", "warn", "--unsafe-no-fsync"]);
        command.args([format!("--listen-client-urls=http://{address}"), format!("--listen-peer-urls=http://{peer}")]);
        command.arg(format!("--advertise-client-urls=http://{address}"));
        command.arg(format!("--initial-advertise-peer-urls=http://{peer}"));
        command.arg(format!("--initial-cluster=only=http://{peer}"));
        match launch(STORE, command, (address, limit), || healthy(address)).await {
            Ok(process) => return Ok((process, address)),
            Err(error) => race.again(error)?,
        }
        // Its member has the lost port in it.
        let _ = std::fs::remove_dir_all(data.join("etcd"));
    }
}

fn api_server(program: &Path, data: &Path, (address, store): (SocketAddr, SocketAddr)) -> Command {
    let mut command = Command::new(program);
    let file = |flag: &str, name: &str| format!("--{flag}={}", data.join(name).display());
    command.args([
        format!("--etcd-servers=http://{store}"),
        "--bind-address=127.0.0.1".to_owned(),
        "--advertise-address=127.0.0.1".to_owned(),
        // It would announce itself to pods, at an address that is no loopback's.
        "--endpoint-reconciler-type=none".to_owned(),
        format!("--secure-port={}", address.port()),
        "--service-cluster-ip-range=10.0.0.0/24".to_owned(),
        "--authorization-mode=RBAC".to_owned(),
        "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
        file("tls-cert-file", "server.pem"),
        file("tls-private-key-file", "server.key"),
        file("service-account-key-file", "server.pem"),
        file("service-account-signing-key-file", "server.key"),
        file("token-auth-file", "tokens.csv"),
        file("cert-dir", "certificates"),
    ]);
    command
}

/// Writes an authority and a certificate of it; gives the authority's.
fn credentials(folder: &Path) -> Result<String, ServersError> {
    let refused = |error| ServersError::Certificate { name: NAME.to_owned(), source: Box::new(error) };
    let authority = TestAuthority::new("mainspring's Kubernetes").map_err(refused)?;
    let certificate = authority.server_cert(["127.0.0.1", "localhost"]).map_err(refused)?;
    let ca_pem = authority.ca_pem();
    let files = [("ca.pem", ca_pem.as_str()), ("server.pem", certificate.pem()), ("server.key", certificate.key_pem())];
    files.into_iter().try_for_each(|(name, text)| write(&folder.join(name), text))?;
    Ok(ca_pem)
}

/// Letters that nobody else on this machine can know.
fn token() -> Result<String, ServersError> {
    let path = Path::new("/dev/urandom");
    let mut bytes = [0; TOKEN];
    let read = File::open(path).and_then(|mut source| source.read_exact(&mut bytes));
    read.map_err(|source| ServersError::Scratch { step: "read", path: path.to_owned(), source })?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Writes a file that is for this user alone.
fn write(path: &Path, text: &str) -> Result<(), ServersError> {
    let file = File::options().create(true).truncate(true).write(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|source| ServersError::Scratch {
        step: "write",
        path: path.to_owned(),
        source,
    })
}

fn kubeconfig_text(address: SocketAddr, ca: &Path, token: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: mainspring\n\
         contexts: [{{name: mainspring, context: {{cluster: mainspring, user: admin}}}}]\n\
         clusters: [{{name: mainspring, cluster: {{server: \"https://{address}\", certificate-authority: {ca:?}}}}}]\n\
         users: [{{name: admin, user: {{token: \"{token}\"}}}}]\n"
    )
}

/// Whether etcd has a leader: itself.
async fn healthy(address: SocketAddr) -> Result<(), String> {
    let exchange = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(format!("GET /health HTTP/1.0\r\nHost: {address}\r\n\r\n").as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok::<_, std::io::Error>(answer)
    };
    let answer = exchange.await.map_err(|error| error.to_string())?;
    let first = answer.lines().next().unwrap_or_default();
    if first.contains(" 200 ") { Ok(()) } else { Err(format!("it answered {answer:?}")) }
}

/// Whether the API server is: all that it does at its start is done.
async fn ready(address: SocketAddr, ca_pem: String, token: String) -> Result<(), String> {
    let asked = tokio::task::spawn_blocking(move || {
        let ca = Certificate::from_pem(ca_pem.as_bytes())?;
        let tls = TlsConfig::builder().root_certs(RootCerts::new_with_certs(&[ca])).build();
        let config = ureq::Agent::config_builder().tls_config(tls).proxy(None).timeout_global(Some(ANSWER_LIMIT));
        let agent = ureq::Agent::new_with_config(config.build());
        agent.get(format!("https://{address}/readyz")).header("Authorization", format!("Bearer {token}")).call()
    });
    match asked.await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(error) => Err(error.to_string()),
    }
}

impl fmt::Debug for KubeApi {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("KubeApi")
            .field("address", &self.address)
            .field("pids", &self.pids())
            .finish_non_exhaustive()
    }
}
