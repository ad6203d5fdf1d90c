pub mod clean;
pub mod planted;
