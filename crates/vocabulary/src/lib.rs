//! Error classes for activities and workflows: usable in workflow code, no I/O
