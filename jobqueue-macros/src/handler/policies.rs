//! Values of `backoff`, `retain`, `rate` and `breaker`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Expr, Ident};

use super::{
    form::{Call, Form},
    valid,
};
use crate::value::{self, Bounds};

const BACKOFF: &str = "`exponential(\"1s\", max = \"10m\", jitter = 0.2)`, `fixed(\"5s\")` or `custom(path::to::function)`";
const RETAIN: &str = "`none`, `all`, `count(1000)`, `age(\"7d\")` or `count(1000, age = \"7d\")`";
const BREAKER: &str = "`after(5, pause = \"30s\", max = \"10m\")`";
const RATE: &str = "`limit(10, per = \"1s\", burst = 5)`";

/// The tokens of a constant, or those that `make` gives for a call, in the check of their kind:
/// what one number alone doesn't show is found when the program is compiled.
fn read(
    given: &Expr,
    check: &str,
    make: impl FnOnce(&Call) -> syn::Result<TokenStream>,
) -> syn::Result<TokenStream> {
    let tokens = match Form::read(given)? {
        Form::Call(call) => make(&call)?,
        Form::Constant(tokens) => tokens,
    };
    Ok(value::checked(given, check, &tokens))
}

pub(super) fn backoff(given: &Expr) -> syn::Result<TokenStream> {
    read(given, "backoff", |call| {
        let kind = call.word.to_string();
        let mut tokens = match kind.as_str() {
            "exponential" | "fixed" => {
                let names: &[&str] = if kind == "fixed" { &["jitter"] } else { &["max", "jitter"] };
                valid::only(call, names, BACKOFF)?;
                let (kind, wait) = (&call.word, value::wait(valid::first(call, BACKOFF)?)?);
                quote!(::jobqueue::__private::Backoff::#kind(#wait))
            }
            "custom" => {
                valid::only(call, &["jitter"], BACKOFF)?;
                let function = valid::first(call, BACKOFF)?;
                quote!(::jobqueue::__private::Backoff::custom(#function))
            }
            _ => return valid::unknown(call, &["exponential", "fixed", "custom"], BACKOFF),
        };
        for (name, given) in &call.named {
            let given = if name == "max" { value::wait(given)? } else { value::share(given)? };
            tokens.extend(quote!(.#name(#given)));
        }
        Ok(tokens)
    })
}

pub(super) fn retain(given: &Expr) -> syn::Result<TokenStream> {
    const COUNT: Bounds =
        Bounds { what: "count", least: 0, most: 1_000_000_000, check: None, ty: "u64" };
    read(given, "retain", |call| {
        let kind = call.word.to_string();
        valid::only(call, if kind == "count" { &["age"] } else { &[] }, RETAIN)?;
        let mut tokens = match (kind.as_str(), &call.first) {
            ("none", None) => quote!(::jobqueue::__private::Retain::none()),
            ("all", None) => quote!(::jobqueue::__private::Retain::all()),
            ("count", Some(count)) => {
                let count = value::number(count, &COUNT)?;
                quote!(::jobqueue::__private::Retain::count(#count))
            }
            ("age", Some(age)) => {
                let age = value::time(age)?;
                quote!(::jobqueue::__private::Retain::age(#age))
            }
            _ => return valid::unknown(call, &["none", "all", "count", "age"], RETAIN),
        };
        if let Some((_, age)) = call.named.first() {
            let age = value::time(age)?;
            tokens.extend(quote!(.and_age(#age)));
        }
        Ok(tokens)
    })
}

pub(super) fn breaker(given: &Expr) -> syn::Result<TokenStream> {
    read(given, "breaker", |call| {
        if call.word != "after" {
            return valid::unknown(call, &["after"], BREAKER);
        }
        valid::only(call, &["pause", "max"], BREAKER)?;
        let failures = count(valid::first(call, BREAKER)?, "a number of failures")?;
        let mut tokens = quote!(::jobqueue::__private::Breaker::after(#failures));
        for (name, wait) in &call.named {
            let wait = value::time(wait)?;
            tokens.extend(quote!(.#name(#wait)));
        }
        Ok(tokens)
    })
}

pub(super) fn rate(given: &Expr) -> syn::Result<TokenStream> {
    read(given, "rate", |call| {
        if call.word != "limit" {
            return valid::unknown(call, &["limit"], RATE);
        }
        valid::only(call, &["per", "burst"], RATE)?;
        let max = count(valid::first(call, RATE)?, "a rate")?;
        let named = |wanted: &str| call.named.iter().find(|(name, _): &&(Ident, _)| name == wanted);
        let Some((_, per)) = named("per") else {
            return valid::error(&call.word, format!("write {RATE}"));
        };
        let per = value::time(per)?;
        let mut tokens = quote!(::jobqueue::__private::Rate::new(#max, #per));
        if let Some((_, burst)) = named("burst") {
            let burst = count(burst, "a burst")?;
            tokens.extend(quote!(.burst(#burst)));
        }
        Ok(tokens)
    })
}

fn count(given: &Expr, what: &'static str) -> syn::Result<TokenStream> {
    let bounds = Bounds { what, least: 1, most: 1_000_000, check: Some("count"), ty: "u32" };
    value::number(given, &bounds)
}
