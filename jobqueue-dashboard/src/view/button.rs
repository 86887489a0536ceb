//! What can be done, as forms: they work without scripts, and everything is a visible control.

use maud::{Markup, html};

use crate::{
    verb::Verb,
    web::{Visit, encode},
};

/// A button that does something.
#[derive(Debug)]
pub(crate) struct Button<'a> {
    verb: Verb,
    queue: &'a str,
    fields: Vec<(&'static str, String)>,
}

impl<'a> Button<'a> {
    pub(crate) fn new(verb: Verb, queue: &'a str) -> Self {
        Self { verb, queue, fields: Vec::new() }
    }

    #[expect(clippy::needless_pass_by_value, reason = "so that calls read well")]
    pub(crate) fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.fields.push((name, value.to_string()));
        self
    }

    /// Nothing, if this person may not do it.
    pub(crate) fn show(&self, visit: &Visit) -> Markup {
        html! {
            @if visit.person.can(self.verb.role(), self.queue) {
                form.inline method="post"
                    action=(visit.at(&format!("/do/{}", self.verb.as_str()))) {
                    input type="hidden" name="queue" value=(self.queue);
                    @for (name, value) in &self.fields {
                        input type="hidden" name=(name) value=(value);
                    }
                    button type="submit" class=[self.verb.is_destructive().then_some("danger")]
                        data-key=[self.verb.key()] { (self.verb.words()) }
                }
            }
        }
    }
}

/// A link to where it is asked whether something is to be done to all that a filter means, or to one.
pub(crate) fn confirm_link(
    visit: &Visit,
    (verb, queue): (Verb, &str),
    fields: &[(&str, &str)],
    words: &str,
) -> Markup {
    let mut path = format!("/confirm?verb={}&queue={}", verb.as_str(), encode(queue));
    for (name, value) in fields {
        path.push_str(&format!("&{name}={}", encode(value)));
    }
    html! {
        @if visit.person.can(verb.role(), queue) {
            a class=(if verb.is_destructive() { "button danger" } else { "button" })
                href=(visit.at(&path)) data-key=[verb.key()] { (words) }
        }
    }
}
