//! The search attributes that products declare, with those that Mainspring itself sets.

use std::collections::BTreeMap;

use mainspring_client::search_attributes::standing_types;
use temporalio_common::protos::temporal::api::enums::v1::IndexedValueType;
use temporalio_common::search_attributes::{SearchAttributeKey, SearchAttributeValue};

use super::{Product, Registry, RegistryError};

/// Who declares the standing attributes.
const MAINSPRING: &str = "mainspring";

/// A search attribute that a namespace must know before workflows can bear it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeclaredAttribute {
    /// Its name, as in a query.
    pub name: &'static str,
    /// The type of its values.
    pub value_type: IndexedValueType,
    /// The products that declare it; `mainspring` for a standing one.
    pub declared_by: Vec<String>,
}

impl Product {
    /// Declares a search attribute that its workflows set: `mainspring search-attributes register` adds it to a
    /// namespace, and `dev` has it from the start.
    ///
    /// ```
    /// use mainspring_worker::Product;
    /// use temporalio_common::search_attributes::SearchAttributeKey;
    ///
    /// pub const CUSTOMER: SearchAttributeKey<String> = SearchAttributeKey::keyword("CustomerId");
    ///
    /// let product = Product::new("billing", "billing").search_attribute(CUSTOMER);
    /// # drop(product);
    /// ```
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "a key is a constant, and holds nothing else")]
    pub fn search_attribute<T: SearchAttributeValue>(mut self, key: SearchAttributeKey<T>) -> Self {
        self.attributes.push((key.name(), key.indexed_value_type()));
        self
    }
}

impl Registry {
    /// Every search attribute that a namespace needs for these products, the standing ones among them, by name.
    pub fn search_attributes(&self) -> Vec<DeclaredAttribute> {
        // `new` has refused one name with two types.
        declared(&self.products).unwrap_or_default()
    }
}

pub(super) fn declared(products: &[Product]) -> Result<Vec<DeclaredAttribute>, RegistryError> {
    let mut all: BTreeMap<&'static str, DeclaredAttribute> = BTreeMap::new();
    let standing = standing_types().into_iter().map(|attribute| (MAINSPRING, attribute));
    let theirs = products.iter().flat_map(|product| product.attributes.iter().map(|one| (product.name(), *one)));
    for (by, (name, value_type)) in standing.chain(theirs) {
        let entry = all.entry(name).or_insert(DeclaredAttribute { name, value_type, declared_by: Vec::new() });
        if entry.value_type != value_type {
            return Err(RegistryError::AttributeTwice {
                name,
                first: entry.declared_by.join(", "),
                first_type: entry.value_type,
                second: by.to_owned(),
                second_type: value_type,
            });
        }
        if !entry.declared_by.iter().any(|known| known == by) {
            entry.declared_by.push(by.to_owned());
        }
    }
    Ok(all.into_values().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CUSTOMER: SearchAttributeKey<String> = SearchAttributeKey::keyword("CustomerId");

    fn product(name: &str) -> Product {
        Product::named_for_test(name, name, "work")
    }

    #[test]
    fn the_registry_lists_what_products_declare_and_what_mainspring_sets() -> Result<(), RegistryError> {
        let products = [product("billing").search_attribute(CUSTOMER), product("support").search_attribute(CUSTOMER)];
        let listed = Registry::new(products)?.search_attributes();
        let names: Vec<_> = listed.iter().map(|one| (one.name, one.declared_by.join("+"))).collect();
        let of = |by: &str| by.to_owned();
        assert_eq!(
            names,
            [
                ("CustomerId", of("billing+support")),
                ("MainspringProduct", of("mainspring")),
                ("MainspringStartedBy", of("mainspring")),
                ("MainspringTeamId", of("mainspring")),
            ]
        );
        Ok(())
    }

    #[test]
    fn one_name_with_two_types_is_refused() {
        const NUMBER: SearchAttributeKey<i64> = SearchAttributeKey::int("CustomerId");
        let products = [product("billing").search_attribute(CUSTOMER), product("support").search_attribute(NUMBER)];
        assert_eq!(
            Registry::new(products).unwrap_err().to_string(),
            "search attribute CustomerId is Keyword of billing and Int of support: give one of them another name"
        );
        const TEAM: SearchAttributeKey<String> = SearchAttributeKey::keyword("MainspringTeamId");
        assert_eq!(
            Registry::new([product("billing").search_attribute(TEAM)]).unwrap_err().to_string(),
            "search attribute MainspringTeamId is Int of mainspring and Keyword of billing: give one of them another name"
        );
    }
}
