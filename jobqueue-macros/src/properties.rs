//! Whatever stands in the brackets: the macros don't panic, and what they emit is Rust.

use proc_macro2::{Span, TokenStream};
use proptest::{collection::vec, prelude::*, sample::select};
use quote::quote;
use syn::LitStr;

use crate::{
    duration::{self, Millis},
    error, handler, payload,
};

const UNITS: [(&str, u64); 5] =
    [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// Words and values that mean something somewhere, and some that don't.
const TOKENS: &str = r#"queue name codec attempts priority ttl concurrency timeout implements LIMIT Backoff::fixed(A) 2*A backoff retry classify retain retain_failed rate
    breaker after pause idempotent subscribe tags unique "a:b.*" dead_letter class status transient "auth" at_most_once blocking steps exponential fixed custom count age none all limit max jitter per
    burst retry permanent retry_after rate_limited version upgrade_from Order Vec<Order> &'a path::to r#fn x = = = = , , , , - ( ) :: .. ! 'a' 'life _ "1s" "10m" "orders" "json" ""
    "1h30m" "99999999999999999999d" "ß" b"x" 0 1 5 1024 65536 18446744073709551616 0x7f 1_000 7u8 0.2 1.5 1e400
    0.5f32 true"#;

fn token() -> impl Strategy<Value = String> {
    select(TOKENS.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
}

/// An argument as it should be, but for what is in it.
fn argument() -> impl Strategy<Value = String> {
    let value = || vec(token(), 0..3).prop_map(|tokens| tokens.join(" "));
    prop_oneof![
        2 => (token(), value()).prop_map(|(word, value)| format!("{word} = {value}")),
        2 => (token(), token(), vec((token(), value()), 0..3)).prop_map(|(word, call, named)| {
            let named = named.iter().map(|(name, value)| format!(", {name} = {value}"));
            format!("{word} = {call}(\"1s\"{})", named.collect::<String>())
        }),
        1 => (token(), token()).prop_map(|(word, ty)| format!("{word}({ty})")),
        1 => Just("version = 2, upgrade_from(Before<T>)".to_owned()),
        1 => Just("rate = limit(10, per = \"1s\", burst = 5)".to_owned()),
        1 => Just("backoff = exponential(\"1s\", max = \"10m\", jitter = 0.2)".to_owned()),
        1 => token(),
    ]
}

/// What stands in brackets; nothing where it isn't even made of tokens.
fn arguments() -> impl Strategy<Value = TokenStream> {
    let text = prop_oneof![
        4 => vec(argument(), 0..4).prop_map(|arguments| arguments.join(", ")),
        1 => vec(token(), 0..12).prop_map(|tokens| tokens.join(" ")),
    ];
    text.prop_filter_map("tokens", |text| text.parse().ok())
}

fn function() -> impl Strategy<Value = TokenStream> {
    select(vec![
        "async fn f(order: Order) -> Result<Receipt, Error> { order.ship().await }",
        "fn f(order: Order, ctx: Context) {}",
        "pub async fn r#type(_: ()) -> u8 { 7 }",
        "/// Docs.\n#[cfg(test)] async unsafe extern \"C\" fn f<T>(self, x: &T) -> impl Send {}",
        "async fn f() {}",
        "/// Docs.\n#[cfg_attr(a, doc = \"b\", inline)] pub(crate) async fn f(ref a: (u8, u8)) -> SearchResult;",
        "async fn f(ctx: Context, a: impl Copy) -> Self { impl A { fn b() -> Self {} } }",
        "struct S;",
        "",
        "fn",
    ])
    .prop_map(|text| text.parse().expect("tokens"))
}

/// That it can stand in a file, if its item could.
fn assert_rust(what: &TokenStream, tokens: &TokenStream) -> Result<(), TestCaseError> {
    let parsed = syn::parse2::<syn::File>(tokens.clone());
    prop_assert!(parsed.is_ok(), "{} became\n{tokens}", what);
    Ok(())
}

/// `PROPTEST_CASES` makes it more; a failing case is small enough to be copied from the output.
fn config() -> ProptestConfig {
    let standard = ProptestConfig::default();
    ProptestConfig { failure_persistence: None, cases: standard.cases.max(4_000), ..standard }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_duration_is_what_its_parts_say(parts in vec((0_u64..1_000_000, select(UNITS.to_vec())), 1..6)) {
        let text: String = parts.iter().map(|(number, (unit, _))| format!("{number}{unit}")).collect();
        let sum = parts.iter().map(|(number, (_, ms))| number * ms).sum();
        prop_assert_eq!(duration::parse(&text), Some(sum));
    }

    #[test]
    fn any_other_text_is_none(text in "([0-9]{0,22}(ms|s|m|h|d|w|S|.)?){0,3}") {
        let parsed = duration::parse(&text);
        if let Some(ms) = parsed {
            prop_assert_eq!(duration::parse(&format!("{ms}ms")), Some(ms), "{}", text);
            prop_assert!(text.chars().all(|c| c.is_ascii_digit() || "mshd".contains(c)), "{}", text);
        }
        let literal = LitStr::new(&text, Span::call_site());
        prop_assert!(Millis::parse(&literal).is_err() || parsed.is_some());
        prop_assert!(Millis::parse_positive(&literal).is_err() || parsed > Some(0));
    }

    #[test]
    fn any_arguments_make_a_handler_or_an_error(arguments in arguments(), function in function()) {
        let emitted = handler::expand(arguments.clone(), function.clone());
        if syn::parse2::<syn::File>(function).is_ok() {
            assert_rust(&arguments, &emitted)?;
        }
    }

    #[test]
    fn any_rules_make_an_error_or_an_error_of_the_compiler(
        on_type in prop::option::of(arguments()),
        first in arguments(),
        second in prop::option::of(arguments()),
    ) {
        let on_type = on_type.map(|rule| quote!(#[job(#rule)]));
        let second = second.map(|rule| quote!(#[job(#rule)]));
        let item = quote! {
            #on_type
            enum Failed<T> { #[job(#first)] A { x: T, max: Duration }, #second B(Duration, #second u8), C }
        };
        assert_rust(&item, &error::expand(item.clone()))?;
    }

    #[test]
    fn any_arguments_make_a_payload_or_an_error_of_the_compiler(
        first in arguments(),
        second in prop::option::of(arguments()),
        inner in prop::option::of(arguments()),
        kind in 0..5,
    ) {
        let second = second.map(|arguments| quote!(#[payload(#arguments)]));
        let inner = inner.map(|arguments| quote!(#[payload(#arguments)]));
        let attributes = quote!(#[payload(#first)] #second);
        let item = match kind {
            0 => quote!(#attributes struct Order;),
            1 => quote!(#attributes struct Order<'a, T: Copy, const N: usize>(T, #inner &'a u8) where T: Send;),
            2 => quote!(#attributes enum Order { A, #inner B { #inner c: u8 } }),
            3 => quote!(#attributes struct Order { id: u64, #inner rest: Extra }),
            _ => quote!(#attributes union Order { a: u8 }),
        };
        assert_rust(&item, &payload::expand(item.clone()))?;
    }
}
