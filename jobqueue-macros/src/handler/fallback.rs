//! What is emitted beside a mistake: the function with its signature, and implementations that
//! promise nothing, so that uses of the handler elsewhere give no further errors.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Ident, Type, parse_quote};

use super::{expand::inputs, model::Model, shell, signature};
use crate::item::Function;

/// `bound` and `implement` make a trait with its types and its implementation by a type of that
/// name.
pub(crate) fn expand(
    function: &Function,
    error: &syn::Error,
    bound: impl FnOnce(&Model) -> TokenStream,
    implement: impl FnOnce(&Ident, &Model) -> TokenStream,
) -> TokenStream {
    let error = error.to_compile_error();
    if function.sig.receiver().is_some() || signature::says_self(function) {
        // It stands in an `impl` that it can't leave.
        let function = function.body.is_some().then_some(function);
        return quote!(#error #function);
    }
    let model = Model::new(TokenStream::new(), false, &stand_in(function));
    let bound = bound(&model);
    let emitted = shell::function(&model, &bound, |names| {
        let implementation = implement(&names.marker, &model);
        let kept = kept(function, &names.marker);
        quote!(#implementation #kept)
    });
    quote!(#error #emitted)
}

/// A function of this name that can be a handler, and panics.
fn stand_in(function: &Function) -> Function {
    let Function { vis, sig, .. } = function;
    let (attributes, _) = function.split_attributes();
    let name = &sig.ident;
    // What stands in the payload's place and can't be one is left out.
    let types = function.types().skip_while(|ty| signature::extractor(ty).is_some());
    let types: Vec<Type> = types.map(with_name).collect();
    let output = with_name(&function.output());
    let sig = if types.is_empty() {
        parse_quote!(async fn #name(_: ()) -> #output)
    } else {
        parse_quote!(async fn #name(#(_: #types),*) -> #output)
    };
    let body = quote!({ ::core::panic!("this handler has an error") });
    Function { attributes, vis: vis.clone(), sig, body: body.into_iter().next() }
}

/// The body is kept, though never called, so that imports that it uses don't turn unused.
fn kept(function: &Function, marker: &Ident) -> Option<TokenStream> {
    let body = function.body.as_ref()?;
    let mut sig = function.sig.clone();
    (sig.constness, sig.abi) = (None, None);
    sig.ident = Ident::new("__jobqueue_kept", sig.ident.span());
    Some(quote! {
        impl #marker {
            #[allow(dead_code, unused_variables, reason = "beside an error")]
            #sig #body
        }
    })
}

/// The type, unless it has none that can be written elsewhere.
fn with_name(ty: &Type) -> Type {
    match ty {
        Type::Reference(_) | Type::ImplTrait(_) => parse_quote!(()),
        other => other.clone(),
    }
}

/// A job of no kind, and a handler that is never called.
pub(super) fn implement(marker: &Ident, model: &Model) -> TokenStream {
    let (payload, result) = (&model.payload, model.output());
    let inputs = inputs(model);
    quote! {
        impl ::jobqueue::__private::Job for #marker {
            type Payload = #payload;
            type Output = #result;
            const DEFINITION: ::jobqueue::__private::Definition =
                ::jobqueue::__private::Definition::new("", "");
        }

        impl ::jobqueue::__private::HasInputs for #marker {
            type Inputs = #inputs;
        }

        impl ::jobqueue::__private::Handler for #marker {
            async fn call(
                __jobqueue_payload: #payload,
                __jobqueue_ctx: ::jobqueue::__private::Context,
            ) -> ::core::result::Result<#result, ::jobqueue::__private::Failure> {
                ::core::panic!("this handler has an error")
            }
        }
    }
}
