//! Types that stay small enough to be read.

use quote::ToTokens as _;
use syn::{Fields, Item, spanned::Spanned as _};

use super::{assert_none, files};

/// The most fields of a struct that does something.
const MOST_FIELDS: usize = 10;

/// The most lines of `impl Pump`, its comments among them.
const LONGEST_PUMP: usize = 120;

/// The items of the library's files, with their paths.
fn items() -> Vec<(String, Vec<Item>)> {
    let parse = |(path, text): (String, String)| {
        let file = syn::parse_file(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
        (path, file.items)
    };
    files("jobqueue/src", "rs").into_iter().map(parse).collect()
}

/// Plain data are values that are looked at, sent or compared: each field stands for itself.
fn is_plain_data(item: &syn::ItemStruct) -> bool {
    let derives = item.attrs.iter().filter(|attr| attr.path().is_ident("derive"));
    let derives: String = derives.map(|attr| attr.to_token_stream().to_string()).collect();
    let public = |field: &syn::Field| matches!(field.vis, syn::Visibility::Public(_));
    item.fields.iter().all(public)
        || ["Serialize", "Copy", "PartialEq"].iter().any(|value| derives.contains(value))
}

#[test]
fn a_struct_has_ten_fields_at_most_unless_it_is_plain_data() {
    let mut complaints = Vec::new();
    for (path, items) in items() {
        for item in items {
            let Item::Struct(item) = item else { continue };
            let fields = match &item.fields {
                Fields::Named(fields) => fields.named.len(),
                other => other.len(),
            };
            if fields > MOST_FIELDS && !is_plain_data(&item) {
                complaints.push(format!("{path}: {} has {fields} fields", item.ident));
            }
        }
    }
    assert_none(&complaints);
}

#[test]
fn the_pump_has_one_impl_that_fits_two_screens() {
    let mut lengths = Vec::new();
    for (path, items) in items() {
        for item in items {
            let Item::Impl(item) = item else { continue };
            let name = item.self_ty.to_token_stream().to_string();
            if name == "Pump" && item.trait_.is_none() {
                let span = item.span();
                lengths.push((path.clone(), span.end().line - span.start().line + 1));
            }
        }
    }
    let [(_, lines)] = &lengths[..] else { panic!("impl Pump stands in {lengths:?}") };
    assert!(*lines <= LONGEST_PUMP, "impl Pump has {lines} lines");
}
