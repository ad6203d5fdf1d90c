//! No test that is skipped, no code that is promised, no test that sleeps instead of waiting for what it needs.
//!
//! A sleep that is the point of a test (a slow activity, say) stands with its reason: `// sleep: REASON`, on its line
//! or on the line above.

use super::{
    Finding,
    seen::{Kind, Seen, seen},
    source::Source,
};

pub(super) fn check(source: &Source) -> Vec<Finding> {
    let Some(tree) = source.tree() else { return Vec::new() };
    let lines: Vec<&str> = source.text.lines().collect();
    seen(tree)
        .iter()
        .filter_map(|seen| {
            let message = if seen.kind == Kind::Attribute && seen.segments == ["ignore"] {
                "a skipped test proves nothing; mend it, or take it away. A slow one goes into tests/ behind the feature `full`"
            } else if seen.kind == Kind::Macro && !seen.in_stub && ["todo", "unimplemented"].contains(&seen.last()) {
                "code that is only promised; write it, or leave out what needs it"
            } else if is_sleep(seen) && (seen.in_test || source.is_under("tests")) && !has_reason(&lines, seen.line) {
                "a test that sleeps is slow or flaky, mostly both; wait for the event, with a timeout around the wait, \
                 or give the reason in a comment `// sleep: REASON` here or on the line above"
            } else {
                return None;
            };
            let shown = format!("{}: {message}", shown(seen));
            Some(Finding::new(&source.path, seen.line, shown))
        })
        .collect()
}

fn shown(seen: &Seen) -> String {
    match seen.kind {
        Kind::Attribute => format!("`#[{}]`", seen.path()),
        Kind::Macro => format!("`{}!`", seen.path()),
        _ => format!("`{}`", seen.path()),
    }
}

/// `std::thread::sleep`, `tokio::time::sleep`, `time::sleep`, also imported.
fn is_sleep(seen: &Seen) -> bool {
    matches!(seen.kind, Kind::Path | Kind::Use) && (seen.names(&["thread", "sleep"]) || seen.names(&["time", "sleep"]))
}

fn has_reason(lines: &[&str], line: usize) -> bool {
    let reason = |index: Option<usize>| {
        let text = index.and_then(|index| lines.get(index)).copied().unwrap_or_default();
        text.split_once("// sleep:").is_some_and(|(_, reason)| !reason.trim().is_empty())
    };
    reason(line.checked_sub(1)) || reason(line.checked_sub(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(path: &str, text: &str) -> Vec<String> {
        check(&Source::new(path, text)).iter().map(ToString::to_string).collect()
    }

    fn refused_at(path: &str, text: &str) -> Vec<usize> {
        check(&Source::new(path, text)).iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn a_skipped_test_is_refused() {
        let found = said("crates/x/src/a.rs", "#[test]\n#[ignore = \"slow\"]\nfn a() {}");
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("crates/x/src/a.rs:2: `#[ignore]`: a skipped test proves nothing"), "{found:?}");
        assert_eq!(refused_at("a.rs", "#[cfg_attr(windows, ignore)]\nfn a() {}"), [1]);
    }

    #[test]
    fn promised_code_is_refused_outside_of_stubs() {
        let found = said("crates/x/src/a.rs", "fn a() {\n todo!()\n}\nfn b() { unimplemented!(\"later\") }");
        assert!(found[0].starts_with("crates/x/src/a.rs:2: `todo!`: code that is only promised"), "{found:?}");
        assert!(found[1].starts_with("crates/x/src/a.rs:4: `unimplemented!`: "), "{found:?}");
        assert_eq!(refused_at("a.rs", "#[activity_definitions]\nimpl A { fn a() { unimplemented!() } }"), [0_usize; 0]);
    }

    #[test]
    fn a_test_that_sleeps_is_refused() {
        for sleep in
            ["std::thread::sleep(D)", "tokio::time::sleep(D).await", "time::sleep(D)", "m!(tokio::time::sleep(D))"]
        {
            let found = said("crates/x/tests/a.rs", &format!("async fn a() {{\n {sleep};\n}}"));
            assert_eq!(found.len(), 1, "{sleep}");
            assert!(found[0].starts_with("crates/x/tests/a.rs:2: `"), "{found:?}");
            assert!(found[0].contains("wait for the event, with a timeout around the wait"), "{found:?}");
        }
        assert_eq!(refused_at("tests/src/a.rs", "use std::thread::sleep;"), [1]);
        assert_eq!(refused_at("crates/x/src/a.rs", "#[cfg(test)]\nmod tests {\n use tokio::time::{sleep};\n}"), [3]);
    }

    #[test]
    fn a_sleep_with_a_reason_stands_and_one_outside_of_tests_is_not_judged_here() {
        let with = |comment: &str| format!("fn a() {{\n {comment}\n std::thread::sleep(D);\n}}");
        assert_eq!(refused_at("tests/a.rs", &with("// sleep: the activity is to be slow")), [0_usize; 0]);
        assert_eq!(refused_at("tests/a.rs", &with("// sleep:")), [3]);
        assert_eq!(refused_at("tests/a.rs", "fn a() { time::sleep(D); } // sleep: slow on purpose"), [0_usize; 0]);
        assert_eq!(refused_at("crates/x/src/a.rs", "fn a() { std::thread::sleep(D); }"), [0_usize; 0]);
    }
}
