//! Validate: values of arguments. A literal is checked here, a constant when the program is
//! compiled.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{Expr, Ident, Lit, LitInt, UnOp, spanned::Spanned as _};

use crate::duration::{FORM, Millis};

/// What stands where a value is expected.
enum Value<'a> {
    Literal(&'a Lit),
    /// `-5`
    Negative(&'a LitInt),
    /// The path of a constant, or an expression of such.
    Constant,
}

fn read(value: &Expr) -> Value<'_> {
    match value {
        Expr::Lit(literal) => Value::Literal(&literal.lit),
        Expr::Paren(inner) => read(&inner.expr),
        Expr::Group(inner) => read(&inner.expr),
        Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) => match read(&unary.expr) {
            Value::Literal(Lit::Int(number)) => Value::Negative(number),
            _ => Value::Constant,
        },
        _ => Value::Constant,
    }
}

fn error<T>(at: &Expr, message: impl std::fmt::Display) -> syn::Result<T> {
    Err(syn::Error::new(at.span(), message))
}

/// A constant in the check of its kind, a function of `jobqueue::__private::checked`.
fn constant(value: &Expr, check: &str) -> TokenStream {
    checked(value, check, &quote!(#value))
}

/// What stands for `value`, in a function of `jobqueue::__private::checked`.
pub(crate) fn checked(value: &Expr, check: &str, tokens: &TokenStream) -> TokenStream {
    let check = Ident::new(check, value.span());
    quote_spanned!(value.span()=> ::jobqueue::__private::checked::#check(#tokens))
}

/// The text of a literal, if it is one.
pub(crate) fn literal_text(value: &Expr) -> Option<String> {
    match read(value) {
        Value::Literal(Lit::Str(text)) => Some(text.value()),
        _ => None,
    }
}

/// A text by a rule of the caller's, which gives the tokens.
pub(crate) fn text(
    value: &Expr,
    check: &str,
    rule: impl FnOnce(&str) -> Result<TokenStream, String>,
) -> syn::Result<TokenStream> {
    match read(value) {
        Value::Literal(Lit::Str(text)) => {
            rule(&text.value()).or_else(|message| error(value, message))
        }
        Value::Constant => Ok(constant(value, check)),
        _ => error(value, "write a text such as \"orders\", or a constant of type `&'static str`"),
    }
}

/// The name of a queue, a topic or a broadcast.
pub(crate) fn plain(value: &Expr, whose: &str) -> syn::Result<TokenStream> {
    text(value, "plain", |text| {
        let message =
            format!("{whose} name has 1 to 128 ASCII letters, digits, `_`, `-`, `.` and `:`");
        is_plain(text).then(|| quote!(#text)).ok_or(message)
    })
}

pub(crate) fn is_plain(text: &str) -> bool {
    let fine = |b: u8| b.is_ascii_alphanumeric() || b"_-.:".contains(&b);
    (1..=128).contains(&text.len()) && text.bytes().all(fine)
}

/// The bounds of a whole number, and the name of its check.
pub(crate) struct Bounds {
    pub(crate) what: &'static str,
    pub(crate) least: u64,
    pub(crate) most: u64,
    pub(crate) check: Option<&'static str>,
    /// The suffix of the type.
    pub(crate) ty: &'static str,
}

/// A whole number.
pub(crate) fn number(value: &Expr, bounds: &Bounds) -> syn::Result<TokenStream> {
    let Bounds { what, least, most, check, ty } = bounds;
    match (read(value), check) {
        (Value::Literal(Lit::Int(literal)), _)
            if literal
                .base10_parse::<u64>()
                .is_ok_and(|value| (*least..=*most).contains(&value)) =>
        {
            let number = LitInt::new(&format!("{}{ty}", literal.base10_digits()), literal.span());
            Ok(quote!(#number))
        }
        (Value::Literal(Lit::Int(_)) | Value::Negative(_), _) => {
            error(value, format!("{what} is {least} to {most}"))
        }
        (Value::Constant, Some(check)) => Ok(constant(value, check)),
        (Value::Constant, None) => Ok(quote!(#value)),
        (Value::Literal(_), _) => {
            error(value, format!("{what} is {least} to {most}, or a constant of type `{ty}`"))
        }
    }
}

/// A priority.
pub(crate) fn priority(value: &Expr) -> syn::Result<TokenStream> {
    let number = match read(value) {
        Value::Literal(Lit::Int(literal)) => literal.base10_parse::<i16>().ok(),
        Value::Negative(literal) => literal.base10_parse::<i16>().ok().map(|value| -value),
        Value::Literal(_) => None,
        Value::Constant => return Ok(constant(value, "priority")),
    };
    match number {
        Some(number) if (-1024..=1023).contains(&number) => Ok(quote!(#number)),
        _ => error(value, "a priority is -1024 (first) to 1023 (last)"),
    }
}

/// A share of 0.0 to 1.0.
pub(crate) fn share(value: &Expr) -> syn::Result<TokenStream> {
    let share = match read(value) {
        Value::Literal(Lit::Float(literal)) => literal.base10_parse::<f64>().ok(),
        Value::Literal(Lit::Int(literal)) => literal.base10_parse::<f64>().ok(),
        Value::Literal(_) | Value::Negative(_) => None,
        Value::Constant => return Ok(constant(value, "share")),
    };
    match share {
        Some(share) if (0.0..=1.0).contains(&share) => Ok(quote!(#share)),
        _ => error(value, "jitter is a share of 0.0 to 1.0, such as `jitter = 0.2`"),
    }
}

/// A time that is longer than zero.
pub(crate) fn time(value: &Expr) -> syn::Result<TokenStream> {
    duration(value, "time", Millis::parse_positive)
}

/// A wait, which may be none.
pub(crate) fn wait(value: &Expr) -> syn::Result<TokenStream> {
    duration(value, "wait", Millis::parse)
}

fn duration(
    value: &Expr,
    check: &str,
    parse: impl FnOnce(&syn::LitStr) -> syn::Result<Millis>,
) -> syn::Result<TokenStream> {
    match read(value) {
        Value::Literal(Lit::Str(text)) => parse(text).map(Millis::tokens),
        Value::Constant => Ok(constant(value, check)),
        _ => error(value, format!("{FORM}, or a constant of type `Duration`")),
    }
}
