//! `concurrency_key = "order.user", per_key = 1`, also more than once: the keys of a job, from the payload's
//! fields.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Expr, Ident, LitStr, Type, parse::ParseStream};

use super::{fields::fields, valid::error};
use crate::{arguments::value, item::Function};

const FORM: &str =
    "write `concurrency_key = \"order.user\"`, with the payload's name and its fields";

/// The most keys of a handler.
const MOST: usize = 4;

/// One key, and how many jobs of it may be active at once.
pub(super) struct ConcurrencyKey {
    pub(super) word: Ident,
    by: LitStr,
    per_key: Option<Expr>,
}

/// Reads `concurrency_key` or the `per_key` that belongs to the last of them.
pub(super) fn read(
    keys: &mut Vec<ConcurrencyKey>,
    word: &Ident,
    input: ParseStream<'_>,
) -> syn::Result<()> {
    if word == "concurrency_key" {
        let by = value(input, word)?;
        keys.push(ConcurrencyKey { word: word.clone(), by, per_key: None });
        return if keys.len() > MOST {
            error(word, "a job has at most 4 concurrency keys")
        } else {
            Ok(())
        };
    }
    let per_key: Expr = value(input, word)?;
    match keys.last_mut() {
        Some(ConcurrencyKey { per_key: slot @ None, .. }) => *slot = Some(per_key),
        Some(_) => return error(word, "`per_key` is given twice for one `concurrency_key`"),
        None => return error(word, "`per_key` stands behind its `concurrency_key`"),
    }
    Ok(())
}

/// `fn concurrency_keys` of the trait `Job`.
pub(super) fn expand(
    keys: &[ConcurrencyKey],
    function: &Function,
    ty: &Type,
) -> syn::Result<Option<TokenStream>> {
    let Some(first) = keys.first() else { return Ok(None) };
    let parameters = function.parameters();
    let Some(payload) = parameters.first() else {
        return error(&first.word, "a concurrency key is made of the payload's fields");
    };
    let lines = keys.iter().map(|key| {
        let value = fields(&key.by, payload, "the concurrency key", FORM)?;
        let (of, per_key) = (key.of(payload), key.per_key.as_ref());
        let per_key = per_key.map_or_else(|| quote!(1), |per_key| quote!(#per_key));
        Ok(quote! {
            const {
                ::core::assert!(
                    1 <= #per_key && #per_key <= 1_000_000,
                    "`per_key` is 1 to 1,000,000"
                );
            }
            ::jobqueue::__private::add_concurrency_key(&mut keys, #of, &#value, #per_key)?;
        })
    });
    let lines = lines.collect::<syn::Result<Vec<_>>>()?;
    Ok(Some(quote! {
        fn concurrency_keys(
            #payload: &#ty,
        ) -> ::core::result::Result<
            ::std::collections::BTreeMap<::std::string::String, ::core::primitive::u32>,
            ::jobqueue::__private::PayloadError,
        > {
            let mut keys = ::std::collections::BTreeMap::new();
            #(#lines)*
            ::core::result::Result::Ok(keys)
        }
    }))
}

impl ConcurrencyKey {
    /// What the key is the value of: the fields without the payload's name.
    fn of(&self, payload: &Ident) -> String {
        let prefix = format!("{payload}.");
        let by = self.by.value();
        let fields = by.split(',').map(str::trim);
        let fields: Vec<_> = fields.map(|it| it.strip_prefix(&prefix).unwrap_or(it)).collect();
        fields.join(",")
    }
}
