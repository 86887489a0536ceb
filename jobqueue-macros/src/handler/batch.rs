//! `batch(max = 50, wait = "200ms", by = group)`: a handler that runs several jobs at once.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{Expr, GenericArgument, Ident, PathArguments, Type, parenthesized, parse::ParseStream};

use super::{
    attr::Arguments,
    returns::Returns,
    signature,
    valid::{error, is_word},
};
use crate::{
    arguments::{once, read, value},
    item::Function,
    value::{self as values, Bounds},
};

const FORM: &str = "write `batch(max = 50)`, with `wait = \"200ms\"` and `by = group` if you like";
const RESULTS: &str = "a batch handler gives `Vec<Result<T, E>>` or `Vec<T>`, a value for each of its jobs, or `()`; or a \
                       `Result` of one of these, whose error is that of all";

/// The words of `batch(…)`.
const KNOWN: [&str; 3] = ["max", "wait", "by"];

const MAX: Bounds =
    Bounds { what: "the most jobs of a batch", least: 1, most: 1_000, check: None, ty: "usize" };

/// What stands in the parentheses.
pub(super) struct BatchArguments {
    pub(super) word: Ident,
    max: Option<Expr>,
    wait: Option<Expr>,
    by: Option<Expr>,
}

/// A handler of batches.
pub(crate) struct Batch {
    /// `Batching::new(…)…`
    pub(super) batching: TokenStream,
    pub(super) results: Results,
}

/// What its function gives, if it doesn't fail as a whole.
pub(super) enum Results {
    /// Nothing.
    None,
    /// Something for each job.
    Each(Box<Returns>),
}

impl BatchArguments {
    pub(super) fn parse(word: &Ident, input: ParseStream<'_>) -> syn::Result<Self> {
        if !input.peek(syn::token::Paren) {
            return error(word, FORM);
        }
        let content;
        parenthesized!(content in input);
        let mut batch = Self { word: word.clone(), max: None, wait: None, by: None };
        read(&content, &KNOWN, |word, input| match word.to_string().as_str() {
            "max" => once(&mut batch.max, word, || value(input, word)),
            "wait" => once(&mut batch.wait, word, || value(input, word)),
            _ => once(&mut batch.by, word, || value(input, word)),
        })?;
        Ok(batch)
    }

    /// `Batching::new(…)…`, checked as a whole when the program is compiled.
    fn batching(&self) -> syn::Result<TokenStream> {
        let Some(max) = &self.max else { return error(&self.word, FORM) };
        let max = values::number(max, &MAX)?;
        let mut tokens = quote!(::jobqueue::__private::Batching::new(#max));
        if let Some(wait) = &self.wait {
            let wait = values::time(wait)?;
            tokens.extend(quote!(.wait(#wait)));
        }
        match &self.by {
            None => {}
            Some(by) if is_word(by, "group") => tokens.extend(quote!(.by_group())),
            Some(by) => {
                return error(by, "batches are made of all jobs, or by their group: `by = group`");
            }
        }
        Ok(quote_spanned!(self.word.span()=> ::jobqueue::__private::checked::batching(#tokens)))
    }

    pub(super) fn batch(&self, returns: &Returns) -> syn::Result<Batch> {
        let whole = returns.output();
        let results = match &whole {
            Type::Tuple(tuple) if tuple.elems.is_empty() => Results::None,
            list => match item(list) {
                Some(item) => Results::Each(Box::new(Returns::new(item.clone()))),
                None => return error(&returns.ty, RESULTS),
            },
        };
        Ok(Batch { batching: self.batching()?, results })
    }
}

/// The payload's type: `Doc` of `docs: Vec<Doc>`.
pub(super) fn payload(word: &Ident, ty: &Type) -> syn::Result<Type> {
    match item(ty) {
        Some(item) => Ok(item.clone()),
        None => error(
            ty,
            format!(
                "a handler with `{word}` takes the payloads of several jobs: a `Vec` of them, as in `docs: Vec<Doc>`"
            ),
        ),
    }
}

/// `T` of `Vec<T>`.
fn item(ty: &Type) -> Option<&Type> {
    let path = match ty {
        Type::Path(path) => path,
        Type::Group(group) => return item(&group.elem),
        Type::Paren(paren) => return item(&paren.elem),
        _ => return None,
    };
    let last = path.path.segments.last().filter(|last| last.ident == "Vec")?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    match arguments.args.first() {
        Some(GenericArgument::Type(item)) if arguments.args.len() == 1 => Some(item),
        _ => None,
    }
}

/// Nothing stands beside `batch` that is of one job alone.
pub(super) fn alone(arguments: &Arguments, function: &Function) -> syn::Result<()> {
    let Some(batch) = &arguments.batch else { return Ok(()) };
    if arguments.steps.is_some() {
        return error(&batch.word, "steps are of one job alone: leave `steps` out, or `batch`");
    }
    if arguments.idempotent.is_some() {
        let message = "`idempotent` records the run of one job: leave it out and use `once` of a job's context, or leave out `batch`";
        return error(&batch.word, message);
    }
    let context = |ty: &&Type| signature::extractor(ty).is_some_and(|name| name == "Context");
    match function.types().skip(1).find(context) {
        Some(ty) => error(
            ty,
            "a batch has several jobs: take a `BatchContext`, whose `jobs()` are the `Context` of each",
        ),
        None => Ok(()),
    }
}
