//! Where the payments are.

use mainspring::prelude::{Reader, Secret, Section};

/// The settings of `analytics`.
#[derive(Clone, Debug)]
pub struct AnalyticsSettings {
    /// `ANALYTICS_DATABASE_URL`: the database with the table `payments`, to which `revenue_reports` is written.
    pub database_url: Secret,
}

/// How a URL of each database begins.
pub(crate) const POSTGRES: [&str; 2] = ["postgres://", "postgresql://"];
pub(crate) const SQLITE: &str = "sqlite:";

const DATABASE_URL: &str = "ANALYTICS_DATABASE_URL";

impl Section for AnalyticsSettings {
    const NAME: &'static str = "analytics";

    fn read(reader: &mut Reader<'_>) -> Self {
        let database_url = reader
            .field(DATABASE_URL)
            .doc("The database of payments: postgres://USER:PASSWORD@HOST/DATABASE, or sqlite:FILE")
            .required_secret();
        let is_known = |url: &str| url.starts_with(SQLITE) || POSTGRES.iter().any(|start| url.starts_with(start));
        if reader.is_set(DATABASE_URL) && !is_known(database_url.expose()) {
            reader.fault(
                DATABASE_URL,
                "is no database that is known here: write postgres://USER:PASSWORD@HOST/DATABASE, or sqlite:FILE",
            );
        }
        Self { database_url }
    }
}

#[cfg(test)]
mod tests {
    use mainspring::settings::{Sources, load};

    use super::*;

    #[test]
    fn a_url_of_another_database_is_refused_and_not_shown() {
        let sources = Sources::from_pairs([(DATABASE_URL, "mysql://ada:hush@db/shop")]);
        let said = load::<AnalyticsSettings>(&sources).unwrap_err().to_string();
        assert_eq!(
            said,
            "ANALYTICS_DATABASE_URL is no database that is known here: write postgres://USER:PASSWORD@HOST/DATABASE, or \
             sqlite:FILE"
        );
        for url in ["postgres://ada@db/shop", "postgresql://ada@db/shop", "sqlite:shop.db"] {
            load::<AnalyticsSettings>(&Sources::from_pairs([(DATABASE_URL, url)])).unwrap();
        }
    }
}
