//! Filters of bindings, by the headers of messages.

use std::{collections::BTreeMap, ops::RangeInclusive};

use serde::{Deserialize, Serialize};

use crate::value_error::Invalid;

/// Selects the messages of a binding by their headers, as the
/// [filter policies of
/// SNS](https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html) do.
///
/// Of several conditions on one header, one must hold. Each named header must have one that holds.
/// On a header that a message doesn't have, only [`missing`](Self::missing) holds.
///
/// ```
/// use jobqueue::topic::Filter;
///
/// let filter = Filter::header("store")
///     .equals("example_corp")
///     .prefix("eu-") // or so
///     .and_header("price")
///     .number(100.0..=500.0);
/// let headers = [("store", "eu-west"), ("price", "120.5")];
/// assert!(filter.matches(&headers.map(|(name, value)| (name.into(), value.into())).into()));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[must_use]
pub struct Filter(Vec<(String, Vec<Condition>)>);

/// A condition on one header.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Condition {
    Equals(String),
    Prefix(String),
    Number(f64, f64),
    Exists,
    Missing,
    AnythingBut(Vec<String>),
}

/// The most bytes of a filter, names and values together.
const MAX_BYTES: usize = 4_096;

impl Filter {
    /// A filter on this header. The next conditions are about it.
    pub fn header(name: impl Into<String>) -> Self {
        Self::default().and_header(name)
    }

    /// And on this header too. The next conditions are about it.
    pub fn and_header(mut self, name: impl Into<String>) -> Self {
        self.0.push((name.into(), Vec::new()));
        self
    }

    /// Its value is this.
    pub fn equals(self, value: impl Into<String>) -> Self {
        self.or(Condition::Equals(value.into()))
    }

    /// Its value begins with this.
    pub fn prefix(self, prefix: impl Into<String>) -> Self {
        self.or(Condition::Prefix(prefix.into()))
    }

    /// Its value is a number, and in this range, both ends included; `f64::NEG_INFINITY` and
    /// `f64::INFINITY` are no bounds.
    pub fn number(self, range: RangeInclusive<f64>) -> Self {
        self.or(Condition::Number(*range.start(), *range.end()))
    }

    /// It is there, with any value.
    pub fn exists(self) -> Self {
        self.or(Condition::Exists)
    }

    /// It isn't there.
    pub fn missing(self) -> Self {
        self.or(Condition::Missing)
    }

    /// It is there, and its value is none of these.
    pub fn anything_but<T: Into<String>>(self, values: impl IntoIterator<Item = T>) -> Self {
        self.or(Condition::AnythingBut(values.into_iter().map(Into::into).collect()))
    }

    /// Whether a message with these headers passes.
    #[must_use]
    pub fn matches(&self, headers: &BTreeMap<String, String>) -> bool {
        self.0.iter().all(|(name, conditions)| {
            let value = headers.get(name).map(String::as_str);
            conditions.iter().any(|condition| condition.holds(value))
        })
    }

    /// Whether every message passes.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn validate(&self) -> Result<(), Invalid> {
        for (name, conditions) in &self.0 {
            if conditions.is_empty() {
                let advice = "say what it must be, such as `.equals(…)` or `.exists()`";
                let problem = format!("the filter names header {name:?} without a condition");
                return Err(Invalid::setup(problem, advice));
            }
            for condition in conditions {
                if let Condition::Number(least, most) = condition
                    && (least.is_nan() || most.is_nan() || least > most)
                {
                    let advice = "use a range from a smaller to a larger number";
                    return Err(Invalid::new("filter range", least..=most, advice));
                }
            }
        }
        let bytes: usize = self.0.iter().map(|(name, all)| name.len() + size(all)).sum();
        if bytes > MAX_BYTES {
            let problem = format!("the filter has {bytes} bytes");
            return Err(Invalid::setup(problem, "use at most 4 KiB"));
        }
        Ok(())
    }

    /// One more condition on the header that was named last.
    fn or(mut self, condition: Condition) -> Self {
        if let Some((_, conditions)) = self.0.last_mut() {
            conditions.push(condition);
        }
        self
    }
}

impl Condition {
    fn holds(&self, value: Option<&str>) -> bool {
        match (self, value) {
            (Self::Missing, value) => value.is_none(),
            (_, None) => false,
            (Self::Exists, Some(_)) => true,
            (Self::Equals(wanted), Some(value)) => wanted == value,
            (Self::Prefix(prefix), Some(value)) => value.starts_with(prefix.as_str()),
            (Self::Number(least, most), Some(value)) => {
                value.trim().parse::<f64>().is_ok_and(|number| (*least..=*most).contains(&number))
            }
            (Self::AnythingBut(values), Some(value)) => values.iter().all(|other| other != value),
        }
    }
}

fn size(conditions: &[Condition]) -> usize {
    let size = |condition: &Condition| match condition {
        Condition::Equals(text) | Condition::Prefix(text) => text.len(),
        Condition::AnythingBut(values) => values.iter().map(|value| value.len() + 1).sum(),
        Condition::Number(..) | Condition::Exists | Condition::Missing => 16,
    };
    conditions.iter().map(|condition| size(condition) + 2).sum()
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn wants(filter: &Filter, headers: &[(&str, &str)]) -> bool {
        let owned = headers.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        filter.matches(&owned.collect())
    }

    #[test]
    fn each_condition() {
        let header = || Filter::header("h");
        for (filter, value, expected) in [
            (header().equals("a"), Some("a"), true),
            (header().equals("a"), Some("b"), false),
            (header().equals("a"), None, false),
            (header().prefix("order-"), Some("order-7"), true),
            (header().prefix("order-"), Some("reorder-7"), false),
            (header().number(100.0..=500.0), Some("100"), true),
            (header().number(100.0..=500.0), Some(" 1e2 "), true),
            (header().number(100.0..=500.0), Some("500.01"), false),
            (header().number(100.0..=500.0), Some("NaN"), false),
            (header().number(100.0..=500.0), Some("many"), false),
            (header().number(f64::NEG_INFINITY..=0.0), Some("-7"), true),
            (header().exists(), Some(""), true),
            (header().exists(), None, false),
            (header().missing(), None, true),
            (header().missing(), Some(""), false),
            (header().anything_but(["a", "b"]), Some("c"), true),
            (header().anything_but(["a", "b"]), Some("b"), false),
            (header().anything_but(["a", "b"]), None, false),
            (header().equals("a").missing(), None, true),
        ] {
            let headers: Vec<_> = value.map(|value| ("h", value)).into_iter().collect();
            assert_eq!(wants(&filter, &headers), expected, "{filter:?} of {value:?}");
        }
    }

    #[test]
    fn one_header_is_or_and_several_are_and() {
        let filter = Filter::header("a").equals("1").equals("2").and_header("b").exists();
        assert!(wants(&filter, &[("a", "2"), ("b", "")]));
        assert!(!wants(&filter, &[("a", "2")]));
        assert!(!wants(&filter, &[("a", "3"), ("b", "")]));
        assert!(wants(&Filter::default(), &[]));
    }

    #[test]
    fn mistakes_are_refused() {
        assert!(Filter::header("a").validate().is_err(), "nothing is said of it");
        let turned = Filter::header("a").number(f64::from(2_u8)..=1.0);
        assert!(turned.validate().is_err());
        assert!(Filter::header("a").number(f64::NAN..=1.0).validate().is_err());
        assert!(Filter::header("a").equals("x".repeat(5_000)).validate().is_err());
        assert!(Filter::header("a").equals("x").validate().is_ok());
    }

    fn condition() -> impl Strategy<Value = Condition> {
        let text = "[ab1]{0,3}";
        prop_oneof![
            text.prop_map(Condition::Equals),
            text.prop_map(Condition::Prefix),
            (0.0..5.0, 5.0..20.0).prop_map(|(least, most)| Condition::Number(least, most)),
            Just(Condition::Exists),
            Just(Condition::Missing),
            vec(text, 0..3).prop_map(Condition::AnythingBut),
        ]
    }

    proptest! {
        #[test]
        fn filters_survive_the_wire_and_only_narrow(
            parts in vec(("[hk]", vec(condition(), 1..4)), 0..4),
            headers in prop::collection::btree_map("[hk]", "[ab1]{0,3}", 0..3),
        ) {
            let filter = Filter(parts);
            let bytes = rmp_serde::to_vec_named(&filter).expect("written");
            let read: Filter = rmp_serde::from_slice(&bytes).expect("read");
            prop_assert_eq!(&read, &filter);
            let more = filter.clone().and_header("z").exists();
            prop_assert!(!more.matches(&headers), "z isn't there");
            if let Some((name, _)) = filter.0.last().cloned() {
                let wider = filter.clone().exists().missing();
                prop_assert!(!filter.matches(&headers) || wider.matches(&headers), "{}", name);
            }
        }
    }
}
