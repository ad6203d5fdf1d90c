//! Every product of this repository: what the management command knows.

use mainspring::Product;

/// The products, in the order in which they are listed.
pub fn products() -> [Product; 1] {
    [general_purpose::product()]
}
