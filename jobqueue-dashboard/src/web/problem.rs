//! Why a request isn't answered as it was asked.

use std::error::Error as StdError;

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use jobqueue::{Error, error::Refused, flow::FlowError};

/// A page, or why there is none.
pub(crate) type Reply = Result<Response, Problem>;

/// What the reader is told, with its status. The gate makes a page of it.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    /// What is wrong, in a sentence.
    pub(crate) words: String,
    /// A text with a mark at the place that is wrong, in two lines.
    pub(crate) pointed: Option<String>,
    /// Where to look instead: a path in the dashboard, and its name.
    pub(crate) links: Vec<(String, String)>,
    /// More for the answer's head.
    header: Option<Box<(header::HeaderName, String)>>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, words: impl Into<String>) -> Self {
        Self { status, words: words.into(), pointed: None, links: Vec::new(), header: None }
    }

    pub(crate) fn bad_request(words: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, words)
    }

    pub(crate) fn not_found(words: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, words)
    }

    pub(crate) fn forbidden(words: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, words)
    }

    /// What was asked for no longer fits what is there.
    pub(crate) fn changed(words: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, words)
    }

    /// Where to look instead.
    pub(crate) fn link(mut self, path: impl Into<String>, name: impl Into<String>) -> Self {
        self.links.push((path.into(), name.into()));
        self
    }

    /// Shows where a text is wrong.
    pub(crate) fn pointed(mut self, text: impl Into<String>) -> Self {
        self.pointed = Some(text.into());
        self
    }

    pub(crate) fn header(mut self, name: header::HeaderName, value: impl Into<String>) -> Self {
        self.header = Some(Box::new((name, value.into())));
        self
    }
}

/// An error with all its causes, in one line.
fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let status = match &error {
            Error::Unavailable { .. } | Error::Closed => StatusCode::SERVICE_UNAVAILABLE,
            Error::Refused(
                Refused::NotFound { .. } | Refused::NoSuchQueue { .. } | Refused::NoSchedule { .. },
            ) => StatusCode::NOT_FOUND,
            Error::Refused(Refused::Permission { .. } | Refused::OutOfMemory { .. }) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Error::Refused(_) => StatusCode::CONFLICT,
            Error::Invalid(_) | Error::Payload(_) => StatusCode::BAD_REQUEST,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(status, sentence(chain(&error)))
    }
}

impl From<FlowError> for Problem {
    fn from(error: FlowError) -> Self {
        match error {
            FlowError::Error(error) => error.into(),
            FlowError::Gone { .. } | FlowError::NoNode { .. } => {
                Self::not_found(sentence(error.to_string()))
            }
            other => Self::changed(sentence(chain(&other))),
        }
    }
}

fn sentence(mut text: String) -> String {
    if let Some(first) = text.get(..1) {
        let upper = first.to_ascii_uppercase();
        text.replace_range(..1, &upper);
    }
    if !text.ends_with('.') {
        text.push('.');
    }
    text
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.words.clone()).into_response();
        if let Some((name, value)) = self.header.as_deref()
            && let Ok(value) = HeaderValue::from_str(value)
        {
            response.headers_mut().insert(name.clone(), value);
        }
        response.extensions_mut().insert(self);
        response
    }
}
