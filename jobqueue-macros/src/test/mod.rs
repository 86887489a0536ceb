//! `#[jobqueue::test]`: a test with a server of its own in the process.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, ItemFn, parse2};

/// The test around the function; the function as it is, and what is wrong with it.
pub(crate) fn expand(arguments: &TokenStream, function: TokenStream) -> TokenStream {
    let item = match parse2::<ItemFn>(function.clone()) {
        Ok(item) => item,
        Err(error) => return [error.to_compile_error(), function].into_iter().collect(),
    };
    match check(arguments, &item) {
        Ok(()) => test(item),
        Err(error) => [error.to_compile_error(), function].into_iter().collect(),
    }
}

fn check(arguments: &TokenStream, item: &ItemFn) -> syn::Result<()> {
    let signature = &item.sig;
    let problem = if !arguments.is_empty() {
        return Err(Error::new_spanned(arguments, "#[jobqueue::test] takes no arguments"));
    } else if signature.asyncness.is_none() {
        "a test of jobs is an async function: write `async fn`"
    } else if !signature.generics.params.is_empty() {
        "a test has no type parameters"
    } else if signature.inputs.len() != 1 {
        "a test of jobs takes one argument: `app: jobqueue::testing::TestQueue`"
    } else {
        return Ok(());
    };
    Err(Error::new_spanned(signature, problem))
}

fn test(mut item: ItemFn) -> TokenStream {
    let (attributes, visibility) = (std::mem::take(&mut item.attrs), item.vis.clone());
    let (name, output) = (item.sig.ident.clone(), item.sig.output.clone());
    item.vis = syn::Visibility::Inherited;
    quote! {
        #[::core::prelude::v1::test]
        #(#attributes)*
        #visibility fn #name() #output {
            #item
            ::jobqueue::testing::run(#name)
        }
    }
}
