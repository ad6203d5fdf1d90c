//! A bare client: connects, starts `no-op` with the input that is its argument, waits, prints the result.
#![allow(missing_docs, clippy::print_stdout)]

use temporalio_client::{Client, ClientOptions, Connection, ConnectionOptions, Url, WorkflowStartOptions};
use temporalio_common::UntypedWorkflow;
use temporalio_common::data_converters::{PayloadConverter, RawValue};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let input: serde_json::Value = serde_json::from_str(&std::env::args().nth(1).ok_or("no input")?)?;
    let url = Url::parse(&format!("http://{}", std::env::var("TEMPORAL_ADDRESS")?))?;
    let connection = Connection::connect(ConnectionOptions::new(url).build()).await?;
    let client = Client::new(connection, ClientOptions::new("default").build())?;
    let id = format!("bare-{}", std::process::id());
    let options = WorkflowStartOptions::new("general-purpose-task-queue", id).build();
    let input = RawValue::from_value(&input, &PayloadConverter::default());
    let handle = client.start_workflow(UntypedWorkflow::new("no-op"), input, options).await?;
    let result = handle.get_result(Default::default()).await?;
    let data = result.payloads.first().map(|payload| payload.data.clone()).unwrap_or_default();
    println!("{}", String::from_utf8(data)?);
    Ok(())
}
