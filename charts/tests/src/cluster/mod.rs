//! A cluster as far as this machine can have one: the real API server with the real definitions of custom resources, the
//! real Helm, and a [`Kubelet`] that runs what the API server says as processes of this machine. There are no
//! controllers: nobody makes pods of a Deployment, but a test does, from its template.

mod api;
mod jobs;
mod kubelet;
mod logs;
mod mounted;
mod pod;
mod probe;

use std::process::Stdio;
use std::time::{Duration, Instant};

pub use api::Api;
pub use kubelet::{Kubelet, Left, Running};
use mainspring_servers::KubeApi;
pub use pod::PodPlan;
use pod::text;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::{ChartError, Helm, chart, definitions};

/// The API server serves a new kind within a second.
const ESTABLISHED: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(50);

/// The API server and Helm.
#[derive(Debug)]
pub struct Cluster {
    server: KubeApi,
    api: Api,
    helm: Helm,
}

/// What Helm said, and whether it did what it was asked.
#[derive(Clone, Debug)]
pub struct Said {
    /// Its exit code was 0.
    pub success: bool,
    /// Output and error output.
    pub text: String,
}

impl Cluster {
    /// A new cluster, which knows the custom resources that the chart writes.
    ///
    /// # Errors
    /// A server could not be installed or started, or a definition was refused.
    pub async fn start() -> Result<Self, ChartError> {
        let server = KubeApi::builder().start().await?;
        let api = Api::new(&server)?;
        let made = tokio::task::spawn_blocking(|| Ok::<_, ChartError>((Helm::provided()?, definitions()?))).await;
        let (helm, definitions) = made.map_err(|error| ChartError::Cluster(error.to_string()))??;
        for mut definition in definitions {
            // What some tool wrote there was of another cluster.
            definition.as_object_mut().map(|fields| fields.remove("status"));
            api.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", &definition)?;
        }
        let cluster = Self { server, api, helm };
        cluster.established().await?;
        Ok(cluster)
    }

    /// The cluster that a test binary shares; it goes with the binary. Each test takes a namespace of its own.
    ///
    /// # Errors
    /// As [`Cluster::start`].
    pub async fn shared() -> Result<&'static Self, ChartError> {
        static SHARED: OnceCell<Cluster> = OnceCell::const_new();
        SHARED.get_or_try_init(Self::start).await
    }

    /// Waits until the API server serves every custom resource, and lists it: it says so a moment before it does.
    async fn established(&self) -> Result<(), ChartError> {
        let (from, mut looks) = (Instant::now(), tokio::time::interval(LOOK));
        let all = self.api.get("/apis/apiextensions.k8s.io/v1/customresourcedefinitions")?;
        for definition in list(&all) {
            let spec = &definition["spec"];
            let version = format!("/apis/{}/{}", text(&spec["group"]), text(&spec["versions"][0]["name"]));
            let plural = text(&spec["names"]["plural"]);
            while let Err(error) = self.serves(&version, &plural) {
                if from.elapsed() > ESTABLISHED {
                    return Err(error);
                }
                looks.tick().await;
            }
        }
        Ok(())
    }

    /// Helm knows a kind by the list of its version, which follows the kind itself.
    fn serves(&self, version: &str, plural: &str) -> Result<(), ChartError> {
        self.api.get(&format!("{version}/{plural}"))?;
        let all = self.api.get(version)?;
        if all["resources"].as_array().into_iter().flatten().any(|one| one["name"] == plural) {
            return Ok(());
        }
        Err(ChartError::Cluster(format!("{version} does not list {plural}")))
    }

    /// Its API.
    pub fn api(&self) -> &Api {
        &self.api
    }

    /// Makes a namespace, in which the API server refuses every pod that is not of the restricted profile. There is no
    /// controller that would make its account `default`, so this does.
    ///
    /// # Errors
    /// The API server refused.
    pub fn namespace(&self, name: &str) -> Result<(), ChartError> {
        let labels = json!({ "pod-security.kubernetes.io/enforce": "restricted" });
        self.api.post("/api/v1/namespaces", &json!({ "metadata": { "name": name, "labels": labels } }))?;
        let account = json!({ "metadata": { "name": "default" } });
        self.api.post(&format!("/api/v1/namespaces/{name}/serviceaccounts"), &account)?;
        Ok(())
    }

    /// Runs Helm in a namespace.
    ///
    /// # Errors
    /// It could not be run; that it failed is in what it [`Said`].
    pub async fn helm(&self, namespace: &str, arguments: &[&str]) -> Result<Said, ChartError> {
        let mut command = self.helm.command();
        command.env("KUBECONFIG", self.server.kubeconfig()).arg("--namespace").arg(namespace).args(arguments);
        let mut command = tokio::process::Command::from(command);
        let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await;
        let output = output.map_err(|source| ChartError::Program { program: "helm".to_owned(), source })?;
        let text = [output.stdout, output.stderr].concat();
        Ok(Said { success: output.status.success(), text: String::from_utf8_lossy(&text).into_owned() })
    }

    /// `helm install` or `helm upgrade` of the chart with these values, as the release [`RELEASE`](crate::RELEASE).
    ///
    /// # Errors
    /// As [`Cluster::helm`], or the values could not be written.
    pub async fn release(&self, verb: &str, namespace: &str, values: &Value) -> Result<Said, ChartError> {
        // JSON is YAML.
        let file = tempfile::NamedTempFile::new().map_err(ChartError::file("make a file in", &std::env::temp_dir()))?;
        std::fs::write(file.path(), values.to_string()).map_err(ChartError::file("write", file.path()))?;
        let [chart, tag, values] =
            [chart(), crate::dispatched(), file.path().to_owned()].map(|path| path.display().to_string());
        let arguments = [verb, crate::RELEASE, &chart, "--values", &tag, "--values", &values, "--timeout", "2m"];
        self.helm(namespace, &arguments).await
    }
}

impl Said {
    /// Its text, when it did what it was asked.
    ///
    /// # Errors
    /// It did not.
    pub fn well(self) -> Result<String, ChartError> {
        if self.success { Ok(self.text) } else { Err(ChartError::Cluster(format!("Helm failed:\n{}", self.text))) }
    }
}

/// The items of a list that the API server gave.
pub fn list(of: &Value) -> impl Iterator<Item = &Value> {
    of["items"].as_array().into_iter().flatten()
}

/// Whether that condition of an object holds.
pub fn holds(object: &Value, condition: &str) -> bool {
    let conditions = object["status"]["conditions"].as_array().into_iter().flatten();
    conditions.into_iter().any(|one| one["type"] == condition && one["status"] == "True")
}

/// This moment, as objects have it.
fn now() -> String {
    humantime::format_rfc3339_seconds(std::time::SystemTime::now()).to_string()
}
