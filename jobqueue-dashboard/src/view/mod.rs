//! What pages have in common.
//!
//! | file | what it has |
//! | --- | --- |
//! | `layout` | the frame of every page, and the page of a problem |
//! | `state` | how states look: a glyph, a word, a colour |
//! | `when` | times and durations |
//! | `tree` | payloads |
//! | `diff` | what differs between two texts |
//! | `fragment` | parts of pages that news replace |
//! | `button` | what can be done, as forms |
//! | `job_table` | jobs as rows |
//! | `queue_table` | queues as rows |
//! | `sparkline`, `chart` | the last hour of a queue, and any time of it, as pictures |

mod button;
mod chart;
mod diff;
mod fragment;
mod job_table;
mod layout;
mod queue_table;
mod sparkline;
mod state;
mod tree;
mod when;

pub(crate) use button::{Button, confirm_link};
pub(crate) use chart::{Axis, Chart, Mark, Series, Unit};
pub(crate) use diff::diff;
pub(crate) use fragment::Fragment;
pub(crate) use job_table::{job_rows, job_table};
pub(crate) use layout::{Page, problem, show};
pub(crate) use queue_table::{QueueRow, queue_row, queue_table};
pub(crate) use sparkline::sparkline;
pub(crate) use state::{Look, chip};
pub(crate) use tree::{body, tree};
pub(crate) use when::{ago, exactly, looked, number, seconds, took, until};
