//! Model: what the expansion needs, checked.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Expr, Type};

use super::{
    attr::{Arguments, Idempotent},
    concurrency_keys,
    definition::definition,
    group::group,
    returns::Returns,
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
    pub(crate) returns: Returns,
    /// How long results are recorded, if the handler is idempotent: an `Option<Duration>`.
    pub(crate) idempotent: Option<TokenStream>,
    /// What says of which class an error is.
    pub(crate) classify: Option<Expr>,
    /// `fn unique`, if adds of the handler have a key.
    pub(crate) unique: Option<TokenStream>,
    /// `fn group`, if they have a group.
    pub(crate) group: Option<TokenStream>,
    /// `fn concurrency_keys`, if they have such keys.
    pub(crate) keys: Option<TokenStream>,
}

impl Model {
    /// The function has been checked. What it declares is the value of the constant of its trait.
    pub(crate) fn new(definition: TokenStream, blocking: bool, function: &Function) -> Self {
        let mut types = function.types().cloned();
        // That there is a first one has been checked.
        let payload = types.next().unwrap_or_else(|| syn::parse_quote!(()));
        Self {
            definition,
            blocking,
            idempotent: None,
            classify: None,
            unique: None,
            group: None,
            keys: None,
            extractors: types.collect(),
            function: function.clone(),
            payload,
            returns: Returns::new(function.output()),
        }
    }

    /// With all that a job's handler may have: a definition, a word on errors, if there can be any,
    /// and on repeated runs.
    pub(super) fn of_job(arguments: &Arguments, function: &Function) -> syn::Result<Self> {
        let mut model = Self::new(TokenStream::new(), arguments.blocking.is_some(), function);
        let types = [&model.payload, &model.returns.output()];
        model.definition = definition(arguments, function, types)?;
        if let (Some(classify), false) = (&arguments.classify, model.returns.is_fallible()) {
            let message = "`classify` reads the handler's error: let it return a `Result`";
            return valid::error(classify, message);
        }
        model.classify = arguments.classify.clone();
        model.idempotent = idempotent(arguments)?;
        model.unique = arguments.unique.as_ref().map(|it| it.expand(function)).transpose()?;
        model.group = arguments.group.as_ref().map(|by| group(by, function)).transpose()?;
        model.keys = concurrency_keys::expand(&arguments.keys, function)?;
        Ok(model)
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
