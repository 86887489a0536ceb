//! Parts of pages that news replace.

use jobqueue::QueueName;

/// A part of a page, by the id of its element.
#[derive(Clone, Debug)]
pub(crate) struct Fragment {
    pub(crate) id: String,
    /// The queue that it tells of, where a view tells of several.
    pub(crate) queue: Option<QueueName>,
    pub(crate) html: String,
}

impl Fragment {
    pub(crate) fn new(id: impl Into<String>, html: maud::Markup) -> Self {
        Self { id: id.into(), queue: None, html: html.into_string() }
    }
}
