//! Expand: a checked listener becomes a unit struct with implementations of `Broadcast` and `Listener`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Ident, Type};

use super::attr::Arguments;
use crate::{
    duration::Millis,
    handler::{
        definition::codec,
        expand::{check, declare, run},
        model::Model,
        valid,
    },
};

/// `Channel::new(…).timeout(…)…`
pub(super) fn channel(arguments: &Arguments) -> syn::Result<TokenStream> {
    let name = valid::plain(&arguments.name, "a broadcast's")?;
    let mut tokens = quote!(::jobqueue::__private::BroadcastDefinition::new(#name));
    if let Some(name) = &arguments.codec {
        tokens.extend(codec(name)?);
    }
    if let Some(timeout) = &arguments.timeout {
        let timeout = Millis::parse_positive(timeout)?.tokens();
        tokens.extend(quote!(.timeout(#timeout)));
    }
    Ok(tokens)
}

pub(super) fn expand(model: &Model) -> TokenStream {
    declare(model, |name, inner| {
        let Model { definition, payload, .. } = model;
        let (check, run) = (check(model), run(inner, model));
        quote! {
            #[automatically_derived]
            impl ::jobqueue::__private::Broadcast for #name {
                type Message = #payload;
                const CHANNEL: ::jobqueue::__private::BroadcastDefinition = #definition;
            }

            #[automatically_derived]
            impl ::jobqueue::__private::Listener for #name {
                #check

                #[allow(unused_variables, clippy::unit_arg, clippy::let_unit_value, reason = "written by a macro")]
                async fn hear(
                    self,
                    payload: #payload,
                    ctx: ::jobqueue::__private::Context,
                ) -> ::core::result::Result<(), ::jobqueue::__private::Failure> {
                    let heard = async move { #run };
                    heard.await.map(::core::mem::drop)
                }
            }
        }
    })
}

/// A channel of no name, and a listener that hears nothing.
pub(super) fn implement_nothing(name: &Ident, message: &Type) -> TokenStream {
    quote! {
        impl ::jobqueue::__private::Broadcast for #name {
            type Message = #message;
            const CHANNEL: ::jobqueue::__private::BroadcastDefinition =
                ::jobqueue::__private::BroadcastDefinition::new("");
        }
        impl ::jobqueue::__private::Listener for #name {
            async fn hear(
                self,
                _message: #message,
                _ctx: ::jobqueue::__private::Context,
            ) -> ::core::result::Result<(), ::jobqueue::__private::Failure> {
                ::core::panic!("this listener has an error")
            }
        }
    }
}
