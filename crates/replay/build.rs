//! Cuts the descriptors of Temporal's protos, which temporalio-protos has compiled, down to what a history is made of:
//! proto3 JSON is read and written by them.

use std::collections::BTreeSet;
use std::env;
use std::error::Error;
use std::fs;
use std::path::Path;

use prost::Message;
use prost_types::FileDescriptorSet;

const ROOT: &str = "temporal/api/history/v1/message.proto";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    // cargo's `links`: the name of this variable is a promise of temporalio-protos' build script.
    let from = env::var("DEP_TEMPORALIO_PROTOS_DESCRIPTOR_PATH")
        .map_err(|_| "temporalio-protos no longer says where its descriptors are (`cargo:descriptor_path`)")?;
    println!("cargo:rerun-if-changed={from}");
    let mut set = FileDescriptorSet::decode(fs::read(&from)?.as_slice())?;
    let mut wanted = BTreeSet::new();
    let mut ahead = vec![ROOT.to_owned()];
    while let Some(name) = ahead.pop() {
        let file = set.file.iter().find(|file| file.name() == name).ok_or_else(|| format!("{from} lacks {name}"))?;
        if wanted.insert(name) {
            ahead.extend(file.dependency.iter().cloned());
        }
    }
    set.file.retain(|file| wanted.contains(file.name()));
    fs::write(Path::new(&env::var("OUT_DIR")?).join("history.descriptors"), set.encode_to_vec())?;
    Ok(())
}
