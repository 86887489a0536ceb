//! Model: what the expansion needs, checked.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Expr, ItemFn, ReturnType, Type, spanned::Spanned as _};

use super::{
    attr::{Arguments, Idempotent},
    definition::definition,
};
use crate::duration::Millis;

/// A handler.
pub(super) struct Model {
    pub(super) function: ItemFn,
    /// Those for the struct: docs, `cfg`, `deprecated` …
    pub(super) outer: Vec<Attribute>,
    /// `Definition::new(…).attempts(…)…`
    pub(super) definition: TokenStream,
    pub(super) blocking: bool,
    pub(super) payload: Type,
    pub(super) extractors: Vec<Type>,
    pub(super) output: Type,
    /// Whether the return type is a `Result`.
    pub(super) fallible: bool,
    /// How long results are recorded, if the handler is idempotent: an `Option<Duration>`.
    pub(super) idempotent: Option<TokenStream>,
    /// What says of which class an error is.
    pub(super) classify: Option<Expr>,
}

impl Model {
    pub(super) fn new(arguments: &Arguments, function: &ItemFn) -> syn::Result<Self> {
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
        let fallible = is_result(&output);
        if let (Some(classify), false) = (&arguments.classify, fallible) {
            let message = "`classify` reads the handler's error: let it return a `Result`";
            return Err(syn::Error::new(classify.span(), message));
        }
        let (outer, inner) = function.attrs.iter().cloned().partition(goes_outside);
        let mut body = function.clone();
        body.attrs = inner;
        Ok(Self {
            definition: definition(arguments, function)?,
            blocking: arguments.blocking.is_some(),
            fallible,
            idempotent: idempotent(arguments)?,
            classify: arguments.classify.clone(),
            extractors: types.collect(),
            function: body,
            outer,
            payload,
            output,
        })
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
