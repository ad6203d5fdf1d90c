//! `#[derive(Failure)]`: from the attributes of each variant to its class, its name on the wire and its text.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::{Data, DeriveInput, Error, Fields, Ident, LitStr, Result, Variant};

struct Class {
    retryable: bool,
    message: LitStr,
    type_name: LitStr,
    next_delay: Option<TokenStream>,
    benign: bool,
}

pub(crate) fn derive(input: &DeriveInput) -> Result<TokenStream> {
    let Data::Enum(data) = &input.data else {
        return Err(Error::new_spanned(&input.ident, "Failure is derived for an enum, one variant a kind of failure"));
    };
    let vocabulary = vocabulary()?;
    let classes: Vec<(&Variant, Class)> =
        data.variants.iter().map(|variant| Ok((variant, class(variant)?))).collect::<Result<_>>()?;
    for (i, (_, class)) in classes.iter().enumerate() {
        if classes[..i].iter().any(|(_, earlier)| earlier.type_name.value() == class.type_name.value()) {
            let message = format!("two variants are named {:?} on the wire", class.type_name.value());
            return Err(Error::new(class.type_name.span(), message));
        }
    }
    let name = &input.ident;
    let (impl_generics, type_generics, where_clause) = input.generics.split_for_impl();
    let types = classes.iter().map(|(_, class)| &class.type_name);
    let terminal = classes.iter().filter(|(_, class)| !class.retryable).map(|(_, class)| &class.type_name);
    let displays = classes.iter().map(|(variant, class)| display(variant, &class.message));
    let type_names = arms(&classes, |class| {
        let type_name = &class.type_name;
        quote!(#type_name)
    });
    let retryables = arms(&classes, |class| {
        let retryable = class.retryable;
        quote!(#retryable)
    });
    let delays =
        arms(&classes, |class| class.next_delay.clone().map_or_else(|| quote!(None), |delay| quote!(Some(#delay))));
    let benigns = arms(&classes, |class| {
        let benign = class.benign;
        quote!(#benign)
    });
    Ok(quote! {
        #[automatically_derived]
        impl #impl_generics ::core::fmt::Display for #name #type_generics #where_clause {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                match self { #(#displays,)* }
            }
        }
        #[automatically_derived]
        impl #impl_generics #vocabulary::Classified for #name #type_generics #where_clause {
            const TYPE_NAMES: &'static [&'static str] = &[#(#types),*];
            const TERMINAL: &'static [&'static str] = &[#(#terminal),*];
            fn type_name(&self) -> &'static str { match self { #(#type_names,)* } }
            fn retryable(&self) -> bool { match self { #(#retryables,)* } }
            fn next_delay(&self) -> Option<::core::time::Duration> { match self { #(#delays,)* } }
            fn benign(&self) -> bool { match self { #(#benigns,)* } }
        }
        #[automatically_derived]
        impl #impl_generics ::core::convert::From<#name #type_generics> for #vocabulary::__private::ActivityError #where_clause {
            fn from(failure: #name #type_generics) -> Self {
                #vocabulary::application_failure(&failure).into()
            }
        }
        #[automatically_derived]
        impl #impl_generics ::core::convert::From<#name #type_generics> for #vocabulary::__private::WorkflowTermination #where_clause {
            fn from(failure: #name #type_generics) -> Self {
                #vocabulary::application_failure(&failure).into()
            }
        }
    })
}

fn arms<'a>(
    classes: &'a [(&'a Variant, Class)],
    value: impl Fn(&Class) -> TokenStream + 'a,
) -> impl Iterator<Item = TokenStream> + 'a {
    classes.iter().map(move |(variant, class)| {
        let (ident, value) = (&variant.ident, value(class));
        quote!(Self::#ident { .. } => #value)
    })
}

/// Named fields are in scope by their name; unnamed ones by their number, as in `{0}`.
fn display(variant: &Variant, message: &LitStr) -> TokenStream {
    let ident = &variant.ident;
    match &variant.fields {
        Fields::Named(fields) => {
            let names = fields.named.iter().filter_map(|field| field.ident.as_ref());
            quote!(#[allow(unused_variables)] Self::#ident { #(#names),* } => ::core::write!(f, #message))
        }
        Fields::Unnamed(fields) => {
            let names: Vec<Ident> = (0..fields.unnamed.len()).map(|i| format_ident!("field_{i}")).collect();
            // `{0}` names the first field: an argument that the message does not use would not compile.
            let text = names.iter().enumerate().fold(message.value(), |text, (i, name)| {
                text.replace(&format!("{{{i}}}"), &format!("{{{name}}}"))
                    .replace(&format!("{{{i}:"), &format!("{{{name}:"))
            });
            let message = LitStr::new(&text, message.span());
            quote!(#[allow(unused_variables)] Self::#ident(#(#names),*) => ::core::write!(f, #message))
        }
        Fields::Unit => quote!(Self::#ident => ::core::write!(f, #message)),
    }
}

fn class(variant: &Variant) -> Result<Class> {
    let Some(attribute) = variant.attrs.iter().find(|attribute| attribute.path().is_ident("failure")) else {
        let message = "say how Temporal should treat it: #[failure(terminal, message = \"…\")] or #[failure(retryable, message = \"…\")]";
        return Err(Error::new_spanned(&variant.ident, message));
    };
    let (mut retryable, mut message, mut type_name, mut next_delay, mut benign) = (None, None, None, None, false);
    attribute.parse_nested_meta(|meta| {
        let said = |retryable: &mut Option<bool>, value: bool| match retryable.replace(value) {
            None => Ok(()),
            Some(_) => Err(meta.error("terminal and retryable exclude each other: say one of them, once")),
        };
        if meta.path.is_ident("terminal") {
            said(&mut retryable, false)
        } else if meta.path.is_ident("retryable") {
            said(&mut retryable, true)
        } else if meta.path.is_ident("benign") {
            benign = true;
            Ok(())
        } else if meta.path.is_ident("message") {
            message = Some(meta.value()?.parse::<LitStr>()?);
            Ok(())
        } else if meta.path.is_ident("type_name") {
            type_name = Some(meta.value()?.parse::<LitStr>()?);
            Ok(())
        } else if meta.path.is_ident("next_delay") {
            next_delay = Some(delay(&meta.value()?.parse::<LitStr>()?)?);
            Ok(())
        } else {
            Err(meta.error("not known here: terminal, retryable, message, type_name, next_delay, benign"))
        }
    })?;
    let spanned = |message: &str| Error::new_spanned(attribute, message);
    let retryable = retryable.ok_or_else(|| spanned("say terminal or retryable"))?;
    let message = message.ok_or_else(|| spanned("say message = \"…\", what an operator reads"))?;
    if !retryable && next_delay.is_some() {
        return Err(spanned("a terminal failure is not retried, so it has no next_delay"));
    }
    let type_name = type_name.unwrap_or_else(|| LitStr::new(&variant.ident.to_string(), variant.ident.span()));
    Ok(Class { retryable, message, type_name, next_delay, benign })
}

fn delay(text: &LitStr) -> Result<TokenStream> {
    let delay = humantime::parse_duration(&text.value())
        .map_err(|_| Error::new(text.span(), "not a duration: write \"30s\" or \"5m\""))?;
    let (seconds, nanos) = (delay.as_secs(), delay.subsec_nanos());
    Ok(quote!(::core::time::Duration::new(#seconds, #nanos)))
}

/// A product depends on the facade, a contract crate on the vocabulary itself.
fn vocabulary() -> Result<TokenStream> {
    use proc_macro_crate::{FoundCrate, crate_name};
    let named = |found: FoundCrate, itself: &str| match found {
        FoundCrate::Itself => format_ident!("{itself}"),
        FoundCrate::Name(name) => format_ident!("{name}"),
    };
    if let Ok(found) = crate_name("mainspring-vocabulary") {
        let name = named(found, "mainspring_vocabulary");
        return Ok(quote!(::#name));
    }
    let found = crate_name("mainspring").map_err(|_| {
        Error::new(Span::call_site(), "Failure needs mainspring or mainspring-vocabulary as a dependency")
    })?;
    let name = named(found, "mainspring");
    Ok(quote!(::#name::vocabulary))
}
