//! The names of a product: what was given, checked, and what follows from it.

use heck::ToKebabCase;
use mainspring_worker::Registry;

use crate::binary::{self, LONGEST, WORKER};
use crate::exit::Failure;

/// No words of the language, and still no crate may be called so.
const NO_CRATES: [&str; 7] = ["alloc", "core", "gen", "proc-macro", "std", "test", "union"];

/// A product that is to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Named {
    /// As it was given: `batch-exports`, which is its crate too.
    pub(super) name: String,
    /// As code says it: `batch_exports`.
    pub(super) library: String,
    pub(super) queue: String,
}

impl Named {
    /// # Errors
    /// Another name would be right, and which.
    pub(super) fn new(name: &str, queue: Option<&str>) -> Result<Self, Failure> {
        check_name(name).map_err(Failure::Usage)?;
        let queue = queue.unwrap_or(name);
        check_queue(queue).map_err(Failure::Usage)?;
        Ok(Self { name: name.to_owned(), library: name.replace('-', "_"), queue: queue.to_owned() })
    }

    /// # Errors
    /// A product has the name.
    pub(super) fn is_free_in(&self, registry: &Registry) -> Result<(), Failure> {
        match registry.product(&self.name) {
            Some(there) => Err(Failure::Usage(format!(
                "there is a product {} already, on task queue {}: give the new one another name",
                self.name,
                there.queue()
            ))),
            None => Ok(()),
        }
    }

    pub(super) fn contract(&self) -> String {
        format!("{}-contract", self.name)
    }

    /// The binary of a queue that no product is on yet.
    pub(super) fn worker(&self) -> String {
        binary::of_queue(&self.queue, &self.name)
    }

    /// What that worker is called in the chart and below `workers/`.
    pub(super) fn worker_name(&self) -> &str {
        binary::worker(&self.queue, &self.name)
    }
}

fn check_name(name: &str) -> Result<(), String> {
    let right = name.to_kebab_case();
    let letters = name.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-');
    let begins = name.starts_with(|letter: char| letter.is_ascii_lowercase());
    let hyphens = !name.ends_with('-') && !name.contains("--");
    if !(letters && begins && hyphens) {
        let form = "lower-case letters, digits and single hyphens between them, a letter first";
        let example = if right != name && check_name(&right).is_ok() { right } else { "batch-exports".to_owned() };
        return Err(format!("{name:?} cannot be a product's name, for its crates bear it: {form}, such as {example}"));
    }
    if syn::parse_str::<syn::Ident>(&name.replace('-', "_")).is_err() || NO_CRATES.contains(&name) {
        return Err(format!("{name} is a name of Rust's own, which no crate can have: take {name}s, say"));
    }
    let most = LONGEST - WORKER.len();
    if name.len() > most {
        return Err(format!(
            "{name} has {} characters, and its worker {name}{WORKER} may have {LONGEST}, for Kubernetes makes longer names of it: take {most} at most",
            name.len()
        ));
    }
    Ok(())
}

fn check_queue(queue: &str) -> Result<(), String> {
    let letter = |letter: char| letter.is_ascii_alphanumeric() || ['-', '_', '.'].contains(&letter);
    if queue.is_empty() || !queue.chars().all(letter) {
        return Err(format!("{queue:?} cannot be a task queue: letters, digits, '-', '_' and '.' make one"));
    }
    if queue.len() > LONGEST {
        return Err(format!(
            "task queue {queue} has {} characters: take {LONGEST} at most, for Kubernetes makes longer names of it",
            queue.len()
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(name: &str, queue: Option<&str>) -> String {
        Named::new(name, queue).unwrap_err().to_string()
    }

    #[test]
    fn a_name_says_its_crates_and_its_queue() {
        let named = Named::new("batch-exports", None).unwrap();
        assert_eq!((named.library.as_str(), named.queue.as_str()), ("batch_exports", "batch-exports"));
        assert_eq!(
            (named.contract().as_str(), named.worker().as_str()),
            ("batch-exports-contract", "batch-exports-worker")
        );
        let named = Named::new("x2", Some("General_Purpose.1")).unwrap();
        assert_eq!((named.queue.as_str(), named.worker().as_str()), ("General_Purpose.1", "x2-worker"));
        let named = Named::new("x2", Some("warehouse-task-queue")).unwrap();
        assert_eq!((named.worker_name(), named.worker().as_str()), ("warehouse", "warehouse-worker"));
    }

    #[test]
    fn another_name_is_told_where_one_cannot_be() {
        let form = "cannot be a product's name, for its crates bear it: lower-case letters, digits and single hyphens between them, a letter first, such as";
        for (name, example) in [
            ("BatchExports", "batch-exports"),
            ("batch_exports", "batch-exports"),
            ("batch--exports", "batch-exports"),
            ("exports-", "exports"),
            ("2fa", "batch-exports"),
            ("", "batch-exports"),
            ("größe", "batch-exports"),
            ("../exports", "exports"),
        ] {
            assert_eq!(refused(name, None), format!("{name:?} {form} {example}"));
        }
        for name in ["loop", "async", "self", "gen", "core", "test"] {
            let said = format!("{name} is a name of Rust's own, which no crate can have: take {name}s, say");
            assert_eq!(refused(name, None), said);
        }
    }

    #[test]
    fn a_name_is_short_enough_for_kubernetes() {
        let longest = "a".repeat(40);
        assert_eq!(Named::new(&longest, None).unwrap().worker().len(), 47);
        let said = refused(&format!("{longest}a"), None);
        assert!(said.contains("has 41 characters") && said.ends_with("take 40 at most"), "{said}");
        assert_eq!(Named::new("a", Some(&"q".repeat(47))).unwrap().worker(), "a-worker");
        let said = refused("a", Some(&"q".repeat(48)));
        assert!(said.contains("has 48 characters: take 47 at most"), "{said}");
        assert!(refused("a", Some("a queue")).starts_with("\"a queue\" cannot be a task queue: "));
        assert!(refused("a", Some("")).starts_with("\"\" cannot be a task queue: "));
    }
}
