//! Expand: a checked handler becomes a unit struct with three implementations.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::{Ident, ItemFn, Type, spanned::Spanned};

use super::model::Model;

/// A unit struct of the function's name that derefs to a function pointer, so that the name can be called
/// as before: calls look through `Deref`.
///
/// `inner` is the path of the function itself; `output` its return type, awaited.
fn shell(function: &ItemFn, outer: &[syn::Attribute], body: &TokenStream) -> TokenStream {
    let (name, vis) = (&function.sig.ident, &function.vis);
    quote! {
        #(#outer)*
        #[allow(non_camel_case_types, reason = "it is called like the function it stands for")]
        #[derive(::core::clone::Clone, ::core::marker::Copy, ::core::fmt::Debug)]
        #vis struct #name;

        #[doc(hidden)]
        const _: () = { #body };
    }
}

/// `impl Deref`, with the function pointer that a call of the name ends in.
fn deref(
    name: &Ident,
    inner: &Ident,
    types: &[Type],
    output: &Type,
    blocking: bool,
) -> TokenStream {
    let arguments: Vec<Ident> = (0..types.len()).map(|at| format_ident!("argument_{at}")).collect();
    let (returns, call) = if blocking {
        (quote!(#output), quote!(#inner(#(#arguments),*)))
    } else {
        (
            quote!(::jobqueue::__private::BoxFuture<#output>),
            quote!(::std::boxed::Box::pin(#inner(#(#arguments),*))),
        )
    };
    quote! {
        #[automatically_derived]
        impl ::core::ops::Deref for #name {
            type Target = fn(#(#types),*) -> #returns;

            fn deref(&self) -> &Self::Target {
                const CALL: fn(#(#types),*) -> #returns = |#(#arguments),*| #call;
                &CALL
            }
        }
    }
}

pub(super) fn expand(model: &Model) -> TokenStream {
    declare(model, |name, inner| {
        let (job, handler) = (implement_job(name, model), implement_handler(name, inner, model));
        quote!(#job #handler)
    })
}

/// The struct with its function, and with what `implement` makes of its name and the function's.
pub(crate) fn declare(
    model: &Model,
    implement: impl FnOnce(&Ident, &Ident) -> TokenStream,
) -> TokenStream {
    let name = &model.function.sig.ident;
    // A name of its own, so that the struct and the function don't meet inside the body.
    let inner = format_ident!("__jobqueue_{}", syn::ext::IdentExt::unraw(name));
    let mut function = model.function.clone();
    function.sig.ident = inner.clone();
    function.vis = syn::Visibility::Inherited;
    let mut types = vec![model.payload.clone()];
    types.extend(model.extractors.iter().cloned());
    let deref = deref(name, &inner, &types, &model.output, model.blocking);
    let traits = implement(name, &inner);
    shell(&model.function, &model.outer, &quote!(#function #deref #traits))
}

fn implement_job(name: &Ident, model: &Model) -> TokenStream {
    let Model { definition, payload, output, .. } = model;
    let result = if model.fallible {
        quote_spanned!(output.span()=> <#output as ::jobqueue::__private::HandlerResult>::Output)
    } else {
        quote!(#output)
    };
    let versions = versions(payload);
    quote! {
        #[automatically_derived]
        impl ::jobqueue::__private::Job for #name {
            type Payload = #payload;
            type Output = #result;
            const DEFINITION: ::jobqueue::__private::Definition = #definition;
            #versions
        }
    }
}

/// What the payload's type says of its versions, if anything; see `jobqueue::__private::Versioned`.
fn versions(payload: &Type) -> TokenStream {
    quote! {
        const VERSIONS: ::jobqueue::__private::PayloadVersions<#payload> = {
            #[allow(unused_imports, reason = "whether it is used depends on the payload's type")]
            use ::jobqueue::__private::Unversioned as _;
            ::jobqueue::__private::Versioned::<#payload>::VERSIONS
        };
    }
}

fn implement_handler(name: &Ident, inner: &Ident, model: &Model) -> TokenStream {
    let (payload, check, run) = (&model.payload, check(model), run(inner, model));
    quote! {
        #[automatically_derived]
        impl ::jobqueue::__private::Handler for #name {
            #check

            #[allow(unused_variables, clippy::unit_arg, clippy::let_unit_value, reason = "written by a macro")]
            async fn call(
                self,
                payload: #payload,
                ctx: ::jobqueue::__private::Context,
            ) -> ::core::result::Result<
                <Self as ::jobqueue::__private::Job>::Output,
                ::jobqueue::__private::Failure,
            > {
                #run
            }
        }
    }
}

/// `fn check`, with what the extractors ask for.
pub(crate) fn check(model: &Model) -> TokenStream {
    let checks = model.extractors.iter().map(|ty| {
        quote_spanned!(ty.span()=> <#ty as ::jobqueue::__private::FromContext>::check(states)?;)
    });
    quote! {
        #[allow(unused_variables, clippy::unused_self, reason = "written by a macro")]
        fn check(
            self,
            states: &::jobqueue::__private::States,
        ) -> ::core::result::Result<(), ::jobqueue::__private::MissingState> {
            #(#checks)*
            ::core::result::Result::Ok(())
        }
    }
}

/// What extracts, calls the function on `payload` and gives its output or a failure.
pub(crate) fn run(inner: &Ident, model: &Model) -> TokenStream {
    let extractors = &model.extractors;
    let names: Vec<Ident> =
        (0..extractors.len()).map(|at| format_ident!("extracted_{at}")).collect();
    let extract = extractors.iter().zip(&names).map(|(ty, name)| {
        quote_spanned! {ty.span()=>
            let #name = <#ty as ::jobqueue::__private::FromContext>::from_context(&ctx).await?;
        }
    });
    let call = if model.blocking {
        quote!(::jobqueue::__private::run_blocking(move || #inner(payload, #(#names),*)).await)
    } else {
        quote!(#inner(payload, #(#names),*).await)
    };
    let answer = if model.fallible {
        fallible(&call, model)
    } else {
        quote!(::core::result::Result::Ok(#call))
    };
    let run = quote!(#(#extract)* #answer);
    match &model.idempotent {
        None => run,
        Some(lifetime) => quote! {
            // No name that a handler might have, since it would be taken for that.
            let __jobqueue_ctx = ctx.clone();
            ::jobqueue::__private::once(&__jobqueue_ctx, #lifetime, async move { #run }).await
        },
    }
}

/// An error becomes a failure in the way that fits its type; see `jobqueue::__private::ViaJobError`.
fn fallible(call: &TokenStream, model: &Model) -> TokenStream {
    let mut failure = quote_spanned! {model.output.span()=>
        (&error).__jobqueue_tag().failure(error)
    };
    if let Some(classify) = &model.classify {
        // Before the error turns into a failure, which takes it.
        failure = quote! {
            {
                let __jobqueue_verdict = ::jobqueue::__private::classify(&error, #classify);
                #failure.with(__jobqueue_verdict)
            }
        };
    }
    quote! {
        match #call {
            ::core::result::Result::Ok(output) => ::core::result::Result::Ok(output),
            ::core::result::Result::Err(error) => {
                #[allow(unused_imports, reason = "which of them is used depends on the error's type")]
                use ::jobqueue::__private::{ViaJobError as _, ViaStdError as _};
                ::core::result::Result::Err(#failure)
            }
        }
    }
}
