//! What is emitted beside a mistake: the name with its call, and implementations that promise nothing, so
//! that uses of the handler elsewhere give no further errors.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{FnArg, Ident, ItemFn, Type};

/// `implement` makes the implementations, of the name and the payload's type.
pub(crate) fn expand(
    function: &ItemFn,
    error: &syn::Error,
    implement: impl FnOnce(&Ident, &Type) -> TokenStream,
) -> TokenStream {
    let error = error.to_compile_error();
    if is_method(function) {
        // No struct can stand where it stands.
        return quote!(#error #function);
    }
    let name = &function.sig.ident;
    let inner = format_ident!("__jobqueue_{}", syn::ext::IdentExt::unraw(name));
    let payload = function.sig.inputs.iter().find_map(|argument| match argument {
        FnArg::Typed(typed) if !has_no_name(&typed.ty) => Some((*typed.ty).clone()),
        _ => None,
    });
    let payload = payload.unwrap_or_else(|| syn::parse_quote!(()));
    let vis = &function.vis;
    // The body is kept, though never called, so that imports it uses don't turn unused.
    let mut kept = function.clone();
    kept.sig.ident = inner;
    kept.vis = syn::Visibility::Inherited;
    let implementations = implement(name, &payload);
    quote! {
        #error

        #[allow(non_camel_case_types, dead_code, reason = "it is called like the function it stands for")]
        #[derive(::core::clone::Clone, ::core::marker::Copy, ::core::fmt::Debug)]
        #vis struct #name;

        const _: () = {
            #[allow(dead_code, reason = "beside an error")]
            #kept

            #implementations
        };
    }
}

/// A job of no kind, and a handler that is never called.
pub(super) fn implement(name: &Ident, payload: &Type) -> TokenStream {
    quote! {
        impl ::jobqueue::__private::Job for #name {
            type Payload = #payload;
            type Output = ();
            const DEFINITION: ::jobqueue::__private::Definition =
                ::jobqueue::__private::Definition::new("", "");
        }

        impl ::jobqueue::__private::Handler for #name {
            async fn call(
                self,
                _payload: #payload,
                _ctx: ::jobqueue::__private::Context,
            ) -> ::core::result::Result<(), ::jobqueue::__private::Failure> {
                ::core::panic!("this handler has an error")
            }
        }
    }
}

fn has_no_name(ty: &Type) -> bool {
    matches!(ty, Type::Reference(_) | Type::ImplTrait(_))
}

fn is_method(function: &ItemFn) -> bool {
    function.sig.inputs.iter().any(|argument| matches!(argument, FnArg::Receiver(_)))
}
