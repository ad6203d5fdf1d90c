//! The text of a failure: which fields it names, and the arm that writes it.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use syn::{Error, Fields, Ident, LitStr, Result};

/// A pattern for the fields, and the `write!` of the message with them in scope.
pub(crate) fn arm(path: &TokenStream, name: &Ident, fields: &Fields, message: &LitStr) -> Result<TokenStream> {
    // A tuple's fields answer to their numbers.
    let names: Vec<String> = fields.members().map(|member| member.to_token_stream().to_string()).collect();
    let format = rewrite(&message.value(), &names).map_err(|fault| {
        let has = match names.as_slice() {
            [] => format!("{name} has no fields"),
            [one] => format!("{name} has {one}"),
            [rest @ .., last] => format!("{name} has {} and {last}", rest.join(", ")),
        };
        Error::new(message.span(), format!("{fault}; {has}"))
    })?;
    let format = LitStr::new(&format, message.span());
    let (members, bound) = (fields.members(), names.iter().map(|field| bound(field)));
    Ok(quote!(#[allow(unused_variables)] #path { #(#members: #bound),* } => ::core::write!(f, #format)))
}

/// What a field is called inside the `write!`: its name could be that of the formatter.
fn bound(field: &str) -> Ident {
    format_ident!("field_{}", field.trim_start_matches("r#"))
}

/// The message with every `{field}` as `{field_field}`.
fn rewrite(text: &str, names: &[String]) -> std::result::Result<String, String> {
    let mut format = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(at);
        format.push_str(before);
        if let Some(after) = from.strip_prefix("{{").or_else(|| from.strip_prefix("}}")) {
            format.push_str(&from[..2]);
            rest = after;
            continue;
        }
        let Some((inside, after)) = from.strip_prefix('{').and_then(|from| from.split_once('}')) else {
            return Err("the message has a brace without its other half; a brace itself is written twice".to_owned());
        };
        let (wanted, how) = inside.find(':').map_or((inside, ""), |colon| inside.split_at(colon));
        let wanted = wanted.trim();
        let Some(field) = names.iter().find(|name| name.trim_start_matches("r#") == wanted) else {
            return Err(if wanted.is_empty() {
                "{} does not say which field it means".to_owned()
            } else {
                format!("the message names {wanted}, which is not a field")
            });
        };
        format.push_str(&format!("{{{}{how}}}", bound(field)));
        rest = after;
    }
    format.push_str(rest);
    Ok(format)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(text: &str) -> std::result::Result<String, String> {
        rewrite(text, &["0".to_owned(), "1".to_owned(), "r#type".to_owned()])
    }

    #[test]
    fn fields_keep_their_formats_and_braces_stay() {
        let format = rewritten("{{1}} is {1:?}, {type:>5.2} and {1}").unwrap();
        assert_eq!(format, "{{1}} is {field_1:?}, {field_type:>5.2} and {field_1}");
    }

    #[test]
    fn what_no_field_answers_to_is_a_fault() {
        assert_eq!(rewritten("{2}").unwrap_err(), "the message names 2, which is not a field");
        assert_eq!(rewritten("{}").unwrap_err(), "{} does not say which field it means");
        assert!(rewritten("{0").unwrap_err().contains("without its other half"));
        assert!(rewritten("0}").unwrap_err().contains("without its other half"));
    }
}
