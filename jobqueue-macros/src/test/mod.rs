//! `#[jobqueue::test]`: a test with a server of its own in the process.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{Attribute, Error, FnArg, ItemFn, Path, parse2, spanned::Spanned as _};

use crate::reexport;

/// The test around the function; the function as it is, and what is wrong with it.
pub(crate) fn expand(arguments: TokenStream, function: TokenStream) -> TokenStream {
    let item = match parse2::<ItemFn>(function.clone()) {
        Ok(item) => item,
        Err(error) => return [error.to_compile_error(), function].into_iter().collect(),
    };
    match check(arguments, &item) {
        Ok(path) => reexport::at(path.as_ref(), test(item)),
        Err(error) => [error.to_compile_error(), function].into_iter().collect(),
    }
}

/// The path under which the library is found, if it is named.
fn check(arguments: TokenStream, item: &ItemFn) -> syn::Result<Option<Path>> {
    let (path, rest) = reexport::split(arguments)?;
    if !rest.is_empty() {
        let problem = "#[jobqueue::test] takes no arguments but `crate = path`: a mode is a method, \
                       as in `app.inline()` and `app.live().await?`";
        return Err(Error::new_spanned(rest, problem));
    }
    if let Some(other) = item.attrs.iter().find(|attribute| is_test(attribute)) {
        let problem = "#[jobqueue::test] says that it is a test, and has a runtime: leave this out";
        return Err(Error::new_spanned(other, problem));
    }
    let signature = &item.sig;
    let problem = if signature.asyncness.is_none() {
        "a test of jobs is an async function: write `async fn`"
    } else if !signature.generics.params.is_empty() {
        "a test has no type parameters"
    } else if signature.inputs.len() != 1 {
        "a test of jobs takes one argument: `app: jobqueue::testing::TestQueue`"
    } else if matches!(signature.inputs.first(), Some(FnArg::Receiver(_))) {
        "a test of jobs is a function by itself, and no method"
    } else {
        return Ok(path);
    };
    Err(Error::new_spanned(signature, problem))
}

/// `#[test]`, `#[tokio::test]` …
fn is_test(attribute: &Attribute) -> bool {
    attribute.path().segments.last().is_some_and(|last| last.ident == "test")
}

fn test(mut item: ItemFn) -> TokenStream {
    let (attributes, visibility) = (std::mem::take(&mut item.attrs), item.vis.clone());
    let (name, output) = (item.sig.ident.clone(), item.sig.output.clone());
    item.vis = syn::Visibility::Inherited;
    // An argument of another type is pointed at.
    let argument = item.sig.inputs.span();
    let run = quote_spanned!(argument=> ::jobqueue::__private::run_test(#name));
    quote! {
        #[::core::prelude::v1::test]
        #(#attributes)*
        #visibility fn #name() #output {
            #item
            #run
        }
    }
}
