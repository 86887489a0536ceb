//! One request of somebody, and how it is answered.

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use jobqueue::{Client, Queue, QueueName, audit::Actor};

use super::{path::encode, problem::Problem};
use crate::{
    access::{Person, Role},
    payload::Tree,
    state::App,
};

/// The cookie that keeps the theme.
pub(crate) const THEME_COOKIE: &str = "jobqueue_theme";

/// Light, dark, or as the system is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Theme {
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    pub(crate) const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    pub(crate) fn of(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.as_str() == text)
    }

    /// What the cookie says.
    pub(crate) fn of_cookies(headers: &HeaderMap) -> Self {
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|it| it.to_str().ok());
        let pairs = cookies.flat_map(|text| text.split(';')).filter_map(|it| it.split_once('='));
        let mut ours = pairs.filter(|(name, _)| name.trim() == THEME_COOKIE);
        ours.next().and_then(|(_, value)| Self::of(value.trim())).unwrap_or_default()
    }
}

/// Somebody asks for something.
#[derive(Clone, Debug)]
pub(crate) struct Visit {
    pub(crate) app: App,
    pub(crate) person: Person,
    /// Where they are, for the audit log.
    pub(crate) address: Option<String>,
    /// What stands before all our paths, without a slash at its end.
    pub(crate) prefix: String,
    /// The address of the overview.
    pub(crate) root: String,
    /// The path of the page, without the prefix, with its query.
    pub(crate) here: String,
    pub(crate) theme: Theme,
    /// Whether they want data, not a page.
    pub(crate) json: bool,
}

impl Visit {
    /// A path of ours as the browser has to ask for it.
    pub(crate) fn at(&self, path: &str) -> String {
        match path {
            "/" => self.root.clone(),
            path => format!("{}{path}", self.prefix),
        }
    }

    /// The page of a queue.
    pub(crate) fn at_queue(&self, queue: &str) -> String {
        self.at(&format!("/q/{}", encode(queue)))
    }

    /// The page of a job.
    pub(crate) fn at_job(&self, queue: &str, id: &str) -> String {
        self.at(&format!("/q/{}/job/{}", encode(queue), encode(id)))
    }

    /// The page of the dead letters in a queue.
    pub(crate) fn at_letters(&self, queue: &str) -> String {
        self.at(&format!("/dead/{}", encode(queue)))
    }

    /// The client, as this person.
    pub(crate) fn client(&self) -> Client {
        let mut actor = Actor::new(self.person.name());
        if let Some(address) = &self.address {
            actor = actor.at(address);
        }
        self.app.client.acting_as(actor)
    }

    /// A queue that this person may see, which exists.
    pub(crate) async fn queue(&self, name: &QueueName) -> Result<Queue, Problem> {
        self.needs(Role::Viewer, name.as_str())?;
        let queue = self.client().queue(name)?;
        if !queue.exists().await? {
            let words = format!("There is no queue `{name}`. Check its name, or add a job to it.");
            return Err(Problem::not_found(words).link("/", "All queues"));
        }
        Ok(queue)
    }

    /// Whether they see the queue.
    pub(crate) fn sees(&self, queue: &str) -> bool {
        self.person.can(Role::Viewer, queue)
    }

    /// Refuses what needs a role that they don't have.
    pub(crate) fn needs(&self, role: Role, queue: &str) -> Result<(), Problem> {
        if self.person.can(role, queue) {
            return Ok(());
        }
        let has = match self.person.role_on(queue) {
            Some(role) => format!("has the role `{role}`"),
            None => "has no role".to_owned(),
        };
        Err(Problem::forbidden(format!(
            "This needs the role `{role}` on `{queue}`, and {} {has} there.",
            self.person.name()
        )))
    }
}

/// Goes there next, with a GET.
pub(crate) fn go(visit: &Visit, path: &str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, visit.at(path))]).into_response()
}

/// Data.
pub(crate) fn json(status: StatusCode, tree: &Tree) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], tree.to_json()).into_response()
}

impl FromRequestParts<App> for Visit {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        let visit = parts.extensions.get::<Self>().cloned();
        visit.ok_or_else(|| {
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "A request came by no known way.")
        })
    }
}
