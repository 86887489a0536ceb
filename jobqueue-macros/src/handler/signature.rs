//! Validate: the function is one that a handler can be made of. Each message points at the user's
//! own token and says what to write.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::{FnArg, GenericArgument, Ident, Pat, PathArguments, ReturnType, Safety, Type};

use super::valid::error;
use crate::item::Function;

/// How many arguments a function may have, the payload among them; see
/// `jobqueue::handler::IntoJob`.
const MOST_ARGUMENTS: usize = 16;

/// The attribute that is on the function, and whether that says `blocking`.
#[derive(Clone, Copy)]
pub(crate) struct Attribute {
    pub(crate) name: &'static str,
    pub(crate) blocking: bool,
}

/// Every rule for a function with this attribute.
pub(crate) fn check(function: &Function, attribute: Attribute) -> syn::Result<()> {
    let signature = &function.sig;
    asyncness(function, attribute)?;
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
    if let Some(receiver) = signature.receiver() {
        return error(receiver, "a handler is a function of its own, not a method: use `State<T>`");
    }
    if signature.inputs.is_empty() {
        let message = "a handler's first argument is its payload; write `_: ()` for none";
        return error(&signature.ident, message);
    }
    if let Some(argument) = signature.inputs.iter().nth(MOST_ARGUMENTS) {
        let message = format!(
            "a handler has at most {MOST_ARGUMENTS} arguments: put some into a type that implements `FromContext`"
        );
        return error(argument, message);
    }
    if let Some(payload) = signature.inputs.first() {
        not_an_extractor(payload)?;
    }
    signature.inputs.iter().try_for_each(argument)?;
    if let ReturnType::Type(_, output) = &signature.output
        && matches!(**output, Type::ImplTrait(_))
    {
        return error(output, "a handler's result travels through redis: name its type");
    }
    no_self_type(function)
}

/// A function without a body declares a handler.
pub(super) fn declaration(function: &Function) -> syn::Result<()> {
    match function.sig.inputs.iter().nth(1) {
        Some(argument) => error(
            argument,
            "a declaration has the payload alone: other arguments go to the function that implements it",
        ),
        None => Ok(()),
    }
}

fn asyncness(function: &Function, attribute: Attribute) -> syn::Result<()> {
    let Attribute { name, blocking } = attribute;
    match (&function.sig.asyncness, blocking) {
        (Some(keyword), true) => {
            error(keyword, "a `blocking` handler is a plain `fn`: leave `async` out, or `blocking`")
        }
        (None, false) if function.body.is_none() => {
            error(&function.sig.fn_token, "a declared handler is an `async fn`: add `async`")
        }
        (None, false) => {
            let message =
                format!("a handler is an `async fn`: add `async`, or `blocking` to `#[{name}(…)]`");
            error(&function.sig.fn_token, message)
        }
        _ => Ok(()),
    }
}

/// `ctx: Context` and `db: State<Db>` come after the payload.
fn not_an_extractor(argument: &FnArg) -> syn::Result<()> {
    let FnArg::Typed(typed) = argument else { return Ok(()) };
    let Some(name) = extractor(&typed.ty) else { return Ok(()) };
    let message = format!(
        "the first argument is the payload: put `{name}` after it, or write `_: ()` before it if there is no payload; \
         for a type of your own that is called so write its path, such as `self::{name}`"
    );
    error(&typed.ty, message)
}

/// The name of our extractor that a type is, by its name: a macro sees no more.
pub(super) fn extractor(ty: &Type) -> Option<&Ident> {
    let Type::Path(path) = ty else { return None };
    let segments = &path.path.segments;
    let (first, last) = (segments.first()?, segments.last()?);
    let ours = segments.len() == 1 || first.ident == "jobqueue";
    let is_context = last.ident == "Context" && last.arguments.is_none();
    let is_state =
        last.ident == "State" && matches!(last.arguments, PathArguments::AngleBracketed(_));
    (ours && (is_context || is_state)).then_some(&last.ident)
}

/// What a handler takes as a node of a flow, if the argument says that: `V` of `Inputs<V>`.
pub(super) fn inputs(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last().filter(|last| last.ident == "Inputs")?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    match arguments.args.first() {
        Some(GenericArgument::Type(inputs)) if arguments.args.len() == 1 => Some(inputs),
        _ => None,
    }
}

fn argument(argument: &FnArg) -> syn::Result<()> {
    let FnArg::Typed(typed) = argument else { return Ok(()) };
    let mut attributes = typed.attrs.iter();
    if let Some(cfg) =
        attributes.find(|it| it.path().is_ident("cfg") || it.path().is_ident("cfg_attr"))
    {
        let message = "a handler's argument is there or isn't: write the function twice, each under a `#[cfg(…)]` of its own";
        return error(cfg, message);
    }
    if let Pat::Ident(name) = &*typed.pat
        && let Some(by_ref) = &name.by_ref
    {
        return error(by_ref, "a handler owns its arguments: leave `ref` out");
    }
    match &*typed.ty {
        Type::Reference(_) => {
            error(&typed.ty, "a handler owns its arguments: take it by value, without `&`")
        }
        Type::ImplTrait(_) => error(&typed.ty, "a handler's arguments have types with names"),
        _ => Ok(()),
    }
}

/// An associated function may be a handler as long as it needn't know of what.
fn no_self_type(function: &Function) -> syn::Result<()> {
    match self_type(function) {
        Some(word) => error(
            &word,
            "a handler is a function of its own: name the type instead of `Self`, or move the function out of the `impl`",
        ),
        None => Ok(()),
    }
}

pub(super) fn says_self(function: &Function) -> bool {
    self_type(function).is_some()
}

fn self_type(function: &Function) -> Option<TokenTree> {
    let mut tokens = function.sig.to_token_stream();
    tokens.extend(function.body.clone());
    find_self_type(tokens)
}

/// `Self`, but not inside an item that has one of its own.
fn find_self_type(tokens: TokenStream) -> Option<TokenTree> {
    let mut tokens = tokens.into_iter();
    while let Some(token) = tokens.next() {
        match &token {
            TokenTree::Ident(word) if word == "Self" => return Some(token),
            TokenTree::Ident(word)
                if ["impl", "trait", "struct", "enum", "union"].iter().any(|it| word == it) =>
            {
                // Up to its braces, or to its end if it has none.
                let _ = tokens.by_ref().find(|token| match token {
                    TokenTree::Group(group) => group.delimiter() == proc_macro2::Delimiter::Brace,
                    TokenTree::Punct(end) => end.as_char() == ';',
                    _ => false,
                });
            }
            TokenTree::Group(group) => {
                if let Some(found) = find_self_type(group.stream()) {
                    return Some(found);
                }
            }
            _ => {}
        }
    }
    None
}
