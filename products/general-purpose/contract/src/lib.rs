//! What callers of general-purpose need: types and definitions
