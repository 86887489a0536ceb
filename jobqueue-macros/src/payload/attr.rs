//! Parse: what stands in `#[payload(…)]`, as it stands there.

use syn::{
    Attribute, Ident, LitInt, Path, Token, Type, parenthesized,
    parse::{Parse, ParseStream, Parser as _},
    spanned::Spanned,
};

use crate::reexport;

/// The arguments of `#[payload(…)]`.
#[derive(Default)]
pub(super) struct Arguments {
    pub(super) version: Option<LitInt>,
    pub(super) upgrade_from: Option<Type>,
    /// Where the library is found.
    pub(super) path: Option<Path>,
}

const KNOWN: &str = "`version = 2` and `upgrade_from(TypeOfTheVersionBefore)`";

impl Arguments {
    /// Those of the one attribute, if there is any.
    pub(super) fn find(attributes: &[Attribute]) -> syn::Result<Self> {
        let mut own = attributes.iter().filter(|attribute| attribute.path().is_ident("payload"));
        let Some(first) = own.next() else { return Ok(Self::default()) };
        if let Some(second) = own.next() {
            let message = "a second `#[payload(…)]`: write one";
            return Err(syn::Error::new(second.span(), message));
        }
        let (path, rest) =
            first.parse_args_with(|input: ParseStream<'_>| reexport::split(input.parse()?))?;
        if path.is_some() && rest.is_empty() {
            return Ok(Self { path, ..Self::default() });
        }
        let parse = |input: ParseStream<'_>| input.parse::<Self>();
        let parsed = if path.is_none() { first.parse_args() } else { parse.parse2(rest) };
        Ok(Self { path, ..parsed? })
    }
}

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut arguments = Self::default();
        if input.is_empty() {
            return Err(input.error(format!("write {KNOWN}")));
        }
        while !input.is_empty() {
            let word: Ident = input.parse()?;
            match word.to_string().as_str() {
                "version" => once(&mut arguments.version, &word, || {
                    input.parse::<Token![=]>()?;
                    input.parse()
                })?,
                "upgrade_from" => {
                    once(&mut arguments.upgrade_from, &word, || one_type(&word, input))?;
                }
                other => {
                    let message = format!("unknown `{other}`: write {KNOWN}");
                    return Err(syn::Error::new(word.span(), message));
                }
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(arguments)
    }
}

fn once<T>(
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

/// `(OrderV1)`
fn one_type(word: &Ident, input: ParseStream<'_>) -> syn::Result<Type> {
    let message = "write the type of the version before in brackets: `upgrade_from(OrderV1)`";
    if !input.peek(syn::token::Paren) {
        return Err(syn::Error::new(word.span(), message));
    }
    let inside;
    parenthesized!(inside in input);
    let first = inside.parse().map_err(|_| syn::Error::new(word.span(), message))?;
    inside.parse::<Option<Token![,]>>()?;
    if !inside.is_empty() {
        let message = "one type, that of the version before: it names the one before itself";
        return Err(inside.error(message));
    }
    Ok(first)
}
