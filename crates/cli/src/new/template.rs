//! The files of a product: those of crates/cli/template, which is a product itself, with its names replaced.

use super::name::Named;

/// Where the worker's files are.
const WORKER: &str = "workers/";

/// One file of the template.
#[derive(Clone, Copy)]
pub(super) struct File {
    path: &'static str,
    text: &'static str,
}

/// Each file, by its path below the template's folder.
macro_rules! files {
    ($($path:literal,)*) => {
        const FILES: &[File] = &[$(File { path: $path, text: include_str!(concat!("../../template/", $path)) },)*];
    };
}

files![
    "products/new-product/Cargo.toml",
    "products/new-product/contract/Cargo.toml",
    "products/new-product/contract/schemas/activities/new-product-compose.json",
    "products/new-product/contract/schemas/workflows/new-product-greet.json",
    "products/new-product/contract/src/definitions.rs",
    "products/new-product/contract/src/lib.rs",
    "products/new-product/histories/new-product-greet-e2fc6162.json",
    "products/new-product/src/activities/mod.rs",
    "products/new-product/src/lib.rs",
    "products/new-product/src/workflows/greet.rs",
    "products/new-product/src/workflows/mod.rs",
    "products/new-product/tests/greet.rs",
    "workers/new-queue/Cargo.toml",
    "workers/new-queue/src/main.rs",
    "workers/new-queue/values.yaml",
];

pub(super) fn files() -> impl Iterator<Item = File> {
    FILES.iter().copied()
}

impl File {
    pub(super) fn is_of_worker(self) -> bool {
        self.path.starts_with(WORKER)
    }

    /// What the chart is told of the worker.
    pub(super) fn is_of_chart(self) -> bool {
        self.path.ends_with("/values.yaml")
    }

    /// Its path and its text, for that product.
    pub(super) fn of(self, named: &Named) -> (String, String) {
        (renamed(self.path, named), renamed(self.text, named))
    }
}

/// With the template's names replaced, each place once: what comes in may bear the template's names itself.
fn renamed(text: &str, named: &Named) -> String {
    // The longer name first.
    let names = [
        ("new-queue-task-queue", named.queue.as_str()),
        ("new-queue", named.worker_name()),
        ("new-product", &named.name),
        ("new_product", &named.library),
    ];
    let (mut renamed, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(next) = rest.chars().next() {
        if let Some((old, new)) = names.iter().find(|(old, _)| rest.starts_with(old)) {
            renamed.push_str(new);
            rest = &rest[old.len()..];
        } else {
            renamed.push(next);
            rest = &rest[next.len_utf8()..];
        }
    }
    renamed
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// Every file below a folder.
    fn below(folder: &Path, found: &mut Vec<String>, root: &Path) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                below(&path, found, root);
            } else {
                found.push(path.strip_prefix(root).unwrap().display().to_string());
            }
        }
    }

    #[test]
    fn every_file_of_the_template_is_written() {
        let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("template");
        let mut found = Vec::new();
        below(&template, &mut found, &template);
        found.retain(|path| path != "dependencies.toml");
        found.sort();
        assert_eq!(found, FILES.iter().map(|file| file.path).collect::<Vec<_>>());
    }

    #[test]
    fn each_name_is_replaced_once() {
        let named = Named::new("new-product-x", Some("new-product-task-queue")).unwrap();
        let text = "new-product new_product::new() on new-queue-task-queue, by new-queue-worker, newly";
        let made = "new-product-x new_product_x::new() on new-product-task-queue, by new-product-worker, newly";
        assert_eq!(renamed(text, &named), made);
    }
}
