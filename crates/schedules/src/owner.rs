//! Whom a schedule belongs to. Apply prunes only what bears the mark of the products that it applies; an application that makes schedules at
//! run time marks them with an owner of its own, and reconciles them against its rows.

use std::fmt;

use crate::ScheduleError;

/// Begins the mark of what a product declares.
const PRODUCT: &str = "product:";

/// The mark of who declares a schedule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owner(String);

impl Owner {
    /// A product: its schedules are those that its code declares, and `schedules apply --prune` deletes what it no longer does.
    pub fn product(name: &str) -> Self {
        Self(format!("{PRODUCT}{name}"))
    }

    /// An application that makes schedules at run time: `batch-exports`. Never pruned by apply.
    ///
    /// # Errors
    /// [`ScheduleError::BadOwner`] for a name that is empty, has other signs than a task queue may have, or looks like a product's.
    pub fn application(name: impl Into<String>) -> Result<Self, ScheduleError> {
        let name = name.into();
        let fits = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
        if name.is_empty() || name.starts_with(PRODUCT) || !name.chars().all(fits) {
            return Err(ScheduleError::BadOwner { owner: name, prefix: PRODUCT });
        }
        Ok(Self(name))
    }

    /// As the mark says it: `product:analytics`, `batch-exports`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The product, if it is one.
    pub fn product_name(&self) -> Option<&str> {
        self.0.strip_prefix(PRODUCT)
    }

    /// From a mark that a server keeps.
    pub(crate) const fn read(mark: String) -> Self {
        Self(mark)
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_applications_owner_is_never_a_products() {
        assert_eq!(Owner::product("billing").product_name(), Some("billing"));
        assert_eq!(Owner::application("batch-exports").unwrap().product_name(), None);
        for name in ["", "product:billing", "two words"] {
            let said = Owner::application(name).unwrap_err().to_string();
            let right = "use letters, digits, '-', '_', '.' or ':', and no name that begins with product:";
            assert_eq!(said, format!("{name:?} is no owner: {right}"));
        }
    }
}
