//! `group = "order.tenant"`: the group of a job, from the payload's fields.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{LitStr, Type};

use super::{fields::fields, valid::error};
use crate::item::Function;

const FORM: &str = "write `group = \"order.tenant\"`, with the payload's name and its fields";

/// `fn group` of the trait `Job`.
pub(super) fn group(by: &LitStr, function: &Function, ty: &Type) -> syn::Result<TokenStream> {
    let parameters = function.parameters();
    let Some(payload) = parameters.first() else {
        return error(by, "a group is made of the payload's fields");
    };
    let value = fields(by, payload, "the group", FORM)?;
    Ok(quote! {
        fn group(
            #payload: &#ty,
        ) -> ::core::result::Result<
            ::core::option::Option<::std::string::String>,
            ::jobqueue::__private::PayloadError,
        > {
            ::jobqueue::__private::group_name(&#value)
        }
    })
}
