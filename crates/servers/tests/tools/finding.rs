//! Where tools are looked for, and where they are kept.

use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use mainspring_servers::ServersError;
use mainspring_servers::tools::{How, Progress, Tool, Toolbox, setup};

use crate::published::{Publisher, Reply, archive, hello};

fn write_program(path: &Path, script: &str, mode: u32) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_program_on_path_comes_before_the_cache_and_is_asked_for_its_version() {
    let folder = tempfile::tempdir().unwrap();
    let archive = archive("hello");
    let publisher = Publisher::new([Reply::Whole(archive.clone())]);
    let (tool, toolbox) = (hello(&archive), Toolbox::new(folder.path()).download_base(publisher.base));
    let cached = toolbox.provide(&tool, &Progress::silent()).unwrap();

    let (first, second) = (folder.path().join("first"), folder.path().join("second"));
    write_program(&first.join("hello"), "exit 1", 0o644);
    write_program(&second.join("hello"), "echo 'hello (built by hand), version v9.9.9-rc1 of today'", 0o755);
    let search = |folders: &[&Path]| toolbox.clone().search_path(std::env::join_paths(folders).unwrap());
    assert_eq!(search(&[&first]).find(&tool).unwrap().path, cached.path, "what cannot run is passed over");
    let found = search(&[&first, &second]).find(&tool).unwrap();
    assert_eq!((found.how, &found.path, &found.version), (How::OnPath, &second.join("hello"), &None));
    assert_eq!(found.with_version().version.as_deref(), Some("9.9.9-rc1"));
}

#[test]
fn the_cache_is_where_the_variables_say() {
    let cache = |variables: &[(&str, &str)]| {
        let variable =
            |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value));
        Toolbox::from_variables(variable).map(|toolbox| toolbox.cache().to_owned())
    };
    let (ours, xdg, home) = (("MAINSPRING_CACHE", "/ours"), ("XDG_CACHE_HOME", "/xdg"), ("HOME", "/house/me"));
    let user =
        if cfg!(target_os = "macos") { "/house/me/Library/Caches/mainspring" } else { "/house/me/.cache/mainspring" };
    assert_eq!(cache(&[ours, xdg, home]).unwrap(), PathBuf::from("/ours"));
    assert_eq!(cache(&[xdg, home]).unwrap(), PathBuf::from("/xdg/mainspring"));
    assert_eq!(cache(&[home]).unwrap(), PathBuf::from(user));
    let error = cache(&[]).unwrap_err();
    assert!(matches!(error, ServersError::NoCache));
    let message = "no folder to keep tools in: set MAINSPRING_CACHE to one (or XDG_CACHE_HOME, or HOME)";
    assert_eq!(error.to_string(), message);
}

#[test]
fn a_cache_that_cannot_be_written_is_an_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let error = Toolbox::new(&file).provide(&hello(b""), &Progress::silent()).unwrap_err();
    let expected = format!("cannot create {}: Not a directory", file.join("tools").display());
    assert!(error.to_string().starts_with(&expected), "{error}");
    assert!(error.to_string().ends_with("or set MAINSPRING_CACHE to a folder that is"), "{error}");
}

#[test]
fn setup_provides_every_tool_and_then_has_nothing_to_do() {
    setup(&Progress::stderr()).unwrap();
    let again = setup(&Progress::lines(|line| panic!("nothing is left to say: {line}"))).unwrap();
    let names: Vec<&str> = again.iter().map(|found| found.name.as_str()).collect();
    let (systems, rest) = names.split_at(3);
    assert_eq!(systems, ["PostgreSQL", "Temporal test server", "Apache Kafka"]);
    let (tools, schemas) = rest.split_at(7);
    assert_eq!(tools, ["Temporal CLI", "versitygw", "mprocs", "Helm", "kubeconform", "actionlint", "compose-spec"]);
    assert_eq!(schemas, ["Kubernetes' schemas", "KEDA's schemas", "The Prometheus operator's schemas"]);
    let there = |how| matches!(how, How::OnPath | How::OfThePackage | How::Cached | How::OfGosModules);
    assert!(again.iter().all(|found| there(found.how) && found.version.is_some()), "{again:?}");
    // versitygw, built like this, does not know its version.
    let knowing = [Tool::temporal_cli(), Tool::mprocs(), Tool::helm(), Tool::kubeconform(), Tool::actionlint()];
    for (found, tool) in [3, 5, 6, 7, 8].map(|at| &again[at]).into_iter().zip(knowing) {
        let version = found.version.as_deref().unwrap();
        assert!(found.how == How::OnPath || version == tool.version(), "{found:?}");
        // Whatever built it, the program knows its version too.
        let mut asked = found.clone();
        asked.version = None;
        assert_eq!(asked.with_version().version.as_deref(), Some(version));
    }
}
