//! Roles, and people who have them on some queues.

use std::fmt;

use serde::Serialize;

/// What somebody may do. Each role may do what those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sees all, changes nothing.
    Viewer,
    /// Retries, edits, cancels, redrives and pauses: what can be made good again.
    Operator,
    /// Removes as well.
    Admin,
}

impl Role {
    /// All, from the least to the most.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Operator, Self::Admin];

    /// Its name, in lower case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Somebody, with their roles.
///
/// ```
/// use jobqueue_dashboard::{Person, Role};
///
/// let bob = Person::new("bob").may(Role::Viewer, "*").may(Role::Operator, "mails*");
/// assert_eq!(bob.role_on("mails.eu"), Some(Role::Operator));
/// assert_eq!(bob.role_on("billing"), Some(Role::Viewer));
/// assert_eq!(Person::new("nobody").role_on("billing"), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    name: String,
    grants: Vec<(Role, String)>,
}

impl Person {
    /// Somebody of this name, which the audit log has, without any role: they see nothing.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), grants: Vec::new() }
    }

    /// Gives them a role on all queues that the pattern means. `*` stands for any text, so `*` means
    /// all queues, and `mails*` those that begin with `mails`.
    #[must_use]
    pub fn may(mut self, role: Role, queues: impl Into<String>) -> Self {
        self.grants.push((role, queues.into()));
        self
    }

    /// Their name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The greatest role that they have on a queue.
    #[must_use]
    pub fn role_on(&self, queue: &str) -> Option<Role> {
        let here = self.grants.iter().filter(|(_, pattern)| matches(pattern, queue));
        here.map(|(role, _)| *role).max()
    }

    /// Whether they may do what needs this role there.
    #[must_use]
    pub fn can(&self, role: Role, queue: &str) -> bool {
        self.role_on(queue).is_some_and(|theirs| theirs >= role)
    }

    /// Whether they have a role on all queues, whichever there are.
    pub(crate) fn sees_all(&self) -> bool {
        self.grants.iter().any(|(_, pattern)| pattern == "*")
    }

    /// Whether they have at least this role anywhere.
    pub(crate) fn can_somewhere(&self, role: Role) -> bool {
        self.grants.iter().any(|(theirs, _)| *theirs >= role)
    }

    /// Whether they have a role anywhere.
    pub(crate) fn has_any(&self) -> bool {
        !self.grants.is_empty()
    }

    /// What is wrong with them, if anything.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.name.trim().is_empty() {
            return Err("a person has no name".to_owned());
        }
        match self.grants.iter().find(|(_, pattern)| pattern.is_empty()) {
            Some((role, _)) => {
                let name = &self.name;
                Err(format!("{name} is {role} of no queue: name queues, or `*` for all"))
            }
            None => Ok(()),
        }
    }
}

/// Whether a text is meant by a pattern in which `*` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, text) in
            [("*", "a"), ("a*", "a"), ("a*", "abc"), ("*c", "abc"), ("a*b*c", "a1b2c"), ("a", "a")]
        {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in
            [("a", "ab"), ("a*", "ba"), ("*c", "cb"), ("a*b*c", "acb"), ("", "a")]
        {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn the_greatest_role_counts() {
        let both = Person::new("x").may(Role::Admin, "a").may(Role::Viewer, "*");
        assert_eq!((both.role_on("a"), both.role_on("b")), (Some(Role::Admin), Some(Role::Viewer)));
        assert!(both.can(Role::Operator, "a") && !both.can(Role::Operator, "b"));
    }

    #[test]
    fn a_role_on_no_queue_is_a_mistake() {
        let wrong = Person::new("x").may(Role::Admin, "").check();
        assert_eq!(wrong, Err("x is admin of no queue: name queues, or `*` for all".to_owned()));
        assert!(Person::new(" ").check().is_err());
    }
}
