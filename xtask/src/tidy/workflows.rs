//! Workflow code does no I/O and reads no clock, randomness or environment (invariant 7): replay would answer
//! otherwise, and the workflow would no longer match its history.
//!
//! This refuses by name, in products/*/src/workflows; what hides deeper, replay proves.

use super::{
    Finding,
    seen::{Kind, Seen, seen},
    source::Source,
};

/// What is refused, why, and what to write instead.
struct Refusal {
    refuses: fn(&Seen) -> bool,
    why: &'static str,
    instead: &'static str,
}

const REFUSALS: [Refusal; 9] = [
    Refusal {
        // Not `SystemTime` itself: `ctx.workflow_time()` gives one.
        refuses: |seen| {
            seen.names(&["Instant"])
                || [["SystemTime", "now"], ["Utc", "now"], ["Local", "now"]].iter().any(|path| seen.names(path))
                || (seen.kind == Kind::Method && seen.last() == "elapsed")
        },
        why: "reads the machine's clock, which a replay reads at another time",
        instead: "`ctx.workflow_time()`",
    },
    Refusal {
        refuses: |seen| seen.begins(&["tokio"]),
        why: "wakes the workflow from outside of its history",
        instead: "`ctx.timer(..)`, an activity, or `temporalio_sdk::workflows::{select, join, join_all}`",
    },
    Refusal {
        refuses: |seen| {
            ["rand", "fastrand", "getrandom"].iter().any(|name| seen.begins(&[name]))
                || ["new_v4", "new_v7", "now_v7"].iter().any(|name| seen.names(&["Uuid", name]))
        },
        why: "is random anew at each replay",
        instead: "`ctx.random()`, `ctx.random_stream(..)` or `ctx.uuid4()`",
    },
    Refusal {
        refuses: |seen| seen.begins(&["std", "env"]) || matches!(seen.path().as_str(), "env::var" | "env::var_os"),
        why: "reads the environment, which differs between machines and builds",
        instead: "the workflow's input, or an activity",
    },
    Refusal {
        refuses: |seen| ["fs", "net", "process", "io"].iter().any(|name| seen.begins(&["std", name])),
        why: "is I/O, which a replay would do again",
        instead: "an activity",
    },
    Refusal {
        refuses: |seen| seen.begins(&["std", "thread"]) || seen.begins(&["thread"]),
        why: "runs outside of the workflow's one thread",
        instead: "`temporalio_sdk::workflows::join_all` for concurrency, an activity for work",
    },
    Refusal {
        refuses: |seen| seen.names(&["HashMap"]) || seen.names(&["HashSet"]),
        why: "iterates in an order that differs in each process",
        instead: "`BTreeMap` or `BTreeSet`",
    },
    Refusal {
        refuses: |seen| {
            let foreign = seen.begins(&["futures"]) || seen.begins(&["futures_util"]);
            let racing = ["select", "select_all", "select_ok", "join_all", "FuturesUnordered", "FuturesOrdered"];
            foreign && racing.contains(&seen.last())
        },
        why: "polls in an order of its own, or wakes by itself",
        instead: "`temporalio_sdk::workflows::{select, join_all}`",
    },
    Refusal {
        refuses: |seen| {
            seen.kind == Kind::Macro && ["print", "println", "eprint", "eprintln", "dbg"].contains(&seen.last())
        },
        why: "writes again at each replay",
        instead: "`tracing::info!(..)`, which is silent during a replay",
    },
];

pub(super) fn check(source: &Source) -> Vec<Finding> {
    let Some(tree) = source.tree() else { return Vec::new() };
    if !is_workflow_code(&source.path) {
        return Vec::new();
    }
    let mut findings: Vec<Finding> = seen(tree)
        .iter()
        .filter(|seen| !seen.in_test)
        .filter_map(|seen| {
            let refusal = REFUSALS.iter().find(|refusal| (refusal.refuses)(seen))?;
            let name = match seen.kind {
                Kind::Macro => format!("{}!", seen.path()),
                Kind::Method => format!(".{}()", seen.path()),
                _ => seen.path(),
            };
            let message = format!("`{name}` in workflow code {}; use {}", refusal.why, refusal.instead);
            Some(Finding::new(&source.path, seen.line, message))
        })
        .collect();
    findings.dedup();
    findings
}

fn is_workflow_code(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    matches!(parts[..], ["products", _, "src", "workflows.rs"] | ["products", _, "src", "workflows", ..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(body: &str) -> Vec<String> {
        let source = Source::new("products/x/src/workflows/export.rs", body);
        check(&source)
            .iter()
            .map(|finding| finding.to_string().replace("products/x/src/workflows/export.rs", ""))
            .collect()
    }

    #[test]
    fn each_planted_violation_is_refused_with_what_to_use_instead() {
        for (planted, name, instead) in [
            ("use std::time::Instant;", "std::time::Instant", "ctx.workflow_time()"),
            ("fn a() { std::time::SystemTime::now(); }", "std::time::SystemTime::now", "ctx.workflow_time()"),
            ("fn a() { Utc::now(); }", "Utc::now", "ctx.workflow_time()"),
            ("fn a() { started.elapsed(); }", ".elapsed()", "ctx.workflow_time()"),
            ("use tokio::sync::Mutex;", "tokio::sync::Mutex", "ctx.timer(..)"),
            ("fn a() { tokio::select! {} }", "tokio::select!", "temporalio_sdk::workflows::{select, join, join_all}"),
            ("fn a() { rand::random::<u8>(); }", "rand::random", "ctx.random()"),
            ("fn a() { Uuid::new_v4(); }", "Uuid::new_v4", "ctx.uuid4()"),
            ("fn a() { std::env::var(\"X\"); }", "std::env::var", "the workflow's input"),
            ("use std::{env};", "std::env", "the workflow's input"),
            ("use std::fs::File;", "std::fs::File", "an activity"),
            ("fn a() { std::net::TcpStream::connect(1); }", "std::net::TcpStream::connect", "an activity"),
            ("fn a() { std::thread::spawn(b); }", "std::thread::spawn", "join_all"),
            ("struct A { b: HashMap<u8, u8> }", "HashMap", "`BTreeMap` or `BTreeSet`"),
            ("fn a() { let b = std::collections::HashSet::new(); }", "std::collections::HashSet::new", "BTreeSet"),
            ("fn a() { futures::select! {} }", "futures::select!", "temporalio_sdk::workflows::{select, join_all}"),
            ("use futures::future::join_all;", "futures::future::join_all", "temporalio_sdk::workflows"),
            (
                "use futures::stream::FuturesUnordered;",
                "futures::stream::FuturesUnordered",
                "temporalio_sdk::workflows",
            ),
            ("fn a() { println!(); }", "println!", "tracing::info!(..)"),
            ("fn a() { info!(b = std::env::var(\"X\")); }", "std::env::var", "the workflow's input"),
        ] {
            let found = said(planted);
            assert_eq!(found.len(), 1, "{planted}: {found:?}");
            assert!(found[0].starts_with(&format!(":1: `{name}` in workflow code ")), "{planted}: {found:?}");
            assert!(found[0].split("; use ").nth(1).is_some_and(|said| said.contains(instead)), "{planted}: {found:?}");
        }
    }

    #[test]
    fn what_the_sdk_offers_and_what_tests_do_stands() {
        let text = "use std::{collections::BTreeMap, time::{Duration, SystemTime}};\n\
                    use temporalio_sdk::workflows::{join_all, select};\n\
                    fn a(now: SystemTime) { ctx.random::<u8>(); ctx.timer(Duration::from_secs(1)); select! {} }\n\
                    #[cfg(test)] mod tests { use tokio::sync::Mutex; }";
        assert_eq!(said(text), Vec::<String>::new());
    }

    #[test]
    fn only_workflow_code_is_judged() {
        assert!(is_workflow_code("products/x/src/workflows.rs"));
        assert!(is_workflow_code("products/x/src/workflows/a/b.rs"));
        assert!(!is_workflow_code("products/x/src/activities/workflows.rs"));
        assert_eq!(check(&Source::new("products/x/src/activities.rs", "use tokio::fs;")), []);
    }
}
