//! Model: what the expansion needs, checked.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Expr, Type};

use super::{
    attr::{Arguments, Idempotent},
    batch::{self, Batch, Results},
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
    /// The function's first argument: the payload, or a list of payloads.
    pub(crate) first: Type,
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
    /// If it runs several jobs at once.
    pub(crate) batch: Option<Batch>,
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
            batch: None,
            first: payload.clone(),
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
        if let Some(of) = &arguments.batch {
            model.payload = batch::payload(&of.word, &model.first)?;
            model.batch = Some(of.batch(&model.returns)?);
        }
        let types = [&model.payload, &model.output()];
        model.definition = definition(arguments, function, types)?;
        if let (Some(classify), false) = (&arguments.classify, model.is_fallible()) {
            let message = "`classify` reads the handler's error: let it return a `Result`";
            return valid::error(classify, message);
        }
        model.classify = arguments.classify.clone();
        model.idempotent = idempotent(arguments)?;
        let unique = arguments.unique.as_ref().map(|it| it.expand(function, &model.payload));
        model.unique = unique.transpose()?;
        let group = arguments.group.as_ref().map(|by| group(by, function, &model.payload));
        model.group = group.transpose()?;
        model.keys = concurrency_keys::expand(&arguments.keys, function, &model.payload)?;
        Ok(model)
    }

    /// What a job comes to, as the signature says it.
    pub(crate) fn output(&self) -> Type {
        match &self.batch {
            None => self.returns.output(),
            Some(Batch { results: Results::None, .. }) => syn::parse_quote!(()),
            Some(Batch { results: Results::Each(each), .. }) => each.output(),
        }
    }

    /// The same as it is implemented, where the compiler checks it.
    pub(super) fn checked_output(&self) -> Type {
        match &self.batch {
            None => self.returns.checked_output(),
            Some(Batch { results: Results::None, .. }) => syn::parse_quote!(()),
            Some(Batch { results: Results::Each(each), .. }) => each.checked_output(),
        }
    }

    /// Whether a run may fail, or a job of a batch.
    fn is_fallible(&self) -> bool {
        let each = match &self.batch {
            Some(Batch { results: Results::Each(each), .. }) => each.is_fallible(),
            _ => false,
        };
        each || self.returns.is_fallible()
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
