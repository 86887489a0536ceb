//! `jobqueue dashboard`: queues and jobs in the browser.

use std::{fs, net::SocketAddr, path::PathBuf};

use anyhow::{Context as _, Result};
use clap::Args;
use jobqueue_dashboard::{Authentication, Dashboard as Pages, Person, Role, ServeError};

use crate::{
    exit::{Exit, Told},
    session::Session,
};

/// Serves the dashboard until it is told to stop.
///
/// On this machine's own addresses it may be open; anywhere else it needs a password.
#[derive(Args, Debug)]
pub(crate) struct Dashboard {
    /// Where it listens.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// A file with who may do what, a person a line: `NAME viewer|operator|admin PASSWORD`, and behind
    /// the role `@PATTERN` for some queues alone, as `operator@mails*`.
    #[arg(long, value_name = "FILE")]
    people: Option<PathBuf>,
}

impl Dashboard {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit> {
        let authentication = match &self.people {
            Some(file) => {
                let text = fs::read_to_string(file)
                    .with_context(|| format!("failed to read {}", file.display()))?;
                Authentication::basic(people(&text)?)
            }
            None => Authentication::open_on_loopback(),
        };
        let client = session.client().await?.clone();
        let pages = Pages::builder(client).authentication(authentication).build();
        let pages = pages.map_err(Told::usage)?;
        let told = session.stop.take_note();
        let bound = pages.bind(self.listen).await.map_err(told_of)?;
        session.out.remark(format_args!("The dashboard is at http://{}/", bound.address()));
        tokio::select! {
            served = bound.serve() => served.map_err(told_of)?,
            () = told.cancelled() => {}
        }
        Ok(Exit::Done)
    }
}

/// Whether it was told the wrong thing, or can't have what it was told to take.
fn told_of(error: ServeError) -> anyhow::Error {
    match error {
        ServeError::Open { .. } => Told::usage(error),
        error => error.into(),
    }
}

/// A name, a role, the queues where they have it, and a password.
fn person((at, line): (usize, &str)) -> Result<(&str, (Role, &str), &str)> {
    let mut words = line.split_whitespace();
    let read = (words.next(), words.next(), words.next(), words.next());
    let (Some(name), Some(may), Some(password), None) = read else {
        return Err(Told::usage(format_args!(
            "line {}: write `NAME viewer|operator|admin PASSWORD`",
            at + 1
        )));
    };
    let (role, pattern) = may.split_once('@').unwrap_or((may, "*"));
    let role = match role {
        "viewer" => Role::Viewer,
        "operator" => Role::Operator,
        "admin" => Role::Admin,
        other => {
            let text = format!("line {}: no role `{other}`: viewer, operator or admin", at + 1);
            return Err(Told::usage(text));
        }
    };
    if name.contains(':') {
        let text = format!("line {}: a name has no colon, by which browsers end it", at + 1);
        return Err(Told::usage(text));
    }
    Ok((name, (role, pattern), password))
}

/// Passwords stand in no error.
fn people(text: &str) -> Result<Vec<(Person, String)>> {
    let lines = text.lines().enumerate().filter(|(_, line)| {
        let line = line.trim();
        !line.is_empty() && !line.starts_with('#')
    });
    let mut people: Vec<(Person, String)> = Vec::new();
    for line in lines {
        let (name, (role, pattern), password) = person(line)?;
        match people.iter_mut().find(|(known, _)| known.name() == name) {
            // Somebody may have a role on some queues, and another on others.
            Some((known, same)) if *same == password => *known = known.clone().may(role, pattern),
            Some(_) => {
                let text = format!("line {}: {name} has another password before", line.0 + 1);
                return Err(Told::usage(text));
            }
            None => people.push((Person::new(name).may(role, pattern), password.to_owned())),
        }
    }
    Ok(people)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_may_have_two_roles() {
        let text = "bob viewer a-long-password\nbob operator@mails* a-long-password";
        let people = people(text).expect("one");
        let [(bob, _)] = &people[..] else { panic!("{people:?}") };
        let roles = ["mails.eu", "billing"].map(|queue| bob.role_on(queue));
        assert_eq!(roles, [Some(Role::Operator), Some(Role::Viewer)]);
    }

    #[test]
    fn people_are_read_and_mistakes_named_without_passwords() {
        let text = "# who\nann admin a-long-password\n\nbob operator@mails* another-password\n";
        assert_eq!(people(text).expect("two").len(), 2);
        for (text, what) in [
            ("ann admin", "line 1: write"),
            ("ann admin secret-1 secret-2", "line 1: write"),
            ("\nann king secret-1", "line 2: no role `king`"),
            ("ann admin secret-1\nann viewer secret-2", "line 2: ann has another password"),
            ("ann:x admin secret-1", "line 1: a name has no colon"),
        ] {
            let error = format!("{:#}", people(text).expect_err("refused"));
            assert!(error.contains(what) && !error.contains("secret"), "{error}");
        }
    }
}
