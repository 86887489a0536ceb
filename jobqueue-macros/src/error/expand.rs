//! The implementation of `JobError`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{Data, DataEnum, DeriveInput, Fields, Member, spanned::Spanned};

use super::attr::{Class, Rule, Wait};

pub(super) fn implement(input: &DeriveInput, body: &TokenStream) -> TokenStream {
    let name = &input.ident;
    let (generics, types, bounds) = input.generics.split_for_impl();
    quote! {
        #[automatically_derived]
        impl #generics ::jobqueue::__private::JobError for #name #types #bounds {
            #[allow(unused_variables, reason = "written by a macro")]
            fn verdict(&self) -> ::jobqueue::__private::Verdict {
                #body
            }
        }
    }
}

/// The body of `verdict`.
pub(super) fn verdict(input: &DeriveInput) -> syn::Result<TokenStream> {
    let general = Rule::find(&input.attrs)?;
    match &input.data {
        Data::Enum(data) => of_enum(data, general),
        Data::Struct(data) => {
            let rule = general.unwrap_or(Rule::Retry);
            rule.check(&data.fields)?;
            let (pattern, verdict) = arm(&rule);
            Ok(quote!(let Self #pattern = self; #verdict))
        }
        Data::Union(data) => Err(syn::Error::new(
            data.union_token.span(),
            "derive `JobError` on an enum or a struct",
        )),
    }
}

fn of_enum(data: &DataEnum, general: Option<Rule>) -> syn::Result<TokenStream> {
    if data.variants.is_empty() {
        return Ok(quote!(match *self {}));
    }
    let general = general.unwrap_or(Rule::Retry);
    let mut arms = Vec::new();
    for variant in &data.variants {
        // A field of a variant's has no place for a rule.
        misplaced(&variant.fields)?;
        let rule = Rule::find(&variant.attrs)?.unwrap_or_else(|| general.clone());
        rule.check(&variant.fields)?;
        let (name, (pattern, verdict)) = (&variant.ident, arm(&rule));
        arms.push(quote!(Self::#name #pattern => #verdict,));
    }
    Ok(quote!(match self { #(#arms)* }))
}

fn misplaced(fields: &Fields) -> syn::Result<()> {
    let attributes = fields.iter().flat_map(|field| &field.attrs);
    match attributes.into_iter().find(|attribute| attribute.path().is_ident("job")) {
        Some(attribute) => Err(syn::Error::new(
            attribute.span(),
            "`#[job(…)]` goes on the variant, not on its field",
        )),
        None => Ok(()),
    }
}

/// A pattern for the fields, and the verdict.
fn arm(rule: &Rule) -> (TokenStream, TokenStream) {
    let verdict = quote!(::jobqueue::__private::Verdict);
    match rule {
        Rule::Retry => (quote!({ .. }), quote!(#verdict::Retry)),
        Rule::Permanent => (quote!({ .. }), quote!(#verdict::Permanent)),
        Rule::RetryAfter(wait) => {
            let (pattern, wait) = duration(wait);
            (pattern, quote!(#verdict::RetryAfter(#wait)))
        }
        Rule::RateLimited(None) => {
            (quote!({ .. }), quote!(#verdict::RateLimited(::jobqueue::__private::DEFAULT_HOLD)))
        }
        Rule::RateLimited(Some(wait)) => {
            let (pattern, wait) = duration(wait);
            (pattern, quote!(#verdict::RateLimited(#wait)))
        }
        Rule::Classified(class, wait) => classified(class, wait.as_ref()),
    }
}

fn classified(class: &Class, wait: Option<&Wait>) -> (TokenStream, TokenStream) {
    let (status, class) = match class {
        Class::Named(name) => (None, quote!(::jobqueue::__private::ErrorClass::#name)),
        Class::Status(member) => {
            // Read by its span, as a wait is.
            let status = quote_spanned! {span(member)=>
                ::core::convert::Into::<u16>::into(::core::clone::Clone::clone(__jobqueue_status))
            };
            let class = quote!(::jobqueue::__private::ErrorClass::from_http_status(#status));
            (Some(quote!(#member: __jobqueue_status,)), class)
        }
    };
    let (asked, retry_after) = match wait {
        None => (None, quote!(::core::option::Option::None)),
        Some(Wait::For(millis)) => {
            let wait = millis.tokens();
            (None, quote!(::core::option::Option::Some(#wait)))
        }
        Some(Wait::Field(member)) => {
            // A field may hold an `Option`: not each response has the header.
            let wait = quote_spanned!(span(member)=> ::core::clone::Clone::clone(wait));
            let wait = quote!(
                ::core::convert::Into::<::core::option::Option<::core::time::Duration>>::into(#wait)
            );
            (Some(quote!(#member: wait,)), wait)
        }
    };
    let verdict = quote! {
        ::jobqueue::__private::Verdict::Classified { class: #class, retry_after: #retry_after }
    };
    (quote!({ #status #asked .. }), verdict)
}

fn span(member: &Member) -> proc_macro2::Span {
    match member {
        Member::Named(name) => name.span(),
        Member::Unnamed(index) => index.span,
    }
}

fn duration(wait: &Wait) -> (TokenStream, TokenStream) {
    match wait {
        Wait::For(millis) => (quote!({ .. }), millis.tokens()),
        Wait::Field(member) => {
            // Read by its span, so that a field of another type is reported where it is named.
            let wait = quote_spanned!(span(member)=> ::core::clone::Clone::clone(wait));
            (quote!({ #member: wait, .. }), wait)
        }
    }
}
