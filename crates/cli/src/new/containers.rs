//! Images and their services: a new worker has a target of the Dockerfile and a service in compose.yaml, each made after
//! another worker's.

/// Of another worker's service, what any worker has. Its other settings are those of its own products.
const OF_ANY_WORKER: [&str; 7] =
    ["<<:", "build:", "image:", "ports:", "environment:", "TEMPORAL_TASK_QUEUE:", "restart:"];

/// The Dockerfile with a target more; `workers` are the binaries that may have one. None where none of them has.
pub(super) fn with_target(text: &str, workers: &[String], worker: &str) -> Option<String> {
    let stages: Vec<&str> = text.split("\n\n").collect();
    // The last of them: the new one stands behind it.
    let like = stages.iter().rev().find_map(|stage| workers.iter().find(|name| is_target(stage, name)))?;
    let mut more = Vec::with_capacity(stages.len() + 2);
    for stage in stages {
        more.push(stage.trim_end().to_owned());
        if is_target(stage, like) || is_target(stage, &format!("build-{like}")) {
            more.push(stage.trim_end().replace(like.as_str(), worker));
        }
    }
    Some(more.join("\n\n") + "\n")
}

/// Whether this stage is called so.
fn is_target(stage: &str, name: &str) -> bool {
    stage.lines().any(|line| line.starts_with("FROM ") && line.ends_with(&format!(" AS {name}")))
}

/// The file of Docker Compose with a service more, on ports of its own. None where no worker has a service with a queue.
pub(super) fn with_service(text: &str, workers: &[String], worker: &str, queue: &str) -> Option<String> {
    let services: Vec<&str> = text.split("\n\n").collect();
    let of = |service: &str| workers.iter().find(|name| service.lines().any(|line| line == format!("  {name}:")));
    let is_like = |service: &&str| of(service).is_some() && service.contains(" TEMPORAL_TASK_QUEUE: ");
    let last = services.iter().rposition(is_like)?;
    let like = of(services[last])?;
    let head = format!("  {like}:");
    let mut lines = vec![format!("  {worker}:")];
    for line in services[last].lines().skip_while(|line| *line != head).skip(1) {
        let Some(key) = OF_ANY_WORKER.into_iter().find(|key| line.trim_start().starts_with(key)) else { continue };
        let before = line.split(key).next().unwrap_or_default();
        lines.push(match key {
            "TEMPORAL_TASK_QUEUE:" => format!("{before}{key} {queue}"),
            "ports:" => with_free_port(line, text),
            _ => line.replace(like.as_str(), worker),
        });
    }
    let service = lines.join("\n");
    let (before, after) = services.split_at(last + 1);
    let all = [before, &[service.as_str()], after].concat().into_iter();
    Some(all.map(|service| service.trim_end()).collect::<Vec<_>>().join("\n\n") + "\n")
}

/// The line with the next port of this machine, `127.0.0.1:9190:9090`, that no line of the file has.
fn with_free_port(line: &str, text: &str) -> String {
    let Some(port) = line.split(':').rev().nth(1).and_then(|port| port.parse::<u16>().ok()) else {
        return line.to_owned();
    };
    let taken = |port: &u16| text.contains(&format!(":{port}:"));
    let free = (port..=u16::MAX).find(|port| !taken(port)).unwrap_or(port);
    line.replace(&format!(":{port}:"), &format!(":{free}:"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# docker build --target a-worker .\n\nFROM x AS build-a-worker\nRUN cargo build --bin a-worker\n\n\
FROM x AS build-command\nRUN cargo build --bin command\n\n# It runs.\nFROM y AS a-worker\nENTRYPOINT [\"/a-worker\"]\n\nFROM y AS command\n";

    const COMPOSE: &str = "services:\n  temporal:\n    image: temporal\n\n  a-worker:\n    <<: *worker\n    environment:\n      TEMPORAL_TASK_QUEUE: a\n\n\
  # It has services.\n  b-worker:\n    <<: *worker\n    build: { context: ., target: b-worker }\n    ports: [\"127.0.0.1:9190:9090\"]\n    \
extra_hosts: [\"x:y\"]\n    environment:\n      <<: *environment\n      TEMPORAL_TASK_QUEUE: b-task-queue\n      B_URL: http://b\n\n  web:\n    ports: [\"127.0.0.1:9191:80\"]\n\nvolumes:\n  exports:\n";

    fn workers(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_target_is_made_after_another_workers() {
        let with = "# docker build --target a-worker .\n\nFROM x AS build-a-worker\nRUN cargo build --bin a-worker\n\n\
FROM x AS build-b-worker\nRUN cargo build --bin b-worker\n\nFROM x AS build-command\nRUN cargo build --bin command\n\n\
# It runs.\nFROM y AS a-worker\nENTRYPOINT [\"/a-worker\"]\n\n# It runs.\nFROM y AS b-worker\nENTRYPOINT [\"/b-worker\"]\n\nFROM y AS command\n";
        assert_eq!(with_target(TEXT, &workers(&["z-worker", "a-worker"]), "b-worker").unwrap(), with);
    }

    #[test]
    fn a_worker_whose_name_ends_as_another_ones_is_no_model() {
        let text = "FROM x AS build-data-a-worker\n\nFROM x AS build-a-worker\n\nFROM y AS data-a-worker\n\nFROM y AS a-worker\n";
        let with = "FROM x AS build-data-a-worker\n\nFROM x AS build-a-worker\n\nFROM x AS build-b-worker\n\n\
FROM y AS data-a-worker\n\nFROM y AS a-worker\n\nFROM y AS b-worker\n";
        assert_eq!(with_target(text, &workers(&["a-worker", "data-a-worker"]), "b-worker").unwrap(), with);
    }

    #[test]
    fn a_service_is_made_after_another_workers_without_its_settings() {
        let (before, after) = COMPOSE.split_once("\n\n  web:").unwrap();
        let service = "  c-worker:\n    <<: *worker\n    build: { context: ., target: c-worker }\n    ports: [\"127.0.0.1:9192:9090\"]\n    \
environment:\n      <<: *environment\n      TEMPORAL_TASK_QUEUE: c";
        let with = format!("{before}\n\n{service}\n\n  web:{after}");
        assert_eq!(with_service(COMPOSE, &workers(&["b-worker", "a-worker"]), "c-worker", "c").unwrap(), with);
    }

    #[test]
    fn a_file_without_any_worker_is_left_alone() {
        assert!(with_target(TEXT, &workers(&["z-worker"]), "b-worker").is_none());
        assert!(with_target("FROM x\n", &[], "b-worker").is_none());
        assert!(with_service(COMPOSE, &workers(&["z-worker"]), "c-worker", "c").is_none());
        assert!(with_service("services: {}\n", &workers(&["a-worker"]), "c-worker", "c").is_none());
    }
}
