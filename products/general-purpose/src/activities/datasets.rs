//! The activity of `process-large-dataset`: batch by batch, each safe before the next heartbeat says so.

use std::sync::Arc;
use std::time::Duration;

use general_purpose_contract::{
    DatasetError, ProcessDatasetActivity, ProcessLargeDatasetInput, ProcessLargeDatasetResult,
};
use mainspring::activity::cpu;
use mainspring::prelude::{Heartbeater, ShutdownMonitor, resume};
use temporalio_macros::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use tokio::sync::OnceCell;

use crate::dataset::{self, Location, Processed, Source, Store};

/// A batch that takes longer hangs: the beats stop, and another attempt is made.
const STALLED: Duration = Duration::from_secs(15 * 60);

/// What reads and writes datasets. S3 is connected when a location first names it.
#[derive(Clone, Debug, Default)]
pub struct Datasets {
    s3: OnceCell<aws_sdk_s3::Client>,
}

impl Datasets {
    /// With this client, in place of the one by AWS's usual settings.
    pub fn with_s3(client: aws_sdk_s3::Client) -> Self {
        Self { s3: OnceCell::new_with(Some(client)) }
    }

    async fn store(&self, field: &'static str, location: &str) -> Result<Store, DatasetError> {
        let connect = async || self.s3.get_or_init(dataset::connect).await.clone();
        Ok(Store::at(Location::parse(field, location)?, connect).await)
    }

    async fn process(
        &self,
        ctx: &ActivityContext,
        heartbeater: &Heartbeater,
        input: &ProcessLargeDatasetInput,
    ) -> Result<ProcessLargeDatasetResult, ActivityError> {
        let monitor = ShutdownMonitor::new(ctx);
        let _stalled = heartbeater.stall_guard("a batch of the dataset", STALLED)?;
        let (source, output) = (self.store("source", &input.source).await?, self.store("output", &input.output).await?);
        let source = Source::open(source).await?;
        let total = source.total();
        let mut done = begin(resume(ctx).into_option(), &source);
        let mut batches = source.batches(done.offset);
        while done.offset < total {
            monitor.check()?;
            let offset = done.offset;
            tracing::debug!(offset, "reading");
            let batch = batches.next().await?;
            if batch.is_empty() {
                return Err(DatasetError::SourceChanged { place: input.source.clone(), total, read: offset }.into());
            }
            tracing::debug!(offset, "transforming");
            let batch = cpu(ctx, move |_| dataset::encode(&batch)).await?;
            tracing::debug!(offset, "writing");
            output.put(&dataset::part_name(offset), batch.lines).await?;
            done = done.and(batch.rows, batch.errors);
            heartbeater.set(&done)?;
        }
        output.sweep(total).await?;
        let result = done.result();
        tracing::info!(processed = result.processed, errors = result.errors, total, "processed");
        Ok(result)
    }
}

#[activities]
impl Datasets {
    /// Turns each row into a JSON line. A batch follows from the source alone, so one that a kill has undone is done again
    /// in its place.
    ///
    /// # Errors
    /// A [`DatasetError`]; the worker shuts down; the activity was cancelled.
    #[activity(definition = ProcessDatasetActivity)]
    pub async fn process_dataset(
        self: Arc<Self>,
        ctx: ActivityContext,
        input: ProcessLargeDatasetInput,
    ) -> Result<ProcessLargeDatasetResult, ActivityError> {
        let heartbeater = Heartbeater::start(&ctx)?;
        tokio::select! {
            result = Box::pin(self.process(&ctx, &heartbeater, &input)) => result,
            () = ctx.cancelled() => Err(ActivityError::cancelled()),
        }
    }
}

/// Where to go on: after what the attempt before has left, if it is of this source.
fn begin(left: Option<Processed>, source: &Source) -> Processed {
    let (total, files) = (source.total(), source.files());
    match left {
        Some(left) if left.fits(total) => {
            tracing::info!(offset = left.offset, errors = left.errors, total, files, "resumed");
            return left;
        }
        Some(left) => tracing::warn!(
            offset = left.offset,
            total_then = left.total,
            total,
            "the source has changed since the attempt before: the work starts over"
        ),
        None => {}
    }
    tracing::info!(total, files, "started");
    Processed::none_of(total)
}
