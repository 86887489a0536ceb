//! `#[broadcast]`: attr (parse) → the model of handlers → valid → expand, or fallback.

mod attr;
mod expand;

use proc_macro2::TokenStream;
use syn::ItemFn;

use crate::handler::{fallback, model::Model, valid};

pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let function: ItemFn = match syn::parse2(item.clone()) {
        Ok(function) => function,
        Err(error) => {
            let message = "`#[broadcast]` goes on a function";
            let error = syn::Error::new(error.span(), message).to_compile_error();
            return [error, item].into_iter().collect();
        }
    };
    match model(arguments, &function) {
        Ok(model) => expand::expand(&model),
        Err(error) => fallback::expand(&function, &error, expand::implement_nothing),
    }
}

fn model(arguments: TokenStream, function: &ItemFn) -> syn::Result<Model> {
    let arguments: attr::Arguments = syn::parse2(arguments)?;
    let blocking = arguments.blocking.is_some();
    valid::function(function, blocking, "broadcast")?;
    Ok(Model::new(expand::channel(&arguments)?, blocking, function))
}
