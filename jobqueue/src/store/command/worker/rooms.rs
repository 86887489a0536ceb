//! What a worker's own limits leave room for, as `advance` is told.

use std::fmt::Write as _;

use crate::job::JobName;

/// How many jobs of which lanes a worker can start now. A lane that isn't named has no limit here.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rooms(String);

impl Rooms {
    /// No limits.
    pub(crate) const NONE: &'static Self = &Self(String::new());

    /// A handler that has a limit. Its lane has its name.
    pub(crate) fn add(&mut self, handler: &JobName, room: usize) {
        // Writing to memory can't fail. A name has no line break.
        let _ = writeln!(self.0, "{room} {handler}");
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for &Rooms {
    fn default() -> Self {
        Rooms::NONE
    }
}
