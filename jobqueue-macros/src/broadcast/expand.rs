//! Expand: what a listener's type implements.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Ident;

use super::attr::Arguments;
use crate::{
    handler::{
        definition::codec,
        expand::{check, run},
        model::Model,
        shell,
    },
    value,
};

/// `BroadcastDefinition::new(…).timeout(…)…`
pub(super) fn channel(arguments: &Arguments) -> syn::Result<TokenStream> {
    let name = value::plain(&arguments.name, "a broadcast's")?;
    let mut tokens = quote!(::jobqueue::__private::BroadcastDefinition::new(#name));
    if let Some(name) = &arguments.codec {
        tokens.extend(codec(name)?);
    }
    if let Some(timeout) = &arguments.timeout {
        let timeout = value::time(timeout)?;
        tokens.extend(quote!(.timeout(#timeout)));
    }
    Ok(tokens)
}

/// `Listener<Message = …>`
pub(super) fn bound(model: &Model) -> TokenStream {
    let message = &model.payload;
    quote!(::jobqueue::__private::Listener<Message = #message>)
}

pub(super) fn expand(model: &Model) -> TokenStream {
    shell::function(model, &bound(model), |names| {
        let Model { definition, payload, .. } = model;
        let (marker, check, run) = (&names.marker, check(model), run(names, model));
        quote! {
            // Outside of the implementation, so that it is evaluated though nobody sends anything.
            const __JOBQUEUE_CHANNEL: ::jobqueue::__private::BroadcastDefinition = #definition;

            #[automatically_derived]
            impl ::jobqueue::__private::Broadcast for #marker {
                type Message = #payload;
                const CHANNEL: ::jobqueue::__private::BroadcastDefinition = __JOBQUEUE_CHANNEL;
            }

            #[automatically_derived]
            impl ::jobqueue::__private::Listener for #marker {
                #check

                #[allow(unused_variables, clippy::unit_arg, clippy::let_unit_value, reason = "written by a macro")]
                async fn hear(
                    __jobqueue_payload: #payload,
                    __jobqueue_ctx: ::jobqueue::__private::Context,
                ) -> ::core::result::Result<(), ::jobqueue::__private::Failure> {
                    let __jobqueue_heard = async move { #run };
                    __jobqueue_heard.await.map(::core::mem::drop)
                }
            }
        }
    })
}

/// A channel of no name, and a listener that hears nothing.
pub(super) fn implement_nothing(marker: &Ident, model: &Model) -> TokenStream {
    let message = &model.payload;
    quote! {
        impl ::jobqueue::__private::Broadcast for #marker {
            type Message = #message;
            const CHANNEL: ::jobqueue::__private::BroadcastDefinition =
                ::jobqueue::__private::BroadcastDefinition::new("");
        }

        impl ::jobqueue::__private::Listener for #marker {
            async fn hear(
                __jobqueue_message: #message,
                __jobqueue_ctx: ::jobqueue::__private::Context,
            ) -> ::core::result::Result<(), ::jobqueue::__private::Failure> {
                ::core::panic!("this listener has an error")
            }
        }
    }
}
