//! Tools: found, downloaded, built; and what is said when none of that works.

mod download;
mod finding;
mod go;
mod published;
