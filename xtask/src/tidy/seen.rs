//! Every path that a Rust file names, in code, imports, macros and attributes, with where it stands.
//!
//! The rules about what code may name share this walk. Names inside strings and comments are not seen.

use proc_macro2::{TokenStream, TokenTree};
use syn::{
    Attribute, Meta, UseTree,
    visit::{self, Visit},
};

/// A path that a file names.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) kind: Kind,
    pub(super) segments: Vec<String>,
    pub(super) line: usize,
    /// Inside `#[cfg(test)]` or a `#[test]`.
    pub(super) in_test: bool,
    /// Inside `#[activity_definitions]`, whose bodies never run.
    pub(super) in_stub: bool,
}

#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub(super) enum Kind {
    /// In an expression, a type or a pattern.
    Path,
    /// Imported by `use`; a glob ends in `*`.
    Use,
    /// Called as a macro.
    Macro,
    /// Applied as an attribute, also by `cfg_attr`.
    Attribute,
    /// Called as a method: one segment, its name.
    Method,
}

impl Seen {
    /// Whether these segments stand next to each other in the path.
    pub(super) fn names(&self, segments: &[&str]) -> bool {
        self.segments.windows(segments.len()).any(|window| window == segments)
    }

    /// The last segment.
    pub(super) fn last(&self) -> &str {
        self.segments.last().map_or("", String::as_str)
    }

    /// The path as written.
    pub(super) fn path(&self) -> String {
        self.segments.join("::")
    }
}

/// Walks a whole file.
pub(super) fn seen(tree: &syn::File) -> Vec<Seen> {
    let mut walk = Walk { found: Vec::new(), tests: 0, stubs: 0 };
    walk.visit_file(tree);
    walk.found
}

/// Whether an attribute of this name is there, under whatever path.
pub(super) fn has(attributes: &[Attribute], name: &str) -> bool {
    attributes.iter().any(|attribute| attribute.path().segments.last().is_some_and(|last| last.ident == name))
}

struct Walk {
    found: Vec<Seen>,
    tests: usize,
    stubs: usize,
}

impl Walk {
    fn push(&mut self, kind: Kind, segments: Vec<String>, line: usize) {
        self.found.push(Seen { kind, segments, line, in_test: self.tests > 0, in_stub: self.stubs > 0 });
    }

    fn within(&mut self, test: bool, stub: bool, walk: impl FnOnce(&mut Self)) {
        self.tests += usize::from(test);
        self.stubs += usize::from(stub);
        walk(self);
        self.tests -= usize::from(test);
        self.stubs -= usize::from(stub);
    }

    fn import(&mut self, before: &[String], tree: &UseTree) {
        let with = |name: String| [before, &[name]].concat();
        match tree {
            UseTree::Path(path) => self.import(&with(path.ident.to_string()), &path.tree),
            UseTree::Name(name) => {
                self.push(Kind::Use, with(name.ident.to_string()), name.ident.span().start().line);
            }
            UseTree::Rename(rename) => {
                self.push(Kind::Use, with(rename.ident.to_string()), rename.ident.span().start().line);
            }
            UseTree::Glob(glob) => self.push(Kind::Use, with("*".to_owned()), glob.star_token.spans[0].start().line),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.import(before, tree)),
        }
    }

    /// The body of a macro is not syntax yet: its paths are found by their shape, `a::b::c`, and macros by their `!`.
    fn tokens(&mut self, stream: TokenStream, plain: Kind) {
        let mut tokens = stream.into_iter().peekable();
        let mut after_dot = false;
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Group(group) => self.tokens(group.stream(), plain),
                TokenTree::Ident(ident) => {
                    let line = ident.span().start().line;
                    let mut segments = vec![ident.to_string()];
                    while tokens.next_if(|next| is_punct(next, ':')).is_some() {
                        if let Some(TokenTree::Ident(next)) = tokens.next_if(|next| matches!(next, TokenTree::Ident(_)))
                        {
                            segments.push(next.to_string());
                        }
                    }
                    let bang = tokens.next_if(|next| is_punct(next, '!')).is_some();
                    let called = matches!(tokens.peek(), Some(TokenTree::Group(_)));
                    match (bang && called, after_dot) {
                        (true, _) => self.push(Kind::Macro, segments, line),
                        (false, true) => self.push(Kind::Method, segments, line),
                        (false, false) => self.push(plain, segments, line),
                    }
                    after_dot = false;
                }
                other => after_dot = is_punct(&other, '.'),
            }
        }
    }
}

impl<'ast> Visit<'ast> for Walk {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        self.within(is_test(&module.attrs), false, |walk| visit::visit_item_mod(walk, module));
    }

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.within(is_test(&function.attrs), false, |walk| visit::visit_item_fn(walk, function));
    }

    fn visit_item_impl(&mut self, block: &'ast syn::ItemImpl) {
        let stub = has(&block.attrs, "activity_definitions");
        self.within(is_test(&block.attrs), stub, |walk| visit::visit_item_impl(walk, block));
    }

    fn visit_item_use(&mut self, import: &'ast syn::ItemUse) {
        self.within(is_test(&import.attrs), false, |walk| walk.import(&[], &import.tree));
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if let Some(first) = path.segments.first() {
            let line = first.ident.span().start().line;
            self.push(Kind::Path, segments(path), line);
        }
        // Arguments of a generic are paths as well.
        visit::visit_path(self, path);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        self.push(Kind::Method, vec![call.method.to_string()], call.method.span().start().line);
        visit::visit_expr_method_call(self, call);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        let line = call.path.segments.first().map_or(0, |first| first.ident.span().start().line);
        self.push(Kind::Macro, segments(&call.path), line);
        self.tokens(call.tokens.clone(), Kind::Path);
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        let line = attribute.pound_token.spans[0].start().line;
        self.push(Kind::Attribute, segments(attribute.path()), line);
        if let (true, Meta::List(list)) = (attribute.path().is_ident("cfg_attr"), &attribute.meta) {
            self.tokens(list.tokens.clone(), Kind::Attribute);
        }
    }
}

fn segments(path: &syn::Path) -> Vec<String> {
    path.segments.iter().map(|segment| segment.ident.to_string()).collect()
}

fn is_punct(token: &TokenTree, wanted: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == wanted)
}

/// `#[test]`, `#[tokio::test]`, `#[cfg(test)]`, `#[cfg(all(test, …))]`, and not `#[cfg(not(test))]`.
fn is_test(attributes: &[Attribute]) -> bool {
    has(attributes, "test")
        || attributes.iter().filter(|attribute| attribute.path().is_ident("cfg")).any(|attribute| {
            let Meta::List(list) = &attribute.meta else { return false };
            let said = list.tokens.to_string();
            !said.contains("not") && said.split(|c: char| !c.is_alphanumeric()).any(|word| word == "test")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<(Kind, String, usize)> {
        seen(&syn::parse_file(text).unwrap()).iter().map(|seen| (seen.kind, seen.path(), seen.line)).collect()
    }

    #[test]
    fn imports_are_flattened() {
        let found = all("use std::{fs, time::{Duration as D, *}};");
        let expected = ["std::fs", "std::time::Duration", "std::time::*"].map(|path| (Kind::Use, path.to_owned(), 1));
        assert_eq!(found, expected);
    }

    #[test]
    fn paths_inside_macros_and_generics_are_seen_with_their_lines() {
        let found = all("fn a() {\n m!(x.run(),\n std::env::var(1), n!());\n Vec::<a::B>::new();\n}");
        for expected in [
            (Kind::Macro, "m".to_owned(), 2),
            (Kind::Method, "run".to_owned(), 2),
            (Kind::Path, "std::env::var".to_owned(), 3),
            (Kind::Macro, "n".to_owned(), 3),
            (Kind::Path, "a::B".to_owned(), 4),
        ] {
            assert!(found.contains(&expected), "{expected:?} is not in {found:?}");
        }
    }

    #[test]
    fn tests_and_stubs_are_known_as_such() {
        let text = "#[cfg(test)] mod t { fn a() { b(); } }\n#[tokio::test] async fn c() { d(); }\n\
                    #[cfg(not(test))] fn e() { f(); }\n#[activity_definitions] impl G { fn h() { i(); } }";
        let found = seen(&syn::parse_file(text).unwrap());
        let flags = |path: &str| found.iter().find(|seen| seen.path() == path).map(|seen| (seen.in_test, seen.in_stub));
        assert_eq!(flags("b"), Some((true, false)));
        assert_eq!(flags("d"), Some((true, false)));
        assert_eq!(flags("f"), Some((false, false)));
        assert_eq!(flags("i"), Some((false, true)));
    }
}
