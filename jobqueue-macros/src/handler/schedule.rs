//! `schedule`, `every` and what belongs to them: the schedule that a handler declares.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{Expr, Type, spanned::Spanned as _};

use super::{attr::Arguments, form::Form, valid};
use crate::value;

const CATCH_UP: &str = "`skip`, `once` or `within(\"1d\")`";
const OVERLAP: &str = "`allow`, `skip`, `queue` or `cancel`";

/// What to write where the crate was built without cron patterns.
const MISSING: &str = "cron patterns need a feature: `jobqueue = { version = \"…\", features = \
                       [\"schedules\"] }`; `every = \"5m\"` needs none";

/// `.schedule(…)`, for jobs with this payload.
pub(super) fn schedule(arguments: &Arguments, payload: &Type) -> syn::Result<TokenStream> {
    let Arguments { schedule, every, tz, .. } = arguments;
    let timing = match (schedule, every) {
        (None, None) => return alone(arguments),
        (Some(_), Some(every)) => {
            return valid::error(every, "a handler has one schedule: `schedule` or `every`");
        }
        (Some(pattern), None) => cron(pattern, tz.as_ref(), payload)?,
        (None, Some(every)) => {
            if let Some(tz) = tz {
                let message = "`tz` is for `schedule`: `every` knows no time zone";
                return valid::error(tz, message);
            }
            let period = value::time(every)?;
            quote_spanned! {payload.span()=>
                ::jobqueue::__private::DeclaredSchedule::every::<#payload>(#period)
            }
        }
    };
    let mut tokens = timing;
    if let Some(offset) = &arguments.offset {
        let offset = value::time(offset)?;
        tokens.extend(quote!(.offset(#offset)));
    }
    if let Some(jitter) = &arguments.jitter {
        let jitter = value::time(jitter)?;
        tokens.extend(quote!(.jitter(#jitter)));
    }
    if let Some(given) = &arguments.catch_up {
        let given = catch_up(given)?;
        tokens.extend(quote!(.catch_up(#given)));
    }
    if let Some(given) = &arguments.overlap {
        let given = overlap(given)?;
        tokens.extend(quote!(.overlap(#given)));
    }
    Ok(quote!(.schedule(#tokens)))
}

/// Nothing that says more of a schedule stands without one.
fn alone(arguments: &Arguments) -> syn::Result<TokenStream> {
    let more = [
        ("tz", &arguments.tz),
        ("offset", &arguments.offset),
        ("jitter", &arguments.jitter),
        ("catch_up", &arguments.catch_up),
        ("overlap", &arguments.overlap),
    ];
    match more.iter().find_map(|(word, given)| Some((word, given.as_ref()?))) {
        Some((word, given)) => {
            let message = format!(
                "`{word}` says more of a schedule: write one, as in `schedule = \"0 3 * * *\"` or \
                 `every = \"5m\"`"
            );
            valid::error(given, message)
        }
        None => Ok(TokenStream::new()),
    }
}

/// A pattern is read when a worker is built; here it is only seen whether it can be one.
fn cron(pattern: &Expr, tz: Option<&Expr>, payload: &Type) -> syn::Result<TokenStream> {
    if !cfg!(feature = "schedules") {
        return valid::error(pattern, MISSING);
    }
    if let Some(text) = value::literal_text(pattern) {
        let fields = text.split_whitespace().count();
        if !(text.trim().starts_with('@') || (5..=7).contains(&fields)) {
            let message = "a pattern has 5 fields (minute hour day month weekday), such as \
                           \"0 3 * * *\"; a sixth before them is seconds, a seventh after them \
                           years";
            return valid::error(pattern, message);
        }
    }
    let zone = tz.map_or_else(|| quote!(""), |tz| quote!(#tz));
    Ok(quote_spanned! {payload.span()=>
        ::jobqueue::__private::DeclaredSchedule::cron::<#payload>(#pattern, #zone)
    })
}

fn catch_up(given: &Expr) -> syn::Result<TokenStream> {
    if let Expr::Lit(_) = given {
        return valid::error(given, format!("write {CATCH_UP}, without quotes"));
    }
    let call = match Form::read(given)? {
        Form::Call(call) => call,
        Form::Constant(tokens) => return Ok(tokens),
    };
    valid::only(&call, &[], CATCH_UP)?;
    Ok(match (call.word.to_string().as_str(), &call.first) {
        ("skip", None) => quote!(::jobqueue::__private::CatchUp::Skip),
        ("once", None) => quote!(::jobqueue::__private::CatchUp::Once),
        ("within", Some(window)) => {
            let window = value::time(window)?;
            quote!(::jobqueue::__private::CatchUp::Within(#window))
        }
        _ => return valid::unknown(&call, &["skip", "once", "within"], CATCH_UP),
    })
}

fn overlap(given: &Expr) -> syn::Result<TokenStream> {
    if let Expr::Lit(_) = given {
        return valid::error(given, format!("write {OVERLAP}, without quotes"));
    }
    let call = match Form::read(given)? {
        Form::Call(call) => call,
        Form::Constant(tokens) => return Ok(tokens),
    };
    valid::only(&call, &[], OVERLAP)?;
    Ok(match (call.word.to_string().as_str(), &call.first) {
        ("allow", None) => quote!(::jobqueue::__private::Overlap::Allow),
        ("skip", None) => quote!(::jobqueue::__private::Overlap::Skip),
        ("queue", None) => quote!(::jobqueue::__private::Overlap::Queue),
        ("cancel", None) => quote!(::jobqueue::__private::Overlap::Cancel),
        _ => return valid::unknown(&call, &["allow", "skip", "queue", "cancel"], OVERLAP),
    })
}
