//! The implementation of `Payload`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{DeriveInput, Type, spanned::Spanned};

use super::valid::Model;

pub(super) fn implement(input: &DeriveInput, model: &Model) -> TokenStream {
    let name = &input.ident;
    let version = model.version;
    let generics = with_reading(input);
    let (parameters, types, bounds) = generics.split_for_impl();
    let upgrade = model.before.as_ref().map(upgrade);
    let check = model.before.as_ref().map(|before| check(before, version));
    // Outside where that can be, so that it is checked though nobody calls it.
    let (inside, outside) = if input.generics.params.is_empty() {
        (None, check.map(|check| quote!(const _: () = #check;)))
    } else {
        (check.map(|check| quote!(const #check;)), None)
    };
    let upgrade = upgrade.map(|step| {
        quote! {
            fn upgrade(
                __jobqueue_version: u32,
                __jobqueue_codec: ::jobqueue::__private::Codec,
                __jobqueue_bytes: &[u8],
            ) -> ::core::result::Result<Self, ::jobqueue::__private::PayloadError> {
                #inside
                #step
            }
        }
    });
    quote! {
        #outside
        #[automatically_derived]
        impl #parameters ::jobqueue::__private::Payload for #name #types #bounds {
            const VERSION: u32 = #version;
            #upgrade
        }
    }
}

/// A type with parameters is a payload where it can be read.
fn with_reading(input: &DeriveInput) -> syn::Generics {
    let mut generics = input.generics.clone();
    if !generics.params.is_empty() {
        let (name, (_, types, _)) = (&input.ident, input.generics.split_for_impl());
        let bound =
            syn::parse_quote!(#name #types: ::jobqueue::__private::serde::de::DeserializeOwned);
        generics.make_where_clause().predicates.push(bound);
    }
    generics
}

/// Spanned, so that a missing conversion is reported where the older type is named.
fn upgrade(before: &Type) -> TokenStream {
    quote_spanned! {before.span()=>
        ::jobqueue::__private::step::<#before, Self>(
            __jobqueue_version,
            __jobqueue_codec,
            __jobqueue_bytes,
        )
    }
}

fn check(before: &Type, version: u32) -> TokenStream {
    let message = "the type in `upgrade_from(…)` has a version that is not lower than this one's";
    // Not by the trait's constant: that it isn't implemented is said by the step alone.
    quote_spanned! {before.span()=> {
        #[allow(unused_imports, reason = "whether it is used depends on the type")]
        use ::jobqueue::__private::Unversioned as _;
        let __jobqueue_before = ::jobqueue::__private::Versioned::<#before>::VERSIONS.newest();
        ::core::assert!(__jobqueue_before < #version, #message);
    }}
}
