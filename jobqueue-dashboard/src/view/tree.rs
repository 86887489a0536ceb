//! Payloads: every text is escaped, every number is as it was written.

use maud::{Markup, html};

use crate::payload::{Body, Tree};

/// The most entries of one list or map that are shown.
const MOST: usize = 1_000;

/// A payload or a result; `more` is the address that shows all of a large one.
pub(crate) fn body(body: &Body, more: &str) -> Markup {
    match body {
        Body::Tree(tree) => html! {
            div.tree { (self::tree(tree)) }
            details.raw { summary { "As text" } pre { code { (tree.to_pretty()) } } }
        },
        Body::Large(bytes) => html! {
            p {
                "It has "
                (super::number(*bytes as u64))
                " bytes. "
                a href=(more) { "Show all of it" }
            }
        },
        Body::Unreadable(error) => html! { p.problem { "It can't be read: " (error) } },
    }
}

/// A value.
pub(crate) fn tree(value: &Tree) -> Markup {
    match value {
        Tree::Null => html! { span.v-null { "null" } },
        Tree::Bool(value) => html! { span.v-bool { (value) } },
        Tree::Number(number) => html! { span.v-number { (number) } },
        Tree::Text(text) => html! { span.v-text { (text) } },
        Tree::Hidden(rule) => html! { span.v-hidden { "•••• hidden by rule `" (rule) "`" } },
        Tree::TooDeep(bytes) => {
            html! { span.v-hidden { "(" (bytes) " bytes, too deep to be shown)" } }
        }
        Tree::List(items) if items.is_empty() => html! { span.v-null { "[ ]" } },
        Tree::Map(fields) if fields.is_empty() => html! { span.v-null { "{ }" } },
        Tree::List(items) => html! {
            ol start="0" {
                @for item in items.iter().take(MOST) { li { (tree(item)) } }
            }
            (rest(items.len()))
        },
        Tree::Map(fields) => html! {
            dl {
                @for (name, value) in fields.iter().take(MOST) {
                    dt { (name) } dd { (tree(value)) }
                }
            }
            (rest(fields.len()))
        },
    }
}

fn rest(length: usize) -> Markup {
    html! { @if length > MOST { p.quiet { (length - MOST) " more, below as text" } } }
}
