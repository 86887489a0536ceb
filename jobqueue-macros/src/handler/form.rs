//! Parse: values with a shape of their own, such as `exponential("1s", max = "10m")`, and constants in their place.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Expr, Ident};

use super::valid;

/// What stands after `backoff =`, `retain =`, `rate =` or `breaker =`.
pub(super) enum Form {
    /// `exponential("1s", max = "10m")`, or a word alone.
    Call(Call),
    /// The path of a constant, or an expression.
    Constant(TokenStream),
}

/// A word, and what stands in its parentheses.
pub(super) struct Call {
    pub(super) word: Ident,
    pub(super) first: Option<Expr>,
    pub(super) named: Vec<(Ident, Expr)>,
}

impl Form {
    /// A constant's name has capitals or a path; all other words are ours.
    pub(super) fn read(value: &Expr) -> syn::Result<Self> {
        match value {
            Expr::Group(group) => Self::read(&group.expr),
            Expr::Path(_) => Ok(match word(value) {
                Some(word) => Self::Call(Call { word, first: None, named: Vec::new() }),
                None => Self::Constant(quote!(#value)),
            }),
            Expr::Call(call) => match word(&call.func) {
                Some(word) => arguments(word, &call.args).map(Self::Call),
                None => Ok(Self::Constant(quote!(#value))),
            },
            _ => Ok(Self::Constant(quote!(#value))),
        }
    }
}

fn word(value: &Expr) -> Option<Ident> {
    let Expr::Path(path) = value else { return None };
    let word = path.path.get_ident()?;
    (path.qself.is_none() && !word.to_string().contains(char::is_uppercase)).then(|| word.clone())
}

fn arguments<'a>(word: Ident, given: impl IntoIterator<Item = &'a Expr>) -> syn::Result<Call> {
    let mut call = Call { word, first: None, named: Vec::new() };
    for argument in given {
        match argument {
            Expr::Assign(assign) => {
                let Some(name) = path_ident(&assign.left) else {
                    return valid::error(&assign.left, "expected a name before `=`");
                };
                if call.named.iter().any(|(other, _)| *other == name) {
                    return valid::error(&name, format!("`{name}` stands here twice"));
                }
                call.named.push((name, (*assign.right).clone()));
            }
            other if call.first.is_none() && call.named.is_empty() => {
                call.first = Some(other.clone());
            }
            other => return valid::error(other, "expected `name = value`"),
        }
    }
    Ok(call)
}

fn path_ident(value: &Expr) -> Option<Ident> {
    match value {
        Expr::Path(path) => path.path.get_ident().cloned(),
        _ => None,
    }
}
