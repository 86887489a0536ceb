//! Model: what a return type means.
//!
//! A macro sees a type's name and not what it is. Where the name is enough, the signature says the
//! result by its own name, for readers and for editors. Where it isn't, the compiler finds out.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::{GenericArgument, PathArguments, Type, spanned::Spanned as _};

/// A return type.
#[derive(Clone)]
pub(crate) struct Returns {
    pub(crate) ty: Type,
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    /// `Result<T, E>`, or an alias such as `anyhow::Result<T>`.
    Result(Box<Type>),
    /// A name that ends in `Result`: `fmt::Result`, or a `SearchResult` that is none.
    Unsure,
    /// Any other name. That it is no `Result` is checked by the compiler.
    Plain,
}

impl Returns {
    pub(super) fn new(ty: Type) -> Self {
        Self { kind: kind(&ty), ty }
    }

    /// Whether it may be a `Result`.
    pub(crate) fn is_fallible(&self) -> bool {
        !matches!(self.kind, Kind::Plain)
    }

    /// What a successful run gives back, as the signature says it.
    pub(crate) fn output(&self) -> Type {
        match &self.kind {
            Kind::Result(output) => (**output).clone(),
            Kind::Unsure => self.by_type("Returns"),
            Kind::Plain => self.ty.clone(),
        }
    }

    /// The same as it is implemented, where the compiler checks it.
    pub(crate) fn checked_output(&self) -> Type {
        match &self.kind {
            Kind::Plain => self.by_type("ReturnsPlain"),
            _ => self.output(),
        }
    }

    /// A call's value as a `Result`.
    pub(super) fn split(&self, call: &TokenStream) -> TokenStream {
        let ty = &self.ty;
        match &self.kind {
            Kind::Result(_) => call.clone(),
            Kind::Unsure => {
                let kind = self.is_result();
                quote_spanned! {ty.span()=>
                    <#kind as ::jobqueue::__private::Returns<#ty>>::split(#call)
                }
            }
            Kind::Plain => quote_spanned!(ty.span()=> ::core::result::Result::Ok(#call)),
        }
    }

    fn by_type(&self, name: &str) -> Type {
        let (ty, kind) = (&self.ty, self.is_result());
        let name = syn::Ident::new(name, ty.span());
        syn::parse_quote_spanned! {ty.span()=>
            <#kind as ::jobqueue::__private::#name<#ty>>::Output
        }
    }

    /// `Return<true>` or `Return<false>`.
    fn is_result(&self) -> TokenStream {
        let ty = &self.ty;
        quote_spanned! {ty.span()=>
            ::jobqueue::__private::Return<{
                #[allow(unused_imports, reason = "whether it is used depends on the return type")]
                use ::jobqueue::__private::NoResult as _;
                ::jobqueue::__private::IsResult::<#ty>::YES
            }>
        }
    }

    /// Where the error's type stands: the last argument of `Result<T, E>`.
    pub(super) fn error_span(&self) -> Span {
        let last = match &self.ty {
            Type::Path(path) => path.path.segments.last().map(|last| &last.arguments),
            _ => None,
        };
        match last {
            Some(PathArguments::AngleBracketed(given)) if given.args.len() > 1 => {
                given.args.last().map_or_else(|| self.ty.span(), |last| last.span())
            }
            _ => self.ty.span(),
        }
    }
}

fn kind(ty: &Type) -> Kind {
    let path = match ty {
        Type::Path(path) => path,
        Type::Group(group) => return kind(&group.elem),
        Type::Paren(paren) => return kind(&paren.elem),
        _ => return Kind::Plain,
    };
    let Some(last) = path.path.segments.last() else { return Kind::Plain };
    if !last.ident.to_string().ends_with("Result") {
        return Kind::Plain;
    }
    match &last.arguments {
        PathArguments::AngleBracketed(given) if last.ident == "Result" => {
            match given.args.first() {
                Some(GenericArgument::Type(output)) => Kind::Result(Box::new(output.clone())),
                _ => Kind::Unsure,
            }
        }
        _ => Kind::Unsure,
    }
}
