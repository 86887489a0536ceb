//! Parse: what stands in the brackets of `#[job(…)]`, as it stands there.

use syn::{
    Expr, Ident, LitFloat, LitInt, LitStr, Path, Token, parenthesized,
    parse::{Parse, ParseStream},
};

/// The arguments of `#[job(…)]`.
#[derive(Default)]
pub(super) struct Arguments {
    pub(super) queue: Option<LitStr>,
    pub(super) name: Option<LitStr>,
    pub(super) codec: Option<LitStr>,
    pub(super) attempts: Option<LitInt>,
    pub(super) priority: Option<Signed>,
    pub(super) ttl: Option<LitStr>,
    pub(super) concurrency: Option<LitInt>,
    pub(super) timeout: Option<LitStr>,
    pub(super) retry: Option<Path>,
    pub(super) classify: Option<Expr>,
    pub(super) backoff: Option<Call>,
    pub(super) retain: Option<Call>,
    pub(super) retain_failed: Option<Call>,
    pub(super) rate: Option<Call>,
    pub(super) breaker: Option<Call>,
    pub(super) dead_letter: Option<LitStr>,
    pub(super) at_most_once: Option<Ident>,
    pub(super) subscribe: Option<LitStr>,
    pub(super) blocking: Option<Ident>,
    pub(super) idempotent: Option<Idempotent>,
}

/// `idempotent`, or `idempotent = "7d"`.
pub(super) struct Idempotent(pub(super) Option<LitStr>);

/// A number that may be below zero.
pub(super) struct Signed {
    pub(super) minus: Option<Token![-]>,
    pub(super) number: LitInt,
}

/// `exponential("1s", max = "10m")`, or a word alone.
pub(super) struct Call {
    pub(super) word: Ident,
    pub(super) first: Option<Value>,
    pub(super) named: Vec<(Ident, Value)>,
}

/// What stands in a call's brackets.
pub(super) enum Value {
    Text(LitStr),
    Int(LitInt),
    Float(LitFloat),
    Path(Path),
}

/// All arguments there are, for the message about one that there isn't.
const KNOWN: &str = "queue, name, attempts, backoff, retry, classify, timeout, priority, ttl, retain, \
     retain_failed, concurrency, rate, breaker, codec, dead_letter, idempotent, at_most_once, \
     subscribe, blocking";

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut arguments = Self::default();
        while !input.is_empty() {
            let word: Ident = input.parse()?;
            arguments.argument(&word, input)?;
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(arguments)
    }
}

impl Arguments {
    fn argument(&mut self, word: &Ident, input: ParseStream<'_>) -> syn::Result<()> {
        match word.to_string().as_str() {
            "queue" => once(&mut self.queue, word, || value(input)),
            "name" => once(&mut self.name, word, || value(input)),
            "codec" => once(&mut self.codec, word, || value(input)),
            "attempts" => once(&mut self.attempts, word, || value(input)),
            "priority" => once(&mut self.priority, word, || value(input)),
            "ttl" => once(&mut self.ttl, word, || value(input)),
            "concurrency" => once(&mut self.concurrency, word, || value(input)),
            "retry" => once(&mut self.retry, word, || value(input)),
            "classify" => once(&mut self.classify, word, || value(input)),
            "timeout" => once(&mut self.timeout, word, || value(input)),
            "backoff" => once(&mut self.backoff, word, || value(input)),
            "retain" => once(&mut self.retain, word, || value(input)),
            "retain_failed" => once(&mut self.retain_failed, word, || value(input)),
            "rate" => once(&mut self.rate, word, || value(input)),
            "breaker" => once(&mut self.breaker, word, || value(input)),
            "dead_letter" => once(&mut self.dead_letter, word, || value(input)),
            "at_most_once" => once(&mut self.at_most_once, word, || Ok(word.clone())),
            "idempotent" => once(&mut self.idempotent, word, || input.parse()),
            "subscribe" => once(&mut self.subscribe, word, || value(input)),
            "blocking" => once(&mut self.blocking, word, || Ok(word.clone())),
            other => Err(syn::Error::new(
                word.span(),
                format!("unknown argument `{other}`: there are {KNOWN}"),
            )),
        }
    }
}

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

pub(crate) fn value<T: Parse>(input: ParseStream<'_>) -> syn::Result<T> {
    input.parse::<Token![=]>()?;
    input.parse()
}

impl Parse for Idempotent {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.peek(Token![=]) { value(input).map(Some).map(Self) } else { Ok(Self(None)) }
    }
}

impl Parse for Signed {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        Ok(Self { minus: input.parse()?, number: input.parse()? })
    }
}

impl Parse for Call {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut call = Self { word: input.parse()?, first: None, named: Vec::new() };
        if !input.peek(syn::token::Paren) {
            return Ok(call);
        }
        let inner;
        parenthesized!(inner in input);
        while !inner.is_empty() {
            if inner.peek(Ident) && inner.peek2(Token![=]) {
                let name: Ident = inner.parse()?;
                if call.named.iter().any(|(other, _)| *other == name) {
                    return Err(syn::Error::new(
                        name.span(),
                        format!("`{name}` stands here twice"),
                    ));
                }
                call.named.push((name, value(&inner)?));
            } else if call.first.is_none() && call.named.is_empty() {
                call.first = Some(inner.parse()?);
            } else {
                return Err(inner.error("expected `name = value`"));
            }
            if !inner.is_empty() {
                inner.parse::<Token![,]>()?;
            }
        }
        Ok(call)
    }
}

impl Parse for Value {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.peek(LitStr) {
            input.parse().map(Self::Text)
        } else if input.peek(LitInt) {
            input.parse().map(Self::Int)
        } else if input.peek(LitFloat) {
            input.parse().map(Self::Float)
        } else {
            input.parse().map(Self::Path)
        }
    }
}
