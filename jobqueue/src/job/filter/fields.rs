//! Which fields a filter looks at: for those who may let others look for jobs, but not for all that
//! these carry.

use super::{
    build::JobFilter,
    term::{Document, FieldMatch, Test},
};
use crate::job::value::Value;

/// A field that a [filter](JobFilter::fields) looks at, by the names that lead to it; places in lists
/// are none.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FilterField {
    /// Of payloads; without names, it is the payload itself.
    OfPayload(Vec<String>),
    /// Of results; without names, it is the result itself.
    OfResult(Vec<String>),
    /// The header of this name.
    OfHeader(String),
}

impl JobFilter {
    /// The fields that it looks at: whoever hears which jobs it finds learns what they have there.
    /// Where a field is compared with a map, those that the map names are among them. `[*]`, which
    /// may stand for any field, isn't named: [`lists_only`](Self::lists_only) takes that from it.
    ///
    /// ```
    /// use jobqueue::find::{FilterField, JobFilter};
    ///
    /// let filter: JobFilter = "name:send payload.users[0].card=17 -header.tenant:a".parse()?;
    /// assert_eq!(
    ///     filter.fields(),
    ///     [
    ///         FilterField::OfPayload(vec!["users".to_owned(), "card".to_owned()]),
    ///         FilterField::OfHeader("tenant".to_owned()),
    ///     ],
    /// );
    /// # Ok::<(), jobqueue::find::FilterError>(())
    /// ```
    #[must_use]
    pub fn fields(&self) -> Vec<FilterField> {
        let mut fields = Vec::new();
        for term in &self.terms {
            match &term.test {
                Test::Header(name, _) => fields.push(FilterField::OfHeader(name.clone())),
                Test::Field(document, path, wanted) => {
                    let mut paths = vec![path.names()];
                    if let FieldMatch::Is(values) | FieldMatch::Order(_, values) = wanted {
                        let at = path.names();
                        values.iter().for_each(|value| below(value, &at, &mut paths));
                    }
                    let field = match document {
                        Document::Payload => FilterField::OfPayload,
                        Document::Result => FilterField::OfResult,
                    };
                    fields.extend(paths.into_iter().map(field));
                }
                _ => {}
            }
        }
        fields
    }

    /// The same filter, whose `[*]` stands for the elements of lists alone, and not for the fields of
    /// maps: of those it would say more than it names. As a text it looks the same.
    pub fn lists_only(mut self) -> Self {
        for term in &mut self.terms {
            if let Test::Field(_, path, _) = &mut term.test {
                path.lists_only();
            }
        }
        self
    }
}

/// All that a value names, below this.
fn below(value: &Value, at: &[String], paths: &mut Vec<Vec<String>>) {
    match value {
        Value::List(values) => values.iter().for_each(|value| below(value, at, paths)),
        Value::Map(entries) => {
            for (key, value) in entries {
                let mut at = at.to_vec();
                at.push(key.as_name());
                below(value, &at, paths);
                paths.push(at);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn payload(names: &[&str]) -> FilterField {
        FilterField::OfPayload(names.iter().map(|name| (*name).to_owned()).collect())
    }

    #[test]
    fn fields_are_those_of_paths_and_of_the_maps_that_they_are_compared_with() {
        let filter: JobFilter =
            "payload={\"a\":[{\"b\":1}]} -payload.c[*].d~x".parse().expect("sound");
        let found = filter.fields();
        for names in [&[][..], &["a"], &["a", "b"], &["c", "d"]] {
            assert!(found.contains(&payload(names)), "{names:?} in {found:?}");
        }
        let built = JobFilter::new().payload("x", json!({"7": {"y": null}})).result("r", 1);
        let result = FilterField::OfResult(vec!["r".to_owned()]);
        let fields = [payload(&["x", "7", "y"]), payload(&["x", "7"]), result];
        assert!(fields.iter().all(|field| built.fields().contains(field)), "{:?}", built.fields());
        let none: JobFilter = "state:failed error:x tag:y word".parse().expect("sound");
        assert_eq!(none.fields(), []);
    }
}
