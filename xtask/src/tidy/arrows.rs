//! Dependencies between our crates point down only, as ARCHITECTURE.md draws the house; and what is heavy or outward
//! stays out of the crates that promise to be without it.
//!
//! A new crate gets a row in [`HOUSE`]. Products, their contracts and the worker binaries are known by their folders.

use serde_json::Value;

use super::Finding;
use crate::failure::Failure;

/// Each crate, bottom up, with what it may depend on.
const HOUSE: &[(&str, &[&str])] = &[
    ("mainspring-servers", &[]),
    ("mainspring-settings", &[]),
    ("mainspring-macros", &[]),
    ("mainspring-context", &[]),
    ("mainspring-vocabulary", &["mainspring-macros"]),
    ("mainspring-activity", &["mainspring-context", "mainspring-vocabulary"]),
    ("mainspring-workflow", &["mainspring-context"]),
    ("mainspring-client", &["mainspring-settings"]),
    ("mainspring-caller", &["mainspring-settings", "mainspring-vocabulary", "mainspring-client"]),
    ("mainspring-outbox", &["mainspring-settings", "mainspring-vocabulary", "mainspring-client", "mainspring-caller"]),
    ("mainspring-replay", &["mainspring-client"]),
    ("mainspring-schedules", &["mainspring-settings", "mainspring-client"]),
    ("mainspring-logs", &["mainspring-settings", "mainspring-context"]),
    ("mainspring-log-entries", &["mainspring-settings"]),
    ("mainspring-traces", &["mainspring-settings"]),
    (
        "mainspring-worker",
        &[
            "mainspring-settings",
            "mainspring-context",
            "mainspring-vocabulary",
            "mainspring-client",
            "mainspring-replay",
            "mainspring-schedules",
            "mainspring-logs",
            "mainspring-traces",
        ],
    ),
    (
        "mainspring",
        &[
            "mainspring-activity",
            "mainspring-settings",
            "mainspring-context",
            "mainspring-vocabulary",
            "mainspring-client",
            "mainspring-logs",
            "mainspring-schedules",
            "mainspring-traces",
            "mainspring-worker",
            "mainspring-workflow",
        ],
    ),
    (
        "mainspring-testing",
        &[
            "mainspring-activity",
            "mainspring-servers",
            "mainspring-settings",
            "mainspring-context",
            "mainspring-vocabulary",
            "mainspring-client",
            "mainspring-caller",
            "mainspring-replay",
            "mainspring-logs",
            "mainspring-traces",
            "mainspring-worker",
            "mainspring-workflow",
        ],
    ),
    (
        "mainspring-cli",
        &[
            "mainspring-servers",
            "mainspring-settings",
            "mainspring-context",
            "mainspring-vocabulary",
            "mainspring-client",
            "mainspring-replay",
            "mainspring-schedules",
            "mainspring-logs",
            "mainspring-log-entries",
            "mainspring-traces",
            "mainspring-worker",
        ],
    ),
    ("xtask", &["mainspring-servers"]),
    ("chart-tests", &["mainspring-servers"]),
];

/// Crates that know no SDK: they build in seconds, and serve others too.
const WITHOUT_SDK: [&str; 5] =
    ["mainspring-servers", "mainspring-macros", "mainspring-context", "xtask", "chart-tests"];

/// What a contract never brings into a web backend, by the beginning of its name.
const NOT_IN_CONTRACTS: [&str; 22] = [
    "actix",
    "arrow",
    "aws-",
    "axum",
    "deadpool",
    "diesel",
    "hyper",
    "metrics-exporter",
    "mysql",
    "parquet",
    "postgres",
    "rdkafka",
    "redis",
    "reqwest",
    "rusqlite",
    "sea-orm",
    "sqlx",
    "temporalio-client",
    "temporalio-sdk",
    "tokio-postgres",
    "tonic",
    "ureq",
];

/// What only these crates may use, by its name; products may use sqlx too.
const ONLY_IN: [(&str, &[&str]); 2] = [
    ("sqlx", &["mainspring-outbox", "mainspring-log-entries"]),
    ("rdkafka", &["mainspring-logs", "mainspring-log-entries"]),
];

/// What a crate is, told by its folder.
#[derive(PartialEq, Eq, Clone, Copy)]
enum Place {
    Contract,
    Product,
    WorkerBinary,
    /// A backend as somebody else would write it: it sees contracts and the caller.
    Example,
    /// tests/ and benches/: they see everything.
    Outside,
    /// A row of the house.
    House,
}

impl Place {
    fn of(folder: &str) -> Self {
        // What `new product` writes keeps to the rules of the place that it is written to.
        let folder = folder.strip_prefix("crates/cli/template/").unwrap_or(folder);
        match folder.split('/').collect::<Vec<_>>()[..] {
            ["products", _, "contract"] => Self::Contract,
            ["products", _] => Self::Product,
            ["workers", _] => Self::WorkerBinary,
            ["examples", _] => Self::Example,
            ["tests" | "benches"] => Self::Outside,
            _ => Self::House,
        }
    }
}

/// Checks what `cargo metadata --no-deps` says.
pub(super) fn check(metadata: &Value) -> Result<Vec<Finding>, Failure> {
    let root = text(metadata, "workspace_root")?;
    let folder = |path: &str| path.trim_start_matches(root).trim_start_matches('/').to_owned();
    let mut findings = Vec::new();
    for package in list(metadata, "packages")? {
        let name = text(package, "name")?;
        let manifest = folder(text(package, "manifest_path")?);
        let from = Place::of(manifest.trim_end_matches("/Cargo.toml"));
        let mut refuse = |message: String| findings.push(Finding::new(&manifest, 0, message));
        if from == Place::House && !HOUSE.iter().any(|(row, _)| *row == name) {
            refuse(format!(
                "`{name}` has no place in the house; give it a row in xtask/src/tidy/arrows.rs, and a line in ARCHITECTURE.md"
            ));
            continue;
        }
        for dependency in list(package, "dependencies")? {
            let to = text(dependency, "name")?;
            let dev = dependency["kind"] == "dev";
            let fault = match dependency["path"].as_str() {
                Some(path) => fault_inside(name, from, to, Place::of(&folder(path)), dev),
                None => fault_outside(name, from, to),
            };
            if let Some(fault) = fault {
                refuse(fault);
            }
        }
    }
    Ok(findings)
}

/// A dependency on one of our own crates.
fn fault_inside(name: &str, from: Place, to: &str, place: Place, dev: bool) -> Option<String> {
    let allowed = match from {
        Place::Outside => true,
        Place::Contract => to == "mainspring-vocabulary",
        Place::Product => {
            ["mainspring", "mainspring-outbox"].contains(&to)
                || place == Place::Contract
                || (dev && to == "mainspring-testing")
        }
        Place::WorkerBinary => {
            ["mainspring", "mainspring-cli"].contains(&to)
                || place == Place::Product
                || (dev && ["mainspring-testing", "mainspring-servers", "chart-tests"].contains(&to))
        }
        Place::Example => ["mainspring-caller", "mainspring-outbox"].contains(&to) || place == Place::Contract || dev,
        Place::House => {
            let row = HOUSE.iter().find(|(row, _)| *row == name);
            // Tests of any floor may start real servers: `servers` stands on nothing.
            row.is_some_and(|(_, below)| below.contains(&to)) || (dev && to == "mainspring-servers")
        }
    };
    let rule = match from {
        Place::Contract => "a contract depends on `mainspring-vocabulary` at most, so that any backend can carry it",
        Place::Product => "a product depends on `mainspring`, `mainspring-outbox` and on contracts",
        Place::WorkerBinary => "a worker binary depends on `mainspring` or `mainspring-cli`, and on products",
        Place::Example => {
            "an example depends on `mainspring-caller`, `mainspring-outbox` and on contracts, as a backend without worker code"
        }
        Place::House | Place::Outside => "arrows point down only, as in xtask/src/tidy/arrows.rs",
    };
    (!allowed).then(|| format!("`{name}` depends on `{to}`; {rule}"))
}

/// A dependency on somebody else's crate.
fn fault_outside(name: &str, from: Place, to: &str) -> Option<String> {
    if from == Place::Contract && NOT_IN_CONTRACTS.iter().any(|start| to.starts_with(start)) {
        return Some(format!(
            "the contract `{name}` depends on `{to}`; what does I/O belongs to the product, for every caller builds its contract"
        ));
    }
    if from == Place::Example && to.starts_with("temporalio-sdk") {
        return Some(format!(
            "the example `{name}` depends on `{to}`; a backend calls workflows without any worker code"
        ));
    }
    if WITHOUT_SDK.contains(&name) && to.starts_with("temporalio-") {
        return Some(format!("`{name}` depends on `{to}`, and is to know no SDK; put that code into a crate above it"));
    }
    // A product's database is its own business.
    let product = from == Place::Product && to == "sqlx";
    ONLY_IN.iter().find(|(heavy, owners)| to == *heavy && !product && !owners.contains(&name)).map(|(heavy, owners)| {
        let owners = owners.join("` and `");
        format!(
            "`{name}` depends on `{heavy}`, which only `{owners}` may use, so that nothing else waits for its build"
        )
    })
}

fn text<'a>(value: &'a Value, key: &str) -> Result<&'a str, Failure> {
    value[key].as_str().ok_or_else(|| Failure::Metadata { reason: format!("`{key}` is no text") })
}

fn list<'a>(value: &'a Value, key: &str) -> Result<&'a Vec<Value>, Failure> {
    value[key].as_array().ok_or_else(|| Failure::Metadata { reason: format!("`{key}` is no list") })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What is said of a crate in `folder` with one dependency: `to`, and its folder if it is ours.
    fn said(folder: &str, name: &str, to: &str, to_folder: Option<&str>, dev: bool) -> Vec<String> {
        let metadata = json!({
            "workspace_root": "/x",
            "packages": [{
                "name": name,
                "manifest_path": format!("/x/{folder}/Cargo.toml"),
                "dependencies": [{
                    "name": to,
                    "kind": if dev { json!("dev") } else { Value::Null },
                    "path": to_folder.map(|folder| format!("/x/{folder}")),
                }],
            }],
        });
        check(&metadata).unwrap().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn an_arrow_that_points_up_is_refused() {
        assert_eq!(
            said("crates/client", "mainspring-client", "mainspring-worker", Some("crates/worker"), false),
            [
                "crates/client/Cargo.toml: `mainspring-client` depends on `mainspring-worker`; arrows point down only, as in xtask/src/tidy/arrows.rs"
            ]
        );
        let none = Vec::<String>::new();
        assert_eq!(said("crates/worker", "mainspring-worker", "mainspring-client", Some("crates/client"), false), none);
        assert_eq!(
            said("crates/client", "mainspring-client", "mainspring-servers", Some("crates/servers"), true),
            none
        );
        assert_eq!(
            said("crates/client", "mainspring-client", "mainspring-servers", Some("crates/servers"), false).len(),
            1
        );
        assert_eq!(said("tests", "mainspring-tests", "mainspring-worker", Some("crates/worker"), true), none);
    }

    #[test]
    fn a_product_sees_the_facade_and_contracts_only() {
        let product = |to, folder, dev| said("products/x", "x", to, Some(folder), dev);
        assert_eq!(product("mainspring", "crates/mainspring", false), Vec::<String>::new());
        assert_eq!(product("mainspring-outbox", "crates/outbox", false), Vec::<String>::new());
        assert_eq!(product("x-contract", "products/x/contract", false), Vec::<String>::new());
        assert_eq!(product("mainspring-testing", "crates/testing", true), Vec::<String>::new());
        let rule = "a product depends on `mainspring`, `mainspring-outbox` and on contracts";
        assert_eq!(
            product("mainspring-worker", "crates/worker", false),
            [format!("products/x/Cargo.toml: `x` depends on `mainspring-worker`; {rule}")]
        );
        assert_eq!(product("y", "products/y", false), [format!("products/x/Cargo.toml: `x` depends on `y`; {rule}")]);
    }

    #[test]
    fn a_contract_is_light() {
        let contract = |to, folder| said("products/x/contract", "x-contract", to, folder, false);
        assert_eq!(contract("mainspring-vocabulary", Some("crates/vocabulary")), Vec::<String>::new());
        assert_eq!(contract("serde", None), Vec::<String>::new());
        for (to, folder) in [("mainspring-worker", Some("crates/worker")), ("mainspring-logs", Some("crates/logs"))] {
            let rule = "a contract depends on `mainspring-vocabulary` at most, so that any backend can carry it";
            assert_eq!(
                contract(to, folder),
                [format!("products/x/contract/Cargo.toml: `x-contract` depends on `{to}`; {rule}")]
            );
        }
        for to in ["sqlx", "aws-sdk-s3", "hyper-util", "reqwest", "temporalio-sdk"] {
            let found = contract(to, None);
            assert!(
                found[0].contains(&format!("`x-contract` depends on `{to}`; what does I/O belongs to the product"))
            );
        }
    }

    #[test]
    fn a_worker_binary_sees_products() {
        let worker = |to, folder| said("workers/x", "x-worker", to, Some(folder), false);
        assert_eq!(worker("x", "products/x"), Vec::<String>::new());
        assert_eq!(worker("mainspring-worker", "crates/worker").len(), 1);
    }

    #[test]
    fn an_example_backend_sees_contracts_and_the_caller() {
        let example = |to, folder, dev| said("examples/x", "x", to, folder, dev);
        let none = Vec::<String>::new();
        assert_eq!(example("mainspring-caller", Some("crates/caller"), false), none);
        assert_eq!(example("y-contract", Some("products/y/contract"), false), none);
        assert_eq!(example("mainspring", Some("crates/mainspring"), true), none);
        assert_eq!(
            example("y", Some("products/y"), false),
            [
                "examples/x/Cargo.toml: `x` depends on `y`; an example depends on `mainspring-caller`, `mainspring-outbox` and on contracts, as a backend without worker code"
            ]
        );
        assert!(example("temporalio-sdk", None, false)[0].contains("without any worker code"));
    }

    #[test]
    fn a_crate_without_a_row_is_refused() {
        let found = said("crates/new", "mainspring-new", "serde", None, false);
        assert!(
            found[0].starts_with("crates/new/Cargo.toml: `mainspring-new` has no place in the house; "),
            "{found:?}"
        );
    }

    #[test]
    fn what_is_heavy_or_knows_the_sdk_stays_in_its_place() {
        let found = said("crates/servers", "mainspring-servers", "temporalio-client", None, false);
        assert!(
            found[0].contains("`mainspring-servers` depends on `temporalio-client`, and is to know no SDK"),
            "{found:?}"
        );
        let found = said("products/x", "x", "rdkafka", None, false);
        assert!(
            found[0].contains(
                "`x` depends on `rdkafka`, which only `mainspring-logs` and `mainspring-log-entries` may use"
            ),
            "{found:?}"
        );
    }

    #[test]
    fn every_row_of_the_house_points_down() {
        for (index, (name, below)) in HOUSE.iter().enumerate() {
            for to in *below {
                assert!(
                    HOUSE[..index].iter().any(|(row, _)| row == to),
                    "{name} is above {to}, which has no row below it"
                );
            }
        }
    }

    #[test]
    fn metadata_of_another_shape_is_an_error() {
        let message = check(&json!({})).unwrap_err().to_string();
        assert!(message.contains("`workspace_root` is no text"), "{message}");
    }
}
