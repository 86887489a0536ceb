//! Parse: the function that an attribute stands on, with a body or without one.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, format_ident};
use syn::{
    Attribute, FnArg, Ident, Pat, ReturnType, Signature, Token, Type, Visibility,
    ext::IdentExt as _,
    parse::{Parse, ParseStream},
};

/// A function.
#[derive(Clone)]
pub(crate) struct Function {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) sig: Signature,
    /// With its braces, and not looked into. A declaration has none.
    pub(crate) body: Option<TokenTree>,
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let (vis, sig) = (input.parse()?, input.parse()?);
        let body = if input.peek(Token![;]) {
            input.parse::<Token![;]>()?;
            None
        } else if input.peek(syn::token::Brace) {
            Some(input.parse()?)
        } else {
            return Err(input.error("expected a body in braces, or `;`"));
        };
        Ok(Self { attributes, vis, sig, body })
    }
}

impl ToTokens for Function {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Self { attributes, vis, sig, body } = self;
        tokens.extend(quote::quote!(#(#attributes)* #vis #sig));
        match body {
            Some(body) => body.to_tokens(tokens),
            None => Token![;](self.sig.ident.span()).to_tokens(tokens),
        }
    }
}

impl Function {
    /// The name, without `r#`.
    pub(crate) fn name(&self) -> Ident {
        self.sig.ident.unraw()
    }

    /// The types of the arguments.
    pub(crate) fn types(&self) -> impl Iterator<Item = &Type> {
        self.sig.inputs.iter().filter_map(|argument| match argument {
            FnArg::Typed(typed) => Some(&*typed.ty),
            FnArg::Receiver(_) => None,
        })
    }

    /// A name for each argument, the user's where there is one.
    pub(crate) fn parameters(&self) -> Vec<Ident> {
        let typed = self.sig.inputs.iter().filter_map(|argument| match argument {
            FnArg::Typed(typed) => Some(&*typed.pat),
            FnArg::Receiver(_) => None,
        });
        let given = |pattern: &Pat| match pattern {
            Pat::Ident(name) if name.subpat.is_none() && name.by_ref.is_none() => {
                Some(name.ident.clone())
            }
            _ => None,
        };
        let given: Vec<Option<Ident>> = typed.map(given).collect();
        let ours = |at: usize| {
            let mut name =
                if at == 0 { format_ident!("payload_") } else { format_ident!("argument_{at}") };
            while given.iter().flatten().any(|other| *other == name) {
                name = format_ident!("{name}_");
            }
            name
        };
        let named = given.iter().enumerate();
        named.map(|(at, name)| name.clone().unwrap_or_else(|| ours(at))).collect()
    }

    /// The return type.
    pub(crate) fn output(&self) -> Type {
        match &self.sig.output {
            ReturnType::Default => syn::parse_quote!(()),
            ReturnType::Type(_, output) => (**output).clone(),
        }
    }

    /// The attributes for the function that users see, and those for the one that runs.
    pub(crate) fn split_attributes(&self) -> (Vec<Attribute>, Vec<Attribute>) {
        self.attributes.iter().cloned().partition(goes_outside)
    }
}

/// Whether an attribute concerns the item rather than its body. Levels of lints hold for all that
/// is inside.
fn goes_outside(attribute: &Attribute) -> bool {
    const OUTSIDE: [&str; 9] =
        ["doc", "cfg", "deprecated", "must_use", "allow", "expect", "warn", "deny", "forbid"];
    if attribute.path().is_ident("cfg_attr") {
        let mut outside = true;
        let read = attribute.parse_args_with(|input: ParseStream<'_>| {
            input.parse::<syn::Meta>()?;
            while !input.is_empty() {
                input.parse::<Token![,]>()?;
                if input.is_empty() {
                    break;
                }
                let meta: syn::Meta = input.parse()?;
                outside &= OUTSIDE.iter().any(|name| meta.path().is_ident(name));
            }
            Ok(())
        });
        return read.is_ok() && outside;
    }
    OUTSIDE.iter().any(|name| attribute.path().is_ident(name))
}
