//! What of a pod's spec makes a process: its command, its environment with what the API server keeps in secrets and
//! config maps, its probes, its grace. What this does not know of is an error, so that nothing is passed over.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::Api;
use super::probe::Probe;
use crate::ChartError;

/// The one container of a pod, as a process.
#[derive(Clone, Debug)]
pub struct PodPlan {
    /// The pod's namespace.
    pub namespace: String,
    /// The pod.
    pub name: String,
    /// The container.
    pub container: String,
    /// Its image.
    pub image: String,
    /// The program, by its path in the image, and its arguments.
    pub command: Vec<String>,
    /// The pod's annotations.
    pub annotations: BTreeMap<String, String>,
    /// What the pod sets, by name.
    pub env: BTreeMap<String, String>,
    /// From the order to stop until it is killed.
    pub grace: Duration,
    pub(super) startup: Option<Probe>,
    pub(super) liveness: Option<Probe>,
    pub(super) readiness: Option<Probe>,
}

impl PodPlan {
    /// Reads a pod that the API server gave.
    ///
    /// # Errors
    /// It has what this cannot run; or a secret or config map that it names is not there, as on a kubelet.
    pub fn of(api: &Api, pod: &Value) -> Result<Self, ChartError> {
        let (namespace, name) = (text(&pod["metadata"]["namespace"]), text(&pod["metadata"]["name"]));
        let refused = |reason: String| ChartError::Cluster(format!("the pod {namespace}/{name}: {reason}"));
        let spec = &pod["spec"];
        let [container] = spec["containers"].as_array().map(Vec::as_slice).unwrap_or_default() else {
            return Err(refused("it has not one container".to_owned()));
        };
        if !spec["initContainers"].is_null() {
            return Err(refused("it has containers that go before".to_owned()));
        }
        let volumes = spec["volumes"].as_array().into_iter().flatten();
        if let Some(volume) = volumes.into_iter().find(|volume| volume["emptyDir"].is_null()) {
            return Err(refused(format!("there is nobody here who would mount {volume}")));
        }
        let words = |of: &Value| of.as_array().into_iter().flatten().map(text).collect::<Vec<_>>();
        let command = [words(&container["command"]), words(&container["args"])].concat();
        if command.is_empty() {
            return Err(refused("it leaves its command to the image".to_owned()));
        }
        let probe = |key: &str| match &container[key] {
            Value::Null => Ok(None),
            given => Probe::of(given, container).map(Some).map_err(|reason| refused(format!("its {key}: {reason}"))),
        };
        let annotations = pod["metadata"]["annotations"].as_object().into_iter().flatten();
        Ok(Self {
            annotations: annotations.map(|(name, value)| (name.clone(), text(value))).collect(),
            container: text(&container["name"]),
            image: text(&container["image"]),
            command,
            env: environment(api, &namespace, container).map_err(refused)?,
            grace: Duration::from_secs(spec["terminationGracePeriodSeconds"].as_u64().unwrap_or_default()),
            startup: probe("startupProbe")?,
            liveness: probe("livenessProbe")?,
            readiness: probe("readinessProbe")?,
            namespace,
            name,
        })
    }
}

/// `envFrom`, and `env` over it.
fn environment(api: &Api, namespace: &str, container: &Value) -> Result<BTreeMap<String, String>, String> {
    let keep = |kind: &str, name: &Value| Keep::read(api, namespace, kind, name);
    let mut env = BTreeMap::new();
    for from in container["envFrom"].as_array().into_iter().flatten() {
        let keep = match (&from["configMapRef"]["name"], &from["secretRef"]["name"]) {
            (name @ Value::String(_), _) => keep("configmaps", name)?,
            (_, name @ Value::String(_)) => keep("secrets", name)?,
            _ => return Err(format!("nobody here knows {from}")),
        };
        let prefix = from["prefix"].as_str().unwrap_or_default();
        for key in keep.keys() {
            env.insert(format!("{prefix}{key}"), keep.value(&key)?);
        }
    }
    for one in container["env"].as_array().into_iter().flatten() {
        let from = &one["valueFrom"];
        let value = match (&from["secretKeyRef"], &from["configMapKeyRef"]) {
            _ if from.is_null() => text(&one["value"]),
            (secret @ Value::Object(_), _) => keep("secrets", &secret["name"])?.value(&text(&secret["key"]))?,
            (_, map @ Value::Object(_)) => keep("configmaps", &map["name"])?.value(&text(&map["key"]))?,
            _ => return Err(format!("nobody here knows {one}")),
        };
        if value.contains("$(") {
            return Err(format!("nobody here would fill in {one}"));
        }
        env.insert(text(&one["name"]), value);
    }
    Ok(env)
}

/// A secret or a config map.
struct Keep {
    what: String,
    secret: bool,
    data: Value,
}

impl Keep {
    fn read(api: &Api, namespace: &str, kind: &str, name: &Value) -> Result<Self, String> {
        let path = format!("/api/v1/namespaces/{namespace}/{kind}/{}", text(name));
        let data = api.get(&path).map_err(|error| error.to_string())?["data"].take();
        Ok(Self { what: format!("{kind}/{}", text(name)), secret: kind == "secrets", data })
    }

    fn keys(&self) -> Vec<String> {
        self.data.as_object().into_iter().flat_map(|data| data.keys().cloned()).collect()
    }

    fn value(&self, key: &str) -> Result<String, String> {
        use base64::Engine as _;
        let value = self.data[key].as_str().ok_or_else(|| format!("{} has no key {key}", self.what))?;
        if !self.secret {
            return Ok(value.to_owned());
        }
        let bytes = base64::engine::general_purpose::STANDARD.decode(value).map_err(|error| error.to_string())?;
        String::from_utf8(bytes).map_err(|error| error.to_string())
    }
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
