//! `#[derive(Payload)]`: attr (parse) → valid (all rules, all messages) → expand.

mod attr;
mod expand;
mod valid;

use proc_macro2::TokenStream;
use syn::DeriveInput;

use crate::reexport;

pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let input: DeriveInput = match syn::parse2(input) {
        Ok(input) => input,
        Err(error) => return error.to_compile_error(),
    };
    match attr::Arguments::find(&input.attrs).and_then(|found| valid::model(&input, found)) {
        Ok(model) => reexport::at(model.path.as_ref(), expand::implement(&input, &model)),
        Err(error) => {
            // With an implementation nevertheless, so that one mistake gives one error.
            let fallback = match &input.data {
                syn::Data::Union(_) => TokenStream::new(),
                _ => expand::implement(&input, &valid::Model::FIRST),
            };
            let error = error.to_compile_error();
            quote::quote!(#error #fallback)
        }
    }
}
