//! The Dockerfile of this repository, and each fault planted in it.

use serde_json::json;

use super::*;

const OURS: &str = include_str!("../../../../Dockerfile");
const OURS_IGNORED: &str = include_str!("../../../../.dockerignore");

fn metadata() -> Value {
    let package = |folder: &str, binaries: &[&str]| {
        let targets: Vec<Value> = binaries.iter().map(|name| json!({ "name": name, "kind": ["bin"] })).collect();
        let default = (binaries.len() > 1).then(|| binaries[0]);
        json!({ "manifest_path": format!("/x/{folder}/Cargo.toml"), "targets": targets, "default_run": default })
    };
    let packages = [
        package("workers/analytics", &["analytics-worker"]),
        package("workers/general-purpose", &["general-purpose-worker"]),
        package("workers/mainspring", &["mainspring", "temporal-mainspring"]),
        package("workers/onboarding", &["onboarding-worker"]),
        package("crates/cli/template/workers/new", &["new-worker"]),
        package("xtask", &["xtask"]),
    ];
    json!({ "workspace_root": "/x", "packages": packages })
}

fn said(dockerfile: &str, ignored: &str) -> Vec<String> {
    let sources = [Source::new(FILE, dockerfile), Source::new(IGNORED, ignored)];
    check(&sources, &metadata()).unwrap().iter().map(ToString::to_string).collect()
}

/// What is said of our file with that part of it replaced, once.
fn planted(part: &str, by: &str) -> Vec<String> {
    assert!(OURS.contains(part), "our Dockerfile has no {part:?}");
    said(&OURS.replacen(part, by, 1), OURS_IGNORED)
}

#[test]
fn ours_is_without_a_fault() {
    assert_eq!(said(OURS, OURS_IGNORED), Vec::<String>::new());
}

#[test]
fn each_planted_fault_is_found_with_what_would_be_right() {
    let cases = [
        (
            "FROM base AS onboarding-worker",
            "FROM base AS onboardin-worker",
            "has no target onboarding-worker; add the stages",
        ),
        (
            "FROM base AS onboarding-worker",
            "FROM base AS onboardin-worker",
            "has a target onboardin-worker, which is the binary of no package",
        ),
        ("rust:1.95.0-bookworm", "rust", "rust is another image tomorrow; write a tag"),
        ("rust:1.95.0-bookworm", "rust:latest", "rust:latest is another image tomorrow; write a tag"),
        ("COPY --from=plan", "COPY --from=plans", "COPY --from=plans names no stage above"),
        ("COPY . .\nRUN", "ADD https://example.com/a.tar .\nRUN", "ADD also unpacks and downloads; write COPY"),
        ("WORKDIR /src", "WORKDIR src", "WORKDIR depends on the stage below"),
        (
            "ARG MAINSPRING_COMMIT",
            "ARG REGISTRY_TOKEN\nARG MAINSPRING_COMMIT",
            "REGISTRY_TOKEN would stay in the image's history",
        ),
        (
            "STOPSIGNAL SIGTERM",
            "ENV DB_PASSWORD=x\nSTOPSIGNAL SIGTERM",
            "DB_PASSWORD would stay in the image; give it to the container",
        ),
        ("STOPSIGNAL SIGTERM", "STOPSIGNAL SIGTERM\nHEALTHCHECK CMD curl localhost", "HEALTHCHECK wants a shell"),
        ("STOPSIGNAL SIGTERM", "STOPSIGNAL SIGTERM\nCMD start", "CMD wants a shell"),
        ("STOPSIGNAL SIGTERM", "STOPSIGNAL SIGTERM\nMAINTAINER me", "MAINTAINER is no more"),
        (
            "STOPSIGNAL SIGTERM",
            "STOPSIGNAL SIGKILL",
            "target mainspring does not say how it is stopped; write STOPSIGNAL SIGTERM",
        ),
        (
            "STOPSIGNAL SIGTERM",
            "STOPSIGNAL SIGTERM\nRUN useradd x",
            "target mainspring runs a command, and its base has no shell",
        ),
        ("USER 65532:65532\n", "", "target onboarding-worker does not run as nobody; write USER 65532:65532"),
        ("USER 65532:65532", "USER 0:0", "target onboarding-worker does not run as nobody"),
        (
            r#"ENTRYPOINT ["/usr/local/bin/mainspring"]"#,
            "ENTRYPOINT /usr/local/bin/mainspring",
            "ENTRYPOINT wants a shell, which no image has, and would hide SIGTERM",
        ),
        (
            r#"["/usr/local/bin/mainspring"]"#,
            r#"["/bin/mainspring"]"#,
            r#"target mainspring does not start its binary; write ENTRYPOINT ["/usr/local/bin/mainspring"]"#,
        ),
        (
            "COPY --from=build-mainspring",
            "COPY . .env\nCOPY --from=build-mainspring",
            "target mainspring is to hold its binary alone",
        ),
        (
            "cc-debian12:nonroot",
            "cc-debian11:nonroot",
            "target mainspring stands on gcr.io/distroless/cc-debian11:nonroot; write",
        ),
        (
            "--profile image --bin mainspring",
            "--profile dev --bin mainspring",
            "target mainspring is not built like the others; in build-mainspring write RUN cargo build --workspace",
        ),
        ("RUN cargo chef cook", "RUN cargo chef prepare", "stage build-analytics-worker has no layer of dependencies"),
        (
            "COPY --from=plan /src/recipe.json recipe.json\n",
            "COPY --from=plan /src/recipe.json recipe.json\nCOPY . .\n",
            "stage build-analytics-worker is to COPY the sources after `cargo chef cook`",
        ),
        (
            "COPY --from=plan /src/recipe.json recipe.json\n",
            "ARG MAINSPRING_COMMIT\nCOPY --from=plan /src/recipe.json recipe.json\n",
            "stage build-analytics-worker is to take ARG MAINSPRING_COMMIT after",
        ),
        (
            "ARG MAINSPRING_BUILD_ID",
            "ARG BUILD_ID",
            "stage build-analytics-worker is to take ARG MAINSPRING_BUILD_ID after",
        ),
    ];
    for (part, by, expected) in cases {
        let found = planted(part, by);
        assert!(found.iter().any(|fault| fault.contains(expected)), "{by}: {found:#?}");
    }
}

#[test]
fn a_fault_has_its_line() {
    let line = OURS.lines().position(|line| line.starts_with("WORKDIR")).unwrap() + 1;
    let found = planted("WORKDIR /src", "WORKDIR src");
    assert!(found[0].starts_with(&format!("Dockerfile:{line}: WORKDIR ")), "{found:?}");
}

#[test]
fn a_member_that_the_build_does_not_get_and_a_file_that_cannot_be_read_are_found() {
    let found = said(OURS, &OURS_IGNORED.replace("!xtask\n", ""));
    assert_eq!(found, [".dockerignore: keeps xtask from the build, and cargo wants every member; add `!xtask`"]);
    let found = said("FROM a\nRUNN x", OURS_IGNORED);
    assert!(found[0].starts_with("Dockerfile: cannot be read: line 2: RUNN is no instruction"), "{found:?}");
    let found = check(&[], &metadata()).unwrap();
    assert_eq!(found[0].to_string(), "Dockerfile: is missing; it has one target for each worker binary");
}

/// The names are in another crate, which this one does not build.
#[test]
fn the_build_arguments_are_what_the_code_bakes() {
    let code = include_str!("../../../../crates/worker/src/baked.rs");
    for name in BAKED {
        assert!(code.contains(&format!("option_env!(\"{name}\")")), "{name}");
    }
}
