//! `image`: what the Dockerfile describes, assembled and run without Docker, which is not at hand where CI runs.
//!
//! The Dockerfile is the only list: which binary a target is, by which command it is built, which files it adds to which
//! base, its user, entry point and signal are read from it. What is not looked at here: Docker itself, its layers, and
//! platforms other than this machine's.

mod base;
mod cell;
pub(crate) mod dockerfile;
mod root;
mod run;

use std::{fs, path::PathBuf};

use clap::{Args, ValueEnum};

pub(crate) use self::base::BASE;
pub(crate) use self::cell::{CellArguments, run as enter};
use self::{
    dockerfile::{Image, Recipe},
    root::Root,
};
use crate::{
    failure::Failure,
    repository::{Repository, line, succeeds},
};

/// Where the Dockerfile builds, and what its profile's folder is called.
const BUILT: &str = "/src/target/image/";

/// The worker that starts without a setting of its own.
const WHOLE: &str = "general-purpose-worker";

/// What `image` takes.
#[derive(Args)]
pub(crate) struct ImageArguments {
    /// Assemble the root file system and run the worker in it against a real Temporal
    #[arg(long, required = true)]
    check: bool,
    /// The target of the Dockerfile, called as its binary; without it every target is started, and the one that wants no
    /// setting of its own is run
    #[arg(long, value_name = "NAME")]
    worker: Option<String>,
    /// Built as for tests, or as for the image: with LTO, which takes minutes
    #[arg(long, value_enum, default_value_t)]
    profile: Profile,
    /// This binary, in place of one that is built now
    #[arg(long, value_name = "PATH", requires = "worker")]
    binary: Option<PathBuf>,
    /// A setting that the worker does not start without
    #[arg(long, value_name = "NAME=VALUE", value_parser = setting)]
    env: Vec<(String, String)>,
    /// Leave a package of the base out, to see this check fail
    #[arg(long, value_name = "PACKAGE", hide = true)]
    without: Vec<String>,
}

/// How the binary is built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Profile {
    #[default]
    Dev,
    Image,
}

impl Profile {
    const fn name(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Image => "image",
        }
    }

    const fn folder(self) -> &'static str {
        match self {
            Self::Dev => "debug",
            Self::Image => "image",
        }
    }
}

fn setting(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// Checks one image. `false`: a fault was found, and said.
pub(crate) fn run(repository: &Repository, arguments: &ImageArguments) -> Result<bool, Failure> {
    let text = String::from_utf8_lossy(&repository.read("Dockerfile")?).into_owned();
    let unusable = |what: String| Failure::Image { what: format!("Dockerfile: {what}") };
    let recipe = Recipe::parse(&text).map_err(unusable)?;
    let Some(target) = &arguments.worker else {
        let mut well = true;
        for target in recipe.targets() {
            well &= check(repository, arguments, &recipe, target, target == WHOLE)?;
        }
        return Ok(well);
    };
    check(repository, arguments, &recipe, target, true)
}

/// Checks one image: whether it starts, and of the `whole` what a platform wants of it too.
fn check(
    repository: &Repository,
    arguments: &ImageArguments,
    recipe: &Recipe,
    target: &str,
    whole: bool,
) -> Result<bool, Failure> {
    let unusable = |what: String| Failure::Image { what: format!("Dockerfile: {what}") };
    let image = recipe.image(target).ok_or_else(|| unusable(format!("there is no target {target}")))?;
    if image.base != BASE {
        let what =
            format!("{target} stands on {}; what is in {BASE} alone is known to xtask/src/image/base.rs", image.base);
        return Err(unusable(what));
    }
    let binary = match &arguments.binary {
        Some(binary) => binary.clone(),
        None => match build(repository, recipe, &image, target, arguments.profile)? {
            Some(binary) => binary,
            None => return Ok(false),
        },
    };
    let root = Root::assemble(&image, &binary, &arguments.without)?;
    root.missing().iter().for_each(|missing| println!("note: {missing}"));
    println!("{target}, profile {}", arguments.profile.name());
    // What is built for tests is not shipped, and takes long to pack.
    println!("  {}", root.sizes(&binary, arguments.profile == Profile::Image)?);
    let faults = run::check(target, &image, &root, &arguments.env, whole)?;
    for fault in &faults {
        eprintln!("error: {target}: {fault}");
    }
    Ok(faults.is_empty())
}

/// Builds the binary by the command of the stage that it is copied from. None: it does not compile.
fn build(
    repository: &Repository,
    recipe: &Recipe,
    image: &Image,
    target: &str,
    profile: Profile,
) -> Result<Option<PathBuf>, Failure> {
    let unusable = |what: String| Failure::Image { what: format!("Dockerfile: {what}") };
    let copy = image.copies.iter().find(|copy| copy.from.is_some());
    let (copy, from) = copy.and_then(|copy| Some((copy, copy.from.as_ref()?))).ok_or_else(|| {
        unusable(format!("{target} copies no binary; write COPY --from=build-{target} {BUILT}{target} …"))
    })?;
    let words = recipe.cargo_build(from).ok_or_else(|| unusable(format!("stage {from} runs no `cargo build`")))?;
    let words = words.into_iter().map(|word| if word == Profile::Image.name() { profile.name() } else { word });
    let mut cargo = repository.cargo(words);
    println!("{}", line(&cargo));
    if !succeeds(&mut cargo)? {
        return Ok(None);
    }
    let file = copy.sources.first().and_then(|source| source.strip_prefix(BUILT));
    let file = file.ok_or_else(|| unusable(format!("{target} copies what is not in {BUILT}")))?;
    let folder = repository.metadata()?["target_directory"].as_str().map(PathBuf::from);
    let folder = folder.ok_or_else(|| Failure::Metadata { reason: "`target_directory` is no text".to_owned() })?;
    let built = folder.join(profile.folder()).join(file);
    fs::canonicalize(&built).map(Some).map_err(|source| Failure::Read { path: built, source })
}
