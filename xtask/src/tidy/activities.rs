//! No bare sync activity: the SDK runs one on a blocking thread of its own, where the current context is gone.
//!
//! A stub in `#[activity_definitions]` has no body that runs, so it may be sync.

use syn::visit::{self, Visit};

use super::{Finding, seen::has, source::Source};

/// Where products' code, or code shaped like it, lives.
const FOLDERS: [&str; 5] = ["products", "workers", "tests", "examples", "benches"];

pub(super) fn check(source: &Source) -> Vec<Finding> {
    let Some(tree) = source.tree() else { return Vec::new() };
    if !FOLDERS.iter().any(|folder| source.is_under(folder)) {
        return Vec::new();
    }
    let mut activities = SyncActivities { path: &source.path, findings: Vec::new() };
    activities.visit_file(tree);
    activities.findings
}

struct SyncActivities<'a> {
    path: &'a str,
    findings: Vec<Finding>,
}

impl SyncActivities<'_> {
    fn judge(&mut self, attributes: &[syn::Attribute], signature: &syn::Signature) {
        if !has(attributes, "activity") || signature.asyncness.is_some() {
            return;
        }
        let message = format!(
            "the activity `{}` is a sync fn: the SDK runs it in spawn_blocking and drops the current context, so its log \
             lines lose their fields and its effects their idempotency keys; write an `async fn` that takes \
             `mainspring::context::current()` and, inside `spawn_blocking` or the pool, holds `ctx.enter()` while it works",
            signature.ident
        );
        self.findings.push(Finding::new(self.path, signature.ident.span().start().line, message));
    }
}

impl<'ast> Visit<'ast> for SyncActivities<'_> {
    fn visit_item_impl(&mut self, block: &'ast syn::ItemImpl) {
        if !has(&block.attrs, "activity_definitions") {
            visit::visit_item_impl(self, block);
        }
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.judge(&function.attrs, &function.sig);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.judge(&function.attrs, &function.sig);
        visit::visit_item_fn(self, function);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(path: &str, text: &str) -> Vec<String> {
        check(&Source::new(path, text)).iter().map(ToString::to_string).collect()
    }

    const IN_BLOCK: &str = "#[activities]\nimpl A {\n #[activity]\n pub fn charge(self: Arc<Self>) {}\n}";

    #[test]
    fn a_sync_activity_is_refused_wherever_products_code_lives() {
        for folder in ["products/x/src", "tests/tests", "crates/x/tests", "crates/x/examples", "benches/src"] {
            let found = said(&format!("{folder}/a.rs"), IN_BLOCK);
            assert_eq!(found.len(), 1, "{folder}");
            assert!(found[0].starts_with(&format!("{folder}/a.rs:4: the activity `charge` is a sync fn")), "{found:?}");
            assert!(found[0].contains("drops the current context"), "{found:?}");
            assert!(found[0].contains("write an `async fn`"), "{found:?}");
            assert!(found[0].contains("holds `ctx.enter()` while it works"), "{found:?}");
        }
    }

    #[test]
    fn a_free_sync_activity_with_a_name_of_its_own_is_refused() {
        let text = "mod inner {\n #[temporalio_macros::activity(name = \"x\")]\n fn charge() {}\n}";
        assert!(said("products/x/src/a.rs", text)[0].starts_with("products/x/src/a.rs:3: "));
    }

    #[test]
    fn async_activities_and_stubs_stand() {
        let text = "#[activities]\nimpl A { #[activity] async fn a() {} fn sync_and_no_activity() {} }\n\
                    #[activity_definitions]\nimpl B { #[activity] fn b() { unimplemented!() } }";
        assert_eq!(said("products/x/src/a.rs", text), Vec::<String>::new());
        assert_eq!(said("crates/x/src/a.rs", IN_BLOCK), Vec::<String>::new());
    }
}
