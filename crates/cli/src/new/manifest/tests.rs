use std::fs;

use super::*;

const TEMPLATE: &str = "[package]\nname = \"billing\"\ndescription = \"x\"\nversion.workspace = true\nedition.workspace = true\n\
rust-version.workspace = true\nlicense.workspace = true\npublish.workspace = true\n\n[lints]\nworkspace = true\n\n[dependencies]\n\
mainspring.workspace = true\nbilling-contract.workspace = true\nserde.workspace = true\n";

fn manifests(root: &str, features: &[&str]) -> Manifests {
    let features = features.iter().map(|feature| (*feature).to_owned()).collect();
    Manifests { root: root.parse().unwrap(), features, missing: BTreeSet::new() }
}

fn named() -> Named {
    Named::new("billing", None).unwrap()
}

/// The root's manifest with the product; it stands for the command's too.
fn joined(root: &str, missing: &[&str]) -> Result<String, Failure> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(ROOT), root).unwrap();
    let mut plan = Plan::of(folder.path().to_owned());
    let mut manifests = manifests(root, &[]);
    manifests.missing = missing.iter().map(|name| (*name).to_owned()).collect();
    manifests.join(&mut plan, Path::new(ROOT), &named(), true)?;
    plan.read(Path::new(ROOT))
}

#[test]
fn a_manifest_stays_as_it_is_where_the_workspace_has_all_that_it_shares() {
    let root = "[workspace.package]\nversion = \"1.0.0\"\nedition = \"2024\"\nrust-version = \"1.92\"\nlicense = \"MIT\"\n\
                publish = false\n[workspace.lints.rust]\n[workspace.dependencies]\nmainspring = \"0.1\"\nserde = \"1\"\n";
    let mut manifests = manifests(root, &[]);
    assert_eq!(manifests.adapted("products/billing/Cargo.toml", TEMPLATE, &named()).unwrap(), TEMPLATE);
    assert!(manifests.missing.is_empty());
}

#[test]
fn a_manifest_has_of_its_own_what_the_workspace_does_not_share() {
    let mut manifests = manifests("[workspace]\n", &["kafka"]);
    let text = manifests.adapted("workers/billing/Cargo.toml", TEMPLATE, &named()).unwrap();
    assert_eq!(
        text,
        "[package]\nname = \"billing\"\ndescription = \"x\"\nversion = \"0.1.0\"\nedition = \"2024\"\nrust-version = \"1.92\"\n\
         publish = false\n\n[dependencies]\nmainspring = { workspace = true, features = [\"kafka\"] }\n\
         billing-contract.workspace = true\nserde.workspace = true\n"
    );
    assert_eq!(manifests.missing.iter().collect::<Vec<_>>(), ["mainspring", "serde"]);
}

#[test]
fn a_workspace_of_one_package_gets_members_and_shared_dependencies() {
    let root = "[workspace]\n\n[package]\nname = \"greetings\"\n\n[dependencies]\n# By tag.\nmainspring = { git = \"https://x/m.git\", tag = \"v1\" }\nserde = \"1\"\n";
    assert_eq!(
        joined(root, &["mainspring", "tracing"]).unwrap(),
        "[workspace]\nmembers = [\"products/*\", \"products/*/contract\", \"workers/*\"]\n\n[workspace.dependencies]\n\
         mainspring = { git = \"https://x/m.git\", tag = \"v1\" }\ntracing = \"0.1\"\n\
         billing-contract = { path = \"products/billing/contract\" }\nbilling = { path = \"products/billing\" }\n\n\
         [package]\nname = \"greetings\"\n\n[dependencies]\n# By tag.\nmainspring = { git = \"https://x/m.git\", tag = \"v1\" }\nserde = \"1\"\n"
    );
}

#[test]
fn a_product_stands_behind_the_products_and_members_cover_it() {
    let root = "[workspace]\nmembers = [\n    \"products/*\",\n    \"products/*/contract\",\n    \"apps/api\",\n]\n\n[workspace.dependencies]\n\
                mainspring = \"0.1\"\na = { path = \"products/a\" }\n\n# The rest.\nserde = \"1\" # as ever\n";
    let with = "[workspace]\nmembers = [\n    \"products/*\",\n    \"products/*/contract\",\n    \"apps/api\", \"workers/billing\",\n]\n\n\
                [workspace.dependencies]\nmainspring = \"0.1\"\na = { path = \"products/a\" }\n\
                billing-contract = { path = \"products/billing/contract\" }\nbilling = { path = \"products/billing\" }\n\n\
                # The rest.\nserde = \"1\" # as ever\n";
    assert_eq!(joined(root, &[]).unwrap(), with);
}

#[test]
fn a_package_depends_on_it_behind_the_products_that_it_lists() {
    let folder = tempfile::tempdir().unwrap();
    let text = "[dependencies]\na-b.workspace = true\nmainspring.workspace = true\n\n[dev-dependencies]\nc = \"1\"\n";
    fs::write(folder.path().join(ROOT), text).unwrap();
    let mut plan = Plan::of(folder.path().to_owned());
    depend(&mut plan, Path::new(ROOT), &named(), &["a_b".to_owned()]).unwrap();
    assert_eq!(
        plan.read(Path::new(ROOT)).unwrap(),
        "[dependencies]\na-b.workspace = true\nbilling.workspace = true\nmainspring.workspace = true\n\n[dev-dependencies]\nc = \"1\"\n"
    );
}

#[test]
fn what_is_in_the_way_is_named() {
    let error = joined("[workspace.dependencies]\nbilling = \"3\"\n", &[]).unwrap_err().to_string();
    assert_eq!(
        error,
        "billing is a dependency already, in [workspace.dependencies] of Cargo.toml: give the product another name"
    );
    let error = joined("[workspace]\n", &["mainspring"]).unwrap_err().to_string();
    assert!(error.starts_with("nothing was written, for Cargo.toml does not say where mainspring is: "), "{error}");
}
