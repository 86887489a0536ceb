//! Parse: what stands in the parentheses of `#[broadcast(…)]`, as it stands there.

use syn::{
    Expr, Ident, Token,
    parse::{Parse, ParseStream},
};

use crate::arguments::{flag, once, read, value};

/// The arguments of `#[broadcast(…)]`: a name, and then what need not be said.
pub(super) struct Arguments {
    pub(super) name: Expr,
    pub(super) codec: Option<Expr>,
    pub(super) timeout: Option<Expr>,
    pub(super) blocking: Option<Ident>,
}

const KNOWN: [&str; 3] = ["codec", "timeout", "blocking"];
const FORM: &str = "write the broadcast's name first: `#[broadcast(\"cache-invalidation\")]`";

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.is_empty() || input.peek(Ident) && input.peek2(Token![=]) {
            return Err(input.error(FORM));
        }
        let mut arguments =
            Self { name: input.parse()?, codec: None, timeout: None, blocking: None };
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
        read(input, &KNOWN, |word, input| match word.to_string().as_str() {
            "codec" => once(&mut arguments.codec, word, || value(input, word)),
            "timeout" => once(&mut arguments.timeout, word, || value(input, word)),
            _ => once(&mut arguments.blocking, word, || flag(input, word)),
        })?;
        Ok(arguments)
    }
}
