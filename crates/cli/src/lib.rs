//! The management command over any registry
