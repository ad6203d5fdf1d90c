//! Where the crates are that a product depends on: Mainspring's, and the others.

use std::path::Path;

use toml_edit::{DocumentMut, InlineTable, Item, TableLike, Value, value};

/// What a workspace is given for what it does not name.
const OTHERS: &str = include_str!("../../template/dependencies.toml");
/// What says where a dependency is.
const PLACE: [&str; 7] = ["git", "branch", "tag", "rev", "path", "version", "registry"];

/// Where Mainspring is, by what the workspace says of one of its crates.
pub(super) struct Mainspring(Item);

impl Mainspring {
    /// By the workspace's dependencies, or by those of the command's package.
    pub(super) fn found(root: &DocumentMut, command: &DocumentMut) -> Option<Self> {
        let shared = root.get("workspace").and_then(|workspace| workspace.get("dependencies"));
        let tables = [shared, command.get("dependencies")].into_iter().flatten().filter_map(Item::as_table_like);
        let mut specs = tables.flat_map(|table| ["mainspring", "mainspring-cli"].map(|name| table.get(name)));
        specs.find_map(|spec| spec.filter(|spec| spec.get("workspace").is_none()).cloned()).map(Self)
    }

    /// The same place, for another of its crates.
    fn of(&self, name: &str) -> Item {
        let Some(spec) = self.0.as_table_like() else { return self.0.clone() };
        let mut place = InlineTable::new();
        for (key, there) in PLACE.into_iter().filter_map(|key| Some((key, text(spec, key)?))) {
            let there = if key == "path" { beside(there, name) } else { there.to_owned() };
            place.insert(key, Value::from(there));
        }
        value(place)
    }
}

/// What `[workspace.dependencies]` is to say of a crate.
pub(super) fn of(name: &str, mainspring: Option<&Mainspring>) -> Option<Item> {
    if name == "mainspring" || name.starts_with("mainspring-") {
        return mainspring.map(|mainspring| mainspring.of(name));
    }
    OTHERS.parse::<DocumentMut>().ok()?.get(name).cloned()
}

fn text<'a>(spec: &'a dyn TableLike, key: &str) -> Option<&'a str> {
    spec.get(key)?.as_str()
}

/// In Mainspring's repository its crates are beside each other, in folders of their names.
fn beside(path: &str, name: &str) -> String {
    let folder = name.strip_prefix("mainspring-").unwrap_or(name);
    Path::new(path).with_file_name(folder).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(root: &str, command: &str) -> Option<Mainspring> {
        Mainspring::found(&root.parse().unwrap(), &command.parse().unwrap())
    }

    #[test]
    fn every_crate_is_where_the_one_is_that_is_named() {
        let git = found(
            "",
            "[dependencies]\nmainspring-cli = { git = \"https://x/m.git\", tag = \"v1\", features = [\"logs\"] }\n",
        );
        let spec = of("mainspring-testing", git.as_ref()).unwrap();
        assert_eq!(spec.to_string().trim(), "{ git = \"https://x/m.git\", tag = \"v1\" }");
        let shared = "[workspace.dependencies]\nmainspring = { path = \"../m/crates/mainspring\" }\n";
        let path = found(shared, "[dependencies]\nmainspring.workspace = true\n");
        assert_eq!(
            of("mainspring-vocabulary", path.as_ref()).unwrap().to_string().trim(),
            "{ path = \"../m/crates/vocabulary\" }"
        );
        let version = found("[workspace.dependencies]\nmainspring = \"0.4\"\n", "");
        assert_eq!(of("mainspring-testing", version.as_ref()).unwrap().to_string().trim(), "\"0.4\"");
        assert!(found("", "[dependencies]\nmainspring.workspace = true\n").is_none());
        assert!(of("mainspring", None).is_none());
    }

    /// What a product is given elsewhere is what it is tested with here.
    #[test]
    fn the_others_are_of_the_versions_that_this_workspace_has() {
        let others: DocumentMut = OTHERS.parse().unwrap();
        let root = include_str!("../../../../Cargo.toml").parse::<DocumentMut>().unwrap();
        let version = |item: &Item| item.as_str().or_else(|| item.get("version")?.as_str()).unwrap().to_owned();
        assert!(others.len() > 5);
        for (name, item) in others.iter() {
            let ours = version(&root["workspace"]["dependencies"][name]);
            let theirs = version(item);
            assert!(ours == theirs || ours.starts_with(&format!("{theirs}.")), "{name}: {theirs} there, {ours} here");
        }
    }
}
