//! `#[job]`: attr (parse) → model and definition → valid (all rules, all messages) → expand, or fallback.

pub(crate) mod attr;
pub(crate) mod definition;
pub(crate) mod expand;
pub(crate) mod fallback;
pub(crate) mod model;
pub(crate) mod valid;

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
        Err(error) => fallback::expand(&function, &error, fallback::implement),
    }
}

fn model(arguments: TokenStream, function: &ItemFn) -> syn::Result<model::Model> {
    let arguments: attr::Arguments = syn::parse2(arguments)?;
    let blocking = arguments.blocking.is_some();
    valid::function(function, blocking, "job")?;
    let definition = definition::definition(&arguments, function)?;
    model::Model::new(definition, blocking, function).of_job(&arguments)
}
