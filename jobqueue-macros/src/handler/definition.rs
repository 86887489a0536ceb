//! The handler's `Definition`, from the arguments of `#[job(…)]`: each group of them adds its
//! calls.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{Expr, Type, spanned::Spanned as _};

use super::{attr::Arguments, policies, schedule::schedule, valid};
use crate::{
    item::Function,
    value::{self, Bounds},
};

const ATTEMPTS: Bounds =
    Bounds { what: "attempts", least: 1, most: 65_535, check: Some("attempts"), ty: "u32" };
const SNOOZES: Bounds =
    Bounds { what: "snoozes", least: 0, most: 4_294_967_295, check: None, ty: "u32" };
const CONCURRENCY: Bounds = Bounds {
    what: "concurrency",
    least: 1,
    most: 100_000,
    check: Some("concurrency"),
    ty: "usize",
};

/// `Definition::new(…).attempts(…)…`; that of the declaration comes first if there is one, for
/// which the payload and the result are compared.
pub(super) fn definition(
    arguments: &Arguments,
    function: &Function,
    [payload, result]: [&Type; 2],
) -> syn::Result<TokenStream> {
    let queue = arguments.queue.as_ref();
    let mut tokens = match &arguments.implements {
        Some(declaration) => quote_spanned! {declaration.span()=>
            ::jobqueue::__private::declared(&#declaration).implemented::<#payload, #result>()
        },
        None => {
            let queue = queue.map(|queue| value::plain(queue, "a queue's")).transpose()?;
            let queue = queue.unwrap_or_else(|| quote!("default"));
            let name = match &arguments.name {
                Some(name) => valid::name(name)?,
                None => valid::own_name(&function.sig.ident)?,
            };
            quote!(::jobqueue::__private::Definition::new(#queue, #name))
        }
    };
    tokens.extend(adding(arguments)?);
    tokens.extend(running(arguments)?);
    tokens.extend(limits(arguments)?);
    tokens.extend(ending(arguments)?);
    tokens.extend(schedule(arguments, payload)?);
    valid::at_most_once(arguments)?;
    valid::steps(arguments)?;
    if arguments.steps.is_some() {
        tokens.extend(quote!(.steps()));
    }
    if arguments.at_most_once.is_some() {
        tokens.extend(quote!(.at_most_once()));
    }
    Ok(match &arguments.implements {
        Some(declaration) => quote_spanned! {declaration.span()=>
            ::jobqueue::__private::checked::implemented(#tokens)
        },
        None => tokens,
    })
}

/// What the producer reads, and where jobs come from.
fn adding(arguments: &Arguments) -> syn::Result<TokenStream> {
    let mut tokens = TokenStream::new();
    if let Some(priority) = &arguments.priority {
        let priority = value::priority(priority)?;
        tokens.extend(quote!(.priority(#priority)));
    }
    if let Some(ttl) = &arguments.ttl {
        let ttl = value::time(ttl)?;
        tokens.extend(quote!(.ttl(#ttl)));
    }
    if let Some(deadline) = &arguments.deadline {
        let deadline = value::time(deadline)?;
        tokens.extend(quote!(.deadline(#deadline)));
    }
    if let Some(tags) = &arguments.tags {
        tokens.extend(tags.expand()?);
    }
    if let Some(name) = &arguments.codec {
        tokens.extend(codec(name)?);
    }
    if let Some(subscribe) = &arguments.subscribe {
        let pair = valid::subscription(subscribe)?;
        tokens.extend(quote!(.subscribe(#pair.0, #pair.1)));
    }
    Ok(tokens)
}

/// `.codec(…)`
pub(crate) fn codec(name: &Expr) -> syn::Result<TokenStream> {
    let codec = match value::literal_text(name).as_deref() {
        Some("msgpack") => quote!(::jobqueue::__private::Codec::MessagePack),
        Some("json") => quote!(::jobqueue::__private::Codec::Json),
        None if !matches!(name, Expr::Lit(_)) => quote!(#name),
        _ => return valid::error(name, "a codec is \"msgpack\" or \"json\""),
    };
    Ok(quote!(.codec(#codec)))
}

/// How a run goes.
fn running(arguments: &Arguments) -> syn::Result<TokenStream> {
    let mut tokens = TokenStream::new();
    if let Some(attempts) = &arguments.attempts {
        let attempts = value::number(attempts, &ATTEMPTS)?;
        tokens.extend(quote!(.attempts(#attempts)));
    }
    if let Some(time) = &arguments.retry_for {
        let time = value::time(time)?;
        // The time is the limit, then, unless attempts are one too.
        let most = arguments.attempts.is_none().then(|| quote!(.attempts(65_535)));
        tokens.extend(quote!(.retry_for(#time) #most));
    }
    if let Some(most) = &arguments.snoozes {
        let most = value::number(most, &SNOOZES)?;
        tokens.extend(quote!(.snoozes(#most)));
    }
    if let Some(backoff) = &arguments.backoff {
        let backoff = policies::backoff(backoff)?;
        tokens.extend(quote!(.backoff(#backoff)));
    }
    if let Some(policy) = &arguments.retry {
        let policy = if valid::is_word(policy, "standard") {
            quote!(&::jobqueue::__private::RetryPolicy::STANDARD)
        } else if let Expr::Lit(_) = policy {
            let form = "write `standard`, or the path of a constant `RetryPolicy`; how often is `attempts`";
            return valid::error(policy, form);
        } else {
            value::checked(policy, "retry", &quote!(&#policy))
        };
        tokens.extend(quote!(.retry(#policy)));
    }
    if let Some(timeout) = &arguments.timeout {
        let timeout = value::time(timeout)?;
        tokens.extend(quote!(.timeout(#timeout)));
    }
    if let Some(grace) = &arguments.cancel_grace {
        let grace = value::time(grace)?;
        tokens.extend(quote!(.cancel_grace(#grace)));
    }
    Ok(tokens)
}

/// What one process allows itself.
fn limits(arguments: &Arguments) -> syn::Result<TokenStream> {
    let mut tokens = TokenStream::new();
    if let Some(concurrency) = &arguments.concurrency {
        let concurrency = value::number(concurrency, &CONCURRENCY)?;
        tokens.extend(quote!(.concurrency(#concurrency)));
    }
    if let Some(rate) = &arguments.rate {
        let rate = policies::rate(rate)?;
        tokens.extend(quote!(.rate(#rate)));
    }
    if let Some(breaker) = &arguments.breaker {
        let breaker = policies::breaker(breaker)?;
        tokens.extend(quote!(.breaker(#breaker)));
    }
    Ok(tokens)
}

/// What becomes of a job when it has ended.
fn ending(arguments: &Arguments) -> syn::Result<TokenStream> {
    let mut tokens = TokenStream::new();
    if let Some(to) = &arguments.dead_letter {
        let to = dead_letter(to, arguments)?;
        tokens.extend(quote!(.dead_letter(#to)));
    }
    if let Some(retain) = &arguments.retain {
        let retain = policies::retain(retain)?;
        tokens.extend(quote!(.retain(#retain)));
    }
    if let Some(retain) = &arguments.retain_failed {
        let retain = policies::retain(retain)?;
        tokens.extend(quote!(.retain_failed(#retain)));
    }
    Ok(tokens)
}

/// Another queue than the jobs' own, as far as that is known here.
fn dead_letter(to: &Expr, arguments: &Arguments) -> syn::Result<TokenStream> {
    let tokens = value::plain(to, "a queue's")?;
    if arguments.implements.is_some() {
        return Ok(tokens);
    }
    let default: Expr = syn::parse_quote!("default");
    let queue = arguments.queue.as_ref().unwrap_or(&default);
    match (value::literal_text(to), value::literal_text(queue)) {
        (Some(to_text), Some(queue)) if to_text == queue => {
            valid::error(to, "jobs of a queue can't be dead letters in the same queue")
        }
        (Some(_), Some(_)) => Ok(tokens),
        _ => Ok(quote_spanned! {to.span()=>
            ::jobqueue::__private::checked::dead_letter(#to, #queue)
        }),
    }
}
