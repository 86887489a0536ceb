//! `#[job(…)]` on a variant or on the type.

use syn::{
    Attribute, Fields, Ident, Index, LitInt, LitStr, Member, Path, Token,
    parse::{Parse, ParseStream},
    spanned::Spanned,
};

use crate::{duration::Millis, reexport};

/// What becomes of a job.
#[derive(Clone)]
pub(super) enum Rule {
    Retry,
    Permanent,
    RetryAfter(Wait),
    RateLimited(Option<Wait>),
    Snooze(Option<Wait>),
    /// What the handler's retry policy says of a class, with a Retry-After if one is known.
    Classified(Class, Option<Wait>),
    /// What the error in this field says. Nobody writes it: it is what holds where nothing is said.
    Source(Member),
}

/// Of which kind an error is.
#[derive(Clone)]
pub(super) enum Class {
    /// The name of a variant of `ErrorClass`.
    Named(Ident),
    /// By the HTTP status that a field holds.
    Status(Member),
}

/// How long.
#[derive(Clone)]
pub(super) enum Wait {
    For(Millis),
    /// What a field says.
    Field(Member),
}

const KNOWN: &str = "`retry`, `permanent`, `retry_after = \"30s\"`, `retry_after = field`, `rate_limited`, \
     `snooze = \"5m\"`, `class = \"transient\"` or `status = field`";

/// The classes, as they are written and as `ErrorClass` names them.
const CLASSES: [(&str, &str); 5] = [
    ("transient", "Transient"),
    ("rate_limited", "RateLimited"),
    ("validation", "Validation"),
    ("auth", "Auth"),
    ("server", "Server"),
];

impl Rule {
    /// The one rule among attributes, if there is any.
    pub(super) fn find(attributes: &[Attribute]) -> syn::Result<Option<Self>> {
        let mut found = None;
        let own = attributes.iter().filter(|attribute| attribute.path().is_ident("job"));
        for attribute in own.filter(|attribute| crate_path(attribute).is_none()) {
            if found.is_some() {
                return Err(syn::Error::new(attribute.span(), "a second `#[job(…)]`: write one"));
            }
            found = Some(attribute.parse_args::<Self>()?);
        }
        Ok(found)
    }

    /// The fields that the rule needs are there.
    pub(super) fn check(&self, fields: &Fields) -> syn::Result<()> {
        let wait = match self {
            Self::RetryAfter(wait) => Some(wait),
            Self::RateLimited(wait) | Self::Snooze(wait) | Self::Classified(_, wait) => {
                wait.as_ref()
            }
            Self::Retry | Self::Permanent | Self::Source(_) => None,
        };
        if let Some(Wait::Field(member)) = wait {
            exists(member, fields, "name one of type Duration, or write \"30s\"")?;
        }
        match self {
            Self::Classified(Class::Status(member), _) => {
                exists(member, fields, "name the one that holds the HTTP status, such as a u16")
            }
            _ => Ok(()),
        }
    }
}

/// The path in `#[job(crate = …)]`, which stands alone.
pub(super) fn crate_path(attribute: &Attribute) -> Option<Path> {
    if !attribute.path().is_ident("job") {
        return None;
    }
    let split = attribute.parse_args_with(|input: ParseStream<'_>| reexport::split(input.parse()?));
    split.ok().and_then(|(path, rest)| path.filter(|_| rest.is_empty()))
}

fn exists(member: &Member, fields: &Fields, advice: &str) -> syn::Result<()> {
    if fields.members().any(|known| known == *member) {
        return Ok(());
    }
    let shown = match member {
        Member::Named(name) => name.to_string(),
        Member::Unnamed(index) => index.index.to_string(),
    };
    Err(syn::Error::new(member.span(), format!("no field `{shown}` here: {advice}")))
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
            "snooze" if input.peek(Token![=]) => Self::Snooze(Some(wait(input)?)),
            "snooze" => Self::Snooze(None),
            "class" => Self::Classified(class(input)?, asked(input)?),
            "status" => Self::Classified(status(input)?, asked(input)?),
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
        return Ok(Wait::For(Millis::parse(&input.parse()?)?));
    }
    let form = "write a duration such as \"30s\", or the name of a field of type Duration";
    member(input, form).map(Wait::Field)
}

/// A field, by its name or its place.
fn member(input: ParseStream<'_>, form: &str) -> syn::Result<Member> {
    if input.peek(LitInt) {
        let index: LitInt = input.parse()?;
        let member = Index { index: index.base10_parse()?, span: index.span() };
        return Ok(Member::Unnamed(member));
    }
    let field = input.parse::<Ident>();
    field.map(Member::Named).map_err(|error| syn::Error::new(error.span(), form))
}

/// `= "transient"`
fn class(input: ParseStream<'_>) -> syn::Result<Class> {
    input.parse::<Token![=]>()?;
    let text: LitStr = input.parse()?;
    let known = CLASSES.iter().find(|(written, _)| *written == text.value());
    match known {
        Some((_, name)) => Ok(Class::Named(Ident::new(name, text.span()))),
        None => Err(syn::Error::new(
            text.span(),
            "a class is \"transient\", \"rate_limited\", \"validation\", \"auth\" or \"server\"",
        )),
    }
}

/// `= field`
fn status(input: ParseStream<'_>) -> syn::Result<Class> {
    input.parse::<Token![=]>()?;
    member(input, "write the name of the field that holds the HTTP status").map(Class::Status)
}

/// `, retry_after = field`, if it stands there.
fn asked(input: ParseStream<'_>) -> syn::Result<Option<Wait>> {
    if !input.peek(Token![,]) {
        return Ok(None);
    }
    input.parse::<Token![,]>()?;
    let word: Ident = input.parse()?;
    if word == "retry_after" {
        return wait(input).map(Some);
    }
    Err(syn::Error::new(word.span(), "beside a class stands at most `retry_after = field`"))
}
