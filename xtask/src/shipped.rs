//! What is shipped: one binary of each package in `workers/`, which is the name of its image and of its deployment.

/// The binary that a package in this folder, from the root, is shipped as: its only one, or of several the one that `cargo run`
/// means. None: the package is no worker.
pub(crate) fn binary<'a>(
    folder: &str,
    default_run: Option<&'a str>,
    mut binaries: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    let below = folder.strip_prefix("workers/")?;
    if below.contains('/') {
        return None;
    }
    match default_run {
        Some(default) => binaries.find(|name| *name == default),
        None => binaries.next(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_is_shipped_as_one_binary() {
        let two = || ["temporal-mainspring", "mainspring"].into_iter();
        assert_eq!(binary("workers/mainspring", Some("mainspring"), two()), Some("mainspring"));
        assert_eq!(binary("workers/orders", None, ["orders-worker"].into_iter()), Some("orders-worker"));
        assert_eq!(binary("workers/shared", None, std::iter::empty()), None);
        assert_eq!(binary("workers/orders/fixture", None, two()), None);
        assert_eq!(binary("xtask", None, two()), None);
    }
}
