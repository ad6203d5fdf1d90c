//! `go install`, by the real Go, from a module proxy that is a folder; and the error when no way is left.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use flate2::Crc;
use mainspring_servers::ServersError;
use mainspring_servers::tools::{Archive, GoModule, How, Progress, Tool, Toolbox};

use crate::published::{PATH, Publisher, Reply, platform, sum};

const MODULE: &str = "example.com/hello";
const GO_MOD: &str = "module example.com/hello\n\ngo 1.21\n";
const MAIN: &str = "package main\n\nvar version = \"unknown\"\n\nfunc main() { println(\"hello version\", version) }\n";

/// A folder whose `go` is the real one, with this folder's modules. The caches of the build stay the user's own.
fn go_with_modules(folder: &Path) -> PathBuf {
    let go = std::env::split_paths(&std::env::var_os("PATH").unwrap())
        .map(|folder| folder.join("go"))
        .find(|go| go.is_file());
    let go = go.expect("Go, one of the toolchains that this project's tests need, is not on PATH");
    publish(folder, (MODULE, "1.8.9"), &[("go.mod", GO_MOD), ("main.go", MAIN)]);
    let bin = folder.join("bin");
    fs::create_dir_all(&bin).unwrap();
    let script = format!(
        "#!/bin/sh\n[ \"$GOPROXY\" = off ] || export GOPROXY=file://{0}/proxy\n\
         GOSUMDB=off GOMODCACHE={0}/modules GOFLAGS=-modcacherw exec {1} \"$@\"\n",
        folder.display(),
        go.display()
    );
    fs::write(bin.join("go"), script).unwrap();
    fs::set_permissions(bin.join("go"), Permissions::from_mode(0o755)).unwrap();
    bin
}

/// Puts a version of a module into the module proxy. Its first file is its go.mod.
fn publish(folder: &Path, (module, version): (&str, &str), files: &[(&str, &str)]) {
    let versions = folder.join("proxy").join(module).join("@v");
    fs::create_dir_all(&versions).unwrap();
    let list = versions.join("list");
    let listed = fs::read_to_string(&list).unwrap_or_default();
    fs::write(list, format!("{listed}v{version}\n")).unwrap();
    fs::write(versions.join(format!("v{version}.info")), format!(r#"{{"Version": "v{version}"}}"#)).unwrap();
    fs::write(versions.join(format!("v{version}.mod")), files[0].1).unwrap();
    fs::write(versions.join(format!("v{version}.zip")), zip(&format!("{module}@v{version}"), files)).unwrap();
}

/// A zip file that stores its files as they are, below that folder.
fn zip(below: &str, files: &[(&str, &str)]) -> Vec<u8> {
    let (mut body, mut index) = (Vec::new(), Vec::new());
    for (name, content) in files {
        let name = format!("{below}/{name}");
        let mut crc = Crc::new();
        crc.update(content.as_bytes());
        let size = content.len() as u32;
        // Version, flags, method (stored), time, date (1 January 1980).
        let mut about: Vec<u8> = [20_u16, 0, 0, 0, 0x21].into_iter().flat_map(u16::to_le_bytes).collect();
        about.extend([crc.sum(), size, size].into_iter().flat_map(u32::to_le_bytes));
        about.extend([name.len() as u16, 0].into_iter().flat_map(u16::to_le_bytes));
        let offset = body.len() as u32;
        body.extend([b"PK\x03\x04", &about[..], name.as_bytes(), content.as_bytes()].concat());
        index.extend([b"PK\x01\x02\x14\x00", &about[..], &[0; 10], &offset.to_le_bytes(), name.as_bytes()].concat());
    }
    let (count, offset) = (files.len() as u16, body.len() as u32);
    let mut end = b"PK\x05\x06\0\0\0\0".to_vec();
    end.extend([count, count].into_iter().flat_map(u16::to_le_bytes));
    end.extend([index.len() as u32, offset].into_iter().flat_map(u32::to_le_bytes));
    end.extend([0, 0]);
    [body, index, end].concat()
}

fn tool(package: &str) -> Tool {
    Tool::new("Hello", "hello", "1.8.9")
        .manual("greet by hand")
        .archive(Archive::new(platform(), PATH, sum(b"")))
        .go_package(package, "-X main.version=1.8.9")
}

#[test]
fn after_a_failed_download_it_is_built_and_each_step_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let publisher = Publisher::new([Reply::Missing]);
    let url = format!("{}/{PATH}", publisher.base);
    let toolbox = Toolbox::new(folder.path().join("cache"))
        .search_path(go_with_modules(folder.path()))
        .download_base(publisher.base);
    let said = Arc::new(Mutex::new(Vec::new()));
    let progress = Progress::lines({
        let said = Arc::clone(&said);
        move |line| said.lock().unwrap().push(line.to_owned())
    });
    let mut installed = toolbox.provide(&tool(MODULE), &progress).unwrap();
    assert_eq!(installed.how, How::BuiltWithGo);
    assert_eq!(
        *said.lock().unwrap(),
        [
            format!("Hello 1.8.9: download: the download of {url} failed: http status: 404"),
            "Hello 1.8.9: go install example.com/hello@v1.8.9 (minutes, the first time)".to_owned(),
            format!("Hello 1.8.9: built with Go, kept at {}", installed.path.display()),
        ]
    );
    installed.version = None;
    assert_eq!(installed.with_version().version.as_deref(), Some("1.8.9"));
}

#[test]
fn it_is_built_with_newer_modules_than_its_own_and_kept_apart_from_one_that_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let go = go_with_modules(folder.path());
    let part = "example.com/part";
    let part_mod = format!("module {part}\n\ngo 1.21\n");
    for version in ["1.0.0", "1.1.0"] {
        let source = format!("package part\n\nconst Version = \"v{version}\"\n");
        publish(folder.path(), (part, version), &[("go.mod", &part_mod), ("part.go", &source)]);
    }
    let main = format!("package main\n\nimport \"{part}\"\n\nfunc main() {{ println(\"part\", part.Version) }}\n");
    let whole_mod = format!("module example.com/whole\n\ngo 1.21\n\nrequire {part} v1.0.0\n");
    publish(folder.path(), ("example.com/whole", "1.8.9"), &[("go.mod", &whole_mod), ("main.go", &main)]);

    let toolbox = Toolbox::new(folder.path().join("cache")).search_path(go);
    let plain = Tool::new("Whole", "whole", "1.8.9").go_package("example.com/whole", "");
    let mended = plain.clone().go_module([("example.com/whole", "1.8.9"), (part, "1.1.0")], []);
    for (tool, expected) in [(plain, "1.0.0"), (mended, "1.1.0")] {
        let mut installed = toolbox.provide(&tool, &Progress::silent()).unwrap();
        assert_eq!(installed.how, How::BuiltWithGo);
        assert_eq!(toolbox.find(&tool).unwrap().how, How::Cached);
        installed.version = None;
        assert_eq!(installed.with_version().version.as_deref(), Some(expected));
    }
}

#[test]
fn when_no_way_is_left_the_error_says_each_that_was_tried_and_what_helps() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    let publisher = Publisher::new([Reply::Missing]);
    let url = format!("{}/{PATH}", publisher.base);
    let toolbox = Toolbox::new(&cache).download_base(publisher.base);
    let error = toolbox.provide(&tool(MODULE), &Progress::silent()).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "Hello 1.8.9 is not on this machine, and could not be installed:\n  \
             PATH: no program `hello` in any folder of PATH\n  \
             cache: no program `hello` in {}\n  \
             download: the download of {url} failed: http status: 404\n  \
             go install: no program `go` in any folder of PATH\n\
             What helps: greet by hand; or set MAINSPRING_DOWNLOAD_BASE to a mirror of https://github.com that this \
             machine can reach; or install Go (https://go.dev/dl), and set GOPROXY if its modules need a mirror",
            cache.join("tools").display()
        )
    );

    let toolbox = toolbox.search_path(go_with_modules(folder.path()));
    let error = toolbox.provide(&tool("example.com/absent"), &Progress::silent()).unwrap_err();
    let ServersError::NotInstalled { attempts, .. } = error else { panic!("{error}") };
    let message = attempts.last().unwrap().error.to_string();
    assert!(
        message.starts_with("`go install example.com/absent@v1.8.9` failed (exit status: 1):\n    | "),
        "{message}"
    );
    assert!(message.contains("example.com/absent"), "{message}");
    let left: Vec<_> = fs::read_dir(cache.join("tools")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 1, "only the lock: {left:?}");
}

#[test]
fn a_package_that_go_install_refuses_is_built_in_a_module_of_our_own() {
    const OUTER: &str = "example.com/outer";
    const INNER: &str = "example.com/outer/inner";
    let folder = tempfile::tempdir().unwrap();
    let search = go_with_modules(folder.path());
    // As Kubernetes is published: what its go.mod replaces by a folder is a module of another version.
    let outer = format!("module {OUTER}\n\ngo 1.21\n\nrequire {INNER} v0.0.0\n\nreplace {INNER} => ./inner\n");
    let main = format!(
        "package main\n\nimport \"{INNER}\"\n\nvar version string\n\nfunc main() {{ println(inner.Words, version) }}\n"
    );
    let inner = format!("module {INNER}\n\ngo 1.21\n");
    publish(folder.path(), (OUTER, "1.8.9"), &[("go.mod", &outer), ("v3/main.go", &main)]);
    let words = "package inner\n\nconst Words = \"hello from inside,\"\n";
    publish(folder.path(), (INNER, "0.8.9"), &[("go.mod", &inner), ("words.go", words)]);

    let toolbox = |cache| Toolbox::new(folder.path().join(cache)).search_path(&search);
    // As etcd is published: Go would call its program `outer`.
    let (package, flags) = (format!("{OUTER}/v3"), "-X main.version=1.8.9");
    let hello = || Tool::new("Hello", "hello", "1.8.9");
    let refused = toolbox("one").provide(&hello().go_package(&package, flags), &Progress::silent()).unwrap_err();
    assert!(refused.to_string().contains("replace directives"), "{refused}");

    let tool = hello().go_package(&package, flags).go_module([(OUTER, "1.8.9")], [(INNER, "0.8.9")]);
    let installed = toolbox("two").provide(&tool, &Progress::silent()).unwrap();
    assert_eq!(installed.how, How::BuiltWithGo);
    let said = std::process::Command::new(&installed.path).output().unwrap().stderr;
    assert_eq!(String::from_utf8_lossy(&said), "hello from inside, 1.8.9\n");

    let absent =
        hello().go_package(format!("{OUTER}/cmd/absent"), flags).go_module([(OUTER, "1.8.9")], [(INNER, "0.8.9")]);
    let error = toolbox("three").provide(&absent, &Progress::silent()).unwrap_err().to_string();
    let said = "`go build example.com/outer/cmd/absent (with example.com/outer v1.8.9)` failed (exit status: 1):";
    assert!(error.contains(said), "{error}");
}

#[test]
fn a_modules_files_are_there_and_one_that_is_not_to_be_had_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let toolbox = Toolbox::new(folder.path().join("cache"));
    let module = GoModule::new("Hello's files", MODULE, "1.8.9");
    let error = toolbox.go_module(&module, &Progress::silent()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no program `go` in any folder of PATH; install Go (https://go.dev/dl), and set GOPROXY if its modules need a mirror"
    );
    let toolbox = toolbox.search_path(go_with_modules(folder.path()));
    let said = Arc::new(Mutex::new(Vec::new()));
    let progress = Progress::lines({
        let said = Arc::clone(&said);
        move |line| said.lock().unwrap().push(line.to_owned())
    });
    let there = toolbox.go_module(&module, &progress).unwrap();
    assert_eq!(*said.lock().unwrap(), ["Hello's files 1.8.9: go mod download -json example.com/hello@v1.8.9"]);
    let again = toolbox.go_module(&module, &Progress::lines(|line| panic!("nothing is left to say: {line}"))).unwrap();
    assert_eq!(again, there);
    assert_eq!(fs::read_to_string(there.path.join("main.go")).unwrap(), MAIN);
    assert_eq!((there.how, there.version.as_deref()), (How::OfGosModules, Some("1.8.9")));
    let absent = GoModule::new("Nothing", "example.com/absent", "1.0.0");
    let error = toolbox.go_module(&absent, &Progress::silent()).unwrap_err().to_string();
    assert!(error.starts_with("`go mod download -json example.com/absent@v1.0.0` failed (exit status: 1):"), "{error}");
}
