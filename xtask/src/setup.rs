//! `setup`: what the tests need and this machine lacks.

use crate::failure::Failure;

pub(crate) fn run() -> Result<(), Failure> {
    Ok(())
}
