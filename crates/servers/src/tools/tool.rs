//! What a tool is: its program, its pinned version, and where that can be had.

use std::env::consts;

use sha2::{Digest as _, Sha256};

use super::download::hex;

/// A program with a pinned version, and the ways to it.
#[derive(Clone, Debug)]
pub struct Tool {
    pub(super) name: String,
    pub(super) program: String,
    pub(super) version: String,
    pub(super) manual: String,
    pub(super) archives: Vec<Archive>,
    pub(super) go: Option<GoPackage>,
    pub(super) crate_name: Option<String>,
}

/// A `.tar.gz` that holds the program, for one platform.
#[derive(Clone, Debug)]
pub struct Archive {
    pub(super) platform: String,
    pub(super) path: String,
    pub(super) sha256: String,
}

#[derive(Clone, Debug)]
pub(super) struct GoPackage {
    pub(super) path: String,
    pub(super) linker_flags: String,
    /// The go.mod of a module of ours, in which it is built.
    pub(super) module: Option<String>,
}

impl Archive {
    /// `platform` is an operating system and a processor by their Go names, as `linux_amd64`; `path` is where the
    /// archive lies below the download base (<https://github.com>); `sha256` is its sum in lower-case hex.
    pub fn new(platform: impl Into<String>, path: impl Into<String>, sha256: impl Into<String>) -> Self {
        Self { platform: platform.into(), path: path.into(), sha256: sha256.into() }
    }
}

impl Tool {
    /// A tool for people called `name`, whose executable is `program`. It can only be found, until ways to install it are added.
    pub fn new(name: impl Into<String>, program: impl Into<String>, version: impl Into<String>) -> Self {
        let name = name.into();
        Self {
            manual: format!("install the {name}"),
            name,
            program: program.into(),
            version: version.into(),
            archives: Vec::new(),
            go: None,
            crate_name: None,
        }
    }

    /// Adds an archive to download.
    #[must_use]
    pub fn archive(mut self, archive: Archive) -> Self {
        self.archives.push(archive);
        self
    }

    /// Adds the Go package to build, without its version, and flags for Go's linker (none: an empty text). Go must call
    /// its program as this tool does, unless there is a [`go_module`](Self::go_module).
    #[must_use]
    pub fn go_package(mut self, path: impl Into<String>, linker_flags: impl Into<String>) -> Self {
        self.go = Some(GoPackage { path: path.into(), linker_flags: linker_flags.into(), module: None });
        self
    }

    /// Builds the Go package in a module of ours, which requires at least these versions of modules, that of the package
    /// itself among them, and takes each of `replaced` at that version, where its own `go.mod` has a folder that only its
    /// repository has. Versions are without their `v`. Without [`go_package`](Self::go_package) it has no effect. The cache
    /// keeps the tool in a folder that these name, so that one built with others is not taken for it.
    #[must_use]
    pub fn go_module<'a>(
        mut self,
        required: impl IntoIterator<Item = (&'a str, &'a str)>,
        replaced: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        if let Some(package) = &mut self.go {
            let required = required.into_iter().map(|(module, version)| format!("require {module} v{version}\n"));
            let replaced =
                replaced.into_iter().map(|(module, version)| format!("replace {module} => {module} v{version}\n"));
            // From 1.17 on, Go reads only the part of the graph that it needs; it raises the line to what the modules ask for.
            let head = "module mainspring.build\n\ngo 1.21\n\n".to_owned();
            package.module = Some(required.chain(replaced).fold(head, |text, line| text + &line));
        }
        self
    }

    /// Adds the crate to build. One of its programs must have the name of [`Tool::program`].
    #[must_use]
    pub fn crate_name(mut self, name: impl Into<String>) -> Self {
        self.crate_name = Some(name.into());
        self
    }

    /// Says how a person would install it, for the error when nothing works.
    #[must_use]
    pub fn manual(mut self, advice: impl Into<String>) -> Self {
        self.manual = advice.into();
        self
    }

    /// What people call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name of its executable.
    pub fn program(&self) -> &str {
        &self.program
    }

    /// The pinned version.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The process manager that `bin/mprocs.yaml` is for.
    pub fn mprocs() -> Self {
        Self::new("mprocs", "mprocs", "0.9.6")
            .manual("install mprocs so that it is on PATH (https://github.com/pvolok/mprocs; `npm install -g mprocs` is quick)")
            .crate_name("mprocs")
    }

    /// The check of GitHub's workflows. It runs shellcheck on their scripts where that is on `PATH`.
    pub fn actionlint() -> Self {
        const VERSION: &str = "1.7.12";
        Self::new("actionlint", "actionlint", VERSION)
            .manual("install actionlint so that it is on PATH (https://github.com/rhysd/actionlint/blob/main/docs/install.md)")
            .go_package("github.com/rhysd/actionlint/cmd/actionlint", "-s -w")
    }

    /// Docker Compose's own reader of compose files, which prints what it has understood. Its authors call the program `cmd`.
    pub fn compose_spec() -> Self {
        Self::new("compose-spec", "cmd", "2.16.2")
            .manual("install Go (https://go.dev/dl), and set GOPROXY if its modules need a mirror")
            .go_package("github.com/compose-spec/compose-go/v2/cmd", "-s -w")
    }

    /// S3 over a folder.
    pub fn versitygw() -> Self {
        Self::new("versitygw", "versitygw", "1.8.0")
            .manual("install versitygw so that it is on PATH (https://github.com/versity/versitygw)")
            .go_package("github.com/versity/versitygw/cmd/versitygw", "-s -w")
    }

    /// Temporal's own CLI, which holds the dev server. 1.5.1 is the last version that `go install` can build. It is built
    /// with a newer driver of SQLite: with the one that it names, a request that is cancelled may leave a statement
    /// open on the server's one connection, and from then on every statement fails with `interrupted (9)`.
    pub fn temporal_cli() -> Self {
        const VERSION: &str = "1.5.1";
        // The sums of the release's checksums.txt.
        const SUMS: [(&str, &str); 4] = [
            ("linux_amd64", "ddc95e08b0b076efd4ea9733a3f488eb7d2be875f8834e616cd2a37358b4852d"),
            ("linux_arm64", "bd1b0db9f18b051026de8bf6cc1505f2510f14bbb7a8b9a4a91fff46c77454f5"),
            ("darwin_amd64", "bbb73e2a31135abe50a1f1cdb35030c42961df618e8ce9c60ae89f201540c5d9"),
            ("darwin_arm64", "cca01b7ea35ad56e2a328d9ae596bf716bd22313ef63c7a761c88354457c2415"),
        ];
        let tool = Self::new("Temporal CLI", "temporal", VERSION)
            .manual("install the Temporal CLI so that `temporal` is on PATH (https://docs.temporal.io/cli)")
            // A plain build would call itself 0.0.0-DEV; without its symbols the program is 40 MB smaller.
            .go_package(
                "github.com/temporalio/cli/cmd/temporal",
                format!("-s -w -X github.com/temporalio/cli/temporalcli.Version={VERSION}"),
            )
            // The driver that Temporal itself took against it (temporalio/temporal, pull request 10427).
            .go_module([("github.com/temporalio/cli", VERSION), ("modernc.org/sqlite", "1.51.0")], []);
        SUMS.into_iter().fold(tool, |tool, (platform, sha256)| {
            let path = format!("temporalio/cli/releases/download/v{VERSION}/temporal_cli_{VERSION}_{platform}.tar.gz");
            tool.archive(Archive::new(platform, path, sha256))
        })
    }
}

impl Tool {
    /// As `temporal-1.5.1-linux_amd64`; with eight digits more where it is built with other modules than its own.
    pub(super) fn slug(&self) -> String {
        let slug = format!("{}-{}-{}", self.program, self.version, platform());
        match &self.go {
            Some(GoPackage { module: Some(module), .. }) => {
                let sum = hex(&Sha256::digest(module));
                format!("{slug}-{}", &sum[..8])
            }
            _ => slug,
        }
    }
}

/// This machine, by Go's names, which the archives of tools written in Go use too.
pub(super) fn platform() -> String {
    let system = match consts::OS {
        "macos" => "darwin",
        other => other,
    };
    let processor = match consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    format!("{system}_{processor}")
}
