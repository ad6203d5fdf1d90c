//! Where the caller finds the vocabulary: a product depends on the facade, a contract crate on the vocabulary itself.

use proc_macro_crate::{FoundCrate, crate_name};
use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::{Error, Result};

/// The path of the vocabulary in the crate that is compiled.
pub(crate) fn path() -> Result<TokenStream> {
    choose(crate_name("mainspring-vocabulary").ok(), crate_name("mainspring").ok())
}

fn choose(vocabulary: Option<FoundCrate>, facade: Option<FoundCrate>) -> Result<TokenStream> {
    let named = |found: FoundCrate, itself: &str| match found {
        FoundCrate::Itself => format_ident!("{itself}"),
        FoundCrate::Name(name) => format_ident!("{name}"),
    };
    match (vocabulary, facade) {
        (Some(found), _) => {
            let name = named(found, "mainspring_vocabulary");
            Ok(quote!(::#name))
        }
        (None, Some(found)) => {
            let name = named(found, "mainspring");
            Ok(quote!(::#name::vocabulary))
        }
        (None, None) => {
            let message = "Failure needs mainspring or mainspring-vocabulary among this crate's dependencies";
            Err(Error::new(Span::call_site(), message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(vocabulary: Option<&str>, facade: Option<&str>) -> String {
        let found = |name: Option<&str>| name.map(|name| FoundCrate::Name(name.to_owned()));
        choose(found(vocabulary), found(facade)).map_or_else(|error| error.to_string(), |path| path.to_string())
    }

    #[test]
    fn the_vocabulary_is_found_directly_or_through_the_facade() {
        assert_eq!(chosen(Some("mainspring_vocabulary"), None), ":: mainspring_vocabulary");
        assert_eq!(chosen(None, Some("mainspring")), ":: mainspring :: vocabulary");
        assert_eq!(chosen(Some("renamed"), Some("mainspring")), ":: renamed");
        assert_eq!(
            chosen(None, None),
            "Failure needs mainspring or mainspring-vocabulary among this crate's dependencies"
        );
    }
}
