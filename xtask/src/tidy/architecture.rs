//! ARCHITECTURE.md names tests that would catch the loss of an invariant: `[test: FILE::FUNCTION]`. Each of them exists.

use syn::visit::{self, Visit};

use super::{Finding, seen::has, source::Source};

const FILE: &str = "ARCHITECTURE.md";
const MARK: &str = "[test:";

pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    let Some(document) = sources.iter().find(|source| source.path == FILE) else {
        return vec![Finding::new(
            FILE,
            0,
            "is missing; it states each invariant beside the test that would catch its loss",
        )];
    };
    let mut findings = Vec::new();
    let mut named = 0;
    for (index, line) in document.text.lines().enumerate() {
        for rest in line.split(MARK).skip(1) {
            named += 1;
            let fault = match rest.split_once(']') {
                Some((reference, _)) => fault(reference.trim(), sources),
                None => Some("a reference to a test ends on its line with `]`".to_owned()),
            };
            findings.extend(fault.map(|fault| Finding::new(FILE, index + 1, fault)));
        }
    }
    if named == 0 {
        findings.push(Finding::new(FILE, 0, "names no test; an invariant is followed by `[test: FILE::FUNCTION]`"));
    }
    findings
}

fn fault(reference: &str, sources: &[Source]) -> Option<String> {
    let Some((path, function)) = reference.split_once("::") else {
        return Some(format!(
            "`{reference}` is not a reference to a test; write `[test: tests/tests/drain.rs::by_grace]`"
        ));
    };
    let Some(source) = sources.iter().find(|source| source.path == path) else {
        return Some(format!("names a test in {path}, which does not exist"));
    };
    // The function may be written with its modules.
    let name = function.rsplit("::").next().unwrap_or(function);
    let mut search = Search { name, found: false };
    if let Some(tree) = source.tree() {
        search.visit_file(tree);
    }
    (!search.found).then(|| format!("names the test `{name}`, and {path} has no test of that name"))
}

struct Search<'a> {
    name: &'a str,
    found: bool,
}

impl<'ast> Visit<'ast> for Search<'_> {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.found |= function.sig.ident == self.name && has(&function.attrs, "test");
        visit::visit_item_fn(self, function);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        // Property tests stand inside `proptest! { … }`, which is not syntax yet.
        let words: Vec<String> =
            call.tokens.to_string().split(|c: char| !c.is_alphanumeric() && c != '_').map(str::to_owned).collect();
        let words: Vec<&String> = words.iter().filter(|word| !word.is_empty()).collect();
        self.found |= call.path.segments.last().is_some_and(|last| last.ident == "proptest")
            && words.windows(2).any(|pair| pair[0] == "fn" && pair[1] == self.name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(document: &str) -> Vec<String> {
        let tests = "fn start() {}\n#[tokio::test]\nasync fn by_grace() {}\n\
                     proptest! { #[test] fn any_range(x in 0..9) { start() } }";
        let sources = [Source::new(FILE, document), Source::new("tests/tests/drain.rs", tests)];
        check(&sources).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn tests_that_exist_stand() {
        let document = "1. Left by grace. [test: tests/tests/drain.rs::by_grace]\n\
                        2. Any. [test: tests/tests/drain.rs::any_range] [test: tests/tests/drain.rs::inner::by_grace]\n";
        assert_eq!(said(document), Vec::<String>::new());
    }

    #[test]
    fn a_test_that_does_not_exist_is_refused() {
        assert_eq!(
            said("x\n[test: tests/tests/gone.rs::a]"),
            ["ARCHITECTURE.md:2: names a test in tests/tests/gone.rs, which does not exist"]
        );
        let missing = |name| {
            format!("ARCHITECTURE.md:1: names the test `{name}`, and tests/tests/drain.rs has no test of that name")
        };
        assert_eq!(said("[test: tests/tests/drain.rs::by_then]"), [missing("by_then")]);
        // A function that is no test.
        assert_eq!(said("[test: tests/tests/drain.rs::start]"), [missing("start")]);
    }

    #[test]
    fn a_reference_that_is_none_is_refused() {
        assert_eq!(
            said("[test: by_grace]"),
            [
                "ARCHITECTURE.md:1: `by_grace` is not a reference to a test; write `[test: tests/tests/drain.rs::by_grace]`"
            ]
        );
        assert_eq!(
            said("[test: tests/tests/drain.rs::by_grace"),
            ["ARCHITECTURE.md:1: a reference to a test ends on its line with `]`"]
        );
    }

    #[test]
    fn a_document_that_is_missing_or_names_no_test_is_refused() {
        assert!(check(&[])[0].to_string().starts_with("ARCHITECTURE.md: is missing; "));
        assert_eq!(
            said("All is well."),
            ["ARCHITECTURE.md: names no test; an invariant is followed by `[test: FILE::FUNCTION]`"]
        );
    }
}
