//! `./dev prove schedules`: schedules, cancelling, deduplication, lifetimes, changing and finding
//! jobs, played end to end, each on a server of its own. A line and a figure each, and a count at
//! the end.
//!
//! `schedules [NAME…]` plays those alone whose names contain one of these texts.

use jobqueue_tests::plays;

plays![cancelling, daylight, deduplication, finding, idle, ticks];
