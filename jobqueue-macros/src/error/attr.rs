//! `#[job(…)]` on a variant or on the type.

use syn::{
    Attribute, Fields, Ident, Index, LitInt, LitStr, Member, Token,
    parse::{Parse, ParseStream},
    spanned::Spanned,
};

use crate::duration::Millis;

/// What becomes of a job.
#[derive(Clone)]
pub(super) enum Rule {
    Retry,
    Permanent,
    RetryAfter(Wait),
    RateLimited(Option<Wait>),
}

/// How long.
#[derive(Clone)]
pub(super) enum Wait {
    For(Millis),
    /// What a field says.
    Field(Member),
}

const KNOWN: &str =
    "`retry`, `permanent`, `retry_after = \"30s\"`, `retry_after = field` or `rate_limited`";

impl Rule {
    /// The one rule among attributes, if there is any.
    pub(super) fn find(attributes: &[Attribute]) -> syn::Result<Option<Self>> {
        let mut found = None;
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("job")) {
            if found.is_some() {
                return Err(syn::Error::new(attribute.span(), "a second `#[job(…)]`: write one"));
            }
            found = Some(attribute.parse_args::<Self>()?);
        }
        Ok(found)
    }

    /// The field that the rule needs is there.
    pub(super) fn check(&self, fields: &Fields) -> syn::Result<()> {
        let (Self::RetryAfter(Wait::Field(member)) | Self::RateLimited(Some(Wait::Field(member)))) =
            self
        else {
            return Ok(());
        };
        if fields.members().any(|known| known == *member) {
            return Ok(());
        }
        let shown = match member {
            Member::Named(name) => name.to_string(),
            Member::Unnamed(index) => index.index.to_string(),
        };
        let message =
            format!("no field `{shown}` here: name one of type Duration, or write \"30s\"");
        Err(syn::Error::new(member.span(), message))
    }
}

impl Parse for Rule {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.is_empty() {
            return Err(input.error(format!("write {KNOWN}")));
        }
        let word: Ident = input.parse()?;
        let rule = match word.to_string().as_str() {
            "retry" => Self::Retry,
            "permanent" => Self::Permanent,
            "retry_after" => Self::RetryAfter(wait(input)?),
            "rate_limited" if input.peek(Token![=]) => Self::RateLimited(Some(wait(input)?)),
            "rate_limited" => Self::RateLimited(None),
            other => {
                return Err(syn::Error::new(
                    word.span(),
                    format!("unknown `{other}`: write {KNOWN}"),
                ));
            }
        };
        if !input.is_empty() {
            return Err(input.error("one rule a variant: leave the rest out"));
        }
        Ok(rule)
    }
}

fn wait(input: ParseStream<'_>) -> syn::Result<Wait> {
    input.parse::<Token![=]>()?;
    if input.peek(LitStr) {
        Ok(Wait::For(Millis::parse(&input.parse()?)?))
    } else if input.peek(LitInt) {
        let index: LitInt = input.parse()?;
        let member = Index { index: index.base10_parse()?, span: index.span() };
        Ok(Wait::Field(Member::Unnamed(member)))
    } else {
        let field = input.parse::<Ident>();
        let form = "write a duration such as \"30s\", or the name of a field of type Duration";
        field
            .map(|name| Wait::Field(Member::Named(name)))
            .map_err(|error| syn::Error::new(error.span(), form))
    }
}
