//! Parameters of a query or a form, each with a limit.

use std::ops::RangeInclusive;

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request},
    http::{Method, StatusCode, request::Parts},
};
use jobqueue::JobId;

use super::problem::Problem;
use crate::state::App;

/// The longest query, in bytes: two hundred ids fit.
const LONGEST_QUERY: usize = 32 * 1024;

/// The largest form, in bytes: a payload fits.
const LARGEST_FORM: usize = 2 * 1024 * 1024;

/// The most parameters.
const MOST: usize = 512;

/// The longest text of a parameter that isn't a payload, in bytes.
pub(crate) const LONGEST_TEXT: usize = 1_024;

/// The most ids that one request names.
pub(crate) const MOST_IDS: usize = 500;

/// What a request says beside its path: the query of a GET, the form of a POST.
#[derive(Clone, Debug, Default)]
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    fn read(text: &[u8]) -> Result<Self, Problem> {
        let pairs: Vec<(String, String)> = serde_urlencoded::from_bytes(text)
            .map_err(|_| Problem::bad_request("The parameters can't be read."))?;
        if pairs.len() > MOST {
            return Err(Problem::bad_request(format!("There are more than {MOST} parameters.")));
        }
        Ok(Self(pairs))
    }

    /// A text, if it is given and not empty.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&str>, Problem> {
        self.long_text(name, LONGEST_TEXT)
    }

    /// The same with a limit of its own, in bytes.
    pub(crate) fn long_text(&self, name: &str, longest: usize) -> Result<Option<&str>, Problem> {
        let Some(text) = self.first(name).filter(|text| !text.is_empty()) else { return Ok(None) };
        if text.len() > longest {
            let words = format!("`{name}` is longer than {longest} bytes.");
            return Err(Problem::bad_request(words));
        }
        Ok(Some(text))
    }

    /// A text that has to be given.
    pub(crate) fn required(&self, name: &str) -> Result<&str, Problem> {
        let missing = || Problem::bad_request(format!("`{name}` is missing."));
        self.text(name)?.ok_or_else(missing)
    }

    /// A whole number within limits, or the default.
    pub(crate) fn number(
        &self,
        name: &str,
        within: RangeInclusive<u64>,
        default: u64,
    ) -> Result<u64, Problem> {
        let Some(text) = self.text(name)? else { return Ok(default) };
        match text.parse() {
            Ok(number) if within.contains(&number) => Ok(number),
            _ => {
                let (least, most) = within.into_inner();
                let words = format!("`{name}` has to be a whole number from {least} to {most}.");
                Err(Problem::bad_request(words))
            }
        }
    }

    /// All ids that are named.
    pub(crate) fn ids(&self) -> Result<Vec<JobId>, Problem> {
        let named = self.0.iter().filter(|(name, _)| name == "id").map(|(_, id)| id);
        let ids = named.map(|id| id.parse()).collect::<Result<Vec<JobId>, _>>();
        let ids = ids.map_err(|error| Problem::bad_request(format!("{error}.")))?;
        if ids.len() > MOST_IDS {
            return Err(Problem::bad_request(format!("More than {MOST_IDS} jobs are named.")));
        }
        Ok(ids)
    }

    /// Whether it is there, and isn't empty.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.first(name).is_some_and(|text| !text.is_empty())
    }

    fn first(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(given, _)| given == name).map(|(_, text)| &**text)
    }
}

fn of_query(query: &str) -> Result<Params, Problem> {
    if query.len() > LONGEST_QUERY {
        let words = format!("The query is longer than {LONGEST_QUERY} bytes.");
        return Err(Problem::new(StatusCode::URI_TOO_LONG, words));
    }
    Params::read(query.as_bytes())
}

impl FromRequestParts<App> for Params {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        of_query(parts.uri.query().unwrap_or_default())
    }
}

/// The parameters of a form.
#[derive(Clone, Debug)]
pub(crate) struct Posted(pub(crate) Params);

impl FromRequest<App> for Posted {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &App) -> Result<Self, Problem> {
        if request.method() != Method::POST {
            return Err(Problem::new(StatusCode::METHOD_NOT_ALLOWED, "Changes are posted."));
        }
        let limit = axum::body::to_bytes(request.into_body(), LARGEST_FORM).await;
        let too_large = |_| {
            let words = format!("The form is larger than {LARGEST_FORM} bytes, or was cut off.");
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, words)
        };
        let bytes: Bytes = limit.map_err(too_large)?;
        Ok(Self(Params::read(&bytes)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(query: &str) -> Params {
        of_query(query).expect("a sound query")
    }

    #[test]
    fn numbers_have_a_floor_and_a_ceiling() {
        let read = |query| params(query).number("n", 20..=200, 50).map_err(|it| it.words);
        assert_eq!(read(""), Ok(50));
        assert_eq!(read("n=200"), Ok(200));
        for wrong in ["n=19", "n=201", "n=-1", "n=1e3", "n=99999999999999999999", "n=x"] {
            let words = "`n` has to be a whole number from 20 to 200.".to_owned();
            assert_eq!(read(wrong), Err(words), "{wrong}");
        }
    }

    #[test]
    fn texts_queries_and_lists_of_ids_have_limits() {
        let long = format!("where={}", "a".repeat(LONGEST_TEXT + 1));
        assert!(params(&long).text("where").is_err());
        let many: String = (0..=MOST_IDS).map(|n| format!("id=j{n}&")).collect();
        assert!(params(&many).ids().is_err());
        assert!(params("id=two%20words").ids().is_err());
        let long = of_query(&"a".repeat(LONGEST_QUERY + 1)).expect_err("too long");
        assert_eq!(long.status, StatusCode::URI_TOO_LONG);
        assert!(of_query(&"a=1&".repeat(MOST + 1)).is_err());
    }
}
