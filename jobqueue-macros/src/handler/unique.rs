//! `unique(by = "order.user", …)`: a key from the payload's fields, and what becomes of an add that
//! finds it taken.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Expr, Ident, LitStr, Type, parenthesized, parse::ParseStream};

use super::{fields::fields, valid::error};
use crate::{
    arguments::{once, read, value},
    item::Function,
    value as values,
};

const FORM: &str = "write `unique(by = \"order.user\")`, with the payload's name and its fields";

/// The words of `unique(…)`.
const KNOWN: [&str; 6] = ["by", "for", "states", "then", "debounce", "longest_wait"];

/// What stands in the parentheses.
pub(super) struct Unique {
    pub(super) word: Ident,
    by: Option<LitStr>,
    lifetime: Option<Expr>,
    states: Option<LitStr>,
    then: Option<LitStr>,
    debounce: Option<Expr>,
    longest_wait: Option<Expr>,
}

impl Unique {
    pub(super) fn parse(word: &Ident, input: ParseStream<'_>) -> syn::Result<Self> {
        if !input.peek(syn::token::Paren) {
            return error(word, FORM);
        }
        let content;
        parenthesized!(content in input);
        let mut unique = Self {
            word: word.clone(),
            by: None,
            lifetime: None,
            states: None,
            then: None,
            debounce: None,
            longest_wait: None,
        };
        read(&content, &KNOWN, |word, input| match word.to_string().as_str() {
            "by" => once(&mut unique.by, word, || value(input, word)),
            "for" => once(&mut unique.lifetime, word, || value(input, word)),
            "states" => once(&mut unique.states, word, || value(input, word)),
            "then" => once(&mut unique.then, word, || value(input, word)),
            "debounce" => once(&mut unique.debounce, word, || value(input, word)),
            _ => once(&mut unique.longest_wait, word, || value(input, word)),
        })?;
        Ok(unique)
    }

    /// `fn unique` of the trait `Job`.
    pub(super) fn expand(&self, function: &Function, ty: &Type) -> syn::Result<TokenStream> {
        let parameters = function.parameters();
        let Some(payload) = parameters.first() else {
            return error(&self.word, "a unique key is made of the payload's fields");
        };
        let (key, rule) = (self.key(payload)?, self.rule()?);
        Ok(quote! {
            fn unique(
                #payload: &#ty,
            ) -> ::core::result::Result<
                ::core::option::Option<::jobqueue::__private::Unique>,
                ::jobqueue::__private::PayloadError,
            > {
                let __jobqueue_key = ::jobqueue::__private::unique_key(&#key)?;
                ::core::result::Result::Ok(::core::option::Option::Some(
                    ::jobqueue::__private::Unique::by(__jobqueue_key)#rule
                ))
            }
        })
    }

    fn key(&self, payload: &Ident) -> syn::Result<TokenStream> {
        let Some(by) = &self.by else { return error(&self.word, FORM) };
        fields(by, payload, "the key", FORM)
    }

    /// The calls that say what the key does.
    fn rule(&self) -> syn::Result<TokenStream> {
        let mut tokens = TokenStream::new();
        if let Some(lifetime) = &self.lifetime {
            let lifetime = values::time(lifetime)?;
            tokens.extend(quote!(.lasting(#lifetime)));
        }
        match self.states.as_ref().map(|states| (states, states.value())) {
            None => {}
            Some((_, word)) if word == "any" && self.lifetime.is_some() => {}
            // Without a lifetime that is how it is.
            Some((_, word)) if word == "unfinished" && self.lifetime.is_none() => {}
            Some((_, word)) if word == "unfinished" => tokens.extend(quote!(.while_unfinished())),
            Some((at, _)) => {
                return error(at, "states are \"unfinished\", or with `for` also \"any\"");
            }
        }
        self.mode(&mut tokens)?;
        Ok(tokens)
    }

    fn mode(&self, tokens: &mut TokenStream) -> syn::Result<()> {
        match self.then.as_ref().map(|then| (then, then.value())) {
            None => {}
            Some((at, _)) if self.debounce.is_some() => {
                return error(at, "a debounce says what becomes of an add: leave `then` out");
            }
            Some((_, word)) if word == "skip" => {}
            Some((_, word)) if word == "replace" => tokens.extend(quote!(.replace())),
            Some((at, word)) if word == "keep_last" => {
                self.without_lifetime(at)?;
                tokens.extend(quote!(.keep_last()));
            }
            Some((at, _)) => return error(at, "write \"skip\", \"replace\" or \"keep_last\""),
        }
        if let Some(delay) = &self.debounce {
            self.without_lifetime(delay)?;
            let delay = values::time(delay)?;
            tokens.extend(quote!(.debounce(#delay)));
        }
        match (&self.longest_wait, &self.debounce) {
            (Some(wait), Some(_)) => {
                let wait = values::time(wait)?;
                tokens.extend(quote!(.longest_wait(#wait)));
            }
            (Some(wait), None) => return error(wait, "only a `debounce` has a longest wait"),
            (None, _) => {}
        }
        Ok(())
    }

    fn without_lifetime(&self, at: &impl syn::spanned::Spanned) -> syn::Result<()> {
        match self.lifetime {
            Some(_) => {
                error(at, "the last add is to run, so its key has no lifetime: leave `for` out")
            }
            None => Ok(()),
        }
    }
}
