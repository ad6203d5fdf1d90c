//! From products to running workers: registry, host, drain, probes, layers
