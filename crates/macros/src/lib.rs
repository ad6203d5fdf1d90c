//! The derives of `mainspring-vocabulary`, which re-exports and documents them.

mod class;
mod failure;
mod message;
mod vocabulary;

use proc_macro::TokenStream;

/// Makes an enum, or a struct, the failures of an activity or workflow. Documented at `mainspring_vocabulary::Failure`.
#[proc_macro_derive(Failure, attributes(failure, source))]
pub fn derive_failure(input: TokenStream) -> TokenStream {
    let input = syn::parse_macro_input!(input as syn::DeriveInput);
    failure::derive(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}
