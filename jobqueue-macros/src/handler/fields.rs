//! Values that are made of the payload's fields, such as `"order.user, order.id"`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Expr, Ident, LitStr, Token, parse::ParseStream, punctuated::Punctuated};

use super::valid::error;

/// A field of the payload, or several as a tuple.
pub(super) fn fields(
    by: &LitStr,
    payload: &Ident,
    what: &str,
    form: &str,
) -> syn::Result<TokenStream> {
    let parse = Punctuated::<Expr, Token![,]>::parse_separated_nonempty;
    let fields =
        by.parse_with(|input: ParseStream<'_>| parse(input)).or_else(|_| error(by, form))?;
    for field in &fields {
        if root(field).is_none_or(|root| root != payload) {
            let message = format!("{what} is made of the payload `{payload}` and its fields");
            return error(by, message);
        }
    }
    let fields: Vec<&Expr> = fields.iter().collect();
    Ok(match fields[..] {
        [field] => quote!(#field),
        _ => quote!((#(&#fields),*)),
    })
}

/// What `a.b.0` begins with; nothing for any other expression.
fn root(field: &Expr) -> Option<&Ident> {
    match field {
        Expr::Field(field) => root(&field.base),
        Expr::Path(path) => path.path.get_ident(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_the_payload() {
        let parse = |text: &str| syn::parse_str::<Expr>(text).expect("an expression");
        for fine in ["order", "order.user", "order.user.0"] {
            assert!(root(&parse(fine)).is_some_and(|root| root == "order"), "{fine}");
        }
        for other in ["order.user()", "7", "a::b", "&order"] {
            assert!(root(&parse(other)).is_none(), "{other}");
        }
    }
}
