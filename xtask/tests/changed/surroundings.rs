//! What surrounds the source: toolchain, profiles, image, chart.

use super::made::Made;

const BOTH: [&str; 2] = ["alpha-worker", "beta-worker"];

#[test]
fn the_toolchain_changes_every_worker() {
    let made = Made::new();
    made.write("rust-toolchain.toml", "[toolchain]\nchannel = \"1.95.0\"\n");
    let answer = made.after("A toolchain");
    assert_eq!(answer.changed(), BOTH);
    assert_eq!(answer.why("beta-worker"), ["the toolchain changed"]);

    made.replace("Cargo.toml", "rust-version = \"1.85\"", "rust-version = \"1.86\"");
    let answer = made.after("A newer Rust");
    assert_eq!(answer.changed(), BOTH);
    assert_eq!(answer.why("alpha-worker"), ["rust-version 1.85 -> 1.86"]);
    assert_eq!(answer.json["workers"][0]["reasons"][0]["kind"], "toolchain");
}

#[test]
fn the_images_profile_and_cargos_configuration_change_every_worker() {
    let made = Made::new();
    made.replace("Cargo.toml", "lto = true", "lto = \"thin\"");
    assert_eq!(made.after("LTO").why("beta-worker"), ["[profile.image] changed"]);
    made.replace("Cargo.toml", "[profile.image]", "[profile.release]\nopt-level = 2\n[profile.image]");
    assert_eq!(made.after("What it inherits").why("beta-worker"), ["[profile.release] changed"]);
    made.replace("Cargo.toml", "version = \"0.1.0\"", "version = \"0.2.0\"");
    made.cargo(&["update", "--offline", "--workspace"]);
    assert_eq!(made.after("A release").why("beta-worker"), ["`version` of [workspace.package] changed"]);
    made.replace(".cargo/config.toml", "[source.crates-io]", "[build]\nrustflags = [\"-g\"]\n[source.crates-io]");
    let answer = made.after("Flags");
    assert_eq!(answer.changed(), BOTH);
    assert_eq!(answer.why("alpha-worker"), ["cargo's configuration changed"]);
}

#[test]
fn image_and_chart_change_every_worker_and_values_those_that_they_name() {
    let made = Made::new();
    made.write("Dockerfile", "FROM scratch\n");
    made.write(".dockerignore", "target\n");
    let answer = made.after("An image");
    assert_eq!(answer.changed(), BOTH);
    assert_eq!(answer.why("alpha-worker"), ["the image's build changed"]);

    made.write("charts/temporal-worker/templates/deployment.yaml", "kind: Deployment\n");
    let answer = made.after("A template");
    assert_eq!(answer.changed(), BOTH);
    assert_eq!(answer.why("alpha-worker"), ["the chart changed"]);

    made.write("charts/temporal-worker/README.md", "# The chart\n");
    made.write("charts/temporal-worker/examples/beta.yaml", "workers:\n  beta:\n    binary: beta-worker\n");
    let answer = made.after("Values");
    assert_eq!(answer.changed(), ["beta-worker"]);
    assert_eq!(answer.why("beta-worker"), ["its values changed"]);
    // A name in a name is another one, and a file that goes away did name its worker.
    made.write("charts/temporal-worker/examples/gamma.yaml", "workers:\n  g:\n    binary: not-alpha-worker\n");
    made.git(["rm", "--quiet", "charts/temporal-worker/examples/beta.yaml"]);
    assert_eq!(made.after("Values that go").changed(), ["beta-worker"]);
}

#[test]
fn a_new_worker_is_found_by_itself() {
    let made = Made::new();
    made.worker("gamma", "beta");
    made.cargo(&["update", "--offline", "--workspace"]);
    let answer = made.after("A third worker");
    assert_eq!(answer.changed(), ["gamma-worker"]);
    assert_eq!(answer.why("gamma-worker"), ["gamma-worker is new"]);
}
