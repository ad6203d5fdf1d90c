//! JSON schemas for kubeconform, made from what Kubernetes and its extensions publish. A key that a schema does not name is a
//! fault, as it is to an API server that is asked to be strict.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use mainspring_servers::tools::{GoModule, Progress, Tool, Toolbox};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use crate::{ChartError, KUBERNETES, definitions, documents};

/// The kinds of Kubernetes' own that the chart writes, and those in which tests put parts of others.
const KINDS: [&str; 11] = [
    "ConfigMap",
    "Deployment",
    "HorizontalPodAutoscaler",
    "Job",
    "NetworkPolicy",
    "PodDisruptionBudget",
    "PodTemplate",
    "Secret",
    "Service",
    "ServiceAccount",
    "Namespace",
];

/// Schemas in a folder, and kubeconform.
#[derive(Debug)]
pub struct Schemas {
    kubeconform: PathBuf,
    folder: TempDir,
}

impl Schemas {
    /// Makes them.
    ///
    /// # Errors
    /// kubeconform or what is published cannot be had, or is not as it was.
    pub fn provided() -> Result<Self, ChartError> {
        let toolbox = Toolbox::from_env()?;
        let kubeconform = toolbox.provide(&Tool::kubeconform(), &Progress::stderr())?.path;
        let folder = tempfile::tempdir().map_err(ChartError::file("make a folder in", &std::env::temp_dir()))?;
        let schemas = Self { kubeconform, folder };
        let kubernetes = toolbox.go_module(&GoModule::kubernetes(), &Progress::stderr())?;
        schemas.of_kubernetes(&kubernetes.path.join("api/openapi-spec/swagger.json"))?;
        definitions()?.iter().try_for_each(|definition| schemas.of_definition(definition))?;
        Ok(schemas)
    }

    /// Holds objects against the schemas of their kinds. A pod that is part of another kind's object, and an autoscaler
    /// that the worker controller will make, are held against theirs too.
    ///
    /// # Errors
    /// [`ChartError::Invalid`], a line for each fault.
    pub fn check(&self, rendered: &str) -> Result<usize, ChartError> {
        let mut objects = documents(rendered)?;
        let inner: Vec<Value> = objects.iter().filter_map(inner).collect();
        objects.extend(inner);
        let file = tempfile::Builder::new().suffix(".yaml").tempfile_in(self.folder.path());
        let file = file.map_err(ChartError::file("make a file in", self.folder.path()))?;
        let text: Vec<String> = objects.iter().map(Value::to_string).collect();
        fs::write(file.path(), text.join("\n---\n")).map_err(ChartError::file("write", file.path()))?;
        let mut command = Command::new(&self.kubeconform);
        command.args(["-strict", "-output", "json", "-kubernetes-version", KUBERNETES, "-schema-location"]);
        command.arg(self.folder.path().join("{{.Group}}_{{.ResourceAPIVersion}}_{{.ResourceKind}}.json"));
        let output = command.arg(file.path()).output();
        let output = output.map_err(|source| ChartError::Program { program: "kubeconform".to_owned(), source })?;
        let faults: Value = serde_json::from_slice(&output.stdout)
            .map_err(|error| ChartError::Invalid(format!("{error}: {}", String::from_utf8_lossy(&output.stderr))))?;
        let faults: Vec<String> = faults["resources"].as_array().into_iter().flatten().map(fault).collect();
        if output.status.success() && faults.is_empty() {
            Ok(objects.len())
        } else {
            Err(ChartError::Invalid(faults.join("\n")))
        }
    }

    fn write(&self, group: &str, version: &str, kind: &str, schema: &Value) -> Result<(), ChartError> {
        let path = self.folder.path().join(format!("{group}_{version}_{}.json", kind.to_lowercase()));
        fs::write(&path, schema.to_string()).map_err(ChartError::file("write", &path))
    }

    fn of_kubernetes(&self, swagger: &Path) -> Result<(), ChartError> {
        let text = fs::read(swagger).map_err(ChartError::file("read", swagger))?;
        let mut swagger: Value =
            serde_json::from_slice(&text).map_err(|error| ChartError::schema("Kubernetes", error.to_string()))?;
        let definitions = swagger["definitions"].take();
        let definitions =
            definitions.as_object().ok_or_else(|| ChartError::schema("Kubernetes", "it defines nothing"))?;
        let mut left: BTreeSet<&str> = KINDS.into();
        for (name, definition) in definitions {
            let Some([of]) = definition["x-kubernetes-group-version-kind"].as_array().map(Vec::as_slice) else {
                continue;
            };
            let part = |key: &str| of[key].as_str().unwrap_or_default().to_owned();
            let (group, version, kind) = (part("group"), part("version"), part("kind"));
            // The group without a name is called by its version, as kubeconform does.
            let group = if group.is_empty() { version.clone() } else { group };
            if KINDS.contains(&kind.as_str()) {
                left.remove(kind.as_str());
                self.write(&group, &version, &kind, &standing_alone(name, definitions))?;
            }
        }
        let missing: Vec<&str> = left.into_iter().collect();
        if missing.is_empty() { Ok(()) } else { Err(ChartError::schema("Kubernetes", format!("it lacks {missing:?}"))) }
    }

    fn of_definition(&self, definition: &Value) -> Result<(), ChartError> {
        let spec = &definition["spec"];
        let (Some(group), Some(kind), Some(versions)) =
            (spec["group"].as_str(), spec["names"]["kind"].as_str(), spec["versions"].as_array())
        else {
            return Err(ChartError::schema(definition["metadata"]["name"].to_string(), "it defines no kind"));
        };
        for version in versions {
            let name = version["name"].as_str().unwrap_or_default();
            let mut schema = version["schema"]["openAPIV3Schema"].clone();
            schema["properties"]["metadata"] =
                json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true });
            for known in ["apiVersion", "kind"] {
                schema["properties"][known] = json!({ "type": "string" });
            }
            close(&mut schema);
            self.write(group, name, kind, &schema)?;
        }
        Ok(())
    }
}

/// What stands inside of an object of another kind, as an object of its own.
fn inner(object: &Value) -> Option<Value> {
    let spec = &object["spec"];
    match object["kind"].as_str()? {
        "WorkerDeployment" => {
            let metadata = json!({ "name": "inner" });
            Some(
                json!({ "apiVersion": "v1", "kind": "PodTemplate", "metadata": metadata, "template": spec["template"] }),
            )
        }
        "WorkerResourceTemplate" => {
            let mut made = spec["template"].clone();
            // As the controller fills it in, where it finds an empty object.
            if made["spec"]["scaleTargetRef"] == json!({}) {
                made["spec"]["scaleTargetRef"] =
                    json!({ "apiVersion": "apps/v1", "kind": "Deployment", "name": "version" });
            }
            Some(made)
        }
        _ => None,
    }
}

/// A definition with every other that it names put in its place: of a reference kubeconform would not show the fault's place.
fn standing_alone(name: &str, definitions: &Map<String, Value>) -> Value {
    // These two may be numbers, whatever is published of them.
    match name.rsplit('.').next() {
        Some("Quantity") => return json!({ "type": ["string", "number"] }),
        Some("IntOrString") => return json!({ "type": ["string", "integer"] }),
        _ => {}
    }
    let mut schema = definitions.get(name).cloned().unwrap_or_default();
    close(&mut schema);
    resolve(&mut schema, definitions);
    schema
}

fn resolve(schema: &mut Value, definitions: &Map<String, Value>) {
    let named = schema["$ref"].as_str().and_then(|name| name.strip_prefix("#/definitions/")).map(str::to_owned);
    match (named, schema) {
        (Some(name), schema) => *schema = standing_alone(&name, definitions),
        (None, Value::Object(fields)) => fields.values_mut().for_each(|value| resolve(value, definitions)),
        (None, Value::Array(items)) => items.iter_mut().for_each(|item| resolve(item, definitions)),
        (None, _) => {}
    }
}

/// Refuses what the schema does not name, wherever it names something and does not say that it keeps the rest.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            let open = fields.contains_key("additionalProperties")
                || fields.get("x-kubernetes-preserve-unknown-fields") == Some(&Value::Bool(true));
            if !open && fields.get("properties").is_some_and(Value::is_object) {
                fields.insert("additionalProperties".to_owned(), Value::Bool(false));
            }
            fields.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

/// One resource of kubeconform's report.
fn fault(resource: &Value) -> String {
    let text = |key: &str| resource[key].as_str().unwrap_or_default();
    let paths = resource["validationErrors"].as_array().into_iter().flatten();
    let paths: Vec<String> =
        paths.map(|error| format!("{} {}", text_of(error, "path"), text_of(error, "msg"))).collect();
    let said = if paths.is_empty() { text("msg").to_owned() } else { paths.join("; ") };
    format!("{} {}: {said}", text("kind"), text("name"))
}

fn text_of<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}
