//! The implementation of `JobError`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{Attribute, Data, DataEnum, DeriveInput, Fields, Member, spanned::Spanned};

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
        Data::Enum(data) => of_enum(data, general.as_ref()),
        Data::Struct(data) => {
            let rule = general.unwrap_or_else(|| unsaid(&input.attrs, &data.fields));
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

fn of_enum(data: &DataEnum, general: Option<&Rule>) -> syn::Result<TokenStream> {
    if data.variants.is_empty() {
        return Ok(quote!(match *self {}));
    }
    let mut arms = Vec::new();
    for variant in &data.variants {
        // A field of a variant's has no place for a rule.
        misplaced(&variant.fields)?;
        let rule = Rule::find(&variant.attrs)?.or_else(|| general.cloned());
        let rule = rule.unwrap_or_else(|| unsaid(&variant.attrs, &variant.fields));
        rule.check(&variant.fields)?;
        let (name, (pattern, verdict)) = (&variant.ident, arm(&rule));
        arms.push(quote!(Self::#name #pattern => #verdict,));
    }
    Ok(quote!(match self { #(#arms)* }))
}

/// What holds where no rule stands: that of the error which is wrapped, if one is.
fn unsaid(attributes: &[Attribute], fields: &Fields) -> Rule {
    wrapped(attributes, fields).map_or(Rule::Retry, Rule::Source)
}

/// The field that `thiserror` makes the source, or hands everything on to.
fn wrapped(attributes: &[Attribute], fields: &Fields) -> Option<Member> {
    let is = |attribute: &Attribute, name: &str| attribute.path().is_ident(name);
    let transparent = attributes.iter().any(|attribute| {
        is(attribute, "error")
            && attribute.parse_args::<syn::Ident>().is_ok_and(|word| word == "transparent")
    });
    let marked = |field: &syn::Field| {
        let mut own = field.attrs.iter();
        own.any(|it| is(it, "from") || is(it, "source"))
            || field.ident.as_ref().is_some_and(|name| name == "source")
    };
    let at = match fields.iter().position(marked) {
        None if transparent && fields.len() == 1 => 0,
        found => found?,
    };
    fields.members().nth(at)
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
        Rule::Snooze(None) => {
            (quote!({ .. }), quote!(#verdict::Snooze(::jobqueue::__private::DEFAULT_SNOOZE)))
        }
        Rule::Snooze(Some(wait)) => {
            let (pattern, wait) = duration(wait);
            (pattern, quote!(#verdict::Snooze(#wait)))
        }
        // By its span, since what the field's type is decides.
        Rule::Source(member) => {
            let inner = quote_spanned! {span(member)=> {
                #[allow(unused_imports, reason = "which of them is used depends on the type")]
                use ::jobqueue::__private::{
                    ByBox as _, ByJobError as _, ByNothing as _, BySources as _,
                };
                (&&&&::jobqueue::__private::Inner(__jobqueue_source)).verdict()
            }};
            (quote!({ #member: __jobqueue_source, .. }), inner)
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
            let wait = quote_spanned!(span(member)=> ::core::clone::Clone::clone(__jobqueue_wait));
            let wait = quote!(
                ::core::convert::Into::<::core::option::Option<::core::time::Duration>>::into(#wait)
            );
            (Some(quote!(#member: __jobqueue_wait,)), wait)
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
            let wait = quote_spanned!(span(member)=> ::core::clone::Clone::clone(__jobqueue_wait));
            (quote!({ #member: __jobqueue_wait, .. }), wait)
        }
    }
}
