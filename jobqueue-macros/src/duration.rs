//! Durations as texts: `"250ms"`, `"30s"`, `"1h30m"`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::LitStr;

/// What a duration looks like, for messages.
pub(crate) const FORM: &str = "write a duration as whole numbers with units ms, s, m, h or d, such as \"250ms\", \
     \"30s\" or \"1h30m\"";

/// Ten years: what is longer was hardly meant.
const LONGEST: u64 = 10 * 365 * 86_400_000;

/// A duration of the user's, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Millis(u64);

impl Millis {
    pub(crate) fn parse(text: &LitStr) -> syn::Result<Self> {
        match parse(&text.value()) {
            Some(ms) if ms <= LONGEST => Ok(Self(ms)),
            Some(_) => Err(syn::Error::new(text.span(), "too long: use at most 10 years (3650d)")),
            None => Err(syn::Error::new(text.span(), FORM)),
        }
    }

    /// As [`parse`](Self::parse), and longer than nothing.
    pub(crate) fn parse_positive(text: &LitStr) -> syn::Result<Self> {
        let millis = Self::parse(text)?;
        if millis.0 == 0 {
            return Err(syn::Error::new(
                text.span(),
                "must be longer than zero: leave it out for none",
            ));
        }
        Ok(millis)
    }

    pub(crate) fn tokens(self) -> TokenStream {
        let ms = self.0;
        quote!(::core::time::Duration::from_millis(#ms))
    }
}

/// The milliseconds of a text; nothing if it isn't one, or is beyond all numbers.
pub(crate) fn parse(text: &str) -> Option<u64> {
    let mut rest = text;
    let mut total = 0_u64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u64 = rest.get(..digits)?.parse().ok()?;
        rest = rest.get(digits..)?;
        let letters = rest.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(rest.len());
        let unit = match rest.get(..letters)? {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return None,
        };
        rest = rest.get(letters..)?;
        total = total.checked_add(number.checked_mul(unit)?)?;
    }
    (!text.is_empty()).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn texts() {
        for (text, ms) in [
            ("0s", 0),
            ("250ms", 250),
            ("30s", 30_000),
            ("10m", 600_000),
            ("1h30m", 5_400_000),
            ("7d", 604_800_000),
            ("1s500ms", 1_500),
        ] {
            assert_eq!(parse(text), Some(ms), "{text}");
        }
    }

    #[test]
    fn what_is_none() {
        for text in [
            "",
            "s",
            "1",
            "1 s",
            "1.5s",
            "-1s",
            "1w",
            "1S",
            "1sec",
            "ß",
            "1s ",
            "99999999999999999999d",
            "18446744073709551615d",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
