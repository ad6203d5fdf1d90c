//! Maven as the way to jars: it knows this machine's mirrors, proxies and passwords. It gets a project of its own, in
//! which every jar is named and brings nothing along.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::build::outcome;
use super::install::cache_error;
use super::{How, Jars, Progress, Toolbox};
use crate::error::ServersError;
use crate::process::OwnedProcess;

/// Tens of megabytes, and the plugin that copies them.
const LIMIT: Duration = Duration::from_secs(15 * 60);
const PLUGIN: &str = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies";

/// Copies the jars into a folder.
pub(super) fn copy(
    toolbox: &Toolbox,
    jars: &Jars,
    workplace: &Path,
    into: &Path,
    progress: &Progress,
) -> Result<How, ServersError> {
    let maven = toolbox.on_path("mvn").ok_or_else(|| ServersError::NotFound {
        program: "mvn".to_owned(),
        place: "any folder of PATH; install Maven (Debian: maven), or set MAINSPRING_MAVEN_BASE to the address of a \
                Maven repository to download from"
            .to_owned(),
    })?;
    // Maven is a Java program, and says less clearly that there is none.
    toolbox.java()?;
    let pom = workplace.join("pom.xml");
    std::fs::write(&pom, project(jars)).map_err(cache_error("write", &pom))?;

    let (name, version) = (jars.tool.name(), jars.tool.version());
    let _step = progress.step(&format!("{name} {version}: mvn, {} jars", jars.pins.len()), None);
    let mut command = Command::new(maven);
    command.args(["--quiet", "--batch-mode", "--file"]).arg(&pom).arg(PLUGIN);
    command.args(["-Dmdep.prependGroupId=true", &format!("-DoutputDirectory={}", into.display())]);
    command.current_dir(workplace);
    let process = OwnedProcess::start("mvn", command)?;
    outcome(&process, LIMIT).map(|()| How::InstalledWithMaven).map_err(|outcome| ServersError::Maven {
        command: format!("mvn {PLUGIN}"),
        outcome,
        lines: process.last_lines(),
    })
}

fn project(jars: &Jars) -> String {
    let dependencies = jars.pins.iter().fold(String::new(), |mut text, pin| {
        let _ = writeln!(
            text,
            "    <dependency><groupId>{}</groupId><artifactId>{}</artifactId><version>{}</version><exclusions>\
             <exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions></dependency>",
            pin.group, pin.artifact, pin.version
        );
        text
    });
    format!(
        "<project xmlns=\"http://maven.apache.org/POM/4.0.0\">\n  <modelVersion>4.0.0</modelVersion>\n  \
         <groupId>mainspring</groupId>\n  <artifactId>jars</artifactId>\n  <version>1</version>\n  \
         <dependencies>\n{dependencies}  </dependencies>\n</project>\n"
    )
}
