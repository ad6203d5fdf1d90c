//! Every example: Helm's own linter, the objects that it becomes, and the schemas of those.

use std::fs;
use std::path::PathBuf;

use chart_tests::{ChartError, Helm, Schemas, chart, examples};

type Outcome = Result<(), ChartError>;

fn name(file: &std::path::Path) -> String {
    file.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Whether an example is what the registry says of a task queue.
fn made(file: &std::path::Path) -> bool {
    fs::read_to_string(file).is_ok_and(|text| text.contains("#   mainspring generate chart-values "))
}

#[test]
fn every_example_and_the_bare_chart_pass_helms_linter() -> Outcome {
    let helm = Helm::provided()?;
    helm.lint(None)?;
    for file in examples()? {
        helm.lint(Some(&file))?;
    }
    Ok(())
}

#[test]
fn every_example_becomes_the_objects_of_its_snapshot() -> Outcome {
    let helm = Helm::provided()?;
    // What the command makes of the registry needs none: it is good if it renders.
    let (made, files): (Vec<PathBuf>, Vec<PathBuf>) = examples()?.into_iter().partition(|file| made(file));
    assert!(!made.is_empty(), "each queue has an example that is made from the registry");
    for file in &files {
        let rendered = helm.template(file)?;
        insta::with_settings!({ description => name(file), omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(format!("example-{}", name(file)), rendered);
        });
    }
    let folder = chart().with_file_name("tests").join("tests/snapshots");
    let snapshots =
        fs::read_dir(&folder).into_iter().flatten().filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let left: Vec<String> = snapshots
        .filter_map(|file| Some(file.strip_prefix("example-")?.strip_suffix(".snap")?.to_owned()))
        .filter(|example| !files.iter().any(|file| name(file) == *example))
        .collect();
    assert!(left.is_empty(), "snapshots of examples that are gone or made from the registry: delete them: {left:?}");
    Ok(())
}

#[test]
fn every_examples_objects_are_as_kubernetes_and_its_extensions_want_them() -> Outcome {
    let (helm, schemas) = (Helm::provided()?, Schemas::provided()?);
    let mut all = String::new();
    for file in examples()? {
        let rendered = helm.template(&file)?;
        all.push_str(&rendered);
        schemas.check(&rendered).map_err(|error| ChartError::Invalid(format!("{}: {error}", file.display())))?;
    }
    for kind in [
        "Deployment",
        "WorkerDeployment",
        "WorkerResourceTemplate",
        "Connection",
        "ScaledObject",
        "TriggerAuthentication",
    ]
    .iter()
    .chain(&[
        "HorizontalPodAutoscaler",
        "PodMonitor",
        "ServiceMonitor",
        "NetworkPolicy",
        "PodDisruptionBudget",
        "Job",
    ]) {
        assert!(all.contains(&format!("\nkind: {kind}\n")), "no example has a {kind}");
    }
    Ok(())
}

#[test]
fn an_object_that_is_wrong_is_found() -> Outcome {
    let schemas = Schemas::provided()?;
    let monitor = "apiVersion: monitoring.coreos.com/v1\nkind: PodMonitor\nmetadata: {name: m}\nspec: {selector: {}, podMetricsEndpoints: [{prot: http}]}";
    let said = schemas.check(monitor).unwrap_err().to_string();
    assert!(
        said.contains("PodMonitor m: /spec/podMetricsEndpoints/0 additional properties 'prot' not allowed"),
        "{said}"
    );
    let deployment =
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec: {replicas: two, selector: {}, template: {}}";
    let said = schemas.check(deployment).unwrap_err().to_string();
    assert!(said.contains("Deployment d: /spec/replicas got string, want"), "{said}");
    let inner = "apiVersion: temporal.io/v1alpha1\nkind: WorkerDeployment\nmetadata: {name: w}\nspec:\n  rollout: {strategy: Manual}\n  sunset: {}\n  \
                 workerOptions: {connectionRef: {name: c}, temporalNamespace: n}\n  template: {spec: {containers: [{nam: worker}]}}";
    let said = schemas.check(inner).unwrap_err().to_string();
    assert!(said.contains("PodTemplate inner: ") && said.contains("/template/spec/containers/0"), "{said}");
    let unknown = "apiVersion: example.com/v1\nkind: Unknown\nmetadata: {name: u}";
    let said = schemas.check(unknown).unwrap_err().to_string();
    assert!(said.contains("Unknown u: could not find schema for Unknown"), "{said}");
    Ok(())
}

#[test]
fn the_pages_own_example_becomes_the_worker_that_it_says() -> Outcome {
    let page = fs::read_to_string(chart().join("README.md")).expect("the page");
    let example = page.split_once("```yaml\n").and_then(|(_, rest)| rest.split_once("```")).expect("an example").0;
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(file.path(), example).expect("to be written");
    let helm = Helm::provided()?;
    helm.lint(Some(file.path()))?;
    let rendered = helm.template(file.path())?;
    assert!(rendered.contains("\nkind: Deployment\nmetadata:\n  name: shop-general-purpose\n"), "{rendered}");
    Ok(())
}
