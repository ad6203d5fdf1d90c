//! The derives of mainspring-vocabulary
