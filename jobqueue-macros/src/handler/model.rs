//! Model: what the expansion needs, checked.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Expr, ItemFn, ReturnType, Type, spanned::Spanned as _};

use super::attr::{Arguments, Idempotent};
use crate::duration::Millis;

/// A handler.
pub(crate) struct Model {
    pub(crate) function: ItemFn,
    /// Those for the struct: docs, `cfg`, `deprecated` …
    pub(crate) outer: Vec<Attribute>,
    /// `Definition::new(…).attempts(…)…`
    pub(crate) definition: TokenStream,
    pub(crate) blocking: bool,
    pub(crate) payload: Type,
    pub(crate) extractors: Vec<Type>,
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
    pub(crate) fn new(definition: TokenStream, blocking: bool, function: &ItemFn) -> Self {
        let mut types = function.sig.inputs.iter().filter_map(|argument| match argument {
            syn::FnArg::Typed(typed) => Some((*typed.ty).clone()),
            syn::FnArg::Receiver(_) => None,
        });
        // That there is a first one has been checked.
        let payload = types.next().unwrap_or_else(|| syn::parse_quote!(()));
        let output = match &function.sig.output {
            ReturnType::Default => syn::parse_quote!(()),
            ReturnType::Type(_, output) => (**output).clone(),
        };
        let (outer, inner) = function.attrs.iter().cloned().partition(goes_outside);
        let mut body = function.clone();
        body.attrs = inner;
        Self {
            definition,
            blocking,
            fallible: is_result(&output),
            idempotent: None,
            classify: None,
            extractors: types.collect(),
            function: body,
            outer,
            payload,
            output,
        }
    }

    /// With what a job's handler alone may have: a word on errors, if there can be any, and on repeated runs.
    pub(super) fn of_job(mut self, arguments: &Arguments) -> syn::Result<Self> {
        if let (Some(classify), false) = (&arguments.classify, self.fallible) {
            let message = "`classify` reads the handler's error: let it return a `Result`";
            return Err(syn::Error::new(classify.span(), message));
        }
        self.classify = arguments.classify.clone();
        self.idempotent = idempotent(arguments)?;
        Ok(self)
    }
}

fn idempotent(arguments: &Arguments) -> syn::Result<Option<TokenStream>> {
    let Some(Idempotent(lifetime)) = &arguments.idempotent else { return Ok(None) };
    let lifetime = match lifetime {
        None => quote!(::core::option::Option::None),
        Some(text) => {
            let lifetime = Millis::parse_positive(text)?.tokens();
            quote!(::core::option::Option::Some(#lifetime))
        }
    };
    Ok(Some(lifetime))
}

/// Whether an attribute concerns the item rather than the body of the function.
fn goes_outside(attribute: &Attribute) -> bool {
    ["doc", "cfg", "deprecated"].iter().any(|name| attribute.path().is_ident(name))
}

/// By its name: a macro sees no more. Aliases such as `anyhow::Result<T>` have it too.
fn is_result(output: &Type) -> bool {
    match output {
        Type::Path(path) => path.path.segments.last().is_some_and(|last| last.ident == "Result"),
        Type::Group(group) => is_result(&group.elem),
        Type::Paren(paren) => is_result(&paren.elem),
        _ => false,
    }
}
