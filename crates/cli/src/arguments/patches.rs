//! The arguments of `patches`.

use std::path::PathBuf;

use clap::Args;

use super::Output;

#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  mainspring patches --since 2026-11-01T00:00:00Z\n\nA patch may become `deprecate_patch` when no open run \
may need its old branch: each has the patch's marker, or was started after --since. `deprecate_patch` may go when no \
open run recorded its marker by `patched`. A patch that is gone from the code while an open run recorded it is a failure, \
exit code 1: that run can go on no more. Visibility is a second or so behind."
)]
pub(crate) struct PatchesArguments {
    /// Only these products, separated by commas
    #[arg(short, long, value_delimiter = ',')]
    pub(crate) product: Vec<String>,
    /// The folder of a product's workflow code; {product} is its name
    #[arg(long, default_value = "products/{product}/src/workflows")]
    sources: String,
    /// When the last worker without today's patches had ended: runs that were started later never took an old branch
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) since: Option<String>,
    /// How to print
    #[arg(short, long, value_enum, default_value_t)]
    pub(crate) output: Output,
}

impl PatchesArguments {
    pub(crate) fn folder(&self, product: &str) -> PathBuf {
        PathBuf::from(self.sources.replace("{product}", product))
    }
}

/// As the list filter wants it.
fn time(text: &str) -> Result<String, String> {
    let time = humantime::parse_rfc3339_weak(text);
    let time = time.map_err(|error| format!("{error}: write a time such as 2026-11-01T00:00:00Z"))?;
    Ok(humantime::format_rfc3339(time).to_string())
}
