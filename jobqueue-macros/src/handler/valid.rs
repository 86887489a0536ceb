//! Validate: rules that concern several arguments, and messages about words that nothing is known
//! of.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Expr, Ident, ext::IdentExt as _, spanned::Spanned};

use super::{attr::Arguments, form::Call};
use crate::{arguments::Errors, suggest::closest, value};

pub(crate) fn error<T>(at: &impl Spanned, message: impl std::fmt::Display) -> syn::Result<T> {
    Err(syn::Error::new(at.span(), message))
}

/// A job's name.
pub(super) fn name(name: &Expr) -> syn::Result<TokenStream> {
    value::text(name, "job_name", |text| {
        let odd = text.chars().any(char::is_control) || text.trim() != text;
        if text.is_empty() || text.len() > 128 || odd {
            return Err(
                "a job's name has 1 to 128 bytes, no control characters, no leading or trailing spaces".to_owned(),
            );
        }
        Ok(quote!(#text))
    })
}

/// The function's name as a job's.
pub(super) fn own_name(function: &Ident) -> syn::Result<TokenStream> {
    let name = function.unraw().to_string();
    if name.len() > 128 {
        let message = "the function's name is the job's, which has 1 to 128 bytes: say another, as in `name = \"ship\"`";
        return error(function, message);
    }
    Ok(quote!(#name))
}

/// A topic and a pattern of routing keys: a pair.
pub(super) fn subscription(subscription: &Expr) -> syn::Result<TokenStream> {
    value::text(subscription, "subscription", |text| {
        let Some((topic, pattern)) = text.rsplit_once(':') else {
            return Err(
                "a subscription is a topic and a pattern: `subscribe = \"user-events:user.*\"`"
                    .to_owned(),
            );
        };
        if !value::is_plain(topic) {
            return Err("a topic's name has 1 to 128 ASCII letters, digits, `_`, `-`, `.` and `:`"
                .to_owned());
        }
        let odd = |c: char| c.is_whitespace() || c.is_control();
        let wild = |word: &str| word.len() > 1 && word.contains(['*', '#']);
        let bad = |word: &str| word.is_empty() || wild(word);
        if pattern.len() > 128 || pattern.chars().any(odd) || pattern.split('.').any(bad) {
            return Err(
                "a pattern has 1 to 128 bytes: words with dots between, of which `*` alone stands for one word \
                 and `#` alone for any number"
                    .to_owned(),
            );
        }
        Ok(quote!((#topic, #pattern)))
    })
}

/// The value that a call begins with.
pub(super) fn first<'a>(call: &'a Call, form: &str) -> syn::Result<&'a Expr> {
    call.first.as_ref().ok_or_else(|| syn::Error::new(call.word.span(), format!("write {form}")))
}

/// Only these names stand in a call.
pub(super) fn only(call: &Call, names: &[&str], form: &str) -> syn::Result<()> {
    match call.named.iter().find(|(name, _)| !names.contains(&name.to_string().as_str())) {
        Some((name, _)) => error(name, format!("unknown `{name}`: write {form}")),
        None => Ok(()),
    }
}

/// A word that nothing is known of, or a known one in another shape.
pub(super) fn unknown<T>(call: &Call, words: &[&str], forms: &str) -> syn::Result<T> {
    let word = call.word.to_string();
    if words.contains(&word.as_str()) {
        return error(&call.word, format!("write {forms}"));
    }
    let unknown = match closest(&word, words) {
        Some(close) => format!("unknown `{word}`; did you mean `{close}`? Write"),
        None => format!("unknown `{word}`: write"),
    };
    error(&call.word, format!("{unknown} {forms}, or the path of a constant"))
}

/// No argument stands beside `at_most_once` that could do nothing there.
pub(super) fn at_most_once(arguments: &Arguments) -> syn::Result<()> {
    let Some(word) = &arguments.at_most_once else { return Ok(()) };
    let useless = [
        ("attempts", arguments.attempts.is_some()),
        ("retry_for", arguments.retry_for.is_some()),
        ("snoozes", arguments.snoozes.is_some()),
        ("backoff", arguments.backoff.is_some()),
        ("retain", arguments.retain.is_some()),
        ("retain_failed", arguments.retain_failed.is_some()),
        ("dead_letter", arguments.dead_letter.is_some()),
        ("retry", arguments.retry.is_some()),
        ("breaker", arguments.breaker.is_some()),
        ("steps", arguments.steps.is_some()),
    ];
    match useless.iter().find(|(_, given)| *given) {
        Some((name, _)) => error(
            word,
            format!(
                "an `at_most_once` job is settled before it runs, so nothing is tried again or kept of it: leave \
                 `{name}` out, or `at_most_once`"
            ),
        ),
        None => Ok(()),
    }
}

/// Steps are awaited.
pub(super) fn steps(arguments: &Arguments) -> syn::Result<()> {
    match (&arguments.steps, &arguments.blocking) {
        (Some(word), Some(_)) => error(
            word,
            "a `blocking` handler can't await steps: leave `steps` out, or make it an `async fn`",
        ),
        _ => Ok(()),
    }
}

/// A declaration says nothing about a body.
pub(super) fn declaration(arguments: &Arguments) -> syn::Result<()> {
    let mut errors = Errors::default();
    let mut misplaced = |word: &str, at: proc_macro2::Span| {
        let message =
            format!("`{word}` goes where the handler is implemented: this function has no body");
        errors.push(syn::Error::new(at, message));
    };
    if let Some(path) = &arguments.implements {
        misplaced("implements", path.span());
    }
    if let Some(classify) = &arguments.classify {
        misplaced("classify", classify.span());
    }
    if let Some(word) = &arguments.blocking {
        misplaced("blocking", word.span());
    }
    if let Some(idempotent) = &arguments.idempotent {
        misplaced("idempotent", idempotent.word.span());
    }
    if let Some(batch) = &arguments.batch {
        misplaced("batch", batch.word.span());
    }
    errors.end()
}

/// An implementation says nothing that producers read.
pub(super) fn implementation(arguments: &Arguments) -> syn::Result<()> {
    let mut errors = Errors::default();
    let declared = [
        ("queue", &arguments.queue),
        ("name", &arguments.name),
        ("priority", &arguments.priority),
        ("ttl", &arguments.ttl),
        ("deadline", &arguments.deadline),
        ("codec", &arguments.codec),
    ];
    for (word, given) in declared {
        if let Some(given) = given {
            let message =
                format!("`{word}` is the declaration's, since producers read it: say it there");
            errors.push(syn::Error::new(given.span(), message));
        }
    }
    let unique = arguments.unique.as_ref().map(|unique| ("unique", unique.word.span()));
    let tags = arguments.tags.as_ref().map(|tags| ("tags", tags.word.span()));
    let group = arguments.group.as_ref().map(|group| ("group", group.span()));
    let keys = arguments.keys.first().map(|key| ("concurrency_key", key.word.span()));
    for (word, at) in unique.into_iter().chain(tags).chain(group).chain(keys) {
        let message =
            format!("`{word}` is the declaration's, since producers read it: say it there");
        errors.push(syn::Error::new(at, message));
    }
    errors.end()
}

/// Whether a name is one of the words that a value may be, for `standard`.
pub(super) fn is_word(value: &Expr, word: &str) -> bool {
    matches!(value, Expr::Path(path) if path.path.get_ident().is_some_and(|it: &Ident| it == word))
}
