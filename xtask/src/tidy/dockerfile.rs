//! The Dockerfile: an image for every worker binary, none of them as root or by a shell, each base and stage named as what
//! it is, and dependencies in a layer that a commit leaves alone. hadolint knows some of it, and nothing of our binaries.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Finding, source::Source};
use crate::{
    failure::Failure,
    image::{
        BASE,
        dockerfile::{Recipe, Stage, Step},
    },
    shipped,
};

const FILE: &str = "Dockerfile";
const IGNORED: &str = ".dockerignore";
/// What the code bakes, crates/worker/src/baked.rs.
const BAKED: [&str; 2] = ["MAINSPRING_BUILD_ID", "MAINSPRING_COMMIT"];
/// What is in the name of a build argument that holds a secret.
const SECRET: [&str; 5] = ["TOKEN", "SECRET", "PASSWORD", "API_KEY", "CREDENTIAL"];

pub(super) fn check(sources: &[Source], metadata: &Value) -> Result<Vec<Finding>, Failure> {
    let find = |path: &str| sources.iter().find(|source| source.path == path);
    let mut findings = Vec::new();
    match find(FILE) {
        None => findings.push(Finding::new(FILE, 0, "is missing; it has one target for each worker binary")),
        Some(source) => match Recipe::parse(&source.text) {
            Err(fault) => findings.push(Finding::new(FILE, 0, format!("cannot be read: {fault}"))),
            Ok(recipe) => {
                let said = faults(&recipe, &binaries(metadata)?);
                findings.extend(said.into_iter().map(|(line, message)| Finding::new(FILE, line, message)));
            }
        },
    }
    let sent = find(IGNORED).map_or("", |source| &source.text);
    for folder in folders(metadata)? {
        let covers = |line: &str| line.strip_prefix('!').is_some_and(|kept| within(&folder, kept));
        if !sent.lines().any(covers) {
            let message = format!("keeps {folder} from the build, and cargo wants every member; add `!{folder}`");
            findings.push(Finding::new(IGNORED, 0, message));
        }
    }
    Ok(findings)
}

fn within(folder: &str, kept: &str) -> bool {
    folder.strip_prefix(kept).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The line, 0 for the whole, and the fault.
type Fault = (usize, String);

fn faults(recipe: &Recipe, binaries: &BTreeSet<String>) -> Vec<Fault> {
    let targets: BTreeSet<&str> = recipe.targets().collect();
    let missing = binaries.iter().filter(|binary| !targets.contains(binary.as_str())).map(|binary| {
        (0, format!("has no target {binary}; add the stages build-{binary} and {binary}, as the others are"))
    });
    let needless = targets.iter().filter(|target| !binaries.contains(**target)).map(|target| {
        (0, format!("has a target {target}, which is the binary of no package in workers/; remove its stages"))
    });
    let mut faults: Vec<Fault> = missing.chain(needless).collect();
    for (index, stage) in recipe.stages.iter().enumerate() {
        let above = |name: &str| recipe.stages[..index].iter().any(|stage| stage.name == name.to_ascii_lowercase());
        let said =
            stage.steps.iter().flat_map(|step| of_step(step, stage, above).into_iter().map(|fault| (step.line, fault)));
        faults.extend(said);
        if stage.is_target() {
            let at = stage.steps.first().map_or(0, |from| from.line);
            let name = &stage.name;
            faults.extend(of_target(recipe, name).into_iter().map(|fault| (at, format!("target {name} {fault}"))));
        }
    }
    // Stages that stand on the same one have its faults too.
    let builds = recipe.stages.iter().filter(|stage| stage.name.starts_with("build-"));
    faults.extend(builds.flat_map(|stage| of_layers(recipe, &stage.name)).map(|fault| (0, fault)).take(1));
    faults
}

/// What holds for every instruction.
fn of_step(step: &Step, stage: &Stage, above: impl Fn(&str) -> bool) -> Vec<String> {
    let secrets = || step.pairs().into_iter().map(|(name, _)| name).filter(|name| is_secret(name));
    let shell = |why: &str| format!(r#"{} wants a shell, which no image has{why}; write ["…"]"#, step.keyword);
    match step.keyword.as_str() {
        "FROM" if stage.parent.is_none() && !is_pinned(&stage.base) => {
            vec![format!("{} is another image tomorrow; write a tag that is a version, or a digest", stage.base)]
        }
        "COPY" => {
            let from = step.flag("from").filter(|from| !above(from));
            from.map(|from| format!("COPY --from={from} names no stage above; is it misspelt?")).into_iter().collect()
        }
        "ENTRYPOINT" if step.exec().is_none() => vec![shell(", and would hide SIGTERM")],
        "CMD" if step.exec().is_none() => vec![shell("")],
        "HEALTHCHECK" if !step.rest.contains("NONE") && !step.rest.contains("CMD [") => vec![shell("")],
        "ARG" => secrets()
            .map(|name| format!("{name} would stay in the image's history; use RUN --mount=type=secret"))
            .collect(),
        "ENV" => secrets().map(|name| format!("{name} would stay in the image; give it to the container")).collect(),
        "ADD" => vec!["ADD also unpacks and downloads; write COPY".to_owned()],
        "MAINTAINER" => vec!["MAINTAINER is no more; write a LABEL".to_owned()],
        "WORKDIR" if !step.rest.starts_with('/') => {
            vec!["WORKDIR depends on the stage below; write an absolute path".to_owned()]
        }
        _ => Vec::new(),
    }
}

/// What holds for an image that is shipped.
fn of_target(recipe: &Recipe, name: &str) -> Vec<String> {
    let (Some(image), Some(chain)) = (recipe.image(name), recipe.chain(name)) else { return Vec::new() };
    let mut faults = Vec::new();
    let binary = format!("/usr/local/bin/{name}");
    if image.base != BASE {
        let base = image.base;
        faults.push(format!("stands on {base}; write {BASE}, which xtask/src/image/base.rs knows, or change both"));
    }
    if image.entrypoint.as_deref() != Some(std::slice::from_ref(&binary)) {
        faults.push(format!(r#"does not start its binary; write ENTRYPOINT ["{binary}"]"#));
    }
    if image.user.as_deref() != Some("65532:65532") {
        faults
            .push("does not run as nobody; write USER 65532:65532, for a pod's runAsNonRoot wants a number".to_owned());
    }
    if image.stop_signal.as_deref() != Some("SIGTERM") {
        faults.push("does not say how it is stopped; write STOPSIGNAL SIGTERM".to_owned());
    }
    if chain.iter().flat_map(|stage| &stage.steps).any(|step| step.is("RUN")) {
        faults.push("runs a command, and its base has no shell; run it in a build stage".to_owned());
    }
    let from = format!("build-{name}");
    let copied: Vec<_> = image.copies.iter().map(|copy| (copy.from.as_deref(), copy.destination.as_str())).collect();
    if copied != [(Some(from.as_str()), binary.as_str())] {
        faults.push(format!("is to hold its binary alone; write one COPY --from={from} … {binary}"));
    }
    let build = ["build", "--workspace", "--locked", "--profile", "image", "--bin", name];
    if recipe.cargo_build(&from).is_none_or(|words| words != build) {
        faults.push(format!("is not built like the others; in {from} write RUN cargo {}", build.join(" ")));
    }
    faults
}

/// The sources and the name of a commit come after the layer of dependencies and before the binary.
fn of_layers(recipe: &Recipe, name: &str) -> Vec<String> {
    let chain = recipe.chain(name).unwrap_or_default();
    let steps: Vec<&Step> = chain.iter().flat_map(|stage| &stage.steps).collect();
    let first = |wanted: &dyn Fn(&Step) -> bool| steps.iter().position(|step| wanted(step));
    let Some(cook) = first(&|step| step.runs(&["cargo", "chef", "cook"])) else {
        return vec![format!("stage {name} has no layer of dependencies; run `cargo chef cook` below it")];
    };
    let end = first(&|step| step.runs(&["cargo", "build"])).unwrap_or(steps.len());
    let between = |at: Option<usize>| at.is_some_and(|at| (cook..end).contains(&at));
    let mut faults = Vec::new();
    if !between(first(&|step| step.is("COPY") && step.flags.is_empty() && step.words().first() == Some(&"."))) {
        faults.push(format!(
            "stage {name} is to COPY the sources after `cargo chef cook` and before `cargo build`: else a commit builds \
             every dependency anew"
        ));
    }
    for baked in BAKED.into_iter().filter(|baked| !between(first(&|step| step.is("ARG") && step.rest == *baked))) {
        faults.push(format!(
            "stage {name} is to take ARG {baked} after `cargo chef cook` and before `cargo build`: it is compiled into \
             the binary alone"
        ));
    }
    faults
}

/// Whether an image has a digest, or a tag that stays what it is.
fn is_pinned(image: &str) -> bool {
    let name = image.rsplit('/').next().unwrap_or(image);
    name.contains("@sha256:") || name.split_once(':').is_some_and(|(_, tag)| tag != "latest")
}

fn is_secret(name: &str) -> bool {
    SECRET.iter().any(|part| name.to_ascii_uppercase().contains(part))
}

/// The binary of each worker.
fn binaries(metadata: &Value) -> Result<BTreeSet<String>, Failure> {
    let mut binaries = BTreeSet::new();
    for (folder, package) in packages(metadata)? {
        let targets = package["targets"].as_array().into_iter().flatten();
        let bins = targets.filter(|target| target["kind"] == serde_json::json!(["bin"]));
        let shipped =
            shipped::binary(&folder, package["default_run"].as_str(), bins.filter_map(|it| it["name"].as_str()));
        binaries.extend(shipped.map(str::to_owned));
    }
    Ok(binaries)
}

fn folders(metadata: &Value) -> Result<Vec<String>, Failure> {
    Ok(packages(metadata)?.into_iter().map(|(folder, _)| folder).collect())
}

/// Each package with its folder from the root.
fn packages(metadata: &Value) -> Result<Vec<(String, &Value)>, Failure> {
    let unexpected = |what: &str| Failure::Metadata { reason: format!("`{what}` is not there") };
    let root = metadata["workspace_root"].as_str().ok_or_else(|| unexpected("workspace_root"))?;
    let packages = metadata["packages"].as_array().ok_or_else(|| unexpected("packages"))?;
    let folder = |package: &Value| {
        let manifest = package["manifest_path"].as_str()?.strip_prefix(root)?;
        Some(manifest.trim_start_matches('/').trim_end_matches("/Cargo.toml").to_owned())
    };
    packages.iter().map(|package| Ok((folder(package).ok_or_else(|| unexpected("manifest_path"))?, package))).collect()
}

#[cfg(test)]
mod tests;
