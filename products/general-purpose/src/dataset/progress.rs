//! What survives a kill.

use general_purpose_contract::{BATCH_ROWS, ProcessLargeDatasetResult};
use mainspring::prelude::Progress;
use serde::{Deserialize, Serialize};

/// How far a run is: every batch before `offset` is in the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Processed {
    /// The rows that are behind it, good or bad.
    pub offset: u64,
    /// All rows of the source.
    pub total: u64,
    /// The bad ones so far.
    pub errors: u64,
    /// `offset` in percent of `total`, to a tenth.
    pub pct: f64,
}

impl Progress for Processed {
    const VERSION: u32 = 1;
}

impl Processed {
    /// Nothing yet.
    pub(crate) fn none_of(total: u64) -> Self {
        Self { total, ..Self::default() }.with_pct()
    }

    /// Whether it can be gone on from with a source of so many rows.
    pub(crate) fn fits(&self, total: u64) -> bool {
        let at_a_batch = self.offset.is_multiple_of(BATCH_ROWS) || self.offset == total;
        self.total == total && self.offset <= total && self.errors <= self.offset && at_a_batch
    }

    /// One more batch.
    pub(crate) fn and(self, rows: u64, errors: u64) -> Self {
        Self { offset: self.offset + rows, errors: self.errors + errors, ..self }.with_pct()
    }

    /// What the caller is told at the end.
    pub(crate) const fn result(&self) -> ProcessLargeDatasetResult {
        ProcessLargeDatasetResult { processed: self.offset - self.errors, errors: self.errors, total: self.total }
    }

    fn with_pct(self) -> Self {
        // Exact far beyond any number of rows.
        #[allow(clippy::cast_precision_loss)]
        let pct = if self.total == 0 { 100.0 } else { self.offset as f64 / self.total as f64 * 100.0 };
        Self { pct: (pct * 10.0).round() / 10.0, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_counts_and_tells_percent() {
        let half = Processed::none_of(40_000).and(10_000, 3).and(10_000, 0);
        assert_eq!(half, Processed { offset: 20_000, total: 40_000, errors: 3, pct: 50.0 });
        assert_eq!(half.result(), ProcessLargeDatasetResult { processed: 19_997, errors: 3, total: 40_000 });
        assert_eq!(Processed::none_of(0).pct.to_string(), "100");
    }

    #[test]
    fn it_fits_the_source_that_it_was_made_of_and_no_other() {
        let half = Processed::none_of(25_000).and(20_000, 0);
        assert!(half.fits(25_000) && half.and(5_000, 0).fits(25_000));
        assert!(!half.fits(25_001), "the source has changed");
        let torn = Processed { offset: 19_999, ..half };
        assert!(!torn.fits(25_000), "no batch ends there");
        assert!(!Processed { errors: 20_001, ..half }.fits(25_000));
    }
}
