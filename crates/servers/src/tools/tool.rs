//! What a tool is: its program, its pinned version, and where that can be had.

use std::env::consts;

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
    /// The go.mod of a module of our own around it, where `go install` refuses.
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

    /// Adds the Go package to build, without its version, and flags for Go's linker (none: an empty text). The built
    /// program must have the name of [`Tool::program`].
    #[must_use]
    pub fn go_package(mut self, path: impl Into<String>, linker_flags: impl Into<String>) -> Self {
        self.go = Some(GoPackage { path: path.into(), linker_flags: linker_flags.into(), module: None });
        self
    }

    /// The same for a package that `go install` refuses, because its go.mod has `replace` lines: it is built from a
    /// module of one's own, which requires `module` at that version, and each of `replaced` at the version that the
    /// replaced folder was published as. Modules without their `v`.
    #[must_use]
    pub fn go_package_of<'a>(
        self,
        path: impl Into<String>,
        linker_flags: impl Into<String>,
        (module, version): (&str, &str),
        replaced: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let mut text = format!("module build\n\ngo 1.24\n\nrequire {module} v{version}\n");
        for (module, version) in replaced {
            text.push_str(&format!("\nreplace {module} => {module} v{version}\n"));
        }
        let mut tool = self.go_package(path, linker_flags);
        tool.go = tool.go.map(|package| GoPackage { module: Some(text), ..package });
        tool
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

    /// Temporal's own CLI, which holds the dev server. 1.5.1 is the last version that `go install` can build.
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
            );
        SUMS.into_iter().fold(tool, |tool, (platform, sha256)| {
            let path = format!("temporalio/cli/releases/download/v{VERSION}/temporal_cli_{VERSION}_{platform}.tar.gz");
            tool.archive(Archive::new(platform, path, sha256))
        })
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
