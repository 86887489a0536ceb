//! Where the library is found: `::jobqueue`, or the path that `crate = …` names.
//!
//! All that the macros write says `::jobqueue::__private`, so one pass over it is enough.

use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::{
    Path, Token,
    parse::{Parse, ParseStream},
};

/// The path after `crate =`, if it stands among the arguments, and the arguments without it.
pub(crate) fn split(arguments: TokenStream) -> syn::Result<(Option<Path>, TokenStream)> {
    let Split { path, rest } = syn::parse2(arguments)?;
    Ok((path, rest))
}

struct Split {
    path: Option<Path>,
    rest: TokenStream,
}

impl Parse for Split {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let (mut path, mut rest) = (None, TokenStream::new());
        let mut begins = true;
        while !input.is_empty() {
            if begins && input.peek(Token![crate]) && input.peek2(Token![=]) {
                let word: Token![crate] = input.parse()?;
                input.parse::<Token![=]>()?;
                let form =
                    "write the path under which the library is found: `crate = other::jobqueue`";
                let found = input.parse().map_err(|error| syn::Error::new(error.span(), form))?;
                if path.replace(found).is_some() {
                    return Err(syn::Error::new(word.span, "`crate` stands here twice"));
                }
                input.parse::<Option<Token![,]>>()?;
                continue;
            }
            let token: TokenTree = input.parse()?;
            begins = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == ',');
            token.to_tokens(&mut rest);
        }
        Ok(Self { path, rest })
    }
}

/// What was written, with the library at this path.
pub(crate) fn at(path: Option<&Path>, written: TokenStream) -> TokenStream {
    match path {
        None => written,
        Some(path) => replace(&path.to_token_stream(), written),
    }
}

fn replace(path: &TokenStream, written: TokenStream) -> TokenStream {
    let tokens: Vec<TokenTree> = written.into_iter().collect();
    let (mut replaced, mut at) = (TokenStream::new(), 0);
    while let Some(token) = tokens.get(at) {
        if is_ours(tokens.get(at..at + 6).unwrap_or_default()) {
            replaced.extend(path.clone());
            at += 3;
            continue;
        }
        match token {
            TokenTree::Group(group) => {
                let mut inner = Group::new(group.delimiter(), replace(path, group.stream()));
                inner.set_span(group.span());
                replaced.extend([TokenTree::Group(inner)]);
            }
            other => replaced.extend([other.clone()]),
        }
        at += 1;
    }
    replaced
}

/// `::jobqueue::__private`
fn is_ours(tokens: &[TokenTree]) -> bool {
    let colon = |token: &TokenTree| matches!(token, TokenTree::Punct(it) if it.as_char() == ':');
    let word = |token: &TokenTree, text: &str| matches!(token, TokenTree::Ident(it) if *it == Ident::new(text, it.span()));
    match tokens {
        [a, b, name, c, d, private] => {
            [a, b, c, d].into_iter().all(colon)
                && word(name, "jobqueue")
                && word(private, "__private")
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    #[test]
    fn the_path_is_taken_out_wherever_it_stands() {
        for arguments in [
            quote!(crate = a::b, queue = "q", attempts = 3),
            quote!(queue = "q", crate = a::b, attempts = 3),
        ] {
            let (path, rest) = split(arguments).expect("fine");
            assert_eq!(path.to_token_stream().to_string(), "a :: b");
            assert_eq!(rest.to_string(), quote!(queue = "q", attempts = 3).to_string());
        }
        let (path, rest) = split(quote!(queue = crate::QUEUE)).expect("fine");
        assert!(path.is_none() && !rest.is_empty(), "a value is no argument");
        assert!(
            split(quote!(crate = "text")).is_err() && split(quote!(crate = a, crate = b)).is_err()
        );
    }

    #[test]
    fn only_what_the_macros_write_is_replaced() {
        let path: Path = syn::parse_quote!(a::b);
        let written = quote!({ ::jobqueue::__private::Job + jobqueue::Job + ::jobqueue::Job });
        let expected = quote!({ a::b::__private::Job + jobqueue::Job + ::jobqueue::Job });
        assert_eq!(at(Some(&path), written).to_string(), expected.to_string());
    }
}
