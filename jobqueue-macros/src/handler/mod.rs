//! `#[job]`: attr (parse) → valid and signature (all rules, all messages), definition → model →
//! expand, or fallback.

pub(crate) mod attr;
pub(crate) mod batch;
mod concurrency_keys;
pub(crate) mod definition;
pub(crate) mod expand;
pub(crate) mod fallback;
mod fields;
mod form;
mod group;
pub(crate) mod model;
mod policies;
pub(crate) mod returns;
mod schedule;
pub(crate) mod shell;
pub(crate) mod signature;
mod tags;
mod unique;
pub(crate) mod valid;

use proc_macro2::TokenStream;

use crate::{item::Function, reexport};

pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let function: Function = match syn::parse2(item.clone()) {
        Ok(function) => function,
        Err(error) => {
            let message = "`#[job]` goes on a function";
            let error = syn::Error::new(error.span(), message).to_compile_error();
            return [error, item].into_iter().collect();
        }
    };
    let fallback = |error: &syn::Error| {
        fallback::expand(&function, error, expand::handler_bound, fallback::implement)
    };
    let (path, arguments) = match reexport::split(arguments) {
        Ok(split) => split,
        Err(error) => return fallback(&error),
    };
    let written = match model(arguments, &function) {
        Ok(model) if function.body.is_none() => expand::declaration(&model),
        Ok(model) => expand::handler(&model),
        Err(error) => fallback(&error),
    };
    reexport::at(path.as_ref(), written)
}

fn model(arguments: TokenStream, function: &Function) -> syn::Result<model::Model> {
    let arguments: attr::Arguments = syn::parse2(arguments)?;
    if function.body.is_none() {
        valid::declaration(&arguments)?;
        signature::declaration(function)?;
    }
    if arguments.implements.is_some() {
        valid::implementation(&arguments)?;
    }
    batch::alone(&arguments, function)?;
    let blocking = arguments.blocking.is_some();
    signature::check(function, signature::Attribute { name: "job", blocking })?;
    model::Model::of_job(&arguments, function)
}
