//! Model: what the expansion needs, checked.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Expr, GenericArgument, PathArguments, Type};

use super::{
    attr::{Arguments, Idempotent},
    definition::definition,
    valid,
};
use crate::{item::Function, value};

/// A handler or a listener.
pub(crate) struct Model {
    pub(crate) function: Function,
    /// `Definition::new(…).attempts(…)…`, or that of a broadcast.
    pub(crate) definition: TokenStream,
    pub(crate) blocking: bool,
    pub(crate) payload: Type,
    pub(crate) extractors: Vec<Type>,
    /// The return type.
    pub(crate) output: Type,
    /// Whether the return type is a `Result`.
    pub(crate) fallible: bool,
    /// How long results are recorded, if the handler is idempotent: an `Option<Duration>`.
    pub(crate) idempotent: Option<TokenStream>,
    /// What says of which class an error is.
    pub(crate) classify: Option<Expr>,
}

impl Model {
    /// The function has been checked. What it declares is the value of the constant of its trait.
    pub(crate) fn new(definition: TokenStream, blocking: bool, function: &Function) -> Self {
        let mut types = function.types().cloned();
        // That there is a first one has been checked.
        let payload = types.next().unwrap_or_else(|| syn::parse_quote!(()));
        let output = function.output();
        Self {
            definition,
            blocking,
            fallible: is_result(&output),
            idempotent: None,
            classify: None,
            extractors: types.collect(),
            function: function.clone(),
            payload,
            output,
        }
    }

    /// With all that a job's handler may have: a definition, a word on errors, if there can be any, and on
    /// repeated runs.
    pub(super) fn of_job(arguments: &Arguments, function: &Function) -> syn::Result<Self> {
        let mut model = Self::new(TokenStream::new(), arguments.blocking.is_some(), function);
        let types = [&model.payload, &model.result()];
        model.definition = definition(arguments, function, types)?;
        if let (Some(classify), false) = (&arguments.classify, model.fallible) {
            let message = "`classify` reads the handler's error: let it return a `Result`";
            return valid::error(classify, message);
        }
        model.classify = arguments.classify.clone();
        model.idempotent = idempotent(arguments)?;
        Ok(model)
    }

    /// What a successful run gives back.
    pub(crate) fn result(&self) -> Type {
        result(&self.output)
    }
}

/// What a function of this return type gives back when it succeeds.
pub(super) fn result(output: &Type) -> Type {
    if !is_result(output) {
        return output.clone();
    }
    // `Result<T, E>` and aliases such as `anyhow::Result<T>` name it. `fmt::Result` doesn't.
    first_argument(output).unwrap_or_else(
        || syn::parse_quote!(<#output as ::jobqueue::__private::HandlerResult>::Output),
    )
}

fn first_argument(output: &Type) -> Option<Type> {
    match output {
        Type::Path(path) => match &path.path.segments.last()?.arguments {
            PathArguments::AngleBracketed(given) => match given.args.first()? {
                GenericArgument::Type(first) => Some(first.clone()),
                _ => None,
            },
            _ => None,
        },
        Type::Group(group) => first_argument(&group.elem),
        Type::Paren(paren) => first_argument(&paren.elem),
        _ => None,
    }
}

fn idempotent(arguments: &Arguments) -> syn::Result<Option<TokenStream>> {
    let Some(Idempotent { lifetime, .. }) = &arguments.idempotent else { return Ok(None) };
    let lifetime = match lifetime {
        None => quote!(::core::option::Option::None),
        Some(lifetime) => {
            let lifetime = value::time(lifetime)?;
            quote!(::core::option::Option::Some(const { #lifetime }))
        }
    };
    Ok(Some(lifetime))
}

/// By its name: a macro sees no more. Aliases such as `anyhow::Result<T>` have it too; that no other return type is
/// one the compiler checks.
fn is_result(output: &Type) -> bool {
    match output {
        Type::Path(path) => path.path.segments.last().is_some_and(|last| last.ident == "Result"),
        Type::Group(group) => is_result(&group.elem),
        Type::Paren(paren) => is_result(&paren.elem),
        _ => false,
    }
}
