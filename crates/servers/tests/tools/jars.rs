//! Jars: from a repository that is a local server, by a Maven that is a script, and refused when they are others. The
//! real Maven fetches the real ones for the servers' tests.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex};

use mainspring_servers::tools::{How, Jars, Progress, Toolbox};

use crate::published::{Publisher, Reply, sum};

const ONE: &[u8] = b"one jar";
const TWO: &[u8] = b"another jar";

fn jars() -> Jars {
    let pins = format!("org.one:hello:1.2 {}\norg.two.deep:hello:1.2 {}\n", sum(ONE), sum(TWO));
    Jars::new("Hello in Java", "hello-java", "1.2", &pins)
}

/// A folder with a `java`, and a `mvn` that runs this script, in which `$into` is where the jars are to go.
fn maven(folder: &Path, script: &str) -> Toolbox {
    let find = "for argument; do case $argument in -DoutputDirectory=*) into=${argument#*=};; esac; done";
    for (name, script) in [("java", "#!/bin/sh\n".to_owned()), ("mvn", format!("#!/bin/sh\n{find}\n{script}\n"))] {
        fs::write(folder.join(name), script).unwrap();
        fs::set_permissions(folder.join(name), Permissions::from_mode(0o755)).unwrap();
    }
    // The script itself needs a shell's programs.
    Toolbox::new(folder.join("cache")).search_path(format!("{}:/usr/bin:/bin", folder.display()))
}

fn left(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder.join("cache/tools")).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn jars_come_from_a_repository_that_the_environment_names() {
    let folder = tempfile::tempdir().unwrap();
    let publisher = Publisher::new([Reply::Whole(ONE.to_vec()), Reply::Whole(TWO.to_vec())]);
    let variable = |name: &str| match name {
        "MAINSPRING_CACHE" => Some(folder.path().join("cache").into()),
        "MAINSPRING_MAVEN_BASE" => Some(format!("{}/maven/", publisher.base).into()),
        _ => None,
    };
    let toolbox = Toolbox::from_variables(variable).unwrap();
    let installed = toolbox.jars(&jars(), &Progress::silent()).unwrap();
    assert_eq!((installed.how, installed.version.as_deref()), (How::Downloaded, Some("1.2")));
    assert_eq!(fs::read(installed.path.join("org.one.hello-1.2.jar")).unwrap(), ONE);
    assert_eq!(fs::read(installed.path.join("org.two.deep.hello-1.2.jar")).unwrap(), TWO);
    let requests = ["/maven/org/one/hello/1.2/hello-1.2.jar", "/maven/org/two/deep/hello/1.2/hello-1.2.jar"];
    assert_eq!(publisher.requests(), requests);

    // The repository is gone, and not missed.
    let again = toolbox.jars(&jars(), &Progress::silent()).unwrap();
    assert_eq!((again.how, again.path), (How::Cached, installed.path));
}

#[test]
fn maven_is_asked_for_exactly_the_pinned_jars() {
    let folder = tempfile::tempdir().unwrap();
    let script = "cp pom.xml \"$(dirname \"$0\")/asked.xml\"
        printf 'one jar' > \"$into/org.one.hello-1.2.jar\"
        printf 'another jar' > \"$into/org.two.deep.hello-1.2.jar\"";
    let said = Arc::new(Mutex::new(Vec::new()));
    let progress = Progress::lines({
        let said = Arc::clone(&said);
        move |line| said.lock().unwrap().push(line.to_owned())
    });
    let installed = maven(folder.path(), script).jars(&jars(), &progress).unwrap();
    assert_eq!(installed.how, How::InstalledWithMaven);
    let place = installed.path.display();
    assert_eq!(
        *said.lock().unwrap(),
        [
            "Hello in Java 1.2: mvn, 2 jars".to_owned(),
            format!("Hello in Java 1.2: installed with Maven, kept at {place}")
        ]
    );
    let asked = fs::read_to_string(folder.path().join("asked.xml")).unwrap();
    assert_eq!(asked.matches("<dependency>").count(), 2, "{asked}");
    assert_eq!(asked.matches("<exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion>").count(), 2);
}

#[test]
fn a_jar_that_is_another_one_is_refused_and_nothing_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let script = "printf 'one jar' > \"$into/org.one.hello-1.2.jar\"
        printf 'evil jar' > \"$into/org.two.deep.hello-1.2.jar\"";
    let error = maven(folder.path(), script).jars(&jars(), &Progress::silent()).unwrap_err().to_string();
    let (evil, good) = (sum(b"evil jar"), sum(TWO));
    assert_eq!(
        error,
        format!(
            "the download of org.two.deep:hello:1.2 was refused: its SHA-256 is {evil}, and must be {good}; \
             the file was changed on its way, or the mirror serves another one"
        )
    );
    let left = left(folder.path());
    assert!(left.len() == 1 && left[0].ends_with(".lock"), "{left:?}");
}

#[test]
fn what_maven_said_is_shown_and_so_is_what_helps() {
    let folder = tempfile::tempdir().unwrap();
    let toolbox = maven(folder.path(), "echo '[ERROR] no route to the repository'; exit 1");
    let error = toolbox.jars(&jars(), &Progress::silent()).unwrap_err().to_string();
    assert!(error.starts_with("`mvn org.apache.maven.plugins:maven-dependency-plugin:"), "{error}");
    assert!(
        error.contains("failed (exit status: 1):\n    | [ERROR] no route to the repository\nWhat helps: "),
        "{error}"
    );
    assert!(error.contains("MAINSPRING_MAVEN_BASE"), "{error}");

    fs::remove_file(folder.path().join("mvn")).unwrap();
    let toolbox = toolbox.search_path(folder.path());
    assert_eq!(
        toolbox.jars(&jars(), &Progress::silent()).unwrap_err().to_string(),
        "no program `mvn` in any folder of PATH; install Maven (Debian: maven), or set MAINSPRING_MAVEN_BASE to the \
         address of a Maven repository to download from"
    );
}
