//! Parse: what stands in the brackets of `#[broadcast(…)]`, as it stands there.

use syn::{
    Ident, LitStr, Token,
    parse::{Parse, ParseStream},
};

use crate::handler::attr::{once, value};

/// The arguments of `#[broadcast(…)]`: a name, and then what need not be said.
pub(super) struct Arguments {
    pub(super) name: LitStr,
    pub(super) codec: Option<LitStr>,
    pub(super) timeout: Option<LitStr>,
    pub(super) blocking: Option<Ident>,
}

const FORM: &str = "write the broadcast's name first: `#[broadcast(\"cache-invalidation\")]`";

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if !input.peek(LitStr) {
            return Err(input.error(FORM));
        }
        let mut arguments =
            Self { name: input.parse()?, codec: None, timeout: None, blocking: None };
        while !input.is_empty() {
            input.parse::<Token![,]>()?;
            if input.is_empty() {
                break;
            }
            let word: Ident = input.parse()?;
            match word.to_string().as_str() {
                "codec" => once(&mut arguments.codec, &word, || value(input))?,
                "timeout" => once(&mut arguments.timeout, &word, || value(input))?,
                "blocking" => once(&mut arguments.blocking, &word, || Ok(word.clone()))?,
                other => {
                    let message = format!(
                        "unknown argument `{other}`: after the name there are codec, timeout, blocking"
                    );
                    return Err(syn::Error::new(word.span(), message));
                }
            }
        }
        Ok(arguments)
    }
}
