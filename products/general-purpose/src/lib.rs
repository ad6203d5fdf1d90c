//! The product general-purpose: workflows that no other product owns
