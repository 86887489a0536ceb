//! `#[derive(JobError)]`: attr (parse and check) → expand.

mod attr;
mod expand;

use proc_macro2::TokenStream;
use syn::DeriveInput;

use crate::reexport;

pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let input: DeriveInput = match syn::parse2(input) {
        Ok(input) => input,
        Err(error) => return error.to_compile_error(),
    };
    let path = input.attrs.iter().find_map(attr::crate_path);
    let written = match expand::verdict(&input) {
        Ok(body) => expand::implement(&input, &body),
        Err(error) => {
            // With an implementation nevertheless, so that one mistake gives one error.
            let fallback = expand::implement(
                &input,
                &quote::quote!(::core::panic!("this error has an error")),
            );
            let error = error.to_compile_error();
            quote::quote!(#error #fallback)
        }
    };
    reexport::at(path.as_ref(), written)
}
