//! Real servers on this machine, for `mainspring dev` and for tests: found, installed, started, stopped, and never left
//! behind; and a wire proxy that stands between a client and a server and plays faults. It knows nothing of any SDK.
//!
//! - [`tools`] finds a program on `PATH`, or in the cache, or installs it there.
//! - [`process`] starts a child that never outlives this process, even when that is killed.
//! - [`TemporalDevServer`] is the dev server of Temporal's own CLI; [`TimeSkippingServer`] is Temporal's test server,
//!   whose clock jumps over what is only waited for.
//! - [`Postgres`], [`S3`] and [`Kafka`] are what products' activities talk to.
//! - [`KubeApi`] is Kubernetes' API server with its etcd, without anybody who would run a pod.
//! - [`proxy`] records, delays, hangs, refuses and cuts gRPC calls.
//!
//! ```no_run
//! use mainspring_servers::{SearchAttributeType, ServersError, TemporalDevServer};
//!
//! # async fn example() -> Result<(), ServersError> {
//! let mut server = TemporalDevServer::builder()
//!     .namespace("orders")
//!     .search_attribute("CustomerId", SearchAttributeType::Keyword)
//!     .start()
//!     .await?;
//! let address: String = server.address(); // "127.0.0.1:PORT": a free port, unless `.port(7233)` is asked for
//! # drop(address);
//! server.restart().await?; // the same port, as a worker would see a server come back
//! server.stop().await; // so does dropping it, and the end of this process
//! # Ok(())
//! # }
//! ```

mod error;
mod grpc;
mod java;
mod kafka;
mod kube_api;
mod launch;
mod ports;
mod postgres;
pub mod process;
pub mod proxy;
mod s3;
mod scratch;
mod temporal_dev;
mod time_skipping;
pub mod tools;

pub use error::{Attempt, ServersError};
pub use kafka::{Kafka, KafkaBuilder};
pub use kube_api::{KubeApi, KubeApiBuilder};
pub use ports::free_port;
pub use postgres::{Postgres, PostgresBuilder};
pub use s3::{S3, S3Builder};
pub use temporal_dev::{LogLevel, SearchAttributeType, TemporalDevServer, TemporalDevServerBuilder};
pub use time_skipping::{TimeSkippingServer, TimeSkippingServerBuilder};
