//! The Dockerfile: an image for every worker binary, none of them as root or by a shell, each base and stage named as what
//! it is, and dependencies in a layer that a commit leaves alone. hadolint knows some of it, and nothing of our binaries.

use std::collections::BTreeSet;

use dockerfile_parser::{Instruction, Stage, StageParent};
use serde_json::Value;

use super::{Finding, source::Source};
use crate::{
    failure::Failure,
    image::{
        BASE,
        dockerfile::{Recipe, chain, named},
    },
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
                let said = Reader { recipe: &recipe, stages: &recipe.stages() }.faults(&binaries(metadata)?);
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

/// A stage by stage reader, and what it finds: the line, 0 for the whole, and the fault.
struct Reader<'a> {
    recipe: &'a Recipe,
    stages: &'a [Stage<'a>],
}

type Fault = (usize, String);

impl Reader<'_> {
    fn faults(&self, binaries: &BTreeSet<String>) -> Vec<Fault> {
        let targets: BTreeSet<&str> =
            self.stages.iter().filter(|stage| is_target(stage)).filter_map(|stage| stage.name.as_deref()).collect();
        let missing = binaries.iter().filter(|binary| !targets.contains(binary.as_str())).map(|binary| {
            (0, format!("has no target {binary}; add the stages build-{binary} and {binary}, as the others are"))
        });
        let needless = targets.iter().filter(|target| !binaries.contains(**target)).map(|target| {
            (0, format!("has a target {target}, which is the binary of no package in workers/; remove its stages"))
        });
        let mut faults: Vec<Fault> = missing.chain(needless).collect();
        for stage in self.stages {
            faults.extend(self.stage(stage));
            if let Some(name) = stage.name.as_deref().filter(|_| is_target(stage)) {
                faults.extend(self.target(name));
            }
        }
        faults.extend(self.dependencies());
        faults
    }

    /// What holds for every stage.
    fn stage(&self, stage: &Stage<'_>) -> Vec<Fault> {
        let mut faults = Vec::new();
        for instruction in &stage.instructions {
            let mut fault = |message: String| faults.push((self.recipe.line(instruction), message));
            match instruction {
                Instruction::From(from) if matches!(stage.parent, StageParent::Image(_)) => {
                    let image = &from.image_parsed;
                    let pinned = image.hash.is_some() || image.tag.as_deref().is_some_and(|tag| tag != "latest");
                    if !pinned {
                        fault(format!("{image} is another image tomorrow; write a tag that is a version, or a digest"));
                    }
                }
                Instruction::Copy(copy) => {
                    let from = copy.flags.iter().find(|flag| flag.name.as_ref() == "from").map(|flag| &flag.value);
                    let above = |name: &str| named(&self.stages[..stage.index], &name.to_ascii_lowercase()).is_some();
                    if let Some(from) = from.filter(|from| !above(from.as_ref())) {
                        fault(format!("COPY --from={from} names no stage above; is it misspelt?"));
                    }
                }
                Instruction::Entrypoint(entrypoint) if entrypoint.as_exec().is_none() => {
                    fault(
                        r#"ENTRYPOINT wants a shell, which no image has, and would hide SIGTERM; write ["…"]"#
                            .to_owned(),
                    );
                }
                Instruction::Cmd(cmd) if cmd.as_exec().is_none() => {
                    fault(r#"CMD wants a shell, which no image has; write ["…"]"#.to_owned());
                }
                Instruction::Arg(arg) if is_secret(arg.name.as_ref()) => {
                    fault(format!("{} would stay in the image's history; use RUN --mount=type=secret", arg.name));
                }
                Instruction::Env(env) => env.vars.iter().filter(|var| is_secret(var.key.as_ref())).for_each(|var| {
                    fault(format!("{} would stay in the image; give it to the container", var.key));
                }),
                Instruction::Misc(misc) => {
                    let words = misc.arguments.to_string();
                    match misc.instruction.as_ref().to_ascii_uppercase().as_str() {
                        "ADD" => fault("ADD also unpacks and downloads; write COPY".to_owned()),
                        "MAINTAINER" => fault("MAINTAINER is no more; write a LABEL".to_owned()),
                        "WORKDIR" if !words.trim().starts_with('/') => {
                            fault("WORKDIR depends on the stage below; write an absolute path".to_owned());
                        }
                        "HEALTHCHECK" if !words.contains("NONE") && !words.contains("CMD [") => {
                            fault(r#"HEALTHCHECK wants a shell, which no image has; write CMD ["…"]"#.to_owned());
                        }
                        _ => {}
                    }
                }
                _ => {}
            }
        }
        faults
    }

    /// What holds for an image that is shipped.
    fn target(&self, name: &str) -> Vec<Fault> {
        let (Some(image), Some(chain)) = (self.recipe.image(name), chain(self.stages, name)) else { return Vec::new() };
        let at = chain.last().and_then(|stage| stage.instructions.first()).map_or(0, |from| self.recipe.line(from));
        let mut faults = Vec::new();
        let mut fault = |message: String| faults.push((at, format!("target {name} {message}")));
        let binary = format!("/usr/local/bin/{name}");
        if image.base != BASE {
            fault(format!(
                "stands on {}; write {BASE}, which xtask/src/image/base.rs knows, or change both",
                image.base
            ));
        }
        if image.entrypoint.as_deref() != Some(std::slice::from_ref(&binary)) {
            fault(format!(r#"does not start its binary; write ENTRYPOINT ["{binary}"]"#));
        }
        if image.user.as_deref() != Some("65532:65532") {
            fault("does not run as nobody; write USER 65532:65532, for a pod's runAsNonRoot wants a number".to_owned());
        }
        if image.stop_signal.as_deref() != Some("SIGTERM") {
            fault("does not say how it is stopped; write STOPSIGNAL SIGTERM".to_owned());
        }
        if chain.iter().flat_map(|stage| &stage.instructions).any(|instruction| instruction.as_run().is_some()) {
            fault("runs a command, and its base has no shell; run it in a build stage".to_owned());
        }
        let from = format!("build-{name}");
        let copied: Vec<_> =
            image.copies.iter().map(|copy| (copy.from.as_deref(), copy.destination.as_str())).collect();
        if copied != [(Some(from.as_str()), binary.as_str())] {
            fault(format!("is to hold its binary alone; write one COPY --from={from} … {binary}"));
        }
        let build = ["build", "--workspace", "--locked", "--profile", "image", "--bin", name];
        if self.recipe.cargo_build(&from).is_none_or(|words| words != build) {
            fault(format!("is not built like the others; in {from} write RUN cargo {}", build.join(" ")));
        }
        faults
    }

    /// A commit, and its name, come after the layer of dependencies and before the binary.
    fn dependencies(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        for stage in
            self.stages.iter().filter(|stage| stage.name.as_deref().is_some_and(|name| name.starts_with("build-")))
        {
            let name = stage.name.as_deref().unwrap_or_default();
            let chain = chain(self.stages, name).unwrap_or_default();
            let steps: Vec<&Instruction> = chain.iter().flat_map(|stage| stage.instructions.iter().copied()).collect();
            let runs = |words: &str| {
                let is = |step: &&Instruction| {
                    step.as_run().and_then(|run| run.as_shell()).is_some_and(|line| line.to_string().starts_with(words))
                };
                steps.iter().position(is)
            };
            let Some(cook) = runs("cargo chef cook") else {
                faults.push((0, format!("stage {name} has no layer of dependencies; run `cargo chef cook` below it")));
                continue;
            };
            let end = runs("cargo build").unwrap_or(steps.len());
            let sources = steps.iter().position(|step| {
                step.as_copy().is_some_and(|copy| {
                    copy.flags.is_empty() && copy.sources.iter().any(|source| source.as_ref() == ".")
                })
            });
            if sources.is_none_or(|sources| !(cook..end).contains(&sources)) {
                faults.push((0, format!("stage {name} is to COPY the sources after `cargo chef cook` and before `cargo build`: else a commit builds every dependency anew")));
            }
            for baked in BAKED {
                let given = steps.iter().position(|step| step.as_arg().is_some_and(|arg| arg.name.as_ref() == baked));
                if given.is_none_or(|given| !(cook..end).contains(&given)) {
                    faults.push((0, format!("stage {name} is to take ARG {baked} after `cargo chef cook` and before `cargo build`: it is compiled into the binary alone")));
                }
            }
        }
        // The stages that share the fault have it of the same stage below them.
        faults.truncate(1);
        faults
    }
}

fn is_target(stage: &Stage<'_>) -> bool {
    stage.instructions.iter().any(|instruction| instruction.as_entrypoint().is_some())
}

fn is_secret(name: &str) -> bool {
    SECRET.iter().any(|part| name.to_ascii_uppercase().contains(part))
}

/// The binary of each package in workers/: its default one, where there are several names for it.
fn binaries(metadata: &Value) -> Result<BTreeSet<String>, Failure> {
    let mut binaries = BTreeSet::new();
    for (folder, package) in packages(metadata)? {
        if folder.split('/').count() != 2 || !folder.starts_with("workers/") {
            continue;
        }
        let targets = package["targets"].as_array().into_iter().flatten();
        let mut bins = targets.filter(|target| target["kind"] == serde_json::json!(["bin"]));
        let default = package["default_run"].as_str().or_else(|| bins.next()?["name"].as_str());
        binaries.extend(default.map(str::to_owned));
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
