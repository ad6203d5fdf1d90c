//! Every product of this repository: what the management command knows.

use mainspring::Product;

/// The products, in the order in which they are listed.
pub fn products() -> [Product; 4] {
    [general_purpose::product(), onboarding::product(), travelling_salesman_solver::product(), analytics::product()]
}
