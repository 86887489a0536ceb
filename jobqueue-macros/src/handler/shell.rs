//! Expand: the function that users see.
//!
//! It stays a function, so it takes no name from types and modules, and variables may have its
//! name. Inside it are a type that implements the traits, and the user's function as one of that
//! type's: a function of its own beside it would have to have another name, or would hide the one
//! that users see from its own body.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::{format_ident, quote, quote_spanned};
use syn::{Ident, ReturnType, Type, spanned::Spanned as _};

use super::model::Model;

/// What the user's function is called by, inside.
pub(crate) struct Names {
    /// The type that implements the traits.
    pub(crate) marker: Ident,
    /// The user's function: `marker::function(…)`.
    pub(crate) function: Ident,
}

impl Names {
    fn of(model: &Model) -> Self {
        Self {
            marker: format_ident!("__jobqueue_{}", model.function.name()),
            function: model.function.sig.ident.clone(),
        }
    }
}

/// A function that gives a `HandlerFuture<R, impl Trait>`, with what `implement` makes of the names
/// inside.
pub(crate) fn function(
    model: &Model,
    bound: &TokenStream,
    implement: impl FnOnce(&Names) -> TokenStream,
) -> TokenStream {
    let names = Names::of(model);
    let Names { marker, function: name } = &names;
    let (outer, inner) = model.function.split_attributes();
    let (vis, output) = (&model.function.vis, &model.returns.ty);
    let (parameters, types) = (model.function.parameters(), all_types(model));
    let mut sig = model.function.sig.clone();
    sig.ident = name.clone();
    let body = &model.function.body;
    let direct = direct(model);
    let implementations = implement(&names);
    let inside = braces(
        model,
        quote! {
                #[allow(non_camel_case_types, dead_code, reason = "it only names a kind, after the function")]
                struct #marker {}

                #[allow(dead_code, reason = "that the function isn't used is said of the one outside")]
                impl #marker {
                    #(#inner)*
                    #sig #body

                    #direct
                }

                #implementations

                ::jobqueue::__private::HandlerFuture::<_, #marker>::__jobqueue_new(
                    #marker::__jobqueue_direct(#(#parameters),*)
                )
        },
    );
    let (keyword, end) = (&model.function.sig.fn_token, end(model));
    quote! {
        #(#outer)*
        #[allow(clippy::type_complexity, clippy::too_many_arguments, reason = "written by a macro")]
        #vis #keyword #name(
            #(#parameters: #types),*
        ) -> ::jobqueue::__private::HandlerFuture<#output, impl #bound #end #inside
    }
}

/// A function that gives a `Declaration<R, impl Trait>`.
pub(super) fn declaration(
    model: &Model,
    bound: &TokenStream,
    implement: impl FnOnce(&Names) -> TokenStream,
) -> TokenStream {
    let names = Names::of(model);
    let Names { marker, function: name } = &names;
    let (outer, inner) = model.function.split_attributes();
    let (vis, output, payload) = (&model.function.vis, &model.returns.ty, &model.payload);
    let parameters = model.function.parameters();
    let implementations = implement(&names);
    let inside = braces(
        model,
        quote! {
                #[allow(non_camel_case_types, dead_code, reason = "it only names a kind, after the function")]
                struct #marker {}

                #implementations

                #(let _ = #parameters;)*
                ::jobqueue::__private::Declaration::<_, #marker>::__jobqueue_new()
        },
    );
    let (keyword, end) = (&model.function.sig.fn_token, end(model));
    quote! {
        #(#outer)*
        #(#inner)*
        #[allow(clippy::type_complexity, clippy::needless_pass_by_value, reason = "written by a macro")]
        #vis #keyword #name(
            #(#parameters: #payload),*
        ) -> ::jobqueue::__private::Declaration<#output, impl #bound #end #inside
    }
}

/// Calls the user's function without a queue. A function of its own, so that the type of the
/// visible one doesn't depend on what its body awaits: a handler may add its own jobs.
fn direct(model: &Model) -> TokenStream {
    let (name, output) = (&model.function.sig.ident, &model.returns.ty);
    let (parameters, types) = (model.function.parameters(), all_types(model));
    let call = quote!(Self::#name(#(#parameters),*));
    let call = if model.blocking {
        quote!(::jobqueue::__private::run_blocking(move || #call))
    } else {
        call
    };
    quote! {
        fn __jobqueue_direct(
            #(#parameters: #types),*
        ) -> ::jobqueue::__private::BoxFuture<#output> {
            ::std::boxed::Box::pin(#call)
        }
    }
}

/// The `>` at the end of the return type. It, `fn` and the braces have spans of the user's, so that
/// the compiler takes the function for the user's own, and says so if it isn't used or isn't
/// documented.
fn end(model: &Model) -> TokenStream {
    let sig = &model.function.sig;
    let span = match &sig.output {
        ReturnType::Default => sig.paren_token.span.close(),
        ReturnType::Type(_, output) => output.span(),
    };
    quote_spanned!(span=> >)
}

/// A body whose braces are where the user's ends.
fn braces(model: &Model, inside: TokenStream) -> Group {
    let mut body = Group::new(Delimiter::Brace, inside);
    body.set_span(match &model.function.body {
        Some(TokenTree::Group(own)) => own.span_close(),
        _ => model.function.sig.ident.span(),
    });
    body
}

fn all_types(model: &Model) -> Vec<&Type> {
    [&model.first].into_iter().chain(&model.extractors).collect()
}
