//! Parse: a list of `word`, `word = value` and `word(…)`, in the parentheses of an attribute.

use proc_macro2::TokenTree;
use syn::{
    Ident, Token,
    ext::IdentExt as _,
    parse::{Parse, ParseStream},
};

use crate::suggest::suggest;

/// Hands each known word to `take`, which reads what follows it. All unknown ones are told at once.
pub(crate) fn read(
    input: ParseStream<'_>,
    known: &[&str],
    mut take: impl FnMut(&Ident, ParseStream<'_>) -> syn::Result<()>,
) -> syn::Result<()> {
    let mut errors = Errors::default();
    while !input.is_empty() {
        let word = match input.call(Ident::parse_any) {
            Ok(word) => word,
            Err(error) => {
                let message =
                    format!("expected an argument with its name: one of {}", known.join(", "));
                return errors.and(syn::Error::new(error.span(), message));
            }
        };
        if known.contains(&word.to_string().as_str()) {
            if let Err(error) = take(&word, input) {
                return errors.and(error);
            }
        } else {
            let message = format!("unknown argument `{word}`{}", suggest(&word.to_string(), known));
            errors.push(syn::Error::new(word.span(), message));
            skip(input)?;
        }
        if !input.is_empty()
            && let Err(error) = input.parse::<Token![,]>()
        {
            return errors.and(error);
        }
    }
    errors.end()
}

/// What follows an unknown word.
fn skip(input: ParseStream<'_>) -> syn::Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}

/// An argument stands only once.
pub(crate) fn once<T>(
    slot: &mut Option<T>,
    word: &Ident,
    parse: impl FnOnce() -> syn::Result<T>,
) -> syn::Result<()> {
    if slot.is_some() {
        return Err(syn::Error::new(word.span(), format!("`{word}` stands here twice")));
    }
    *slot = Some(parse()?);
    Ok(())
}

/// `= value`
pub(crate) fn value<T: Parse>(input: ParseStream<'_>, word: &Ident) -> syn::Result<T> {
    if !input.peek(Token![=]) {
        return Err(syn::Error::new(word.span(), format!("give it a value: `{word} = …`")));
    }
    input.parse::<Token![=]>()?;
    input.parse()
}

/// Nothing: the word says it all.
pub(crate) fn flag(input: ParseStream<'_>, word: &Ident) -> syn::Result<Ident> {
    if input.is_empty() || input.peek(Token![,]) {
        return Ok(word.clone());
    }
    Err(syn::Error::new(input.span(), format!("`{word}` stands alone: leave this out")))
}

/// Errors that are told together.
#[derive(Default)]
pub(crate) struct Errors(Option<syn::Error>);

impl Errors {
    pub(crate) fn push(&mut self, error: syn::Error) {
        match &mut self.0 {
            Some(first) => first.combine(error),
            None => self.0 = Some(error),
        }
    }

    /// With one more, after which nothing can be read.
    fn and<T>(self, last: syn::Error) -> syn::Result<T> {
        Err(match self.0 {
            Some(mut first) => {
                first.combine(last);
                first
            }
            None => last,
        })
    }

    pub(crate) fn end(self) -> syn::Result<()> {
        self.0.map_or(Ok(()), Err)
    }
}
