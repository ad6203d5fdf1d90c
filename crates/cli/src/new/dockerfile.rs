//! An image is a target of the Dockerfile in the root: a new worker's is that of another worker, with its name replaced.

/// The text with a target more; `workers` are the binaries that may have one. None where none of them has.
pub(super) fn with_target(text: &str, workers: &[String], worker: &str) -> Option<String> {
    let stages: Vec<&str> = text.split("\n\n").collect();
    // The last of them: the new one stands behind it.
    let like = stages.iter().rev().find_map(|stage| workers.iter().find(|name| is_target(stage, name)))?;
    let mut more = Vec::with_capacity(stages.len() + 2);
    for stage in stages {
        more.push(stage.trim_end().to_owned());
        if stage.lines().any(|line| line.starts_with("FROM ") && line.ends_with(like.as_str())) {
            more.push(stage.trim_end().replace(like.as_str(), worker));
        }
    }
    Some(more.join("\n\n") + "\n")
}

/// Whether this stage is called as the worker.
fn is_target(stage: &str, worker: &str) -> bool {
    stage.lines().any(|line| line.starts_with("FROM ") && line.ends_with(&format!(" AS {worker}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# docker build --target a-worker .\n\nFROM x AS build-a-worker\nRUN cargo build --bin a-worker\n\n\
FROM x AS build-command\nRUN cargo build --bin command\n\n# It runs.\nFROM y AS a-worker\nENTRYPOINT [\"/a-worker\"]\n\nFROM y AS command\n";

    #[test]
    fn a_target_is_made_after_another_workers() {
        let with = "# docker build --target a-worker .\n\nFROM x AS build-a-worker\nRUN cargo build --bin a-worker\n\n\
FROM x AS build-b-worker\nRUN cargo build --bin b-worker\n\nFROM x AS build-command\nRUN cargo build --bin command\n\n\
# It runs.\nFROM y AS a-worker\nENTRYPOINT [\"/a-worker\"]\n\n# It runs.\nFROM y AS b-worker\nENTRYPOINT [\"/b-worker\"]\n\nFROM y AS command\n";
        assert_eq!(with_target(TEXT, &["z-worker".to_owned(), "a-worker".to_owned()], "b-worker").unwrap(), with);
    }

    #[test]
    fn a_file_without_any_workers_target_is_left_alone() {
        assert!(with_target(TEXT, &["z-worker".to_owned()], "b-worker").is_none());
        assert!(with_target("FROM x\n", &[], "b-worker").is_none());
    }
}
