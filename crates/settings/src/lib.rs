//! Typed settings. Each crate and product declares a [`Section`]; a [`Sources`] is what values are looked up in.
//!
//! A flag beats the environment, which beats the profile of a `temporal.toml`. A value that does not parse stops the
//! start with its name, the fault and what would be right. Secrets never show.
//!
//! ```
//! use std::time::Duration;
//! use mainspring_settings::{Reader, Section, Sources, load};
//!
//! struct Payments { timeout: Duration }
//!
//! impl Section for Payments {
//!     const NAME: &'static str = "payments";
//!     fn read(reader: &mut Reader<'_>) -> Self {
//!         Self {
//!             timeout: reader
//!                 .field("PAYMENTS_TIMEOUT_SECONDS")
//!                 .doc("How long the bank may take")
//!                 .duration_seconds(Duration::from_secs(30)),
//!         }
//!     }
//! }
//!
//! let payments: Payments = load(&Sources::from_pairs([("PAYMENTS_TIMEOUT_SECONDS", "5")]))?;
//! assert_eq!(payments.timeout, Duration::from_secs(5));
//!
//! let error = load::<Payments>(&Sources::from_pairs([("PAYMENTS_TIMEOUT_SECONDS", "soon")])).err().unwrap();
//! assert_eq!(
//!     error.to_string(),
//!     "PAYMENTS_TIMEOUT_SECONDS is \"soon\", which is not a duration: write seconds, such as 30 or 2.5, or 5m"
//! );
//! # Ok::<(), mainspring_settings::SettingsError>(())
//! ```

pub mod connection;
mod error;
mod field;
mod file;
mod mask;
mod reader;
mod report;
mod secret;
mod sources;

pub use error::{Fault, SettingsError};
pub use field::Field;
pub use reader::{Reader, Section, load};
pub use report::{Entry, Report, UnknownName};
pub use secret::Secret;
pub use sources::{Origin, Sources};
