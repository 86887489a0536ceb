//! Validate: every rule, and every message.

use syn::{Attribute, Data, DeriveInput, Path, Type, spanned::Spanned};

use super::attr::Arguments;

/// A payload's type, as far as it isn't itself.
pub(super) struct Model {
    pub(super) version: u32,
    pub(super) before: Option<Type>,
    pub(super) path: Option<Path>,
}

impl Model {
    /// What a type is that says nothing.
    pub(super) const FIRST: Self = Self { version: 1, before: None, path: None };
}

pub(super) fn model(input: &DeriveInput, arguments: Arguments) -> syn::Result<Model> {
    let fail = |span, message: &str| Err(syn::Error::new(span, message));
    if let Data::Union(data) = &input.data {
        return fail(data.union_token.span(), "derive `Payload` on a struct or an enum");
    }
    if let Some(attribute) =
        inner_attributes(&input.data).into_iter().find(|it| it.path().is_ident("payload"))
    {
        return fail(attribute.span(), "`#[payload(…)]` goes on the type, not into it");
    }
    let version = match &arguments.version {
        None => 1,
        Some(literal) => match literal.base10_parse::<u32>() {
            Ok(version) if version > 0 => version,
            _ => return fail(literal.span(), "a version is 1 to 4294967295, and 1 is the first"),
        },
    };
    if let Some(before) = &arguments.upgrade_from {
        if version == 1 {
            let message = "nothing is older than version 1: say this one's, as in `version = 2`";
            return fail(before.span(), message);
        }
        if is_itself(before, input) {
            let message = "a type can't be upgraded from itself: keep the version before as a type of its own";
            return fail(before.span(), message);
        }
    }
    Ok(Model { version, before: arguments.upgrade_from, path: arguments.path })
}

/// The attributes of fields and variants.
fn inner_attributes(data: &Data) -> Vec<&Attribute> {
    let mut found = Vec::new();
    match data {
        Data::Struct(data) => found.extend(data.fields.iter().flat_map(|field| &field.attrs)),
        Data::Enum(data) => {
            for variant in &data.variants {
                found.extend(&variant.attrs);
                found.extend(variant.fields.iter().flat_map(|field| &field.attrs));
            }
        }
        Data::Union(_) => {}
    }
    found
}

/// By its name: a macro sees no more. Other ways to name it are found by comparing versions.
fn is_itself(ty: &Type, input: &DeriveInput) -> bool {
    match ty {
        Type::Path(path) => path.path.is_ident(&input.ident) || path.path.is_ident("Self"),
        _ => false,
    }
}
