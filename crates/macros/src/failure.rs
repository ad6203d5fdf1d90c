//! `#[derive(Failure)]`: from the classes of a type's kinds to its impls.

use heck::ToShoutySnakeCase;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Attribute, Data, DeriveInput, Error, Fields, Ident, LitStr, Result};

use crate::class::{Class, NextDelay};
use crate::{message, vocabulary};

/// One variant of an enum, or a struct.
struct Kind<'a> {
    name: &'a Ident,
    /// Its path in a pattern.
    path: TokenStream,
    fields: &'a Fields,
    class: Class,
}

impl<'a> Kind<'a> {
    fn read(name: &'a Ident, path: TokenStream, fields: &'a Fields, attributes: &[Attribute]) -> Result<Self> {
        Ok(Self { name, path, fields, class: Class::read(name, attributes)? })
    }

    /// The constant that stands for it: `CARD_DECLINED`. A struct has one kind, `TYPE`.
    fn constant(&self, of_a_struct: bool) -> Result<Ident> {
        if of_a_struct {
            return Ok(format_ident!("TYPE", span = self.name.span()));
        }
        let name = self.name.to_string();
        let constant = name.to_shouty_snake_case();
        if constant == name {
            let message = format!(
                "{name} would also be the name of its constant: write it as Rust writes variants, with small letters"
            );
            return Err(Error::new(self.name.span(), message));
        }
        Ok(format_ident!("{constant}", span = self.name.span()))
    }

    /// The arm that gives the field marked `#[source]`.
    fn cause(&self, vocabulary: &TokenStream) -> Result<TokenStream> {
        let marked = |attributes: &[Attribute]| attributes.iter().any(|attribute| attribute.path().is_ident("source"));
        let mut sources = self.fields.iter().enumerate().filter(|(_, field)| marked(&field.attrs));
        let path = &self.path;
        let Some((index, source)) = sources.next() else {
            return Ok(quote!(#path { .. } => ::core::option::Option::None));
        };
        if let Some((_, second)) = sources.next() {
            return Err(Error::new_spanned(second, "a failure has one source: mark one field"));
        }
        let member = source.ident.clone().map_or_else(|| syn::Index::from(index).into(), syn::Member::Named);
        let span = syn::spanned::Spanned::span(&source.ty);
        let call = quote::quote_spanned!(span=> source.as_cause());
        Ok(quote!(#path { #member: source, .. } => {
            use #vocabulary::__private::AsCause as _;
            ::core::option::Option::Some(#call)
        }))
    }
}

pub(crate) fn derive(input: &DeriveInput) -> Result<TokenStream> {
    if !input.generics.params.is_empty() {
        let message = "a failure has no parameters: whatever fails has one name on the wire";
        return Err(Error::new_spanned(&input.generics, message));
    }
    let name = &input.ident;
    let kinds = kinds(input)?;
    let vocabulary = vocabulary::path()?;
    let types: Vec<&LitStr> = kinds.iter().map(|kind| &kind.class.type_name).collect();
    let terminal = kinds.iter().filter(|kind| !kind.class.retryable).map(|kind| &kind.class.type_name);
    let messages = kinds
        .iter()
        .map(|kind| message::arm(&kind.path, kind.name, kind.fields, &kind.class.message))
        .collect::<Result<Vec<_>>>()?;
    let causes = kinds.iter().map(|kind| kind.cause(&vocabulary)).collect::<Result<Vec<_>>>()?;
    let type_names = arms(&kinds, |class| {
        let type_name = &class.type_name;
        quote!(#type_name)
    });
    let retryables = arms(&kinds, |class| {
        let retryable = class.retryable;
        quote!(#retryable)
    });
    let delays = kinds.iter().map(|Kind { path, class, .. }| match &class.next_delay {
        None => quote!(#path { .. } => ::core::option::Option::None),
        Some(NextDelay::Fixed(delay)) => quote!(#path { .. } => ::core::option::Option::Some(#delay)),
        Some(NextDelay::Field(field)) => quote!(#path { #field, .. } => ::core::convert::Into::into(*#field)),
    });
    let benigns = arms(&kinds, |class| {
        let benign = class.benign;
        quote!(#benign)
    });
    let of_a_struct = matches!(input.data, Data::Struct(_));
    let visibility = &input.vis;
    let constants = kinds
        .iter()
        .map(|kind| {
            let (constant, Class { type_name, retryable, .. }) = (kind.constant(of_a_struct)?, &kind.class);
            let says = format!(" {type_name:?} on the wire.", type_name = type_name.value());
            Ok(quote! {
                #[doc = #says]
                #visibility const #constant: #vocabulary::FailureType =
                    #vocabulary::FailureType::new(#type_name, #retryable);
            })
        })
        .collect::<Result<Vec<_>>>()?;
    let conversions = [quote!(ApplicationFailure), quote!(ActivityError), quote!(WorkflowTermination)].map(|target| {
        quote! {
            #[automatically_derived]
            impl ::core::convert::From<#name> for #vocabulary::__private::#target {
                fn from(failure: #name) -> Self {
                    ::core::convert::Into::into(#vocabulary::application_failure(failure))
                }
            }
        }
    });
    Ok(quote! {
        #[automatically_derived]
        #[allow(dead_code)]
        impl #name { #(#constants)* }
        #[automatically_derived]
        impl ::core::fmt::Display for #name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                match self { #(#messages,)* }
            }
        }
        #[automatically_derived]
        impl #vocabulary::Classified for #name {
            const TYPE_NAMES: &'static [&'static str] = &[#(#types),*];
            const NON_RETRYABLE: &'static [&'static str] = &[#(#terminal),*];
            fn type_name(&self) -> &'static str { match self { #(#type_names,)* } }
            fn retryable(&self) -> bool { match self { #(#retryables,)* } }
            fn next_delay(&self) -> ::core::option::Option<::core::time::Duration> { match self { #(#delays,)* } }
            fn benign(&self) -> bool { match self { #(#benigns,)* } }
            fn cause(&self) -> ::core::option::Option<&(dyn ::core::error::Error + 'static)> {
                match self { #(#causes,)* }
            }
        }
        #(#conversions)*
    })
}

fn kinds(input: &DeriveInput) -> Result<Vec<Kind<'_>>> {
    let own = input.attrs.iter().find(|attribute| attribute.path().is_ident("failure"));
    let kinds: Vec<Kind<'_>> = match &input.data {
        Data::Struct(data) => {
            vec![Kind::read(&input.ident, quote!(Self), &data.fields, &input.attrs)?]
        }
        Data::Enum(data) if data.variants.is_empty() => {
            return Err(Error::new_spanned(&input.ident, "an enum without variants never fails: it needs no Failure"));
        }
        Data::Enum(data) => {
            if let Some(own) = own {
                return Err(Error::new_spanned(own, "say it of each variant: they are the kinds of failure"));
            }
            let read = data.variants.iter().map(|variant| {
                let ident = &variant.ident;
                Kind::read(ident, quote!(Self::#ident), &variant.fields, &variant.attrs)
            });
            read.collect::<Result<_>>()?
        }
        Data::Union(_) => return Err(Error::new_spanned(&input.ident, "Failure is derived for an enum or a struct")),
    };
    for (i, kind) in kinds.iter().enumerate() {
        let type_name = &kind.class.type_name;
        if let Some(earlier) = kinds[..i].iter().find(|earlier| earlier.class.type_name.value() == type_name.value()) {
            let message = format!(
                "{} and {} are both {:?} on the wire: nobody could tell them apart",
                earlier.name,
                kind.name,
                type_name.value()
            );
            return Err(Error::new(type_name.span(), message));
        }
    }
    Ok(kinds)
}

fn arms<'a>(
    kinds: &'a [Kind<'_>],
    value: impl Fn(&Class) -> TokenStream + 'a,
) -> impl Iterator<Item = TokenStream> + 'a {
    kinds.iter().map(move |kind| {
        let (path, value) = (&kind.path, value(&kind.class));
        quote!(#path { .. } => #value)
    })
}
