//! Typed settings: sections, sources, secrets
