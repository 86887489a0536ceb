//! The handler's `Definition`, from the arguments of `#[job(…)]`: each group of them adds its calls.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{ItemFn, LitStr};

use super::{
    attr::{Arguments, Call, Value},
    valid,
};
use crate::duration::Millis;

const BACKOFF: &str = "`exponential(\"1s\", max = \"10m\", jitter = 0.2)`, `fixed(\"5s\")` or `custom(path::to::function)`";
const RETAIN: &str = "`none`, `all`, `count(1000)`, `age(\"7d\")` or `count(1000, age = \"7d\")`";
const BREAKER: &str = "`after(5, pause = \"30s\", max = \"10m\")`";
const RATE: &str = "`limit(10, per = \"1s\", burst = 5)`";

/// `Definition::new(…).attempts(…)…`
pub(super) fn definition(arguments: &Arguments, function: &ItemFn) -> syn::Result<TokenStream> {
    let queue = arguments.queue.as_ref().map(valid::queue).transpose()?;
    let queue = queue.unwrap_or_else(|| "default".to_owned());
    let name = match &arguments.name {
        Some(name) => valid::name(name)?,
        None => syn::ext::IdentExt::unraw(&function.sig.ident).to_string(),
    };
    let mut tokens = quote!(::jobqueue::__private::Definition::new(#queue, #name));
    tokens.extend(adding(arguments)?);
    tokens.extend(running(arguments)?);
    tokens.extend(limits(arguments)?);
    tokens.extend(ending(arguments, &queue)?);
    tokens.extend(delivery(arguments)?);
    Ok(tokens)
}

/// What the producer reads, and where jobs come from.
fn adding(arguments: &Arguments) -> syn::Result<TokenStream> {
    let mut tokens = TokenStream::new();
    if let Some(priority) = &arguments.priority {
        let priority = valid::priority(priority)?;
        tokens.extend(quote!(.priority(#priority)));
    }
    if let Some(ttl) = &arguments.ttl {
        let ttl = Millis::parse_positive(ttl)?.tokens();
        tokens.extend(quote!(.ttl(#ttl)));
    }
    if let Some(name) = &arguments.codec {
        tokens.extend(codec(name)?);
    }
    if let Some(subscribe) = &arguments.subscribe {
        let (topic, pattern) = valid::subscription(subscribe)?;
        tokens.extend(quote!(.subscribe(#topic, #pattern)));
    }
    Ok(tokens)
}

/// `.codec(…)`
pub(crate) fn codec(name: &LitStr) -> syn::Result<TokenStream> {
    let codec = match name.value().as_str() {
        "msgpack" => quote!(MessagePack),
        "json" => quote!(Json),
        _ => return Err(syn::Error::new(name.span(), "a codec is \"msgpack\" or \"json\"")),
    };
    Ok(quote!(.codec(::jobqueue::__private::Codec::#codec)))
}

/// How a run goes.
fn running(arguments: &Arguments) -> syn::Result<TokenStream> {
    let mut tokens = TokenStream::new();
    if let Some(attempts) = &arguments.attempts {
        let attempts = valid::number(attempts, "attempts", 1, 65_535)?;
        let attempts = u32::try_from(attempts).unwrap_or(u32::MAX);
        tokens.extend(quote!(.attempts(#attempts)));
    }
    if let Some(call) = &arguments.backoff {
        let backoff = backoff(call)?;
        tokens.extend(quote!(.backoff(#backoff)));
    }
    if let Some(policy) = &arguments.retry {
        let policy = match policy.get_ident() {
            Some(word) if word == "standard" => {
                quote!(::jobqueue::__private::RetryPolicy::STANDARD)
            }
            _ => quote!(#policy),
        };
        tokens.extend(quote!(.retry(&#policy)));
    }
    if let Some(timeout) = &arguments.timeout {
        let timeout = Millis::parse_positive(timeout)?.tokens();
        tokens.extend(quote!(.timeout(#timeout)));
    }
    Ok(tokens)
}

/// What one process allows itself.
fn limits(arguments: &Arguments) -> syn::Result<TokenStream> {
    let mut tokens = TokenStream::new();
    if let Some(concurrency) = &arguments.concurrency {
        let concurrency = valid::number(concurrency, "concurrency", 1, 100_000)?;
        let concurrency = usize::try_from(concurrency).unwrap_or(usize::MAX);
        tokens.extend(quote!(.concurrency(#concurrency)));
    }
    if let Some(call) = &arguments.rate {
        let rate = rate(call)?;
        tokens.extend(quote!(.rate(#rate)));
    }
    if let Some(call) = &arguments.breaker {
        let breaker = breaker(call)?;
        tokens.extend(quote!(.breaker(#breaker)));
    }
    Ok(tokens)
}

/// What becomes of a job when it has ended.
fn ending(arguments: &Arguments, queue: &str) -> syn::Result<TokenStream> {
    let mut tokens = TokenStream::new();
    if let Some(dead_letter) = &arguments.dead_letter {
        let to = valid::queue(dead_letter)?;
        if to == queue {
            let message = "jobs of a queue can't be dead letters in the same queue";
            return Err(syn::Error::new(dead_letter.span(), message));
        }
        tokens.extend(quote!(.dead_letter(#to)));
    }
    if let Some(call) = &arguments.retain {
        let retain = retain(call)?;
        tokens.extend(quote!(.retain(#retain)));
    }
    if let Some(call) = &arguments.retain_failed {
        let retain = retain(call)?;
        tokens.extend(quote!(.retain_failed(#retain)));
    }
    Ok(tokens)
}

/// When a job is settled.
fn delivery(arguments: &Arguments) -> syn::Result<TokenStream> {
    let Some(word) = &arguments.at_most_once else { return Ok(TokenStream::new()) };
    let useless = [
        ("attempts", arguments.attempts.is_some()),
        ("backoff", arguments.backoff.is_some()),
        ("retain", arguments.retain.is_some()),
        ("retain_failed", arguments.retain_failed.is_some()),
        ("dead_letter", arguments.dead_letter.is_some()),
        ("retry", arguments.retry.is_some()),
        ("breaker", arguments.breaker.is_some()),
    ];
    valid::useless(word, &useless)?;
    Ok(quote!(.at_most_once()))
}

fn backoff(call: &Call) -> syn::Result<TokenStream> {
    let duration = || Millis::parse(valid::text(call.first.as_ref(), &call.word, BACKOFF)?);
    let mut tokens = match call.word.to_string().as_str() {
        "exponential" => {
            valid::only(call, &["max", "jitter"], BACKOFF)?;
            let first = duration()?.tokens();
            quote!(::jobqueue::__private::Backoff::exponential(#first))
        }
        "fixed" => {
            valid::only(call, &["jitter"], BACKOFF)?;
            let delay = duration()?.tokens();
            quote!(::jobqueue::__private::Backoff::fixed(#delay))
        }
        "custom" => {
            valid::only(call, &["jitter"], BACKOFF)?;
            let Some(Value::Path(path)) = &call.first else {
                return Err(syn::Error::new(call.word.span(), format!("write {BACKOFF}")));
            };
            quote!(::jobqueue::__private::Backoff::custom(#path))
        }
        _ => return valid::unknown(call, BACKOFF),
    };
    for (name, value) in &call.named {
        if name == "max" {
            let max = Millis::parse(valid::text(Some(value), name, "`max = \"10m\"`")?)?.tokens();
            tokens.extend(quote!(.max(#max)));
        } else {
            let share = valid::share(value, name)?;
            tokens.extend(quote!(.jitter(#share)));
        }
    }
    Ok(tokens)
}

fn retain(call: &Call) -> syn::Result<TokenStream> {
    let kind = call.word.to_string();
    valid::only(call, if kind == "count" { &["age"] } else { &[] }, RETAIN)?;
    let mut tokens = match (kind.as_str(), &call.first) {
        ("none", None) => quote!(::jobqueue::__private::Retain::none()),
        ("all", None) => quote!(::jobqueue::__private::Retain::all()),
        ("count", Some(Value::Int(count))) => {
            let count = valid::number(count, "count", 0, 1_000_000_000)?;
            quote!(::jobqueue::__private::Retain::count(#count))
        }
        ("age", Some(Value::Text(age))) => {
            let age = Millis::parse_positive(age)?.tokens();
            quote!(::jobqueue::__private::Retain::age(#age))
        }
        _ => return valid::unknown(call, RETAIN),
    };
    if let Some((name, value)) = call.named.first() {
        let age =
            Millis::parse_positive(valid::text(Some(value), name, "`age = \"7d\"`")?)?.tokens();
        tokens.extend(quote!(.and_age(#age)));
    }
    Ok(tokens)
}

fn breaker(call: &Call) -> syn::Result<TokenStream> {
    valid::only(call, &["pause", "max"], BREAKER)?;
    let (true, Some(Value::Int(failures))) = (call.word == "after", &call.first) else {
        return valid::unknown(call, BREAKER);
    };
    let failures = valid::number(failures, "a number of failures", 1, 1_000_000)?;
    let failures = u32::try_from(failures).unwrap_or(u32::MAX);
    let mut tokens = quote!(::jobqueue::__private::Breaker::after(#failures));
    for (name, value) in &call.named {
        let wait = Millis::parse_positive(valid::text(Some(value), name, BREAKER)?)?.tokens();
        tokens.extend(quote!(.#name(#wait)));
    }
    Ok(tokens)
}

fn rate(call: &Call) -> syn::Result<TokenStream> {
    valid::only(call, &["per", "burst"], RATE)?;
    let (true, Some(Value::Int(max))) = (call.word == "limit", &call.first) else {
        return valid::unknown(call, RATE);
    };
    let max = u32::try_from(valid::number(max, "a rate", 1, 1_000_000)?).unwrap_or(u32::MAX);
    let named = |wanted: &str| call.named.iter().find(|(name, _)| name == wanted);
    let per = valid::text(named("per").map(|(_, value)| value), &call.word, RATE)?;
    let per = Millis::parse_positive(per)?.tokens();
    let mut tokens = quote!(::jobqueue::__private::Rate::new(#max, #per));
    if let Some((name, value)) = named("burst") {
        let Value::Int(burst) = value else {
            return Err(syn::Error::new(name.span(), format!("write {RATE}")));
        };
        let burst =
            u32::try_from(valid::number(burst, "a burst", 1, 1_000_000)?).unwrap_or(u32::MAX);
        tokens.extend(quote!(.burst(#burst)));
    }
    Ok(tokens)
}
