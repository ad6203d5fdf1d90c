//! `process-large-dataset` on a real server and on a real S3, and its activity alone.

mod failing;
mod parquet_files;
mod resuming;
mod rig;
mod running;
