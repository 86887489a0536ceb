//! Validate: every rule, and every message. Each points at the user's own token and says what to write.

use syn::{FnArg, Ident, ItemFn, LitInt, LitStr, ReturnType, Safety, Type, spanned::Spanned};

use super::attr::{Call, Signed, Value};

fn error<T>(at: &impl Spanned, message: impl std::fmt::Display) -> syn::Result<T> {
    Err(syn::Error::new(at.span(), message))
}

/// The function is one that a handler can be made of.
pub(crate) fn function(function: &ItemFn, blocking: bool, attribute: &str) -> syn::Result<()> {
    let signature = &function.sig;
    if let Some(keyword) = &signature.asyncness
        && blocking
    {
        return error(
            keyword,
            "a `blocking` handler is a plain `fn`: leave `async` out, or `blocking`",
        );
    }
    if signature.asyncness.is_none() && !blocking {
        let message = format!(
            "a handler is an `async fn`: add `async`, or `blocking` to `#[{attribute}(…)]`"
        );
        return error(&signature.fn_token, message);
    }
    if let Some(keyword) = &signature.constness {
        return error(keyword, "a handler can't be `const`");
    }
    if let Safety::Unsafe(keyword) = &signature.safety {
        return error(keyword, "a handler can't be `unsafe`");
    }
    if let Some(abi) = &signature.abi {
        return error(abi, "a handler can't be `extern`");
    }
    if !signature.generics.params.is_empty() {
        let message = "a handler can't be generic: its jobs come from redis, and name no types";
        return error(&signature.generics, message);
    }
    if signature.inputs.is_empty() {
        let message = "a handler's first argument is its payload; write `_: ()` for none";
        return error(&signature.ident, message);
    }
    signature.inputs.iter().try_for_each(argument)?;
    match &signature.output {
        ReturnType::Type(_, output) if matches!(**output, Type::ImplTrait(_)) => {
            error(output, "a handler's result travels through redis: name its type")
        }
        _ => Ok(()),
    }
}

fn argument(argument: &FnArg) -> syn::Result<()> {
    let typed = match argument {
        FnArg::Receiver(receiver) => {
            return error(
                receiver,
                "a handler is a function of its own, not a method: use `State<T>`",
            );
        }
        FnArg::Typed(typed) => typed,
    };
    match &*typed.ty {
        Type::Reference(_) => {
            error(&typed.ty, "a handler owns its arguments: take it by value, without `&`")
        }
        Type::ImplTrait(_) => error(&typed.ty, "a handler's arguments have types with names"),
        _ => Ok(()),
    }
}

/// A queue's name.
pub(super) fn queue(name: &LitStr) -> syn::Result<String> {
    plain(name, "a queue's")
}

/// The name of something that keys are called by.
pub(crate) fn plain(name: &LitStr, whose: &str) -> syn::Result<String> {
    let text = name.value();
    if !is_queue(&text) {
        return error(
            name,
            format!("{whose} name has 1 to 128 ASCII letters, digits, `_`, `-`, `.` and `:`"),
        );
    }
    Ok(text)
}

fn is_queue(text: &str) -> bool {
    let fine = |b: u8| b.is_ascii_alphanumeric() || b"_-.:".contains(&b);
    (1..=128).contains(&text.len()) && text.bytes().all(fine)
}

/// A topic and a pattern of routing keys.
pub(super) fn subscription(subscription: &LitStr) -> syn::Result<(String, String)> {
    let text = subscription.value();
    let Some((topic, pattern)) = text.rsplit_once(':') else {
        let message =
            "a subscription is a topic and a pattern: `subscribe = \"user-events:user.*\"`";
        return error(subscription, message);
    };
    if !is_queue(topic) {
        let message = "a topic's name has 1 to 128 ASCII letters, digits, `_`, `-`, `.` and `:`";
        return error(subscription, message);
    }
    let odd = |c: char| c.is_whitespace() || c.is_control();
    let wild = |word: &str| word.len() > 1 && word.contains(['*', '#']);
    let bad = |word: &str| word.is_empty() || wild(word);
    if pattern.len() > 128 || pattern.chars().any(odd) || pattern.split('.').any(bad) {
        return error(
            subscription,
            "a pattern has 1 to 128 bytes: words with dots between, of which `*` alone stands for one word \
             and `#` alone for any number",
        );
    }
    Ok((topic.to_owned(), pattern.to_owned()))
}

/// A job's name.
pub(super) fn name(name: &LitStr) -> syn::Result<String> {
    let text = name.value();
    let odd = text.chars().any(char::is_control) || text.trim() != text;
    if text.is_empty() || text.len() > 128 || odd {
        return error(
            name,
            "a job's name has 1 to 128 bytes, no control characters, no outer blanks",
        );
    }
    Ok(text)
}

/// A whole number within bounds.
pub(super) fn number(literal: &LitInt, what: &str, least: u64, most: u64) -> syn::Result<u64> {
    match literal.base10_parse::<u64>() {
        Ok(value) if (least..=most).contains(&value) => Ok(value),
        _ => error(literal, format!("{what} is {least} to {most}")),
    }
}

/// A priority.
pub(super) fn priority(signed: &Signed) -> syn::Result<i16> {
    let value = signed.number.base10_parse::<i16>().ok();
    let value = value.map(|value| if signed.minus.is_some() { -value } else { value });
    match value {
        Some(value) if (-1024..=1023).contains(&value) => Ok(value),
        _ => error(&signed.number, "a priority is -1024 (first) to 1023 (last)"),
    }
}

/// A text where one must stand.
pub(super) fn text<'a>(
    value: Option<&'a Value>,
    at: &Ident,
    form: &str,
) -> syn::Result<&'a LitStr> {
    match value {
        Some(Value::Text(text)) => Ok(text),
        _ => error(at, format!("write {form}")),
    }
}

/// Only these names stand in a call.
pub(super) fn only(call: &Call, names: &[&str], form: &str) -> syn::Result<()> {
    match call.named.iter().find(|(name, _)| !names.contains(&name.to_string().as_str())) {
        Some((name, _)) => error(name, format!("unknown `{name}`: write {form}")),
        None => Ok(()),
    }
}

/// A word that nothing is known of.
pub(super) fn unknown<T>(call: &Call, forms: &str) -> syn::Result<T> {
    error(&call.word, format!("unknown `{}`: write {forms}", call.word))
}

/// A share of 0.0 to 1.0.
pub(super) fn share(value: &Value, at: &Ident) -> syn::Result<f64> {
    let parsed = match value {
        Value::Float(literal) => literal.base10_parse::<f64>().ok(),
        Value::Int(literal) => literal.base10_parse::<f64>().ok(),
        _ => None,
    };
    match parsed {
        Some(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => error(at, "jitter is a share of 0.0 to 1.0, such as `jitter = 0.2`"),
    }
}

/// No argument stands beside `at_most_once` that could do nothing there.
pub(super) fn useless(word: &Ident, arguments: &[(&str, bool)]) -> syn::Result<()> {
    match arguments.iter().find(|(_, given)| *given) {
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
