//! `#[broadcast]`: attr (parse) → the model of handlers → signature (all rules) → expand, or
//! fallback.

mod attr;
mod expand;

use proc_macro2::TokenStream;

use crate::{
    handler::{fallback, model::Model, signature, valid},
    item::Function,
    reexport,
};

pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let function: Function = match syn::parse2(item.clone()) {
        Ok(function) => function,
        Err(error) => {
            let message = "`#[broadcast]` goes on a function";
            let error = syn::Error::new(error.span(), message).to_compile_error();
            return [error, item].into_iter().collect();
        }
    };
    let fallback = |error: &syn::Error| {
        fallback::expand(&function, error, expand::bound, expand::implement_nothing)
    };
    let (path, arguments) = match reexport::split(arguments) {
        Ok(split) => split,
        Err(error) => return fallback(&error),
    };
    let written = match model(arguments, &function) {
        Ok(model) => expand::expand(&model),
        Err(error) => fallback(&error),
    };
    reexport::at(path.as_ref(), written)
}

fn model(arguments: TokenStream, function: &Function) -> syn::Result<Model> {
    let arguments: attr::Arguments = syn::parse2(arguments)?;
    if function.body.is_none() {
        let message = "a listener has a body; only a `#[job]` can be declared without one";
        return valid::error(&function.sig.ident, message);
    }
    let blocking = arguments.blocking.is_some();
    signature::check(function, signature::Attribute { name: "broadcast", blocking })?;
    Ok(Model::new(expand::channel(&arguments)?, blocking, function))
}
