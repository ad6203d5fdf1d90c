//! The chart's page is made from its schema and its defaults, and both know the same values.

use std::fs;

use chart_tests::{ChartError, Helm, chart, documents, reference};
use serde_json::{Map, Value, json};

type Outcome = Result<(), ChartError>;

/// A file of the chart that is YAML, or JSON.
fn read(file: &str) -> Result<Value, ChartError> {
    Ok(documents(&fs::read_to_string(chart().join(file)).expect(file))?.remove(0))
}

fn schema() -> Result<Value, ChartError> {
    read("values.schema.json")
}

fn defaults() -> Result<Value, ChartError> {
    read("values.yaml")
}

#[test]
fn the_page_is_made_from_the_schema_and_the_defaults() -> Outcome {
    let path = chart().join("README.md");
    let page = fs::read_to_string(&path).unwrap();
    let made = reference(&page, &schema()?, &defaults()?)?;
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &made).unwrap();
    }
    assert!(
        fs::read_to_string(&path).unwrap() == made,
        "charts/temporal-worker/README.md is not what values.schema.json and values.yaml say: run `UPDATE=1 cargo test -p chart-tests --test reference`"
    );
    Ok(())
}

/// What a worker has no default for: it says it, or it has none.
const WITHOUT_DEFAULT: [&str; 4] = ["binary", "image", "command", "taskQueues"];

/// Paths that one side has and the other lacks.
fn unlike(at: &str, properties: &Map<String, Value>, values: &Value, found: &mut Vec<String>) {
    for name in values.as_object().into_iter().flat_map(Map::keys) {
        if !properties.contains_key(name) {
            found.push(format!("{at}{name} has a default and no schema"));
        }
    }
    for (name, property) in properties {
        match (values.get(name), property["properties"].as_object()) {
            (None, _) => found.push(format!("{at}{name} has a schema and no default")),
            (Some(Value::Null), _) | (_, None) => {}
            (Some(Value::Object(none)), _) if none.is_empty() => {}
            (Some(value), Some(parts)) => unlike(&format!("{at}{name}."), parts, value, found),
        }
    }
}

#[test]
fn every_value_has_a_schema_and_a_default() -> Outcome {
    let (schema, values) = (schema()?, defaults()?);
    let mut found = Vec::new();
    let mut release = schema["properties"].as_object().unwrap().clone();
    release.remove("global");
    unlike("", &release, &values, &mut found);
    let mut worker = schema["$defs"]["worker"]["properties"].as_object().unwrap().clone();
    for name in WITHOUT_DEFAULT {
        assert!(worker.remove(name).is_some(), "{name}");
    }
    unlike("defaults.", &worker, &values["defaults"], &mut found);
    assert_eq!(found, Vec::<String>::new());
    Ok(())
}

/// Where the schema takes keys of any name.
fn open(at: &str, schema: &Value, found: &mut Vec<String>) {
    if let Some(properties) = schema["properties"].as_object() {
        if schema["additionalProperties"] != json!(false) {
            found.push(at.to_owned());
        }
        properties.iter().for_each(|(name, part)| open(&format!("{at}/{name}"), part, found));
    } else if schema["type"] == "object" && schema["additionalProperties"].is_null() {
        found.push(at.to_owned());
    }
    for inner in ["items", "additionalProperties"] {
        if schema[inner].is_object() {
            open(&format!("{at}/*"), &schema[inner], found);
        }
    }
}

#[test]
fn an_unknown_key_is_an_error_wherever_it_stands() -> Outcome {
    let schema = schema()?;
    let mut found = Vec::new();
    open("", &schema, &mut found);
    open("worker", &schema["$defs"]["worker"], &mut found);
    // What is Kubernetes' own, at whatever version: its API refuses what it does not know.
    let peer = |at: &str| {
        ["podSelector", "namespaceSelector", "ipBlock"].map(|part| format!("worker/networkPolicy/{at}/{part}"))
    };
    let mut expected: Vec<String> =
        ["nodeAffinity", "podAffinity", "podAntiAffinity"].map(|part| format!("worker/affinity/{part}")).into();
    expected.extend(peer("metricsFrom/*"));
    expected.extend(peer("egress/*/to/*"));
    expected.extend(["worker/extraVolumes/*".to_owned(), "/global".to_owned()]);
    found.sort();
    expected.sort();
    assert_eq!(found, expected);

    let helm = Helm::provided()?;
    let worker = json!({ "binary": "orders-worker", "taskQueues": ["orders"] });
    let places = [
        "",
        "/connection",
        "/connection/tls",
        "/jobs/schedules",
        "/defaults/slots",
        "/workers/orders",
        "/workers/orders/probes/startup",
    ];
    for place in places {
        let mut values = json!({ "connection": { "address": "temporal:7233" }, "workers": { "orders": worker } });
        let mut at = &mut values;
        for part in place.split('/').filter(|part| !part.is_empty()) {
            at = &mut at[part];
        }
        at["replicaz"] = json!(3);
        let error = helm.render(&values).unwrap_err();
        let said = error.refusal().unwrap();
        assert!(
            said.contains(&format!("at '{place}': additional properties 'replicaz' not allowed")),
            "{place}: {said}"
        );
    }
    Ok(())
}
