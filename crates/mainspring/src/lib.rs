//! A framework for Temporal workers: the facade that a product depends on
