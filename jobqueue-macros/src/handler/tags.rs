//! `tags("billing", TENANT)`: words by which all jobs of the handler are found.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Expr, Ident, Token, parenthesized, parse::ParseStream, punctuated::Punctuated};

use super::valid::error;
use crate::value;

const FORM: &str = "write `tags(\"billing\", \"nightly\")`, with 1 to 16 tags";

/// What stands in the parentheses.
pub(super) struct Tags {
    pub(super) word: Ident,
    tags: Vec<Expr>,
}

impl Tags {
    pub(super) fn parse(word: &Ident, input: ParseStream<'_>) -> syn::Result<Self> {
        if !input.peek(syn::token::Paren) {
            return error(word, FORM);
        }
        let content;
        parenthesized!(content in input);
        let tags = Punctuated::<Expr, Token![,]>::parse_terminated(&content)?;
        Ok(Self { word: word.clone(), tags: tags.into_iter().collect() })
    }

    /// `.tags(…)`
    pub(super) fn expand(&self) -> syn::Result<TokenStream> {
        if !(1..=16).contains(&self.tags.len()) {
            return error(&self.word, FORM);
        }
        let tags: Vec<_> = self.tags.iter().map(tag).collect::<syn::Result<_>>()?;
        Ok(quote!(.tags(const { &[#(#tags),*] })))
    }
}

fn tag(tag: &Expr) -> syn::Result<TokenStream> {
    value::text(tag, "tag", |text| {
        let odd = text.chars().any(|it| it.is_control() || it.is_whitespace());
        if text.is_empty() || text.len() > 128 || odd {
            return Err("a tag has 1 to 128 bytes, without spaces".to_owned());
        }
        Ok(quote!(#text))
    })
}
