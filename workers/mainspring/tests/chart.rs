//! The chart's examples fit the products of this repository, and each queue has one that is made from the registry.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use mainspring::Product;
use serde_json::Value;

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// What is made for a queue whose products need settings that no registry knows.
const ENV: [(&str, &[&str]); 1] = [(
    "onboarding",
    &[
        "ONBOARDING_ACCOUNTS_URL=https://accounts.shop.example",
        "ONBOARDING_EMAIL_URL=https://email.shop.example",
        "ONBOARDING_RESOURCES_URL=https://resources.shop.example",
    ],
)];

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../charts/temporal-worker/examples")
}

fn files() -> Result<Vec<PathBuf>, std::io::Error> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(examples())?.map(|entry| Ok(entry?.path())).collect::<Result<_, std::io::Error>>()?;
    files.sort();
    Ok(files)
}

fn mainspring(arguments: &[&str]) -> Result<Output, std::io::Error> {
    Command::new(env!("CARGO_BIN_EXE_mainspring")).args(arguments).env_clear().output()
}

fn check(files: &[PathBuf]) -> Result<Output, std::io::Error> {
    let files: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    let mut arguments = vec!["config", "check", "--chart-values"];
    arguments.extend(files.iter().map(String::as_str));
    mainspring(&arguments)
}

#[test]
fn every_example_fits_the_products() -> Outcome {
    let files = files()?;
    assert!(files.len() > 8, "{files:?}");
    let checked = check(&files)?;
    let (out, talk) = (String::from_utf8(checked.stdout)?, String::from_utf8(checked.stderr)?);
    assert_eq!((checked.status.code(), out.as_str()), (Some(0), "the values fit the products\n"), "{talk}");
    Ok(())
}

#[test]
fn each_queues_example_is_made_from_the_registry() -> Outcome {
    let mut queues: Vec<String> =
        mainspring_command::products().iter().map(|product: &Product| product.queue().to_owned()).collect();
    queues.sort();
    queues.dedup();
    for queue in queues {
        let env = ENV.iter().find(|(of, _)| *of == queue).map_or(&[][..], |(_, env)| env);
        let mut arguments = vec!["generate", "chart-values", "--task-queue", &queue];
        arguments.extend(env.iter().flat_map(|env| ["--env", env]));
        let made = mainspring(&arguments)?;
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let (made, path) = (String::from_utf8(made.stdout)?, examples().join(format!("{queue}.yaml")));
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, &made)?;
        }
        let there = fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(
            there, made,
            "examples/{queue}.yaml is not what the registry says: run `UPDATE=1 cargo test -p mainspring-command --test chart`"
        );
    }
    Ok(())
}

#[test]
fn planted_faults_are_found_with_their_file_and_place() -> Outcome {
    let folder = tempfile::tempdir()?;
    let plant = |name: &str, from: &str, to: &str| -> Result<PathBuf, std::io::Error> {
        let text = fs::read_to_string(examples().join("fleet.yaml"))?;
        assert!(text.contains(from), "{from}");
        let path = folder.path().join(name);
        fs::write(&path, text.replacen(from, to, 1))?;
        Ok(path)
    };
    let files = [
        plant("queue.yaml", "taskQueues: [general-purpose-task-queue]", "taskQueues: [general-purpose-task-que]")?,
        plant("binary.yaml", "binary: onboarding-worker", "binary: analytics-worker")?,
        plant("setting.yaml", "ONBOARDING_EMAIL_URL:", "ONBOARDING_MAIL_URL:")?,
        plant("shared.yaml", "MAINSPRING_LOG_FORMAT:", "MAINSPRING_LOG_FROMAT:")?,
        plant("value.yaml", "TEMPORAL_LOG_LEVEL: info", "TEMPORAL_LOG_LEVEL: loud=")?,
    ];
    let checked = check(&files)?;
    assert_eq!(checked.status.code(), Some(78));
    let talk = String::from_utf8(checked.stderr)?.replace(&folder.path().display().to_string(), "…");
    for expected in [
        "…/queue.yaml: workers.general-purpose.taskQueues names general-purpose-task-que, which no product has: did you mean general-purpose-task-queue?",
        "…/binary.yaml: workers.onboarding.binary is analytics-worker, the worker binary of task queue analytics, and taskQueues names onboarding: write onboarding-worker, or taskQueues: [analytics]",
        "…/setting.yaml: workers.onboarding.env.ONBOARDING_MAIL_URL is not a setting that the worker of onboarding knows: did you mean ONBOARDING_EMAIL_URL?",
        "…/setting.yaml: workers.onboarding.env.ONBOARDING_EMAIL_URL is missing, and has no default",
        "…/shared.yaml: config.MAINSPRING_LOG_FROMAT is not a setting that a worker of this release knows: did you mean MAINSPRING_LOG_FORMAT?",
        "…/value.yaml: config.TEMPORAL_LOG_LEVEL ",
    ] {
        assert!(talk.contains(expected), "{expected}\n{talk}");
    }
    assert_eq!(
        talk.matches("/queue.yaml").count() + talk.matches("/binary.yaml").count(),
        2,
        "one fault says enough: {talk}"
    );

    let arguments = ["config", "check", "-o", "json", "--chart-values", &files[3].display().to_string()];
    let report: Value = serde_json::from_slice(&mainspring(&arguments)?.stdout)?;
    assert_eq!(report["findings"][0]["path"], "config.MAINSPRING_LOG_FROMAT");
    Ok(())
}
