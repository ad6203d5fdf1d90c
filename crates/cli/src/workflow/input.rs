//! Input as JSON: from arguments, files or stdin to payloads, refused before anything is sent if it is not JSON or too large.

use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::path::Path;

use mainspring_client::{Payloads, raw_json};
use serde_json::Value;
use temporalio_common::protos::temporal::api::common::v1::Payloads as Arguments;

use crate::arguments::workflow::InputArguments;
use crate::exit::Failure;

/// Temporal refuses arguments over 2 MiB, unless it was set up otherwise (`limit.blobSize.error`).
const LARGEST: usize = 2 << 20;
/// More than this is not read at all.
const LARGEST_READ: u64 = 16 << 20;

/// One argument, which is JSON.
#[derive(Debug)]
pub(crate) struct Input {
    text: String,
    value: Value,
    /// Where it came from, for messages.
    from: String,
}

impl Input {
    /// Parsed. Numbers may lose digits here, which never happens to what is sent.
    pub(crate) const fn value(&self) -> &Value {
        &self.value
    }
}

/// What was given, in its order. Reading stdin may take for ever, and Ctrl-C must still be heard: so it has a thread.
pub(crate) async fn read(json: Option<OsString>, arguments: InputArguments) -> Result<Vec<Input>, Failure> {
    let read = tokio::task::spawn_blocking(move || {
        let texts = json.iter().chain(&arguments.input).map(|text| of_argument(text));
        texts.chain(arguments.input_file.iter().map(|path| of_file(path))).collect()
    });
    read.await.unwrap_or_else(|error| Err(Failure::Other(format!("the input could not be read: {error}"))))
}

/// As they are sent.
pub(crate) async fn encode(inputs: &[Input], payloads: &Payloads) -> Result<Option<Arguments>, Failure> {
    let mut encoded = Vec::with_capacity(inputs.len());
    for Input { text, from, .. } in inputs {
        let raw = raw_json(text).map_err(|error| Failure::Usage(format!("{from}: {error}")))?;
        encoded.push(payloads.encode(&raw).await.map_err(|error| Failure::Other(format!("{from}: {error}")))?);
    }
    let size: usize = encoded.iter().map(|payload| payload.data.len()).sum();
    if size > LARGEST {
        return Err(Failure::Usage(format!(
            "the input is {size} bytes ({:.1} MiB) as it would be sent; Temporal takes at most {LARGEST} ({} MiB). \
             Put it where the workflow can read it, and send its address",
            size as f64 / f64::from(1 << 20),
            LARGEST >> 20
        )));
    }
    Ok((!encoded.is_empty()).then_some(Arguments { payloads: encoded }))
}

fn of_argument(text: &OsStr) -> Result<Input, Failure> {
    if text == "-" {
        return checked(bytes(std::io::stdin(), "stdin")?, "stdin");
    }
    checked(text.as_encoded_bytes().to_vec(), "the input")
}

fn of_file(path: &Path) -> Result<Input, Failure> {
    if path == Path::new("-") {
        return checked(bytes(std::io::stdin(), "stdin")?, "stdin");
    }
    let from = path.display().to_string();
    let file = std::fs::File::open(path).map_err(|error| Failure::Usage(format!("{from} cannot be read: {error}")))?;
    checked(bytes(file, &from)?, &from)
}

fn bytes(source: impl Read, from: &str) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = source.take(LARGEST_READ + 1).read_to_end(&mut bytes);
    read.map_err(|error| Failure::Usage(format!("{from} cannot be read: {error}")))?;
    if bytes.len() as u64 > LARGEST_READ {
        return Err(Failure::Usage(format!(
            "{from} is larger than {} MiB; Temporal takes at most {} MiB",
            LARGEST_READ >> 20,
            LARGEST >> 20
        )));
    }
    Ok(bytes)
}

fn checked(bytes: Vec<u8>, from: &str) -> Result<Input, Failure> {
    let text = String::from_utf8(bytes)
        .map_err(|error| Failure::Usage(format!("{from} is not UTF-8 at byte {}", error.utf8_error().valid_up_to())))?;
    let value = serde_json::from_str(&text).map_err(|error| {
        let hint = if from == "the input" { ". Write it as one argument, in single quotes" } else { "" };
        Failure::Usage(format!("{from} is not JSON: {error}{hint}"))
    })?;
    Ok(Input { text, value, from: from.to_owned() })
}
