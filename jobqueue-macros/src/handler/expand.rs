//! Expand: what a handler's type implements.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::{Ident, Type, spanned::Spanned as _};

use super::{
    batch::{Batch, Results},
    model::Model,
    returns::Returns,
    shell::{self, Names},
    signature,
};

pub(super) fn handler(model: &Model) -> TokenStream {
    shell::function(model, &bound("Handler", model), |names| {
        let job = implement_job(names, model);
        let handler = match &model.batch {
            None => implement_handler(names, model),
            Some(batch) => implement_batch_handler(names, model, batch),
        };
        quote!(#job #handler)
    })
}

pub(super) fn declaration(model: &Model) -> TokenStream {
    shell::declaration(model, &bound("Job", model), |names| implement_job(names, model))
}

/// For a handler with a mistake.
pub(super) fn handler_bound(model: &Model) -> TokenStream {
    bound("Handler", model)
}

/// `Handler<Payload = …, Output = …> + HasInputs<Inputs = …>`
fn bound(name: &str, model: &Model) -> TokenStream {
    let (name, payload, result) = (format_ident!("{name}"), &model.payload, model.output());
    let inputs = inputs(model);
    quote_spanned! {model.returns.ty.span()=>
        ::jobqueue::__private::#name<Payload = #payload, Output = #result>
            + ::jobqueue::__private::HasInputs<Inputs = #inputs>
    }
}

fn implement_job(names: &Names, model: &Model) -> TokenStream {
    let (Names { marker, .. }, Model { definition, payload, .. }) = (names, model);
    let (result, versions, unique) = (model.checked_output(), versions(payload), &model.unique);
    let (group, keys) = (&model.group, &model.keys);
    let inputs = inputs(model);
    quote! {
        // Outside of the implementation, so that it is evaluated though nobody adds a job.
        const __JOBQUEUE_DEFINITION: ::jobqueue::__private::Definition = #definition;

        #[automatically_derived]
        impl ::jobqueue::__private::Job for #marker {
            type Payload = #payload;
            type Output = #result;
            const DEFINITION: ::jobqueue::__private::Definition = __JOBQUEUE_DEFINITION;
            #versions
            #unique
            #group
            #keys
        }

        #[automatically_derived]
        impl ::jobqueue::__private::HasInputs for #marker {
            type Inputs = #inputs;
        }
    }
}

/// What the handler takes as a node of a flow: what its argument `Inputs<…>` says, else anything.
pub(super) fn inputs(model: &Model) -> TokenStream {
    match model.extractors.iter().find_map(signature::inputs) {
        Some(inputs) => quote!(::jobqueue::__private::Exactly<#inputs>),
        None => quote!(::jobqueue::__private::Anything),
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

fn implement_handler(names: &Names, model: &Model) -> TokenStream {
    let (payload, check, run) = (&model.payload, check(model), run(names, model));
    let marker = &names.marker;
    let output = quote_spanned! {model.returns.ty.span()=>
        <Self as ::jobqueue::__private::Job>::Output
    };
    quote! {
        #[automatically_derived]
        impl ::jobqueue::__private::Handler for #marker {
            #check

            #[allow(unused_variables, clippy::unit_arg, clippy::let_unit_value, reason = "written by a macro")]
            async fn call(
                __jobqueue_payload: #payload,
                __jobqueue_ctx: ::jobqueue::__private::Context,
            ) -> ::core::result::Result<
                #output,
                ::jobqueue::__private::Failure,
            > {
                #run
            }
        }
    }
}

fn implement_batch_handler(names: &Names, model: &Model, batch: &Batch) -> TokenStream {
    let Batch { batching, results } = batch;
    let (payload, check, marker) = (&model.payload, check(model), &names.marker);
    let (extract, call) = extract_and_call(names, model);
    let returned = if model.returns.is_fallible() {
        let failed = fallible(&model.returns.split(&call), &model.returns, model);
        quote!(#failed?)
    } else {
        call
    };
    let each = match results {
        Results::None => quote!(::jobqueue::__private::all_well(__jobqueue_jobs)),
        Results::Each(each) => {
            let one = each.split(&quote!(__jobqueue_one));
            let one = if each.is_fallible() { fallible(&one, each, model) } else { one };
            quote!(__jobqueue_all.into_iter().map(|__jobqueue_one| #one).collect())
        }
    };
    let output = quote_spanned! {model.returns.ty.span()=>
        <Self as ::jobqueue::__private::Job>::Output
    };
    quote! {
        // Outside of the implementation, as the definition: so that it is evaluated in any case.
        const __JOBQUEUE_BATCHING: ::jobqueue::__private::Batching = #batching;

        #[automatically_derived]
        impl ::jobqueue::__private::BatchHandler for #marker {
            const BATCHING: ::jobqueue::__private::Batching = __JOBQUEUE_BATCHING;

            #check

            #[allow(unused_variables, clippy::unit_arg, clippy::let_unit_value, reason = "written by a macro")]
            async fn call(
                __jobqueue_payload: ::std::vec::Vec<#payload>,
                __jobqueue_ctx: ::jobqueue::__private::BatchContext,
            ) -> ::core::result::Result<
                ::std::vec::Vec<::core::result::Result<#output, ::jobqueue::__private::Failure>>,
                ::jobqueue::__private::Failure,
            > {
                let __jobqueue_jobs = __jobqueue_payload.len();
                #extract
                let __jobqueue_all = #returned;
                ::core::result::Result::Ok(#each)
            }
        }
    }
}

/// The trait of a handler's extractors, for one of this type: a mistake is one error, at its place.
fn extractor(model: &Model, ty: &Type) -> TokenStream {
    match model.batch {
        None => quote_spanned!(ty.span()=> ::jobqueue::__private::FromContext),
        Some(_) => quote_spanned!(ty.span()=> ::jobqueue::__private::FromBatch),
    }
}

/// `fn check`, with what the extractors ask for.
pub(crate) fn check(model: &Model) -> TokenStream {
    let checks = model.extractors.iter().map(|ty| {
        let extractor = extractor(model, ty);
        quote_spanned!(ty.span()=> <#ty as #extractor>::check(__jobqueue_states)?;)
    });
    quote! {
        #[allow(unused_variables, reason = "written by a macro")]
        fn check(
            __jobqueue_states: &::jobqueue::__private::States,
        ) -> ::core::result::Result<(), ::jobqueue::__private::MissingState> {
            #(#checks)*
            ::core::result::Result::Ok(())
        }
    }
}

/// What extracts, calls the function on `payload` and gives its output or a failure.
pub(crate) fn run(names: &Names, model: &Model) -> TokenStream {
    let (extract, call) = extract_and_call(names, model);
    let returned = model.returns.split(&call);
    let answer = if model.returns.is_fallible() {
        fallible(&returned, &model.returns, model)
    } else {
        returned
    };
    let run = quote!(#extract #answer);
    match &model.idempotent {
        None => run,
        Some(lifetime) => quote! {
            let __jobqueue_context = __jobqueue_ctx.clone();
            ::jobqueue::__private::once(&__jobqueue_context, #lifetime, async move { #run }).await
        },
    }
}

/// What makes the arguments, and the call of the function.
fn extract_and_call(names: &Names, model: &Model) -> (TokenStream, TokenStream) {
    let Names { marker, function } = names;
    let extractors = &model.extractors;
    let from = if model.batch.is_some() { "from_batch" } else { "from_context" };
    let arguments: Vec<Ident> =
        (0..extractors.len()).map(|at| format_ident!("__jobqueue_extracted_{at}")).collect();
    let extract = extractors.iter().zip(&arguments).map(|(ty, argument)| {
        let (extractor, from) = (extractor(model, ty), Ident::new(from, ty.span()));
        quote_spanned! {ty.span()=>
            let #argument = <#ty as #extractor>::#from(&__jobqueue_ctx).await?;
        }
    });
    let call = quote!(#marker::#function(__jobqueue_payload, #(#arguments),*));
    let call = if model.blocking {
        quote!(::jobqueue::__private::run_blocking(move || #call).await)
    } else {
        quote!(#call.await)
    };
    (quote!(#(#extract)*), call)
}

/// An error becomes a failure in the way that fits its type; see
/// `jobqueue::__private::ViaJobError`.
fn fallible(returned: &TokenStream, returns: &Returns, model: &Model) -> TokenStream {
    let mut failure = quote_spanned! {returns.error_span()=>
        (&&&::jobqueue::__private::Probe::of(&__jobqueue_error)).tag().failure(__jobqueue_error)
    };
    if let Some(classify) = &model.classify {
        // Before the error turns into a failure, which takes it.
        let verdict = quote_spanned! {classify.span()=>
            ::jobqueue::__private::classify(&__jobqueue_error, #classify)
        };
        failure = quote! {
            {
                let __jobqueue_verdict = #verdict;
                ::jobqueue::__private::judged(#failure, __jobqueue_verdict)
            }
        };
    }
    quote! {
        match #returned {
            ::core::result::Result::Ok(__jobqueue_output) => {
                ::core::result::Result::Ok(__jobqueue_output)
            }
            ::core::result::Result::Err(__jobqueue_error) => {
                #[allow(unused_imports, reason = "which of them is used depends on the error's type")]
                use ::jobqueue::__private::{ViaJobError as _, ViaNoError as _, ViaStdError as _};
                ::core::result::Result::Err(#failure)
            }
        }
    }
}
