//! `#[job]`: attr (parse) → model and definition → valid (all rules, all messages) → expand, or fallback.

mod attr;
mod definition;
mod expand;
mod fallback;
mod model;
mod valid;

use proc_macro2::TokenStream;
use syn::ItemFn;

pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let function: ItemFn = match syn::parse2(item.clone()) {
        Ok(function) => function,
        Err(error) => {
            let message = "`#[job]` goes on a function";
            let error = syn::Error::new(error.span(), message).to_compile_error();
            return [error, item].into_iter().collect();
        }
    };
    match model(arguments, &function) {
        Ok(model) => expand::expand(&model),
        Err(error) => fallback::expand(&function, &error),
    }
}

fn model(arguments: TokenStream, function: &ItemFn) -> syn::Result<model::Model> {
    let arguments: attr::Arguments = syn::parse2(arguments)?;
    valid::function(function, arguments.blocking.is_some())?;
    model::Model::new(&arguments, function)
}
