//! Patches in the source of workflows: `.patched("id")` and `.deprecate_patch("id")`, also inside of macros.
//!
//! Tokens are read, not types: a call by another name, or of an id that is put together, is not seen; the latter is told.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::exit::Failure;

/// How the code names a patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// `deprecate_patch`: the old branch is gone.
    Deprecated,
    /// `patched`: both branches are there.
    Patched,
}

/// A patch of one product's code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Patch {
    pub(super) stage: Stage,
    /// The workflows of the files that name it. Empty if those define none: then it may be any workflow's.
    pub(super) workflows: BTreeSet<String>,
    pub(super) files: BTreeSet<PathBuf>,
}

#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) patches: BTreeMap<String, Patch>,
    /// Calls whose id is not there to read, a sentence each.
    pub(super) unread: Vec<String>,
}

/// Every patch below a folder.
pub(super) fn below(folder: &Path) -> Result<Found, Failure> {
    let mut found = Found::default();
    let mut ahead = vec![folder.to_owned()];
    while let Some(path) = ahead.pop() {
        let refused = |error: std::io::Error| Failure::Usage(format!("{} cannot be read: {error}", path.display()));
        if path.is_dir() {
            for entry in std::fs::read_dir(&path).map_err(refused)? {
                ahead.push(entry.map_err(refused)?.path());
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).map_err(refused)?;
            found.file(&path, &text).map_err(|reason| {
                Failure::Usage(format!("{} is no Rust that could be read: {reason}", path.display()))
            })?;
        }
    }
    Ok(found)
}

impl Found {
    fn file(&mut self, path: &Path, text: &str) -> Result<(), String> {
        let tokens: TokenStream = text.parse().map_err(|error: proc_macro2::LexError| error.to_string())?;
        let mut seen = Seen::default();
        seen.read(tokens);
        for (stage, id) in seen.calls {
            let Some(id) = id.text(&seen.constants) else {
                let call = if stage == Stage::Patched { "patched" } else { "deprecate_patch" };
                let file = path.display();
                self.unread
                    .push(format!("{file}: {call}({id}) has an id that is not in the file: write it as a text there"));
                continue;
            };
            let patch = self.patches.entry(id).or_insert_with(|| Patch {
                stage,
                workflows: BTreeSet::new(),
                files: BTreeSet::new(),
            });
            patch.stage = patch.stage.max(stage);
            patch.workflows.extend(seen.workflows.iter().cloned());
            patch.files.insert(path.to_owned());
        }
        Ok(())
    }
}

/// An argument: a text, or the name of one.
#[derive(Debug)]
enum Id {
    Text(String),
    Name(String),
}

impl Id {
    fn text(&self, constants: &BTreeMap<String, String>) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.clone()),
            Self::Name(name) => constants.get(name).cloned(),
        }
    }
}

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

#[derive(Debug, Default)]
struct Seen {
    calls: Vec<(Stage, Id)>,
    workflows: BTreeSet<String>,
    constants: BTreeMap<String, String>,
}

impl Seen {
    fn read(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        for (place, token) in tokens.iter().enumerate() {
            match token {
                TokenTree::Group(group) => self.read(group.stream()),
                TokenTree::Ident(name) => {
                    let name = name.to_string();
                    let after = tokens.get(place + 1..).unwrap_or_default();
                    let before = place.checked_sub(1).and_then(|place| tokens.get(place));
                    self.ident(&name, before, after);
                }
                _ => {}
            }
        }
    }

    fn ident(&mut self, name: &str, before: Option<&TokenTree>, after: &[TokenTree]) {
        match name {
            "patched" | "deprecate_patch" if is_punct(before, '.') => {
                if let Some(inner) = group(after.first()) {
                    let stage = if name == "patched" { Stage::Patched } else { Stage::Deprecated };
                    let whole = inner.to_string();
                    let first: Vec<TokenTree> =
                        inner.into_iter().take_while(|token| !is_punct(Some(token), ',')).collect();
                    let id = match first.as_slice() {
                        [literal] if text(literal).is_some() => Id::Text(text(literal).unwrap_or_default()),
                        [.., TokenTree::Ident(last)] => Id::Name(last.to_string()),
                        _ => Id::Name(whole),
                    };
                    self.calls.push((stage, id));
                }
            }
            // `#[run(name = "…")]`
            "run" => {
                if let Some(inner) = group(after.first()) {
                    let inner: Vec<TokenTree> = inner.into_iter().collect();
                    if let [TokenTree::Ident(key), _, value, ..] = inner.as_slice()
                        && key == "name"
                    {
                        self.workflows.extend(text(value));
                    }
                }
            }
            // `const NAME: &str = "…";`
            "const" => {
                if let Some(TokenTree::Ident(constant)) = after.first() {
                    let end = after.iter().position(|token| is_punct(Some(token), ';')).unwrap_or(after.len());
                    if let Some(value) = end.checked_sub(1).and_then(|last| text(after.get(last)?)) {
                        self.constants.insert(constant.to_string(), value);
                    }
                }
            }
            _ => {}
        }
    }
}

fn is_punct(token: Option<&TokenTree>, wanted: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
}

fn group(token: Option<&TokenTree>) -> Option<TokenStream> {
    match token {
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis => Some(group.stream()),
        _ => None,
    }
}

fn text(token: &TokenTree) -> Option<String> {
    match token {
        TokenTree::Literal(literal) => {
            syn::parse_str::<syn::LitStr>(&literal.to_string()).ok().map(|text| text.value())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Found {
        let mut found = Found::default();
        found.file(Path::new("w.rs"), text).unwrap();
        found
    }

    #[test]
    fn patches_are_found_wherever_they_are_called() {
        let found = found(
            r#"
            const LATE: &str = "late-fee";
            impl Order {
                #[run(name = "order")]
                async fn run(ctx: &mut WorkflowContext<Self>) {
                    // ctx.patched("in-a-comment")
                    if ctx.patched("twice-billed") { x(") .patched(\"in-a-text\")") }
                    select! { _ = ctx.timer(y) => ctx.deprecate_patch("in-a-macro"), }
                    ctx.patched(LATE);
                    ctx.patched(crate::elsewhere::ID);
                    patched("no method");
                }
            }
        "#,
        );
        let ids: Vec<(&str, Stage)> = found.patches.iter().map(|(id, patch)| (id.as_str(), patch.stage)).collect();
        assert_eq!(
            ids,
            [("in-a-macro", Stage::Deprecated), ("late-fee", Stage::Patched), ("twice-billed", Stage::Patched)]
        );
        assert!(found.patches.values().all(|patch| patch.workflows.contains("order")));
        assert_eq!(found.unread, ["w.rs: patched(ID) has an id that is not in the file: write it as a text there"]);
    }

    #[test]
    fn a_patch_that_is_both_still_has_its_old_branch() {
        let found = found(r#"fn f(ctx: C) { ctx.deprecate_patch("a"); ctx.patched("a"); }"#);
        assert_eq!(found.patches["a"].stage, Stage::Patched);
        assert!(found.patches["a"].workflows.is_empty());
    }
}
